"""What survives a power cut: the outbox, the house, the registration. One verb, one transaction."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from emulator.household import State
from protocol.faults import reason
from protocol.problems import STATE_DAMAGED, STATE_UNWRITABLE, Problem
from protocol.registering import Registration
from protocol.telemetry import Sample

STORE_FILE: Final = "gateway.sqlite3"
VERSION: Final = 2

_SCHEMA: Final = (
    """
    CREATE TABLE outbox (
        seq    INTEGER PRIMARY KEY,  -- number within the current epoch
        sample TEXT NOT NULL         -- protocol.telemetry.Sample as JSON, ready to send
    )
    """,
    """
    CREATE TABLE gateway (
        only         INTEGER PRIMARY KEY CHECK (only = 1),
        household    TEXT NOT NULL,  -- household.State as JSON
        registration TEXT            -- protocol.registering.Registration as JSON; null: not registered
    )
    """,
)


@dataclass(frozen=True)
class Outbox:
    """What waits for a receipt: how many samples, and the lowest and highest number held (0: none)."""

    samples: int
    oldest: int
    newest: int


class Store:
    """The gateway's database file; safe to call from several threads, one verb at a time."""

    def __init__(self, folder: Path, first_state: State, outbox_samples: int) -> None:
        """Open or make the file.

        Raises:
            Problem: `state_damaged` or `state_unwritable`.
        """
        self._file = folder / STORE_FILE
        self._outbox_samples = outbox_samples
        self._turn = threading.Lock()
        with self._named_errors():
            self._file.touch(mode=0o600)
            self._database = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(first_state)
            except BaseException:
                self._database.close()
                raise

    def _prepare(self, first_state: State) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        with self._transaction() as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in (0, 1, VERSION):
                raise Problem(STATE_DAMAGED, file=str(self._file), reason=f"schema version {version}")
            if version == 0:
                for statement in _SCHEMA:
                    database.execute(statement)
                household = first_state.model_dump_json()
                database.execute("INSERT INTO gateway (only, household) VALUES (1, ?)", [household])
            if version == 1:
                database.execute("ALTER TABLE gateway DROP COLUMN request_id")
            if version != VERSION:
                database.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the file, after the verb that a thread may still be at."""
        with self._turn:
            self._database.close()

    def registration(self) -> Registration | None:
        """Return what the last registration gave, or None."""
        with self._transaction() as database:
            (text,) = database.execute("SELECT registration FROM gateway").fetchone()
            return Registration.model_validate_json(text) if text else None

    def record(self, measure: Callable[[State], tuple[State, Sample]]) -> Sample:
        """Let `measure` take the house one step; keep the sample until its receipt, if there is a registration."""
        with self._transaction() as database:
            household, registration = database.execute(
                "SELECT household, registration FROM gateway"
            ).fetchone()
            state, sample = measure(State.model_validate_json(household))
            database.execute("UPDATE gateway SET household = ?", [state.model_dump_json()])
            if registration:
                database.execute("INSERT INTO outbox VALUES (?, ?)", [sample.seq, sample.model_dump_json()])
                database.execute("DELETE FROM outbox WHERE seq <= ?", [sample.seq - self._outbox_samples])
            return sample

    def unsent(self, limit: int) -> list[Sample]:
        """Return the oldest samples of the outbox, at most `limit`, in order."""
        with self._transaction() as database:
            rows = database.execute("SELECT sample FROM outbox ORDER BY seq LIMIT ?", [limit])
            return [Sample.model_validate_json(text) for (text,) in rows]

    def outbox(self) -> Outbox:
        """Return the size and bounds of the outbox."""
        with self._transaction() as database:
            row = database.execute("SELECT count(*), ifnull(min(seq), 0), ifnull(max(seq), 0) FROM outbox")
            return Outbox(*row.fetchone())

    def forget(self, epoch: int, stored_up_to: int) -> None:
        """Drop what the cloud has stored, if the receipt is for the present `epoch`.

        A receipt beyond the last number shows that this file is an older copy; numbering then goes on after it,
        because the cloud would ignore numbers it knows.
        """
        with self._transaction() as database:
            household, registration = database.execute(
                "SELECT household, registration FROM gateway"
            ).fetchone()
            if not registration or Registration.model_validate_json(registration).epoch != epoch:
                return
            database.execute("DELETE FROM outbox WHERE seq <= ?", [stored_up_to])
            state = State.model_validate_json(household)
            if stored_up_to > state.seq:
                ahead = state.model_copy(update={"seq": stored_up_to})
                database.execute("UPDATE gateway SET household = ?", [ahead.model_dump_json()])

    def begin_epoch(self, registration: Registration) -> None:
        """Keep `registration`; a new epoch starts with an empty outbox, sample 1 and energies at 0."""
        with self._transaction() as database:
            household, old = database.execute("SELECT household, registration FROM gateway").fetchone()
            database.execute("UPDATE gateway SET registration = ?", [registration.model_dump_json()])
            if old and Registration.model_validate_json(old).epoch == registration.epoch:
                return
            state = State.model_validate_json(household).for_new_epoch()
            database.execute("DELETE FROM outbox")
            database.execute("UPDATE gateway SET household = ?", [state.model_dump_json()])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn, self._named_errors():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise Problem(STATE_UNWRITABLE, file=str(self._file), reason=str(error)) from None
        except OSError as error:
            raise Problem(STATE_UNWRITABLE, file=str(self._file), reason=str(error.strerror)) from None
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            raise Problem(STATE_DAMAGED, file=str(self._file), reason=str(error)) from None
        except ValidationError as error:
            raise Problem(STATE_DAMAGED, file=str(self._file), reason=reason(error)) from None
