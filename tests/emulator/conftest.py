"""A gateway without its program: real store, real HTTP to a small cloud, a clock the test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.clock import Clock
from emulator.cloud_client import CloudClient
from emulator.gateway import Gateway
from emulator.household import Household
from emulator.identity import load_identity
from emulator.store import Store
from tests.emulator.clocks import ManualClock
from tests.emulator.cloud_double import CloudDouble

INTERVAL = timedelta(seconds=10)


@asynccontextmanager
async def gateway_in(
    folder: Path, url: str, clock: Clock, outbox_samples: int = 1000, timeout_s: float = 2.0
) -> AsyncIterator[Gateway]:
    """Open a gateway over what is in `folder`."""
    identity = await asyncio.to_thread(load_identity, folder)
    household = Household(seed="test", solar_peak_w=5000, battery_wh=6500, interval=INTERVAL)
    store = await asyncio.to_thread(Store, folder, household.first_state(), outbox_samples)
    try:
        async with CloudClient(url, identity, "MKN702", timeout_s) as client:
            yield Gateway(
                model="MKN702",
                firmware="2.10",
                identity=identity,
                household=household,
                store=store,
                registration=await asyncio.to_thread(store.registration),
                cloud=client,
                clock=clock,
            )
    finally:
        store.close()


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands until it is moved."""
    return ManualClock()


@pytest.fixture
async def cloud() -> AsyncIterator[CloudDouble]:
    """Yield a small cloud that is up."""
    double = CloudDouble()
    async with double.serving():
        yield double


@pytest.fixture
async def gateway(tmp_path: Path, cloud: CloudDouble, clock: ManualClock) -> AsyncIterator[Gateway]:
    """Yield a gateway fresh from the factory."""
    async with gateway_in(tmp_path, cloud.url, clock) as each:
        yield each
