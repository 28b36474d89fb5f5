"""A loopback of our own, where no other gateway of this machine is found; and a person with a phone."""

import ctypes
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from phone_client.settings import Cloud, Network, Search, Settings, Store
from tests.phone_client import cloud_double
from tests.phone_client.cloud_double import EMAIL, NOW
from tests.phone_client.person import PASSWORD, FixedClock, World
from tests.support.rights import may_make_networks

_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture(autouse=True)
def own_loopback() -> Iterator[None]:
    """Put this thread, and what it starts, into a network with nothing but loopback; where that is not allowed, share the machine's."""
    if not may_make_networks():
        yield
        return
    with Path("/proc/thread-self/ns/net").open() as before:
        assert _libc.unshare(_NETWORK) == 0
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        try:
            yield
        finally:
            assert _libc.setns(before.fileno(), _NETWORK) == 0


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with cloud_double.running() as cloud:
        settings = Settings(
            network=Network(interfaces=("127.0.0.1",)),
            search=Search(limit_s=2.0),
            cloud=Cloud(url=cloud.url),
            store=Store(folder=tmp_path),
        )
        yield World(cloud, settings, FixedClock(NOW))


@pytest.fixture
async def logged_in(world: World) -> World:
    async with world.phone() as phone:
        await phone.log_in(EMAIL, PASSWORD)
    world.cloud.requests.clear()
    return world
