"""A home without a kernel for each test, and a real one that stands for all tests of a module."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lab.home import Home
from lab.network.plan import Plan
from tests.lab.conditions.fake_hands import FakeHands
from tests.lab.conditions.probes import CLOUD, GATEWAY, Listener, knock, listen
from tests.lab.network.machines import Lab


@pytest.fixture
def hands() -> FakeHands:
    return FakeHands(Lab())


@pytest.fixture
def lab(hands: FakeHands) -> Lab:
    return hands.lab


@pytest.fixture(scope="module")
def standing() -> Iterator[Home]:
    """Keep one home for all tests here, in which gateway, neighbour and cloud take connections."""
    with Home(Plan(), seed=1) as home, ExitStack() as servers:
        for node, port in (("gateway", 8080), ("neighbour", 8080), ("cloud", 443), ("cloud", 1883)):
            servers.enter_context(listen(home, node, port))
        yield home


@pytest.fixture
def home(standing: Home) -> Iterator[Home]:
    """Hand the home over well, and expect it well again after the all-clear."""
    yield standing
    standing.all_clear()
    for node in standing.nodes.values():
        node.run("ip", "neighbour", "flush", "all")
    assert [knock(standing, "phone", GATEWAY), knock(standing, "phone", CLOUD, 443)] == ["open", "open"]
    assert standing.phone.address == "192.168.0.30"


@pytest.fixture
def phone(home: Home) -> Iterator[Listener]:
    with Listener(home, "phone") as listener:
        yield listener


@pytest.fixture
def gateway(home: Home) -> Iterator[Listener]:
    with Listener(home, "gateway") as listener:
        yield listener
