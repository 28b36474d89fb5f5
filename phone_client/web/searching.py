"""The app's search, in the background: one at a time, for as long as the program lives, whoever looks on or reloads."""

import asyncio
from contextlib import suppress
from typing import Final

from phone_client.phone import Phone
from phone_client.searching.advice import Words
from phone_client.searching.finding import Found
from protocol.problems import AisegError

TICK_S: Final = 1.0
"""How often those who look on are told the time."""


class Searching:
    """Begun by a tap and told by `running`, `tried`, `done` (0 … 1, None: not known) and `seconds`; ends with `found`, or `trouble`."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._asked = asyncio.Event()
        self._news = asyncio.Event()
        self._began_at = 0.0
        self._sweep = False
        self.tried: Words | None = None
        self.done: float | None = None
        self.found: Found | None = None
        self.trouble: AisegError | None = None

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._asked.is_set()

    @property
    def seconds(self) -> int:
        """How long the one under way has taken so far."""
        return int(asyncio.get_running_loop().time() - self._began_at)

    def begin(self, *, sweep: bool = False) -> None:
        """Begin a search, unless one is under way; `sweep` is what only a person may ask for."""
        if self.running:
            return
        self.tried = self.done = self.found = self.trouble = None
        self._sweep = sweep
        self._began_at = asyncio.get_running_loop().time()
        self._asked.set()

    async def run(self) -> None:
        """Search whenever it is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            try:
                self.found = await self._phone.search(watch=self._watch, sweep=self._sweep)
            except AisegError as error:
                self.trouble = error
            self._asked.clear()
            self._tell()

    async def news(self) -> None:
        """Return when there is something new to tell, or after a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                await self._news.wait()

    def _watch(self, words: Words, done: float | None = None) -> None:
        self.tried, self.done = words, done
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
