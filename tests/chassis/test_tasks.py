import asyncio

import pytest

from chassis.tasks import beside
from protocol.problems import NOT_LINKED, Problem


async def test_work_goes_on_for_as_long_as_the_block_and_may_say_farewell() -> None:
    told = []

    async def work() -> None:
        told.append("hello")
        try:
            await asyncio.Event().wait()
        finally:
            told.append("farewell")

    async with beside(work()):
        await asyncio.sleep(0)
        assert told == ["hello"]
    assert told == ["hello", "farewell"]


async def test_what_the_block_raises_comes_out_as_itself() -> None:
    with pytest.raises(Problem) as raised:
        async with beside(asyncio.sleep(60)):
            raise Problem(NOT_LINKED)
    assert raised.value.kind is NOT_LINKED


async def test_work_that_fails_ends_the_block() -> None:
    async def fail() -> None:
        raise Problem(NOT_LINKED)

    with pytest.raises(Problem):
        async with beside(fail(), asyncio.sleep(60)):
            await asyncio.sleep(60)
