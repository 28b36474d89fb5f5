"""What every store does, whatever it is kept in; then what is a matter of the file."""

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from cloud.store.engine import Store, open_store
from cloud.store.schema import accounts, gateways, links, metadata, nonces, phones
from cloud.store.sqlite import FILE_NAME
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem, UnreachableError

pytestmark = pytest.mark.adapters


@pytest.fixture
def store(tmp_path: Path, postgresql: str | None) -> Iterator[Store]:
    store = open_store(tmp_path, postgresql)
    yield store
    store.close()


def kept_nonces(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.scalars(select(nonces.c.nonce)))


def test_migrations_from_nothing_make_the_tables_that_the_schema_says(store: Store) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_changes_nothing(store: Store, tmp_path: Path, postgresql: str | None) -> None:
    with store.writing() as connection:
        connection.execute(insert(nonces).values(nonce="n", issued_at=1))
    again = open_store(tmp_path, postgresql)
    assert kept_nonces(again) == ["n"]
    again.close()


def insert_and_fail(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(nonces).values(nonce="n", issued_at=1))
        raise ZeroDivisionError


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        insert_and_fail(store)
    assert kept_nonces(store) == []


def test_what_is_read_in_a_writing_transaction_stays_true_until_its_end(
    store: Store, tmp_path: Path, postgresql: str | None
) -> None:
    """Count, then insert: by twelve threads on three stores, each of which would lose without the lock."""
    stores = [store, *(open_store(tmp_path, postgresql) for _ in range(2))]
    start = Barrier(12)

    def add_one_more(mine: Store) -> None:
        start.wait(timeout=10)
        for _ in range(5):
            with mine.writing() as connection:
                number = connection.scalar(select(func.count()).select_from(nonces))
                connection.execute(insert(nonces).values(nonce=str(number), issued_at=1))

    threads = [Thread(target=add_one_more, args=(stores[number % 3],)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, kept_nonces(store))) == list(range(60))
    for each in stores[1:]:
        each.close()


def test_one_look_sees_one_state(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(nonces).values(nonce="before", issued_at=1))
    with store.reading() as look:
        assert look.scalar(select(nonces.c.nonce)) == "before"
        with store.writing() as connection:
            connection.execute(update(nonces).values(nonce="after"))
        assert look.scalar(select(nonces.c.nonce)) == "before"
    assert kept_nonces(store) == ["after"]


def test_a_look_waits_for_no_writer(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(nonces).values(nonce="n", issued_at=1))
        assert kept_nonces(store) == []
    assert kept_nonces(store) == ["n"]


def test_more_than_it_has_connections_for_are_told_so(store: Store) -> None:
    vars(store._engine.pool)["_timeout"] = 0.05  # s, not half a minute
    with ExitStack() as looks:
        for _ in range(15):
            looks.enter_context(store.reading())
        with pytest.raises(UnreachableError, match="too many"):
            kept_nonces(store)
    assert kept_nonces(store) == []


def test_it_closes_after_whoever_is_at_work_and_lets_in_nobody_more(store: Store) -> None:
    reading, go_on = Event(), Event()
    kept: list[str] = []

    def look() -> None:
        with store.reading() as connection:
            reading.set()
            go_on.wait(timeout=10)
            kept.extend(connection.scalars(select(nonces.c.nonce)))

    with store.writing() as connection:
        connection.execute(insert(nonces).values(nonce="n", issued_at=1))
    with ThreadPoolExecutor(2) as threads:
        looking = threads.submit(look)
        assert reading.wait(timeout=10)
        closing = threads.submit(store.close)
        refused_by(store)
        assert not closing.done()
        go_on.set()
        looking.result(timeout=10)
        closing.result(timeout=10)
    assert kept == ["n"]


def refused_by(store: Store) -> None:
    """Return when the store lets in nobody more."""
    for _ in range(1_000_000):
        try:
            kept_nonces(store)
        except UnreachableError:
            return
    pytest.fail("it was never closed")


@pytest.mark.req("S-GEN-17", "S-GEN-18")
def test_the_database_itself_knows_no_slot_beyond_the_last(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(gateways).values(filled(gateways) | {"gateway_id": "g"}))
        connection.execute(insert(accounts).values(filled(accounts)))
        with pytest.raises(IntegrityError, match="ck_links_member_slot"), connection.begin_nested():
            connection.execute(insert(links).values(filled(links) | {"gateway_id": "g", "member_slot": 5}))
        connection.execute(insert(links).values(filled(links) | {"gateway_id": "g", "member_slot": 4}))
        with pytest.raises(IntegrityError, match="ck_phones_slot"), connection.begin_nested():
            connection.execute(insert(phones).values(filled(phones) | {"slot": 3}))
        connection.execute(insert(phones).values(filled(phones) | {"slot": 2}))


def test_what_belongs_to_a_row_goes_with_it(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(gateways).values(filled(gateways) | {"gateway_id": "g"}))
        connection.execute(insert(accounts).values(filled(accounts)))
        connection.execute(insert(links).values(filled(links) | {"gateway_id": "g"}))
        connection.execute(insert(phones).values(filled(phones)))
        connection.execute(delete(gateways))
        assert connection.execute(select(phones)).all() == []
        assert connection.scalar(select(accounts.c.account_id)) == 1


def filled(table: Table) -> dict[str, object]:
    """Return a row that has 1, in the column's own type, wherever it can."""
    return {column.name: column.type.python_type(1) for column in table.columns}


def test_every_connection_to_the_file_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing() as one, store.reading() as other:
        for connection in (one, other):
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
            }
            assert pragmas == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": 10_000,
                "secure_delete": 1,
            }
    store.close()


def test_a_writing_transaction_has_the_file_before_its_first_read(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with (
        store.writing(),
        closing(sqlite3.connect(tmp_path / FILE_NAME, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")
    store.close()


def test_a_file_that_cannot_grow_is_said_once_and_the_store_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(tmp_path)
    with store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def fill() -> None:
        with store.writing() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            connection.execute(insert(nonces).values(nonce="n" * 100_000, issued_at=1))

    for _ in range(2):
        with pytest.raises(UnreachableError, match="full"):
            fill()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert kept_nonces(store) == []
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
