"""The verbs that hash a password or a code cost some 30 ms of a core each, and anybody may call them."""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from protocol.problems import TOO_BUSY, Problem

AT_ONCE: Final = 2
WAITING_MAX: Final = 64

P = ParamSpec("P")
T = TypeVar("T")


class Hashing:
    """Carries out few such verbs at a time, so that telemetry finds a thread, and lets only so many wait."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def run(self, verb: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `verb` in a thread when it is its turn.

        Raises:
            Problem: `too_busy`; the verb was not begun.
        """
        if self._waiting >= WAITING_MAX:
            raise Problem(TOO_BUSY, retry_after_s=1)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(verb, *args, **kwargs)
        finally:
            self._waiting -= 1
