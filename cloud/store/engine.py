"""Opens the store and gives out transactions, on SQLite or PostgreSQL alike."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition
from typing import Final, Protocol

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFreeError

from cloud.store.postgresql import Postgresql
from cloud.store.sqlite import Sqlite
from protocol.problems import STATE_DAMAGED, AisegError, Problem, UnreachableError

_MIGRATIONS: Final = Path(__file__).with_name("migrations")

_CLOSING_WITHIN_S: Final = 15  # longer than a transaction waits for another

_log = logging.getLogger(__name__)


class Database(Protocol):
    """What differs from one kind of database to the other."""

    name: str
    """How a problem names it."""

    def engine(self) -> Engine:
        """Return what makes connections, and has a transaction hold the write lock before its first read."""
        ...

    def reading(self, engine: Engine) -> Engine:
        """Return the same for transactions that only look, and wait for nobody."""
        ...

    def check(self, engine: Engine) -> None:
        """Let pass a database that can be used."""
        ...

    def refusal(self, cause: BaseException | None) -> AisegError:
        """Say why it cannot be opened."""
        ...

    def absence(self, error: DBAPIError) -> UnreachableError | None:
        """Say that it is away or busy, in words for everybody; None when it is something else."""
        ...


class Store:
    """The open database. Calls block: async callers use a thread."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine
        self._reading = database.reading(engine)
        self._away = False
        self._changed = Condition()
        self._transactions = 0
        self._closed = False

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock before its first read, so that check and act are one step.

        Raises:
            UnreachableError: the database is away, or locked for too long, or its disk full. Nothing was changed, unless
                a server went away with the very commit.
        """
        with self._counted(), self._named_errors(), self._engine.begin() as transaction:
            yield transaction

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look that waits for nobody.

        Raises:
            UnreachableError: the database is away.
        """
        with self._counted(), self._named_errors(), self._reading.begin() as transaction:
            yield transaction

    def close(self) -> None:
        """Close every connection, once nobody uses one: a thread goes on though who asked it was cancelled."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._transactions, _CLOSING_WITHIN_S)
        self._engine.dispose()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._changed:
            if self._closed:
                raise UnreachableError("the cloud's store", "closed")
            self._transactions += 1
        try:
            yield
        finally:
            with self._changed:
                self._transactions -= 1
                self._changed.notify_all()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except NoConnectionFreeError as error:
            self._note(error)
            ja = "サーバーのデータベース", "混み合っています"
            raise UnreachableError("the cloud's store", "too many are asking", ja=ja) from None
        except DBAPIError as error:
            absence = self._database.absence(error)
            if absence is None:
                raise
            self._note(error.orig)
            raise absence from None
        if self._away:
            self._away = False
            _log.info("%s can be reached again", self._database.name)

    def _note(self, cause: BaseException | None) -> None:
        """Tell the operator once, and with everything that the answer to others leaves out."""
        level, reason = logging.DEBUG if self._away else logging.WARNING, " ".join(str(cause).split())
        _log.log(level, "%s: %s", self._database.name, reason)
        self._away = True


def open_store(folder: Path, postgresql: str | None = None) -> Store:
    """Open the database at the URL `postgresql`, or else the file in `folder`, and bring its tables up to date.

    Raises:
        Problem: `settings_wrong`, `state_damaged` (also: written by a newer version) or `state_unwritable`.
        UnreachableError: the server is away, or does not let us in.
    """
    database: Database = Postgresql(postgresql) if postgresql else Sqlite(folder)
    engine = database.engine()
    try:
        database.check(engine)
        _migrate(engine, database.name)
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        raise database.refusal(error.orig if isinstance(error, DBAPIError) else error) from None
    except AisegError:
        engine.dispose()
        raise
    return Store(database, engine)


def _migrate(engine: Engine, name: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.begin() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in known:
            raise Problem(STATE_DAMAGED, file=name, reason=f"version {found} is unknown here")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
