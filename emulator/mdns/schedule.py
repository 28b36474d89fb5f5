"""Which records are to be multicast on one link, and when (RFC 6762 §6, §7)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from emulator.mdns.codec import DNSRecord
from emulator.mdns.link import Peer

GAP_S: Final = 1.0
"""Between two multicasts of one record (§6)."""
DEFENCE_GAP_S: Final = 0.25
"""The same, when a probe has to be answered."""
RECENT_PART_OF_TTL: Final = 0.25
"""A record multicast this recently need not be repeated for a question that wants a unicast answer (§5.4)."""
MOST_ASKERS: Final = 16
"""Remembered for one waiting answer, so that a flood of questions costs no memory."""


@dataclass
class _Waiting:
    due: float
    askers: set[Peer]


class Schedule:
    """Answers that wait for their moment, and the moments of those sent. Holds no more than the link's own records."""

    def __init__(self) -> None:
        self._waiting: dict[DNSRecord, _Waiting] = {}
        self._sent: dict[DNSRecord, float] = {}

    @property
    def due(self) -> float:
        """When the next record has to go out."""
        return min((each.due for each in self._waiting.values()), default=float("inf"))

    def joinable(self, earliest: float, latest: float) -> float | None:
        """Return a moment between the two at which something goes out anyway: one packet instead of two (§6.4)."""
        moments = (each.due for each in self._waiting.values() if earliest <= each.due <= latest)
        return min(moments, default=None)

    def add(self, records: Iterable[DNSRecord], due: float, asker: Peer, gap: float = GAP_S) -> None:
        """Multicast `records` at `due`, or as soon after as `gap` since the last time allows."""
        for record in records:
            at = max(due, self._sent.get(record, -gap) + gap)
            waiting = self._waiting.setdefault(record, _Waiting(at, set()))
            waiting.due = min(waiting.due, at)
            if len(waiting.askers) < MOST_ASKERS:
                waiting.askers.add(asker)

    def asker_knows(self, asker: Peer, records: Collection[DNSRecord]) -> None:
        """Drop `records` that nobody but `asker` still waits for: the rest of its known answers came (§7.2)."""
        for record in self._waiting.keys() & set(records):
            self._waiting[record].askers.discard(asker)
            if not self._waiting[record].askers:
                del self._waiting[record]

    def postpone(self, asker: Peer, due: float) -> None:
        """Wait for still more known answers of `asker`."""
        for waiting in self._waiting.values():
            if waiting.askers == {asker}:
                waiting.due = max(waiting.due, due)

    def drop(self, record: DNSRecord) -> None:
        """Forget a waiting record: another responder just gave the same answer (§7.4)."""
        self._waiting.pop(record, None)

    def due_at(self, now: float) -> list[DNSRecord]:
        """Return the records to multicast now."""
        return [record for record, waiting in self._waiting.items() if waiting.due <= now]

    def may_send(self, record: DNSRecord, now: float) -> bool:
        """Say whether `record` was last multicast at least a second ago."""
        return now >= self._sent.get(record, -GAP_S) + GAP_S

    def is_recent(self, record: DNSRecord, now: float) -> bool:
        """Say whether every cache on the link heard `record` lately."""
        return record in self._sent and now < self._sent[record] + record.ttl * RECENT_PART_OF_TTL

    def sent(self, records: Iterable[DNSRecord], now: float) -> None:
        """Note that `records` were multicast."""
        for record in records:
            self._sent[record] = now
            self._waiting.pop(record, None)

    def keep(self, records: Collection[DNSRecord]) -> None:
        """Forget everything about records other than `records`."""
        self._waiting = {record: due for record, due in self._waiting.items() if record in records}
        self._sent = {record: at for record, at in self._sent.items() if record in records}

    def clear(self) -> None:
        """Send nothing that waits."""
        self._waiting.clear()
