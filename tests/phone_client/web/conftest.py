"""A phone's pages on loopback, before a cloud that is a double."""

from collections.abc import AsyncIterator

import pytest

from tests.phone_client.person import World
from tests.phone_client.web.hand import Hand, hand_at


@pytest.fixture
async def hand(world: World) -> AsyncIterator[Hand]:
    async with hand_at(world) as each:
        yield each
