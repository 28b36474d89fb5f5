"""The only reader of the system clock in the cloud."""

import asyncio
import time
from datetime import datetime, timedelta, timezone
from typing import Protocol


class Clock(Protocol):
    """What the cloud's loops and adapters ask for the time."""

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of this clock's time."""


class SystemClock:
    """The machine's clock, except that it never runs backwards.

    `mark` is an instant known to have passed, kept in the store; a wall clock set back, before the start or while
    running, then neither revives an expired code nor stops a living one from expiring.
    """

    def __init__(self, mark: datetime | None = None) -> None:
        wall = _wall()
        self._floor = max(wall, mark) if mark else wall
        self._started = time.monotonic()

    def now(self) -> datetime:
        """Return the wall time, or what has elapsed since the start if that is later."""
        elapsed = timedelta(seconds=time.monotonic() - self._started)
        return max(_wall(), self._floor + elapsed)

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        await asyncio.sleep(seconds)


def _wall() -> datetime:
    return datetime.now(timezone.utc)  # noqa: TID251, UP017 - this module is the clock
