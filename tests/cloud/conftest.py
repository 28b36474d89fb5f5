from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.actors import Gateway, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.registry.close()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()
