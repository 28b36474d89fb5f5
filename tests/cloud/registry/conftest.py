import pytest

from tests.cloud.actors import Gateway, World


@pytest.fixture
def registered(world: World, gateway: Gateway) -> Gateway:
    world.register(gateway)
    return gateway
