"""What every test lives with: a ring, no blocking call in the loop, no skip in CI, no thread left behind."""

import os
from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings

from tests.cloud.hashing import CHEAP

pytest_plugins = [
    "tests.support.own_network",
    "tests.support.requirement_rows",
    "tests.support.rings",
    "pytester",
]

# How long an example takes says how busy the machine is.
settings.register_profile("on a busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("on a busy machine")

PROGRAMS = ["protocol", "chassis", "emulator", "cloud", "phone_client", "aiseg"]


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    """Fail a test whose event loop runs into a blocking call made by one of our programs."""
    with blockbuster_ctx(PROGRAMS) as blockbuster:
        yield blockbuster


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash by the same function at its least cost; tests/cloud/test_pepper.py sees what it costs in earnest."""
    monkeypatch.setattr("cloud.pepper._HASHER", CHEAP)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings of the person running the tests out of them."""
    for name in [name for name in os.environ if name.startswith("AISEG_")]:
        monkeypatch.delenv(name)
