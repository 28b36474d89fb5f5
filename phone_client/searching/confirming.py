"""Asks a gateway who it is until it answers or the search ends: packets get lost, and it may be restarting."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from protocol.device_api import Device
from protocol.problems import AisegError

BESIDE_S: Final = (0.0, 0.2, 0.6)
"""When an attempt is made beside those that are still waiting: the kernel repeats a lost packet after a second at the soonest."""
AGAIN_S: Final = 1.0  # after one has failed


async def ask_until_answered(
    ask: Callable[[], Awaitable[Device]], doubt: Callable[[AisegError], None]
) -> Device:
    """Return the first answer of several attempts; `doubt` is told why one failed."""
    answer: asyncio.Future[Device] = asyncio.get_running_loop().create_future()

    async def attempt(after_s: float) -> None:
        await asyncio.sleep(after_s)
        while not answer.done():
            try:
                device = await ask()
            except AisegError as error:
                doubt(error)
                await asyncio.sleep(AGAIN_S)
            else:
                if not answer.done():
                    answer.set_result(device)

    async with asyncio.TaskGroup() as group:
        attempts = [group.create_task(attempt(after_s)) for after_s in BESIDE_S]
        device = await answer
        for each in attempts:
            each.cancel()
    return device
