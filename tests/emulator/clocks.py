"""A clock that the test moves."""

import asyncio
from datetime import UTC, datetime, timedelta


class ManualClock:
    """Stands still until `jump`; sleepers wake when their time has come."""

    def __init__(self, at: datetime = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)) -> None:
        self.at = at
        self._moved = asyncio.Condition()

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        wake_at = self.at + timedelta(seconds=seconds)
        async with self._moved:
            await self._moved.wait_for(lambda: self.at >= wake_at)

    async def jump(self, seconds: float) -> None:
        """Move by `seconds` and let everybody whose time has come run."""
        self.at += timedelta(seconds=seconds)
        async with self._moved:
            self._moved.notify_all()
