"""Where a household stands: prefecture, area and municipality, and which of them belong together (manual p11).

`areas.csv` holds all 47 prefectures and 1,741 municipalities in official order; a designated city is one entry,
each special ward of Tokyo is one. "Area" is the primary subdivision (一次細分区域) of the Japan Meteorological
Agency, which fits the manual's one example 大阪府-大阪府-門真市.

Sources, edited: the agency's list of forecast areas (area.json) as of February 2022 for the subdivisions, what
belongs to them and English names; the local government codes (全国地方公共団体コード) of 2020 for names, readings and
order, compared with Japan Post's addresses of October 2026: the same municipalities. The parts into which the agency
splits a municipality were put together again; the 14 whose parts lie in two areas stand in both. English names of
municipalities were made from their readings by the agency's rule (Hepburn, no long vowels marked) and spelled as the
agency spells them where it departs from that, except for two misprints. The six villages of the Northern
Territories, which the agency does not list, are left out.
"""

import csv
from importlib.resources import files
from typing import Annotated, Final, NamedTuple

from pydantic import StringConstraints

from protocol.identity import Frozen

PlaceName = Annotated[str, StringConstraints(max_length=40, strict=True)]
"""A name in Japanese; at most 40 characters."""

_LEVELS: Final = ("prefecture", "area", "municipality")


class Name(NamedTuple):
    """What a place is called in Japanese and in English."""

    ja: str
    en: str


class _Node(NamedTuple):
    """A place and, by their Japanese names, the places inside it."""

    name: Name
    inside: dict[str, "_Node"]


class Place(Frozen):
    """The three choices of the registration wizard (S-REG-15); any text fits, ask `is_real`."""

    prefecture: PlaceName
    area: PlaceName
    municipality: PlaceName

    def joined(self) -> str:
        """Return the three names as the check page shows them: 大阪府-大阪府-門真市 (S-REG-20)."""
        return f"{self.prefecture}-{self.area}-{self.municipality}"

    def is_real(self) -> bool:
        """Say whether the lists offer this municipality in this area of this prefecture."""
        return is_place(self.prefecture, self.area, self.municipality)


def prefectures() -> tuple[Name, ...]:
    """Return the 47 prefectures in the order of their codes."""
    return _names_under()


def areas(prefecture: str) -> tuple[Name, ...]:
    """Return the areas of a prefecture, none for an unknown one."""
    return _names_under(prefecture)


def municipalities(prefecture: str, area: str) -> tuple[Name, ...]:
    """Return the municipalities of an area in the order of their codes, none for an unknown one."""
    return _names_under(prefecture, area)


def is_place(prefecture: str, area: str, municipality: str) -> bool:
    """Say whether the municipality stands in that area of that prefecture (S-REG-18)."""
    return municipality in _inside(prefecture, area)


def _names_under(*parents: str) -> tuple[Name, ...]:
    return tuple(node.name for node in _inside(*parents).values())


def _inside(*parents: str) -> dict[str, _Node]:
    """Walk down from the country; empty where a parent is unknown."""
    nodes = _COUNTRY
    for parent in parents:
        if parent not in nodes:
            return {}
        nodes = nodes[parent].inside
    return nodes


def _read() -> dict[str, _Node]:
    """Read the shipped list: one row a municipality, parents repeated."""
    country: dict[str, _Node] = {}
    lines = files("protocol").joinpath("areas.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines):
        nodes = country
        for level in _LEVELS:
            name = Name(row[level], row[f"{level}_en"])
            nodes = nodes.setdefault(name.ja, _Node(name, {})).inside
    return country


_COUNTRY: Final = _read()
"""Read when this module is imported, so that no event loop ever waits for it."""
