"""The rules that are active, in the order they began, and what they make of a crossing."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, NamedTuple, TypeAlias

from lab.network.crossing import Copy, Crossing, Rule

Done: TypeAlias = Literal["passed", "dropped", "held", "changed", "copied"]

MOST_COPIES: Final = 64
"""Of one frame at one crossing: conditions that copy multiply each other."""
_HEAVIER: Final[tuple[Done, ...]] = ("passed", "held", "copied", "changed", "dropped")


@dataclass(frozen=True, eq=False)
class ActiveRule:
    """A rule, the number and name of the condition it belongs to, and its dice.

    `place` is the lowest that no other active rule has. The dice start from that, not from the number: in a home in
    which other conditions began and ended before, the throws are those of a new one.
    """

    number: int
    name: str
    rule: Rule
    seed: int
    place: int
    _dice: dict[tuple[str, str, str], random.Random] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} #{self.number}"

    def dice(self, crossing: Crossing) -> random.Random:
        """Return the dice of one direction and one kind of frame: what else happens, now or then, does not change the throw.

        A kernel speaks of its own accord (ARP, IGMP, neighbour discovery), and never at the same moment twice.
        """
        direction = (crossing.source, crossing.target, crossing.frame.kind)
        known = self._dice.get(direction)
        if known is None:
            seed = "/".join(map(str, (self.seed, self.place, *direction)))
            known = self._dice[direction] = random.Random(seed)  # noqa: S311 - to be replayed, guards nothing
        return known


class Outcome(NamedTuple):
    """One frame that goes on, or (`dropped`) does not, and the rules that had a hand in it."""

    copy: Copy
    done: Done = "passed"
    touched: tuple[ActiveRule, ...] = ()

    @property
    def rule(self) -> str | None:
        """Name the rules, for people."""
        return " + ".join(map(str, self.touched)) or None

    def and_then(self, copy: Copy, done: Done, rule: ActiveRule) -> "Outcome":
        """Return what `rule` has made of it."""
        total = Copy(copy.frame, self.copy.held_s + copy.held_s, copy.back)
        return Outcome(total, max(self.done, done, key=_HEAVIER.index), (*self.touched, rule))


def outcomes(rules: Sequence[ActiveRule], crossing: Crossing) -> list[Outcome]:
    """Let `rules` do to `crossing` what they do, one after the other. What is sent back meets no further rule here."""
    results = [Outcome(Copy(crossing.frame))]
    for rule in rules:
        touched = (after for each in results for after in _touched(rule, each, crossing))
        results = list(islice(touched, MOST_COPIES))
    return results


def _touched(rule: ActiveRule, before: Outcome, crossing: Crossing) -> Iterator[Outcome]:
    if before.done == "dropped" or before.copy.back:
        yield before
        return
    here = crossing.after(before.copy)
    fate = rule.rule.touch(here, rule.dice(here))
    if fate is None:
        yield before
        return
    if all(copy.back for copy in fate):
        yield before.and_then(Copy(here.frame), "dropped", rule)
    for place, copy in enumerate(fate):
        yield before.and_then(copy, _done(copy, here, place), rule)


def _done(copy: Copy, crossing: Crossing, place: int) -> Done:
    if place or copy.back:
        return "copied"
    if copy.frame.data != crossing.frame.data:
        return "changed"
    return "held" if copy.held_s else "passed"
