"""A gateway without its program: real store, real HTTP to a small cloud, a clock the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from chassis.clock import Clock
from chassis.tasks import beside
from emulator.changes import Changes
from emulator.cloud_client import CloudClient
from emulator.firmware.slots import Slots
from emulator.firmware.updates import Durations, Updates
from emulator.gateway import Gateway
from emulator.household import Household
from emulator.identity import load_identity
from emulator.store import Store
from tests.emulator.clocks import ManualClock
from tests.emulator.cloud_double import CloudDouble

INTERVAL = timedelta(seconds=10)
LATE = date(2016, 6, 21)
"""A purchase after which the firmware's age does not matter to a registration."""


def _nobody() -> None:
    """Restart nothing."""


@asynccontextmanager
async def gateway_in(
    folder: Path,
    url: str,
    clock: Clock,
    *,
    outbox_samples: int = 1000,
    timeout_s: float = 2.0,
    purchased_on: date | None = LATE,
    release_key: str | None = None,
    restart: Callable[[], None] = _nobody,
) -> AsyncIterator[Gateway]:
    """Open a gateway over what is in `folder`; updates are carried out, and the restart after one is up to `restart`."""
    identity = await asyncio.to_thread(load_identity, folder)
    household = Household(seed="test", solar_peak_w=5000, battery_wh=6500, interval=INTERVAL)
    slots = await asyncio.to_thread(Slots, folder, "MKN702", "2.10", release_key)
    store = await asyncio.to_thread(Store, folder, household.first_state(), outbox_samples)
    changes = Changes()
    try:
        async with CloudClient(url, identity, "MKN702", timeout_s) as client:
            updates = Updates(
                model="MKN702",
                slots=slots,
                releases=client,
                durations=Durations(update_s=600, apply_s=20),
                clock=clock,
                changes=changes,
                restart=restart,
            )
            gateway = Gateway(
                model="MKN702",
                identity=identity,
                household=household,
                store=store,
                registration=await asyncio.to_thread(store.registration),
                cloud=client,
                updates=updates,
                purchased_on=purchased_on,
                changes=changes,
                clock=clock,
            )
            async with beside(updates.run()):
                yield gateway
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
