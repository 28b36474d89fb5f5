"""Everything that can be expected of, as it is at one moment. Data only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Screen:
    """What is on a screen: which of the glossary it is, its heading, its words."""

    shows: frozenset[str]
    title: str
    words: str


@dataclass(frozen=True)
class Sight:
    """What a person sees, and what has become of the data. `code`, `could_also_be`, `found`: of the newest search."""

    phone: Screen
    panel: Screen | None = None
    code: str | None = None
    could_also_be: tuple[str, ...] = ()
    found: int | None = None
    ways_on: int = 0
    dead_ends: tuple[str, ...] = ()
    taps: int = 0
    linked: bool = False
    flows: bool = False
    lost: int = 0
    doubled: int = 0
    secrets: int = 0
