import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from emulator.gateway import Gateway
from emulator.sampler import sample_for_ever
from tests.emulator.clocks import ManualClock
from tests.support.waiting import until

pytestmark = pytest.mark.adapters

START = ManualClock().now()


@asynccontextmanager
async def sampling(gateway: Gateway, clock: ManualClock) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(sample_for_ever(gateway, clock, timedelta(seconds=10)))
        try:
            await until(gateway.newest, "the first sample")
            yield
        finally:
            task.cancel()


def seen(gateway: Gateway) -> tuple[int, float] | None:
    sample = gateway.newest()
    return (sample.seq, (sample.measured_at - START).total_seconds()) if sample else None


async def test_one_sample_each_interval(gateway: Gateway, clock: ManualClock) -> None:
    async with sampling(gateway, clock):
        for number in range(2, 6):
            await clock.jump(9.9)
            assert seen(gateway) == (number - 1, 10 * (number - 2))
            await clock.jump(0.1)
            expected = (number, 10.0 * (number - 1))
            await until(lambda: seen(gateway) == expected, "a sample")  # noqa: B023


async def test_after_a_long_sleep_there_is_one_sample_and_the_old_rhythm_is_over(
    gateway: Gateway, clock: ManualClock
) -> None:
    async with sampling(gateway, clock):
        await clock.jump(3605)
        await until(lambda: seen(gateway) == (2, 3605), "one sample")
        await clock.jump(10)
        await until(lambda: seen(gateway) == (3, 3615), "the next sample")
