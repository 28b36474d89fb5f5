"""A clock that the test moves."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chassis.tasks import beside
from tests.support.waiting import until


class ManualClock:
    """Stands still until `jump`; sleepers wake when their time has come."""

    def __init__(self, at: datetime = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)) -> None:
        self.at = at
        self._moved = asyncio.Condition()
        self._due: list[datetime] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        wake_at = self.at + timedelta(seconds=seconds)
        self._due.append(wake_at)
        try:
            async with self._moved:
                self._moved.notify_all()
                await self._moved.wait_for(lambda: self.at >= wake_at)
        finally:
            self._due.remove(wake_at)

    async def jump(self, seconds: float) -> None:
        """Move by `seconds` and let everybody whose time has come run."""
        self.at += timedelta(seconds=seconds)
        async with self._moved:
            self._moved.notify_all()

    def has_sleeper(self, seconds: float) -> bool:
        """Say whether somebody has just begun to sleep for `seconds`."""
        return self.at + timedelta(seconds=seconds) in self._due

    async def run_until(self, over: Callable[[], object], longest_s: float = 60) -> None:
        """Move from one waking to the next, of those who sleep at most `longest_s`, until it is `over`."""
        async with beside(self._run(over, timedelta(seconds=longest_s))):
            await until(over, "the end of it", within_s=30)

    async def _run(self, over: Callable[[], object], longest: timedelta) -> None:
        def first() -> datetime | None:
            return min((due for due in self._due if self.at < due <= self.at + longest), default=None)

        while True:
            async with self._moved:
                await self._moved.wait_for(first)
            wake_at = first()
            if over():
                return
            if wake_at:
                await self.jump((wake_at - self.at).total_seconds())
