"""A PostgreSQL server of our own, in a folder of its own, reached by a socket there and by nothing else.

A holder process makes it, starts it and stops it. It waits for orders on its standard input, which ends however this
process ends; then the server ends, and the folder goes with it.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

_NOBODY: Final = 65534  # PostgreSQL refuses to run as root

_HOLD: Final = """
folder=$(mktemp -d "${TMPDIR:-/tmp}/postgres.XXXXXX")
trap 'rm -rf "$folder"' EXIT
initdb --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync >"$folder/log" 2>&1 ||
    { cat "$folder/log" >&2; exit 1; }
start() {
    setpriv --pdeathsig KILL postgres -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off \
        -c shared_buffers=16MB -c autovacuum=off >>"$folder/log" 2>&1 &
    server=$!
    until pg_isready --quiet --host="$folder"; do
        kill -0 $server || { cat "$folder/log" >&2; exit 1; }
        sleep 0.05
    done
    echo "$folder"
}
stop() { kill -QUIT $server; wait $server || true; echo stopped; }
start
while read -r order; do $order; done
stop >/dev/null
"""


class Postgres:
    """The server, which can be stopped as a power cut would, and started again."""

    def __init__(self, holder: subprocess.Popen[str]) -> None:
        self._holder = holder
        self._folder = self._answer()
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """Return where a database is, for somebody who may do everything there."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def stop(self) -> None:
        """Have the server gone, without a farewell to anybody; `start` has to follow."""
        self._order("stop")

    def start(self) -> None:
        """Have it running again, and recovered."""
        self._order("start")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have it gone for a block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Carry out one statement."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def fresh_database(self, how: str = "") -> Iterator[str]:
        """Make a database of its own for a block and return its URL; `how` are further words of CREATE DATABASE."""
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} {how}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def emptied_database(self, template: str) -> Iterator[Callable[[], str]]:
        """Return what empties one copy of `template` and returns its URL: a fresh one takes ten times as long."""
        name = f"test{next(self._numbers)}"
        copy = f"CREATE DATABASE {name} TEMPLATE {template}"
        self.execute(copy)
        before = self._shape(name)

        def empty() -> str:
            if self._shape(name) == before:
                self._empty(name)
            else:  # somebody has changed its tables
                self.execute(f"DROP DATABASE {name} WITH (FORCE)")
                self.execute(copy)
            return self.url(name)

        try:
            yield empty
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _shape(self, database: str) -> list[tuple[int, ...]]:
        """Return how much there is of what tables are made of."""
        with psycopg.connect(self.url(database)) as connection:
            return connection.execute(
                "SELECT count(*) FROM pg_class UNION ALL SELECT count(*) FROM pg_attribute"
                " UNION ALL SELECT count(*) FROM pg_constraint UNION ALL SELECT count(*) FROM pg_trigger"
            ).fetchall()

    def _empty(self, database: str) -> None:
        """Forget everybody who is connected to a database, and every row of it but its version."""
        with psycopg.connect(self.url(database)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            tables = [table for table in tables_of(connection) if table != "alembic_version"]
            connection.execute("".join(f"DELETE FROM {table};" for table in tables).encode())
            connection.execute("SELECT setval(sequencename::regclass, 1, false) FROM pg_sequences")

    def _order(self, what: str) -> None:
        assert self._holder.stdin
        self._holder.stdin.write(f"{what}\n")
        self._holder.stdin.flush()
        self._answer()

    def _answer(self) -> str:
        assert self._holder.stdout
        answer = self._holder.stdout.readline().strip()
        assert answer, "PostgreSQL did not start"
        return answer


def name_of(url: str) -> str:
    """Return the name of the database at `url`."""
    return str(conninfo_to_dict(url)["dbname"])


def tables_of(connection: psycopg.Connection) -> list[str]:
    """Return the names of its tables."""
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [str(name) for (name,) in rows]


def dump(url: str) -> bytes:
    """Return every row of every table of the database at `url` as text."""
    with psycopg.connect(url) as connection:
        rows = [
            row
            for table in tables_of(connection)
            for row in connection.execute(f"SELECT t::text FROM {table} t".encode())
        ]
    return "\n".join(text for (text,) in rows).encode()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server for a block; skip the test where none is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        pytest.skip("PostgreSQL is missing: sudo apt-get install postgresql")
    path = f"{programs[-1].parent}:{os.environ['PATH']}"
    user = _NOBODY if os.geteuid() == 0 else None
    holder = subprocess.Popen(
        ["sh", "-euc", _HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, "PATH": path},
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        start_new_session=True,  # Ctrl-C is for us; it ends when we do
    )
    with holder:  # closes its pipes and waits for it
        yield Postgres(holder)
