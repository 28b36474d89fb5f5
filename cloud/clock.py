"""The cloud's clock: expiry and limits must not bend when the machine's clock does."""

import time
from datetime import datetime, timedelta

import chassis.clock


class SystemClock(chassis.clock.SystemClock):
    """The machine's clock, except that it never runs backwards.

    `mark` is an instant known to have passed, kept in the store; a wall clock set back, before the start or while
    running, then neither revives an expired code nor stops a living one from expiring.
    """

    def __init__(self, mark: datetime | None = None) -> None:
        wall = super().now()
        self._told = max(wall, mark) if mark else wall
        self._told_at = time.monotonic()

    def now(self) -> datetime:
        """Return the wall time, or what has elapsed since the latest instant told if that is later."""
        monotonic = time.monotonic()
        elapsed = timedelta(seconds=monotonic - self._told_at)
        self._told, self._told_at = max(super().now(), self._told + elapsed), monotonic
        return self._told
