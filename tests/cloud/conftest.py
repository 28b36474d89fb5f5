import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.cloud.actors import Gateway, World
from tests.cloud.serving import Served, served, settings_in


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.registry.close()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(settings_in(tmp_path)) as serving:
        yield serving


@pytest.fixture(params=["UTC", "Asia/Tokyo"])
def process_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """Have this process live in a time zone; the manual's days are Japan's in each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        assert time.tzname[0] == {"UTC": "UTC", "Asia/Tokyo": "JST"}[request.param]
        yield request.param
    time.tzset()
