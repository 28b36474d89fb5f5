"""One frame on its way from the port it came in by to one port that it goes out by, and what a rule may do with it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

from lab.network.frames import Frame
from lab.network.plan import SEGMENTS, Host, node_of
from lab.network.switch import Switch


class Copy(NamedTuple):
    """A frame that goes on, `held_s` later than it would have; `back`: to where the crossing's frame came from."""

    frame: Frame
    held_s: float = 0.0
    back: bool = False


Fate: TypeAlias = Sequence[Copy] | None
"""What becomes of a crossing: None lets it pass as it is, no copies at all drop it."""

DROPPED: Fate = ()


@dataclass(frozen=True)
class Crossing:
    """`at` is the moment it passes here: now, and what earlier rules held it back.

    `from_radio`, `to_radio`: where it comes from or goes to is a station of the access point.
    """

    frame: Frame
    source: str
    target: str
    switch: Switch
    at: float
    from_radio: bool = False
    to_radio: bool = False

    @property
    def segment(self) -> str:
        """The segment it crosses."""
        return self.switch.segment

    @property
    def nodes(self) -> tuple[str, str]:
        """Whose ports these are."""
        return node_of(self.source), node_of(self.target)

    def concerns(self, node: str | None) -> bool:
        """Say whether it comes from or goes to `node`; None stands for everybody."""
        return node is None or node in self.nodes

    def held(self, seconds: float) -> Fate:
        """Let it pass later."""
        return (Copy(self.frame, seconds),)

    def changed(self, data: bytes) -> Fate:
        """Let other bytes pass in its place."""
        return (Copy(Frame(data)),)

    def answered(self, data: bytes) -> Fate:
        """Drop it, and send `data` back to where it came from."""
        return (Copy(Frame(data), back=True),)

    def after(self, copy: Copy) -> "Crossing":
        """Return the crossing of `copy` as the next rule sees it."""
        return replace(self, frame=copy.frame, at=self.at + copy.held_s)


class Rule(Protocol):
    """Something that happens to frames."""

    def touch(self, crossing: Crossing, dice: random.Random) -> Fate:
        """Say what becomes of it; `dice` belong to this rule, direction and kind of frame alone."""


def has_radio(host: Host | None, segment: str) -> bool:
    """Say whether `host` (None: a router) is on `segment` by radio."""
    return host is not None and host.radio and SEGMENTS[segment].air
