"""Other machines of the home, on eth0 until SIGTERM: `python -m lab.neighbour busy 20 3 | rogue ID own | taker [NAME]`.

```
busy N OURS [WHOSE]  N services of other kinds, and OURS of the gateway's type by another maker; WHOSE is in all names
rogue ID WHERE       a gateway that is none, under the id ID, at its own address, a far one or the router's
taker [NAME]         takes the instance name NAME, or that of the gateway it hears
```

Prints a line when it has spoken.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Final

from lab.neighbour.answers import Neighbour
from lab.neighbour.services import busy, rogue, taken
from lab.neighbour.speaker import Speaker

_FORGED: Final = {"own": (), "far": (IPv4Address("203.0.113.66"),), "router": (IPv4Address("192.168.0.1"),)}


def neighbour(role: str, *words: str) -> Neighbour:
    """Return the neighbour that the command line describes."""
    if role == "busy":
        return Neighbour(list(busy(int(words[0]), int(words[1]), *words[2:])))
    if role == "rogue":
        return Neighbour([rogue(words[0])], _FORGED[words[1]])
    return Neighbour([taken(words[0])] if words else [])


async def speak(words: Sequence[str]) -> None:
    """Play a neighbour until SIGTERM."""
    speaker = Speaker(neighbour(*words), asks=not words[1:])
    async with asyncio.TaskGroup() as group:
        speaking = group.create_task(speaker.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, speaking.cancel)


if __name__ == "__main__":
    asyncio.run(speak(sys.argv[1:]))
