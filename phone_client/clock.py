"""The only reader of the system clock in the phone."""

import asyncio
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """What the phone asks for the time; a search runs in real milliseconds, on the event loop's own clock."""

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of this clock's time."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""
        return datetime.now(timezone.utc)  # noqa: TID251, UP017 - this module is the clock

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        await asyncio.sleep(seconds)
