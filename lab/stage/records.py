"""What has become of the data: read from the AiSEG's own file and from the cloud's, as they are on disk."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_WAIT_S: Final = 5.0


@dataclass(frozen=True)
class Stored:
    """How it stands at the cloud: the newest registration, the samples of it, who is linked."""

    epoch: int
    online: bool
    samples: int
    newest: int
    links: int


@dataclass(frozen=True)
class Tally:
    """How many samples are nowhere any more, and how many are there more than once."""

    lost: int
    doubled: int


class Records:
    """The two databases of one household. Everything here blocks."""

    def __init__(self, folder: Path, gateway_id: str) -> None:
        self._gateway = folder / "gateway" / "gateway.sqlite3"
        self._cloud = folder / "cloud" / "cloud.sqlite3"
        self._gateway_id = gateway_id

    def stored(self) -> Stored | None:
        """Return how it stands at the cloud; None while the AiSEG is not registered there."""
        rows = self._ask(
            self._cloud,
            """
            SELECT epoch, says_online,
                (SELECT count(*) FROM samples WHERE samples.gateway_id = gateways.gateway_id AND samples.epoch = gateways.epoch),
                (SELECT ifnull(max(seq), 0) FROM samples WHERE samples.gateway_id = gateways.gateway_id AND samples.epoch = gateways.epoch),
                (SELECT count(*) FROM links WHERE links.gateway_id = gateways.gateway_id)
            FROM gateways WHERE gateway_id = ?
            """,
            self._gateway_id,
        )
        return Stored(rows[0][0], bool(rows[0][1]), *rows[0][2:]) if rows else None

    def tally(self) -> Tally:
        """Count what was measured against what is there.

        In this order: what leaves the outbox meanwhile is found at the cloud, and what is measured meanwhile does not count.
        """
        measured = [
            row[0] for row in self._ask(self._gateway, "SELECT json_extract(household, '$.seq') FROM gateway")
        ]
        waiting = {row[0] for row in self._ask(self._gateway, "SELECT seq FROM outbox")}
        stored = self._ask(
            self._cloud,
            "SELECT seq, measured_at FROM samples WHERE gateway_id = ?"
            " AND epoch = (SELECT epoch FROM gateways WHERE gateway_id = ?)",
            self._gateway_id,
            self._gateway_id,
        )
        if not self.stored():
            return Tally(0, 0)
        there = waiting | {row[0] for row in stored}
        lost = sum(1 for seq in range(1, (measured or [0])[0] + 1) if seq not in there)
        return Tally(lost, len(stored) - len({row[1] for row in stored}))

    def _ask(self, file: Path, question: str, *values: object) -> Sequence[Any]:
        if not file.exists():
            return []
        with closing(sqlite3.connect(file, timeout=_WAIT_S)) as database:
            try:
                return database.execute(question, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):  # it is being made
                    return []
                raise
