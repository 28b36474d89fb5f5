"""A name that is contested again and again (RFC 6762 §8.1)."""

from collections.abc import Iterator

from lab.conformance.bench import Bench
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.checks.contending import rival
from lab.conformance.packets import response
from lab.conformance.seconds import in_ms
from lab.conformance.tap import Heard
from protocol.discovery import SERVICE_TYPE

SCENE = Scene("rate", lasts_s=20)

MANY = 15
WINDOW_S = 10.0
FEWEST = 10
"""Conflicts without which nothing is shown."""
SLOW_S = 4.95
ATTEMPTS = 3
"""Watched when it has to be slow: the first ones may be slow only because the window of 10 s has not passed."""


@SCENE.check("6762 8.1", extra=True)
def slow_after_15_conflicts(bench: Bench) -> Verdict:
    """Wait 5 s before each further attempt after 15 conflicts within 10 s."""
    bench.begin()
    conflicts: list[float] = []
    gaps: list[float] = []
    for probe in _contested(bench):
        if gaps or (len(conflicts) >= MANY and conflicts[-1] - conflicts[-MANY] < WINDOW_S):
            gaps.append(probe.at - conflicts[-1])
        conflicts.append(probe.at)
        if len(gaps) == ATTEMPTS:
            break
    slow = len(conflicts) >= FEWEST and all(gap >= SLOW_S for gap in gaps)
    then = f"then attempts after {in_ms(gaps)}" if gaps else f"then none for {WINDOW_S:g} s"
    return verdict(slow, f"{len(conflicts)} conflicts; {then}")


def _contested(bench: Bench) -> Iterator[Heard]:
    """Say of each instance name that is probed for that it is taken; yield those probes."""
    while heard := bench.hear(WINDOW_S, lambda each: each.is_probe):
        wanted = [each.name for each in heard.message.questions if each.name.endswith(f".{SERVICE_TYPE}")]
        if wanted:
            bench.wire.send(response(*map(rival, wanted)))
            yield heard
