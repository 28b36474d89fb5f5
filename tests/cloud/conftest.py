import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from cloud.store.engine import open_store
from tests.cloud.actors import Gateway, World
from tests.cloud.serving import Served, served, settings_in
from tests.support.postgres import Postgres, name_of, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of this process."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name a database with our tables: a copy of it is there sooner than the tables are made."""
    with postgres.fresh_database() as url:
        open_store(tmp_path_factory.mktemp("template"), url).close()
        yield name_of(url)


@pytest.fixture
def database(postgres: Postgres, template: str) -> Iterator[str]:
    """Return the URL of a database of the test's own, with our tables."""
    with postgres.fresh_database(f"TEMPLATE {template}") as url:
        yield url


@pytest.fixture(scope="session")
def emptied_database(postgres: Postgres, template: str) -> Iterator[Callable[[], str]]:
    """Return what returns the URL of a database that has our tables, and nothing in them."""
    with postgres.emptied_database(template) as empty:
        yield empty


@pytest.fixture(params=["sqlite", "postgresql"])
def postgresql(request: pytest.FixtureRequest) -> str | None:
    """Run the test on both kinds of store: None stands for the file in the folder."""
    if request.param == "sqlite":
        return None
    empty: Callable[[], str] = request.getfixturevalue("emptied_database")
    return empty()


@pytest.fixture
def world(tmp_path: Path, postgresql: str | None) -> Iterator[World]:
    world = World(tmp_path, postgresql)
    yield world
    world.registry.close()


@pytest.fixture
def world_in_a_file(tmp_path: Path) -> Iterator[World]:
    """Make a world for what is a matter of SQLite alone."""
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
