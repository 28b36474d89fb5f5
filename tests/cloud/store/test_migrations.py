"""A database of before, with a row in every table, brought up to date."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, insert, select

from cloud.registry import open_registry
from cloud.store.engine import _MIGRATIONS, Database, open_store
from cloud.store.postgresql import Postgresql
from cloud.store.schema import metadata
from cloud.store.sqlite import Sqlite
from protocol.problems import FAMILY_NEEDED, STATE_DAMAGED
from tests.cloud.actors import FAMILY, LATEST, NOON, Gateway, World, refusal
from tests.support.postgres import Postgres

pytestmark = pytest.mark.adapters

AT = int(NOON.timestamp() * 1000)
OF_0001: Mapping[str, Mapping[str, object]] = {
    "gateways": {"gateway_id": "0123456789ab", "device_code": "1234567890", "model": "MKN702", "firmware": "2.10",
        "epoch": 3, "registered_at": AT, "request_id": "request-0000000001", "mqtt_password_hash": "hash",
        "stored_up_to": 1, "says_online": True, "last_seen_at": AT},
    "link_codes": {"gateway_id": "0123456789ab", "code_hash": "argon", "issued_at": AT, "spent_at": None},
    "samples": {"gateway_id": "0123456789ab", "epoch": 3, "seq": 1, "measured_at": AT, "generation_w": 1,
        "consumption_w": 2, "grid_import_w": 3, "grid_export_w": 4, "document": "{}"},
    "accounts": {"email": "father@example.jp", "password_hash": "argon", "newsletters": "[]", "url_digest": "digest",
        "url_sent_at": AT, "verified_at": AT},
    "links": {"account_id": 1, "gateway_id": "0123456789ab", "member_slot": 1, "linked_at": AT},
    "phones": {"account_id": 1, "slot": 1, "installation_id": "installation-0001", "nickname": "お父さん",
        "nickname_key": "お父さん", "request_id": "request-0000000002"},
    "sessions": {"token_digest": "digest", "account_id": 1, "installation_id": "installation-0001", "started_at": AT},
    "mails": {"sender": "from", "recipient": "to", "subject": "subject", "body": "body", "sent_at": AT},
    "nonces": {"nonce": "nonce", "issued_at": AT},
    "wrong_tries": {"account_id": 1, "device_code": "1234567890", "peer": "192.0.2.1", "link_code_id": 1,
        "tried_at": AT},
}  # fmt: skip
OF_0002: Mapping[str, Mapping[str, object]] = {
    **OF_0001,
    "gateways": {
        "run_id" if name == "request_id" else name: value for name, value in OF_0001["gateways"].items()
    },
    "registration_runs": {"run_id": "request-0000000003", "gateway_id": "0123456789ab", "public_key": "key",
        "code_hash": "argon", "begun_at": AT},
    "consents": {"gateway_id": "0123456789ab", "terms_version": "1", "agreed_at": AT, "recorded_at": AT},
    "events": {"account_id": 1, "gateway_id": "0123456789ab", "kind": "registered_anew", "at": AT},
    "releases": {"model": "MKN702", "version": "2.10", "manifest": "{}", "signature": "s", "published_at": AT},
}  # fmt: skip
ROWS = {"0001": OF_0001, "0002": OF_0002}
SINCE_0001 = dict.fromkeys(
    (
        "confirmation_code_hash",
        "prefecture",
        "area",
        "municipality",
        "household_size",
        "building_type",
        "energy_used",
    )
)
SINCE_0002: Mapping[str, Mapping[str, object]] = {
    "accounts": {
        "password_changed_at": None,
        "two_step_asked_at": None,
        "two_step_number": None,
        "two_step_on": False,
    },
    "mails": {"delivered_at": None},
}
"""What the newer columns say of a row from before."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a store is kept."""

    folder: Path
    postgresql: str | None

    @property
    def database(self) -> Database:
        return Postgresql(self.postgresql) if self.postgresql else Sqlite(self.folder)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        engine = self.database.engine()
        with engine.begin() as connection:
            yield connection
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where nothing is yet."""
    if request.param == "sqlite":
        yield Place(tmp_path, None)
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.fresh_database() as url:
        yield Place(tmp_path, url)


def make(version: str, place: Place, gateway: Gateway) -> None:
    """Leave a database as that version did, a row in every table."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with place.connection() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        tables = tables_of(connection)
        assert tables.keys() == ROWS[version].keys()
        for name, row in ROWS[version].items():
            key = {"public_key": gateway.public_key} if name == "gateways" else {}
            connection.execute(insert(tables[name]).values({**row, **key}))


def tables_of(connection: Connection) -> dict[str, Table]:
    found = MetaData()
    found.reflect(connection)
    return {name: table for name, table in found.tables.items() if name != "alembic_version"}


def rows(place: Place) -> dict[str, list[Row]]:
    with place.connection() as connection:
        return {
            name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for name, table in tables_of(connection).items()
        }


@pytest.mark.parametrize("version", ROWS)
def test_every_row_survives_and_the_tables_are_those_of_the_schema(
    place: Place, gateway: Gateway, version: str
) -> None:
    make(version, place, gateway)
    before = rows(place)
    assert all(len(kept) == 1 for kept in before.values())
    open_store(place.folder, place.postgresql).close()
    with place.connection() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        if not place.postgresql:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    after = rows(place)
    assert after.pop("sessions") == [], "everybody logs in anew: a session of before says nothing of the app"
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", after["phones"][0].pop("phone_id"))
    assert {name: after[name] for name in before if name != "sessions"} == {
        name: [up_to_date(name, row) for row in kept] for name, kept in before.items() if name != "sessions"
    }
    assert all(after[name] == [] for name in after.keys() - before.keys())


def up_to_date(table: str, row: Row) -> Row:
    """Return what becomes of a row of before."""
    row = {**row, **SINCE_0002.get(table, {})}
    if table == "gateways":
        row = SINCE_0001 | row
        row["run_id"] = row.pop("request_id", None) or row["run_id"]
    return row


@pytest.mark.req("S-LC-08")
def test_a_gateway_of_before_goes_on_and_is_asked_for_its_family(place: Place, gateway: Gateway) -> None:
    make("0001", place, gateway)
    (place.folder / "pepper").write_text("p" * 43)
    open_registry(place.folder, LATEST, place.postgresql).close()
    world = World(place.folder, place.postgresql)
    status = world.status(gateway)
    assert (status.epoch, status.registered_at, status.family_needed) == (3, NOON, True)
    assert refusal(world.issue, gateway) is FAMILY_NEEDED
    assert world.issue(gateway, FAMILY)
    at_stake = world.begin(gateway).at_stake
    assert at_stake
    assert (at_stake.samples, at_stake.accounts, at_stake.phones) == (1, 1, 1)
    assert world.register(gateway).epoch == 4
    world.registry.close()


@pytest.mark.parametrize(
    ("version", "in_the_way"), [("0001", "releases"), ("0002", "permits")], ids=["to 0002", "to 0003"]
)
def test_an_upgrade_that_fails_leaves_the_old_database(
    place: Place, gateway: Gateway, version: str, in_the_way: str
) -> None:
    make(version, place, gateway)
    with place.connection() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {in_the_way} (in_the_way text)")  # the last of its version
    before = rows(place)
    assert refusal(open_store, place.folder, place.postgresql) is STATE_DAMAGED
    assert rows(place) == before
    with place.connection() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == version
