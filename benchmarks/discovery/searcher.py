"""One who searches in the home of a scene: its program, told when to prepare and when to begin."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final

from benchmarks.discovery.searches import Search
from benchmarks.discovery.talk import Talk
from lab.home import Home

GRACE_S: Final = 10.0
"""Within which a program has loaded, or has noticed that its limit is over."""


class Searcher:
    """A search and the program that is it."""

    def __init__(self, search: Search, home: Home, command: Sequence[str]) -> None:
        self.search = search
        self._home = home
        self._command = command
        self._programs = ExitStack()
        self._talk: Talk | None = None

    def prepare(self) -> None:
        """Have it loaded and waiting for the word."""
        if self._talk is None:
            program = self._programs.enter_context(self._home.phone.running(*self._command))
            self._talk = Talk(program)
            self._talk.hear(GRACE_S)
        self._talk.ask("prepare", GRACE_S)

    def begin(self, limit_s: float, gateway_id: str) -> None:
        """Give the word."""
        assert self._talk
        self._talk.say(f"search {limit_s:g} {gateway_id}")

    def hear(self, within_s: float) -> dict[str, Any] | None:
        """Return what it says, or None when it says nothing yet."""
        assert self._talk
        try:
            return self._talk.hear(within_s)
        except TimeoutError:
            return None

    def rest(self) -> None:
        """End the program when it is of no more use."""
        if self.search.fresh:
            self.close()

    def close(self) -> None:
        """End the program."""
        self._programs.close()
        self._talk = None
