"""Wait on a state with a deadline, never sleep."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def until(look: Callable[[], Awaitable[T]], what: str, within_s: float = 10.0) -> T: ...
@overload
async def until(look: Callable[[], T], what: str, within_s: float = 10.0) -> T: ...
async def until(look: Callable[[], object], what: str, within_s: float = 10.0) -> object:
    """Return the first true answer of `look`, asked every 20 ms; fail naming `what` after `within_s` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        answer = look()
        seen: object = await answer if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if loop.time() > deadline:
            raise AssertionError(f"waited {within_s} s in vain for {what}; last seen: {seen!r}")
        await asyncio.sleep(0.02)
