from collections.abc import AsyncIterator

import pytest

from tests.cloud.club.browsing import Browser, browser_at
from tests.cloud.serving import Served


@pytest.fixture
async def browser(cloud: Served) -> AsyncIterator[Browser]:
    async with browser_at(cloud) as each:
        yield each
