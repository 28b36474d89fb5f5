"""The scenes, each with its checks in the order in which they are made."""

from collections.abc import Sequence
from typing import Final

from lab.conformance.check import Check, Scene
from lab.conformance.checks import (
    answering,
    changing,
    conflicts,
    contending,
    delaying,
    knowing,
    links,
    one_shot,
    rate,
    resting,
    starting,
    timing,
    twins,
)

_OVER_BOTH: Final = [
    each.SCENE for each in (starting, answering, delaying, knowing, one_shot, contending, conflicts)
]
_ONCE: Final = [each.SCENE for each in (changing, rate, timing, resting, links)]

SCENES: Final[Sequence[Scene]] = [
    *_OVER_BOTH,
    *_ONCE,
    twins.TOGETHER,
    twins.JOINED,
    *(each.over_ipv6() for each in _OVER_BOTH),
]
CHECKS: Final[Sequence[Check]] = sorted(
    (check for scene in SCENES for check in scene.checks), key=lambda check: check.is_extra
)
"""In the order of a table: first the 46 by which the field was measured, then those that were added."""
