"""`events.jsonl`: all that happened, a line for each event, in the order of time."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from lab.story.run import Run


def lines(run: Run) -> Iterator[str]:
    """Yield each event as a line of JSON."""
    for each in sorted(run.events, key=lambda event: event.at_s):
        event = {
            "at_s": round(each.at_s, 3),
            "at": datetime.fromtimestamp(run.epoch + each.at_s, UTC).isoformat(timespec="milliseconds"),
            "actor": each.actor,
            "to": each.to,
            "kind": each.kind,
            "words": each.words.model_dump(),
            "data": dict(each.data),
        }
        yield json.dumps(event, ensure_ascii=False, default=str) + "\n"
