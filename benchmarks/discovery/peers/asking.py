"""How a search is told to begin and says what it found: lines on standard input and output.

At its start, loaded and warm, and after `prepare` it says `{}`. After `search LIMIT_S GATEWAY_ID` it searches once, with
nothing cached, and says what it found and after how many milliseconds, or `{"ms": null}`. It ends with its input.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

SERVICE_TYPE: Final = "_aiseg._tcp.local."


@dataclass(frozen=True)
class Known:
    """A service of which everything is known, and how long that took, by the search's own clock.

    `confirmed_ms`: until it has answered by itself; `ended_ms`: until the process had ended.
    """

    name: str
    addresses: list[str]
    port: int
    txt: Mapping[str, str | None]
    ms: float
    confirmed_ms: float | None = None
    ended_ms: float | None = None

    def document(self) -> dict[str, object]:
        """Return what is said of it."""
        return {
            "ms": self.ms,
            "name": self.name,
            "addresses": self.addresses,
            "port": self.port,
            "id": self.txt.get("id"),
            "confirmed_ms": self.confirmed_ms,
            "ended_ms": self.ended_ms,
        }


class Stopwatch:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def ms(self) -> float:
        """Return them."""
        return (time.perf_counter() - self._started) * 1000


def serve(search: Callable[[float, str], Known | None], prepare: Callable[[], None] | None = None) -> None:
    """Do what the lines of standard input say until it ends."""
    say({})
    for line in sys.stdin:
        word, *given = line.split()
        if word == "search":
            found = search(float(given[0]), given[1])
            say(found.document() if found else {"ms": None})
        else:
            if prepare:
                prepare()
            say({})


def say(document: Mapping[str, object]) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
