"""What is said when nobody asks (RFC 6762 §8.3, §11)."""

from itertools import pairwise

from lab.conformance.bench import Bench
from lab.conformance.check import Scene, Verdict, verdict
from lab.conformance.seconds import in_ms

SCENE = Scene("resting", lasts_s=36)

QUIET_S = 30.0
MOST_PACKETS = 16
"""Three probes and up to five announcements (a minute's worth) for each of the two names."""
DOUBLED = 1.75
"""Twice, less what a random delay of up to 120 ms in each packet makes of it."""


@SCENE.check("6762 8.3", extra=True)
def says_little(bench: Bench) -> Verdict:
    """Say little unasked, and announce each time twice as late as before."""
    life = bench.settled()
    bench.listen(QUIET_S)
    gaps = [later.at - earlier.at for earlier, later in pairwise(life.announcements)]
    slower = all(later >= earlier * DOUBLED for earlier, later in pairwise(gaps))
    few = len(life.said) <= MOST_PACKETS
    return verdict(
        life.announcements and few and slower,
        f"{len(life.said)} packets in all, announcements after {in_ms(gaps)}",
    )
