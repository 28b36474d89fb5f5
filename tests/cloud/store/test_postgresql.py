"""What is a matter of PostgreSQL: who is let in, what it is set to, what is said when it is away."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, select

from cloud.store.engine import Store, open_store
from cloud.store.schema import nonces
from protocol.problems import (
    SETTINGS_WRONG,
    STATE_DAMAGED,
    STATE_UNWRITABLE,
    AisegError,
    Problem,
    UnreachableError,
)
from tests.support.postgres import Postgres, name_of, tables_of

pytestmark = pytest.mark.adapters

NOBODY = "postgresql://aiseg:geheim@127.0.0.1:1/aiseg"


@contextmanager
def opened(folder: Path, url: str) -> Iterator[Store]:
    store = open_store(folder, url)
    try:
        yield store
    finally:
        store.close()


def refused(folder: Path, url: str) -> AisegError:
    with pytest.raises(AisegError) as caught, opened(folder, url):
        pass
    assert "geheim" not in caught.value.sentence() + caught.value.sentence("ja")
    return caught.value


def add_nonce(store: Store, nonce: str) -> None:
    with store.writing() as connection:
        connection.execute(insert(nonces).values(nonce=nonce, issued_at=1))


def kept_nonces(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.scalars(select(nonces.c.nonce)))


def test_what_a_connection_is_set_to_does_not_depend_on_the_server(
    tmp_path: Path, postgres: Postgres, database: str
) -> None:
    for setting in ("synchronous_commit = off", "default_transaction_isolation = 'serializable'"):
        postgres.execute(f"ALTER DATABASE {name_of(database)} SET {setting}")
    wanted = {
        "synchronous_commit": "on",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
        "client_encoding": "UTF8",
        "transaction_isolation": "read committed",
        "transaction_read_only": "off",
    }
    look = {"transaction_isolation": "repeatable read", "transaction_read_only": "on"}
    with opened(tmp_path, database) as store, store.writing() as one, store.reading() as other:
        for connection, expected in ((one, wanted), (other, wanted | look)):
            found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in wanted}
            assert found == expected


def test_settings_in_the_url_have_the_last_word(tmp_path: Path, database: str) -> None:
    with (
        opened(tmp_path, f"{database}&options=-c%20lock_timeout%3D7s") as store,
        store.reading() as connection,
    ):
        shown = [
            connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("lock_timeout", "synchronous_commit")
        ]
    assert shown == ["7s", "on"]


@pytest.mark.parametrize("url", ["aiseg:geheim", "postgresql://aiseg:geheim@127.0.0.1/?color=red"])
def test_what_is_no_url_is_refused_without_repeating_a_password(tmp_path: Path, url: str) -> None:
    problem = refused(tmp_path, url)
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.facts["key"]) == (SETTINGS_WRONG, "store.postgresql")


def test_a_server_that_is_not_there_is_named_with_the_reason(tmp_path: Path) -> None:
    away = refused(tmp_path, NOBODY)
    assert isinstance(away, UnreachableError)
    assert "PostgreSQL aiseg" in away.sentence()
    assert "refused" in away.sentence()


def test_a_database_that_is_not_there_is_named(tmp_path: Path, postgres: Postgres) -> None:
    away = refused(tmp_path, postgres.url("nowhere"))
    assert isinstance(away, UnreachableError)
    assert '"nowhere" does not exist' in away.sentence()


def test_an_encoding_that_cannot_hold_every_nickname_is_refused(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.fresh_database("TEMPLATE template0 ENCODING 'EUC_JP'") as url:
        problem = refused(tmp_path, url)
    assert isinstance(problem, Problem)
    assert problem.kind is SETTINGS_WRONG
    assert "EUC_JP" in problem.sentence()


def test_a_newer_version_is_refused_and_left_as_it_is(
    tmp_path: Path, postgres: Postgres, database: str
) -> None:
    postgres.execute("UPDATE alembic_version SET version_num = '9999'", name_of(database))
    problem = refused(tmp_path, database)
    assert isinstance(problem, Problem)
    assert problem.kind is STATE_DAMAGED
    assert "9999" in str(problem.facts["reason"])
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_tables_of_somebody_else_are_left_as_they_are(tmp_path: Path, postgres: Postgres) -> None:
    """All of a migration or nothing: `releases` is the last table of the second."""
    with postgres.fresh_database() as url:
        postgres.execute("CREATE TABLE releases (in_the_way text)", name_of(url))
        problem = refused(tmp_path, url)
        with psycopg.connect(url) as connection:
            tables = tables_of(connection)
    assert isinstance(problem, Problem)
    assert problem.kind is STATE_DAMAGED
    assert tables == ["releases"]


def test_who_may_not_make_tables_is_told_so(tmp_path: Path, postgres: Postgres) -> None:
    postgres.execute("CREATE ROLE guest LOGIN")
    with postgres.fresh_database() as url:
        problem = refused(tmp_path, url.replace("postgres@", "guest@"))
    postgres.execute("DROP ROLE guest")
    assert isinstance(problem, Problem)
    assert problem.kind is STATE_UNWRITABLE
    assert "permission denied" in problem.sentence()


def test_a_writer_that_waits_too_long_is_told_that_it_is_busy(tmp_path: Path, database: str) -> None:
    impatient = f"{database}&options=-c%20lock_timeout%3D50ms"
    with opened(tmp_path, database) as store, opened(tmp_path, impatient) as other, store.writing():
        with pytest.raises(UnreachableError) as caught, other.writing() as connection:
            connection.exec_driver_sql("SELECT 1")
        assert kept_nonces(other) == []
    assert "busy" in caught.value.sentence()
    assert "混み合って" in caught.value.sentence("ja")


def test_it_goes_away_and_comes_back(
    tmp_path: Path, postgres: Postgres, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning, words without anybody's address, and no restart."""
    with opened(tmp_path, database) as store, caplog.at_level(logging.INFO):
        add_nonce(store, "before")
        with postgres.away():
            for act in (lambda: add_nonce(store, "meanwhile"), lambda: kept_nonces(store)):
                with pytest.raises(UnreachableError) as caught:
                    act()
                assert "does not answer" in caught.value.sentence()
                assert "応答していません" in caught.value.sentence("ja")
                assert "/" not in caught.value.sentence()
        add_nonce(store, "after")
        assert sorted(kept_nonces(store)) == ["after", "before"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


@pytest.mark.parametrize("moment", ["between two statements", "before the commit"])
def test_it_goes_away_in_the_middle_of_a_transaction(
    tmp_path: Path, postgres: Postgres, database: str, caplog: pytest.LogCaptureFixture, moment: str
) -> None:
    def write(store: Store) -> None:
        with store.writing() as connection:
            connection.execute(insert(nonces).values(nonce="first", issued_at=1))
            postgres.stop()
            if moment == "between two statements":
                connection.execute(insert(nonces).values(nonce="second", issued_at=1))

    with opened(tmp_path, database) as store:
        with pytest.raises(UnreachableError):
            write(store)
        postgres.start()
        assert kept_nonces(store) == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_standby_is_away_and_not_a_bug(tmp_path: Path, database: str) -> None:
    def write(store: Store) -> None:
        with store.writing() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            connection.execute(insert(nonces).values(nonce="n", issued_at=1))

    with opened(tmp_path, database) as store:
        with pytest.raises(UnreachableError):
            write(store)
        assert kept_nonces(store) == []


def test_a_transaction_that_the_server_gave_up_is_one_too(tmp_path: Path, database: str) -> None:
    """It would hold the writers' lock for as long as the cloud's machine is unplugged."""

    def write(store: Store) -> None:
        with store.writing() as connection, psycopg.connect(database, autocommit=True) as other:
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
            connection.execute(insert(nonces).values(nonce="n", issued_at=1))
            while other.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state ~ 'idle in'"
            ).fetchall():
                pass
            connection.execute(select(nonces))

    with opened(tmp_path, database) as store:
        with pytest.raises(UnreachableError):
            write(store)
        assert kept_nonces(store) == []
