"""The store in one file: SQLite in WAL mode, every commit on the disk before it is answered."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem, UnreachableError

FILE_NAME: Final = "cloud.sqlite3"
_BUSY_TIMEOUT_S: Final = 10
_UNWRITABLE: Final = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_PERM,
}
_PRIMARY_CODE: Final = 0xFF  # SQLite's extended result codes carry the primary one in their low byte


class Sqlite:
    """The database file of a state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE_NAME
        self.name = str(self._file)

    def engine(self) -> Engine:
        """Return what makes connections: each is durable, checks foreign keys, and begins as `reading` says."""
        timeout = {"timeout": _BUSY_TIMEOUT_S}
        engine = create_engine(
            f"sqlite:///{self._file}", connect_args=timeout, hide_parameters=True
        )  # they hold secrets
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def reading(self, engine: Engine) -> Engine:
        """Return the same for looks only."""
        return engine.execution_options(reading=True)

    def check(self, _engine: Engine) -> None:
        """Make the file if it is missing, and let pass one that is whole.

        Raises:
            Problem: `state_damaged` or `state_unwritable`.
            sqlite3.Error: `refusal` names it.
        """
        try:
            self._file.touch(mode=0o600)
        except OSError as error:
            raise Problem(STATE_UNWRITABLE, file=str(self._folder), reason=str(error.strerror)) from None
        with closing(sqlite3.connect(self._file, timeout=_BUSY_TIMEOUT_S)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise Problem(STATE_DAMAGED, file=self.name, reason=str(verdict))

    def refusal(self, cause: BaseException | None) -> Problem:
        """Say why the file cannot be opened."""
        code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY_CODE
        kind = STATE_UNWRITABLE if code in _UNWRITABLE else STATE_DAMAGED
        return Problem(kind, file=self.name, reason=str(cause))

    def absence(self, error: DBAPIError) -> UnreachableError | None:
        """Say what happened to an open file that is locked for too long, or cannot grow; None when it is something else."""
        if not isinstance(error, OperationalError):
            return None
        return UnreachableError("the cloud's store", str(error.orig))


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions behind our back
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(
            "PRAGMA secure_delete = ON"
        )  # who leaves is not left behind in free pages (security T-51)


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
