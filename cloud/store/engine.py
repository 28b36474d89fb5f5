"""Opens the store and gives out transactions. SQLite in WAL mode, every commit on the disk before it is answered."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem, UnreachableError

FILE_NAME: Final = "cloud.sqlite3"
_BUSY_TIMEOUT_S: Final = 10
_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_UNWRITABLE: Final = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PERM,
}
_PRIMARY_CODE: Final = 0xFF  # SQLite's extended result codes carry the primary one in their low byte


class Store:
    """The open database. Calls block: async callers use a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reading=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock before its first read, so that check and act are one step.

        Raises:
            UnreachableError: the file is locked for too long, or the disk full; nothing was changed.
        """
        with _named_errors(), self._engine.begin() as transaction:
            yield transaction

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look that waits for nobody."""
        with _named_errors(), self._reading.begin() as transaction:
            yield transaction

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise UnreachableError("the cloud's store", str(error.orig)) from None


def open_store(folder: Path) -> Store:
    """Open the database in `folder` (made if missing) and bring its tables up to date.

    Raises:
        Problem: `state_damaged` (also: written by a newer version) or `state_unwritable`.
    """
    file = folder / FILE_NAME
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise Problem(STATE_UNWRITABLE, file=str(folder), reason=str(error.strerror)) from None
    engine = _engine(file)
    try:
        _check(file)
        _migrate(engine, file)
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        raise _problem(file, error) from None
    except Problem:
        engine.dispose()
        raise
    return Store(engine)


def _engine(file: Path) -> Engine:
    timeout = {"timeout": _BUSY_TIMEOUT_S}
    engine = create_engine(
        f"sqlite:///{file}", connect_args=timeout, hide_parameters=True
    )  # they hold secrets
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions behind our back
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _check(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=_BUSY_TIMEOUT_S)) as connection:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise Problem(STATE_DAMAGED, file=str(file), reason=str(verdict))


def _migrate(engine: Engine, file: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in known:
            raise Problem(STATE_DAMAGED, file=str(file), reason=f"version {found} is unknown here")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _problem(file: Path, error: DBAPIError | sqlite3.Error) -> Problem:
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE
    kind = STATE_UNWRITABLE if code in _UNWRITABLE else STATE_DAMAGED
    return Problem(kind, file=str(file), reason=str(cause))
