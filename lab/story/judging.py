"""Whether what is seen is what was expected, and since when. No I/O, no clock: time is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lab.story.aspects import ASPECTS
from lab.story.script import Expected, Words
from lab.story.sight import Sight

Outcome = Literal["waits", "holds", "fails"]

LATE_S: Final = 1.0
"""Looking takes a while, too."""


@dataclass(frozen=True)
class Difference:
    """One thing that is otherwise: what was wanted, and what was seen in its place."""

    wanted: Words
    seen: Words


def differences(expected: Expected, sight: Sight) -> list[Difference]:
    """Return what of `expected` is not so."""
    return [
        Difference(aspect.wanted(wanted), aspect.seen(sight))
        for name, wanted in expected.model_dump(exclude_none=True).items()
        if not (aspect := ASPECTS[name]).is_so(wanted, aspect.value(sight))
    ]


def told(expected: Expected) -> Words:
    """Say what is expected, in a sentence."""
    wanted = expected.model_dump(exclude_none=True).items()
    return joined([ASPECTS[name].wanted(value) for name, value in wanted])


def joined(said: Sequence[Words]) -> Words:
    """Return several sentences as one."""
    return Words(en="; ".join(each.en for each in said), ja="、".join(each.ja for each in said))


class Patience:
    """When an expectation is decided. `began_s`: when it is first looked at; times of a story in seconds."""

    def __init__(self, began_s: float, within_s: float, for_s: float | None) -> None:
        self._until_s = began_s + within_s
        self._for_s = for_s
        self._true_since_s: float | None = None

    def judge(self, at_s: float, *, true: bool) -> Outcome:
        """Take in what was seen at `at_s`."""
        if true and (self.came_true or at_s <= self._until_s + LATE_S):
            self._true_since_s = at_s if self._true_since_s is None else self._true_since_s
            lasted_s = at_s - self._true_since_s
            return "holds" if self._for_s is None or lasted_s >= self._for_s else "waits"
        if self.came_true or at_s >= self._until_s:
            return "fails"
        return "waits"

    @property
    def came_true(self) -> bool:
        """Whether it has been true."""
        return self._true_since_s is not None
