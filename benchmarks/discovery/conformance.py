"""How many of the checks of `lab.conformance` each responder passes."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from benchmarks.discovery.here import Here, Need
from lab.conformance import running

RESPONDERS: Final[Mapping[str, Need]] = {"ours": "nothing", "avahi": "avahi", "zeroconf": "nothing"}
CHECKS: Final = 46
"""Of facts gathered before ours was written; further ones are counted beside them."""


class Score(NamedTuple):
    """How many of the 46 checks a responder passed, and of those that were added."""

    passed: int
    failed: int
    not_applicable: int
    further_passed: int
    further: int


def scores(here: Here, tell: Callable[[], None]) -> dict[str, Score]:
    """Put all responders to the test that are here."""
    known = {}
    for name, need in RESPONDERS.items():
        if need not in here.absent:
            known[name] = _score(running.run(name))
        tell()
    return known


def _score(results: list[running.Result]) -> Score:
    first = [each.outcome for each in results if not each.is_extra]
    further = [each.outcome for each in results if each.is_extra and each.outcome != "not applicable"]
    return Score(
        first.count("pass"),
        first.count("fail"),
        first.count("not applicable"),
        further.count("pass"),
        len(further),
    )
