"""The store on a PostgreSQL server: one writer at a time as with SQLite, and as many readers as there are connections."""

from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from protocol.problems import SETTINGS_WRONG, STATE_DAMAGED, STATE_UNWRITABLE, Problem, UnreachableError

_ENCODING: Final = "UTF8"
_WRITERS_LOCK: Final = 0x6169_7365_67  # any number that nobody else takes in this database
_SESSION: Final = {
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",  # a cloud that lost its power lets go of the lock
    "synchronous_commit": "on",  # every commit is on the disk before it is answered
}
_CONNECTION: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "client_encoding": _ENCODING,
    # A server that vanished is noticed within seconds, whether we wait for it or send to it.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_READ_ONLY_SERVER: Final = "25006"  # a standby, or a primary of a moment ago
_UNWRITABLE: Final = {_READ_ONLY_SERVER, "42501", "53100"}  # no privilege, disk full
_GIVEN_UP: Final = "25P03"  # a transaction in which too long nothing happened
_BUSY: Final = "55P03"


class Postgresql:
    """A database on a server that somebody else looks after."""

    def __init__(self, url: str) -> None:
        """Take a URL that libpq understands.

        Raises:
            Problem: `settings_wrong`.
        """
        try:
            self._parameters: dict[str, Any] = dict(conninfo_to_dict(url))
        except psycopg.ProgrammingError:  # its words repeat the URL, and a password with it
            raise _settings_wrong("not a URL like postgresql://user@host/name") from None
        self.name = f"PostgreSQL {self._parameters.get('dbname', '')}".strip()

    def engine(self) -> Engine:
        """Return what makes connections. A transaction has the writers' lock before its first read.

        READ COMMITTED looks anew with each statement, so what is read under the lock is what was committed before it.
        """
        settings = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
        options = {
            "options": f"{settings} {self._parameters.get('options', '')}"
        }  # the URL has the last word
        engine = create_engine(
            "postgresql+psycopg://",
            connect_args=_CONNECTION | self._parameters | options,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            hide_parameters=True,  # they hold secrets
        )
        event.listen(engine, "begin", _begin)
        return engine

    def reading(self, engine: Engine) -> Engine:
        """Return the same for looks only: each sees one state of everything."""
        return engine.execution_options(
            reading=True, isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def check(self, engine: Engine) -> None:
        """Let pass a database that can hold every character.

        Raises:
            Problem: `settings_wrong`.
            DBAPIError: `refusal` names it.
        """
        with engine.begin() as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != _ENCODING:
            raise _settings_wrong(f"the encoding of the database is {encoding}, not {_ENCODING}")

    def refusal(self, cause: BaseException | None) -> Problem | UnreachableError:
        """Say why the database cannot be used."""
        reason = " ".join(str(cause).split())
        code = getattr(cause, "sqlstate", None)
        if code in _UNWRITABLE:
            return Problem(STATE_UNWRITABLE, file=self.name, reason=reason)
        if _is_away(cause):
            return UnreachableError(self.name, reason)
        return Problem(STATE_DAMAGED, file=self.name, reason=reason)

    def absence(self, error: DBAPIError) -> UnreachableError | None:
        """Say that the server is away or busy, in words for everybody; None when it is something else."""
        if not _is_away(error.orig):
            return None
        if getattr(error.orig, "sqlstate", None) == _BUSY:
            reason, reason_ja = "it is busy", "混み合っています"
        else:
            reason, reason_ja = "PostgreSQL does not answer", "PostgreSQLが応答していません"
        return UnreachableError("the cloud's store", reason, ja=("サーバーのデータベース", reason_ja))


def _is_away(cause: BaseException | None) -> bool:
    code = getattr(cause, "sqlstate", None)
    return isinstance(cause, psycopg.OperationalError) or code in (_READ_ONLY_SERVER, _GIVEN_UP)


def _settings_wrong(reason: str) -> Problem:
    return Problem(SETTINGS_WRONG, file="settings", key="store.postgresql", reason=reason)


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("reading", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
