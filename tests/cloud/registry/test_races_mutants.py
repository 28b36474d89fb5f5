"""The races are not blind: with verbs that look first and write later, and no constraint in the way, they must fail.

The careless store takes no lock before its first read, and its tables are the product's without their keys and checks.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, text

from cloud.registry import Registry
from cloud.store.engine import Store
from cloud.store.sqlite import FILE_NAME
from protocol.cloud_api import AddPhone
from tests.cloud.actors import Gateway, World, request_id
from tests.cloud.registry import acts
from tests.cloud.registry.racing import ROUNDS, Course, Racers, Threads, Twin, course

pytestmark = [pytest.mark.adapters, pytest.mark.timeout(60 + ROUNDS)]

ATTEMPTS = max(20, ROUNDS)


class Careless(Store):
    """Transactions as the driver begins them by itself: at the first write, or without any lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._engine.begin() as transaction:
            yield transaction

    reading = writing

    def close(self) -> None:
        self._engine.dispose()


def careless(world: World) -> Registry:
    if world.postgresql is None:
        engine = create_engine(f"sqlite:///{world.folder / FILE_NAME}")
    else:
        engine = create_engine("postgresql+psycopg://", connect_args=conninfo_to_dict(world.postgresql))
    sound = world.registry
    secrets = (sound.pepper, sound.release_key, sound.watcher_password)
    return Registry(Careless(engine), sound.images, *secrets)


def without_constraints(world: World) -> None:
    with world.registry.store.writing() as store:
        for table in ("change_codes", "phones"):
            store.execute(text(f"CREATE TABLE bare AS SELECT * FROM {table}"))
            store.execute(text(f"DROP TABLE {table}"))
            store.execute(text(f"ALTER TABLE bare RENAME TO {table}"))


@pytest.fixture
def last_slot(world: World, gateway: Gateway, cheap_hashing: None) -> tuple[Course, Racers]:
    twin = Twin(world)
    twin.register(gateway)
    twin.link(twin.person("father", "f1"), gateway, "一台目")
    racers = [
        [
            acts.Add(
                world.now, twin.log_in("father", name).token, AddPhone(request_id=request_id(), nickname=name)
            )
        ]
        for name in ("f2", "f3", "f4")
    ]
    return course(twin), racers


def test_looking_first_and_writing_later_is_caught(world: World, last_slot: tuple[Course, Racers]) -> None:
    where, racers = last_slot
    without_constraints(world)
    mutant = careless(world)
    threads = Threads(mutant)
    caught = any("INV-1" in seen for _ in range(ATTEMPTS) for seen in where.broken(racers, threads, rounds=1))
    threads.close()
    mutant.close()
    assert caught


def test_the_constraints_alone_hold_the_limit(world: World, last_slot: tuple[Course, Racers]) -> None:
    """With keys and checks in the tables, careless verbs fail with an error and never with a third phone."""
    where, racers = last_slot
    mutant = careless(world)
    threads = Threads(mutant)
    broken = where.broken(racers, threads, rounds=ATTEMPTS)
    threads.close()
    mutant.close()
    assert not any("INV" in seen for seen in broken)
