"""The right to the names on one link: three probes, two announcements (RFC 6762 §8)."""

from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from emulator.mdns.codec import DNSRecord, rdata

Uniform: TypeAlias = Callable[[float, float], float]
"""A random number between the two, such as `random.Random(1).uniform`."""

Step: TypeAlias = Literal["probe", "announce"]

START_DELAY_S: Final = 0.25
LOST_PROBE_S: Final = 1.0
ANNOUNCEMENT_GAP_S: Final = 1.0
HELD_BACK_S: Final = 0.02
"""How soon a claim that may not be announced yet is looked at again."""

_STEPS: Final[Sequence[tuple[Step, float]]] = (
    ("probe", 0.25),
    ("probe", 0.25),
    ("probe", 0.25),
    ("announce", ANNOUNCEMENT_GAP_S),
    ("announce", float("inf")),
)
"""What is sent, and how long (s) until the next."""
_FIRST_ANNOUNCEMENT: Final = 3


class Claim:
    """Where a link stands between the first probe and the last announcement. `held`: the names are ours."""

    def __init__(self, now: float, uniform: Uniform) -> None:
        self._uniform = uniform
        self._announced_at = now
        self.restart(now)

    def restart(self, now: float, pause: float = 0.0) -> None:
        """Probe from the beginning, `pause` seconds and a random moment from now."""
        self._start(now + pause + self._uniform(0, START_DELAY_S))

    def lose(self, now: float) -> None:
        """Give way to a simultaneous probe: probe again in a second, to see whether the other stays (§8.2)."""
        self._start(now + LOST_PROBE_S)

    def _start(self, due: float) -> None:
        self.held = False
        self.due = due
        self._next = 0

    def announce_again(self, now: float) -> None:
        """Announce changed records (§8.4), but not sooner than a second after the last announcement."""
        if self.held:
            self._next = _FIRST_ANNOUNCEMENT
            self.due = max(now, self._announced_at + ANNOUNCEMENT_GAP_S)

    def take_step(self, now: float, *, may_announce: bool) -> Step | None:
        """Return what has to be sent now, if anything."""
        if now < self.due:
            return None
        step, gap = _STEPS[self._next]
        if step == "announce" and not may_announce:
            self.due = now + HELD_BACK_S
            return None
        self._next += 1
        self.due = now + gap
        if step == "announce":
            self.held = True
            self._announced_at = now
        return step


def rank(records: Sequence[DNSRecord]) -> list[tuple[int, int, bytes]]:
    """Return what two that propose `records` for one name at the same time compare: the greater wins (§8.2.1)."""
    return sorted((record.class_, record.type, rdata(record)) for record in records)
