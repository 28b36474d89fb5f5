"""A database of before, with rows in it, brought up to date."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, event

from cloud.registry import open_registry
from cloud.store.engine import _MIGRATIONS, FILE_NAME, _prepare, open_store
from cloud.store.schema import metadata
from protocol.problems import FAMILY_NEEDED, STATE_DAMAGED
from tests.cloud.actors import FAMILY, LATEST, NOON, Gateway, World, refusal

pytestmark = pytest.mark.adapters

AT = int(NOON.timestamp() * 1000)
ROWS = {
    "gateways": "('0123456789ab', '1234567890', '{key}', 'MKN702', '2.10', 3, {at}, 'request-0000000001', 'h', 1, 1, {at})",
    "link_codes": "(7, '0123456789ab', 'argon', {at}, NULL)",
    "samples": "('0123456789ab', 3, 1, {at}, 1, 2, 3, 4, '{{}}')",
    "accounts": "(5, 'father@example.jp', 'argon', '[]', 'digest', {at}, {at})",
    "links": "(5, '0123456789ab', 1, {at})",
    "phones": "(5, 1, 'installation-0001', 'お父さん', 'お父さん', 'request-0000000002')",
    "sessions": "('digest', 5, 'installation-0001', {at})",
    "mails": "(1, 'from', 'to', 'subject', 'body', {at})",
    "nonces": "('nonce', {at})",
    "wrong_tries": "(9, 5, '1234567890', '192.0.2.1', 7, {at})",
}


def make_0001(folder: Path, gateway: Gateway) -> None:
    """Leave a database as the first version did, a row in every table."""
    engine = create_engine(f"sqlite:///{folder / FILE_NAME}")
    event.listen(engine, "connect", _prepare)  # foreign keys are checked, as when it is opened
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, values in ROWS.items():
            row = values.format(key=gateway.public_key, at=AT)
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES {row}")
    engine.dispose()


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(folder / FILE_NAME)) as database:
        return {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in ROWS}


def test_every_row_survives_and_the_tables_are_those_of_the_schema(tmp_path: Path, gateway: Gateway) -> None:
    make_0001(tmp_path, gateway)
    before = rows(tmp_path)
    assert all(len(kept) == 1 for kept in before.values())
    store = open_store(tmp_path)
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    store.close()
    after = rows(tmp_path)
    ((*migrated,),) = after.pop("gateways")
    assert migrated == [*before.pop("gateways")[0], *[None] * 7]
    assert after == before


@pytest.mark.req("S-LC-08")
def test_a_gateway_of_before_goes_on_and_is_asked_for_its_family(tmp_path: Path, gateway: Gateway) -> None:
    make_0001(tmp_path, gateway)
    (tmp_path / "pepper").write_text("p" * 43)
    open_registry(tmp_path, LATEST).close()
    world = World(tmp_path)
    status = world.status(gateway)
    assert (status.epoch, status.registered_at, status.family_needed) == (3, NOON, True)
    assert refusal(world.issue, gateway) is FAMILY_NEEDED
    assert world.issue(gateway, FAMILY)
    at_stake = world.begin(gateway).at_stake
    assert at_stake
    assert (at_stake.samples, at_stake.accounts, at_stake.phones) == (1, 1, 1)
    assert world.register(gateway).epoch == 4
    world.registry.close()


def test_an_upgrade_that_fails_leaves_the_old_database(tmp_path: Path, gateway: Gateway) -> None:
    make_0001(tmp_path, gateway)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        database.execute("CREATE TABLE releases (in_the_way)")  # the last table of 0002
    before = rows(tmp_path)
    assert refusal(open_store, tmp_path) is STATE_DAMAGED
    assert rows(tmp_path) == before
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
