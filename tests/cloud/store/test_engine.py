import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from cloud.store.engine import FILE_NAME, Store, open_store
from cloud.store.schema import accounts, gateways, links, metadata, nonces, phones
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem

pytestmark = pytest.mark.adapters


def test_migrations_from_nothing_make_the_tables_that_the_schema_says(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing() as connection:
        connection.execute(insert(nonces).values(nonce="n", issued_at=1))
    store.close()
    again = open_store(tmp_path)
    with again.reading() as connection:
        assert connection.scalars(select(nonces.c.nonce)).all() == ["n"]
    again.close()


def test_every_connection_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing() as one, store.reading() as other:
        for connection in (one, other):
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            assert pragmas == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": 10_000,
            }
    store.close()


def test_a_writing_transaction_holds_the_lock_before_its_first_read(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with (
        store.writing(),
        closing(sqlite3.connect(tmp_path / FILE_NAME, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")
    store.close()


def insert_and_fail(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(nonces).values(nonce="n", issued_at=1))
        raise ZeroDivisionError


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(ZeroDivisionError):
        insert_and_fail(store)
    with store.reading() as connection:
        assert connection.scalars(select(nonces.c.nonce)).all() == []
    store.close()


@pytest.mark.req("S-GEN-17", "S-GEN-18")
def test_the_database_itself_knows_no_slot_beyond_the_last(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    gateway = dict.fromkeys((each.name for each in gateways.columns), 1) | {"gateway_id": "g"}
    account = dict.fromkeys((each.name for each in accounts.columns), 1)
    link = {"account_id": 1, "gateway_id": "g", "member_slot": 4, "linked_at": 1}
    phone = {"account_id": 1, "installation_id": "i", "nickname": "n", "nickname_key": "n", "request_id": "r"}
    with store.writing() as connection:
        connection.execute(insert(gateways).values(gateway))
        connection.execute(insert(accounts).values(account))
        with pytest.raises(IntegrityError, match="ck_links_member_slot"):
            connection.execute(insert(links).values(link | {"member_slot": 5}))
        connection.execute(insert(links).values(link))
        with pytest.raises(IntegrityError, match="ck_phones_slot"):
            connection.execute(insert(phones).values(phone | {"slot": 3}))
        connection.execute(insert(phones).values(phone | {"slot": 2}))
    store.close()


def test_the_file_is_private(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["text", "torn page"])
def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path, damage: str) -> None:
    file = tmp_path / FILE_NAME
    if damage == "text":
        file.write_bytes(b"this is no database, and long enough to be sure about it" * 20)
    else:
        open_store(tmp_path).close()
        whole = file.read_bytes()
        file.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])
    before = file.read_bytes()
    with pytest.raises(Problem) as refused:
        open_store(tmp_path)
    assert refused.value.kind is STATE_DAMAGED
    assert refused.value.facts["file"] == str(file)
    assert file.read_bytes() == before


def test_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Problem) as refused:
        open_store(tmp_path)
    assert refused.value.kind is STATE_DAMAGED
    assert "9999" in str(refused.value.facts["reason"])
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem) as refused:
        open_store(tmp_path / "file")
    assert refused.value.kind is STATE_UNWRITABLE
