"""What a runner and the keeper of its home say to each other: one JSON message each way, with file descriptors.

```
runner ▶ keeper   {"number": n, "verb": …, what the verb takes …}
keeper ▶ runner   {"number": n, "result": … | "problem": … | "refused": [errno, text] | "bug": traceback}
```

By its number an answer is known that nobody waits for any more, because the one who asked was interrupted.
"""

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from lab.conditions.active import Active
from lab.network.plan import Host, Plan
from protocol.problems import Kind, Problem

LONGEST: Final = 1 << 20
"""Bytes of a message; an environment is the longest that is said."""
_MOST_FILES: Final = 8

Message = dict[str, Any]


def send(to: socket.socket, message: Message, files: Sequence[int] = ()) -> None:
    """Send one message, with copies of `files`."""
    socket.send_fds(to, [json.dumps(message).encode()], files)


def receive(from_: socket.socket) -> tuple[Message, list[int]] | None:
    """Return the next message and its files; None when the other end is gone."""
    try:
        data, files, _, _ = socket.recv_fds(from_, LONGEST, _MOST_FILES)
    except ConnectionError:
        return None
    if not data:
        return None
    for each in files:
        os.set_inheritable(each, False)
    message: Message = json.loads(data)
    return message, files


def written_plan(plan: Plan) -> Message:
    """Return the plan as it crosses."""
    return {"neighbours": plan.neighbours, "bare": plan.bare, "extra": [asdict(each) for each in plan.extra]}


def read_plan(message: Message) -> Plan:
    """Return the plan that crossed."""
    return Plan(message["neighbours"], message["bare"], tuple(Host(**each) for each in message["extra"]))


def written_problem(problem: Problem) -> Message:
    """Return the problem as it crosses, its kind with it."""
    return {"kind": list(problem.kind), "facts": dict(problem.facts)}


def read_problem(message: Message) -> Problem:
    """Return the problem that crossed."""
    return Problem(Kind(*message["kind"]), **message["facts"])


def written_active(active: Active) -> list[Any]:
    """Return an active condition as it crosses."""
    number, name, args, ends_at = active
    return [number, name, dict(args), ends_at and ends_at.isoformat()]


def read_active(message: Sequence[Any]) -> Active:
    """Return the active condition that crossed."""
    number, name, args, ends_at = message
    return Active(number, name, args, datetime.fromisoformat(ends_at) if ends_at else None)
