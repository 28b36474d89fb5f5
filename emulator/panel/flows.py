"""The two flows of pages that a person is led through, in order: no I/O.

A flow remembers what was typed and how far the person has come; a page beyond that leads back to the first missing one
(S-REG-30). Nothing leaves the gateway before the page that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, get_args

from pydantic import ValidationError

from emulator.registration import Answers, RegistrationRun
from protocol.areas import Place, areas, is_place
from protocol.problems import ANSWER_MISSING, PAGE_STALE, PLACE_UNKNOWN, Problem
from protocol.registering import HOUSEHOLD_MAX, BuildingType, Consent, EnergyUsed, Family, Registration

PLACE_FIELDS: Final = ("prefecture", "area", "municipality")
FAMILY_FIELDS: Final = ("household_size", "building_type", "energy_used")
HOUSEHOLD_SIZES: Final = tuple(str(size) for size in range(1, HOUSEHOLD_MAX + 1))
BUILDING_TYPES: Final = get_args(BuildingType)
ENERGIES_USED: Final = get_args(EnergyUsed)


@dataclass
class Flow:
    """A run through `PAGES` in one browser; `reached` is the number of the first page that is still to be done."""

    PAGES: ClassVar[tuple[str, ...]]

    reached: int = 0
    typed: dict[str, str] = field(default_factory=dict)
    """The answers as typed, so that 戻る loses nothing (S-REG-35)."""

    def first_allowed(self, page: str) -> str:
        """Return `page`, or the page that must come first."""
        return self.PAGES[min(self.PAGES.index(page), self.reached)]

    def passed(self, page: str) -> str:
        """Note that `page` is done and return the next one."""
        following = self.PAGES.index(page) + 1
        self.reached = max(self.reached, following)
        return self.PAGES[following]

    def has_begun(self) -> bool:
        """Say whether a person at this box has typed its device code."""
        return self.reached > self.PAGES.index("device-code")

    def is_over(self) -> bool:
        """Say whether the flow has reached its end: entering it again begins a new one."""
        return False

    def keep(self, form: Mapping[str, str], fields: tuple[str, ...]) -> None:
        """Keep what a form says of `fields`."""
        self.typed |= {name: form[name] for name in fields if name in form}


@dataclass
class Registering(Flow):
    """新規登録 (manual p9-p11)."""

    PAGES: ClassVar[tuple[str, ...]] = (
        "cautions",
        "steps",
        "terms",
        "device-code",
        "confirmation-code",
        "confirmation",
        "settings",
        "check",
        "done",
    )

    consent: Consent | None = None
    run: RegistrationRun | None = None
    place: Place | None = None
    family: Family | None = None
    registered: Registration | None = None

    def first_allowed(self, page: str) -> str:
        """Return `page`, or the page that must come first; after 決定 there is no way back."""
        return "done" if self.registered else super().first_allowed(page)

    def begun(self) -> RegistrationRun:
        """Return the run that the device code has begun.

        Raises:
            Problem: `page_stale` when there is none; the order of pages does not let it come to that.
        """
        if not self.run:
            raise Problem(PAGE_STALE)
        return self.run

    def answers(self) -> Answers:
        """Return what was answered, and which epoch the person has agreed to erase.

        Raises:
            Problem: `page_stale`, as `begun`.
        """
        if not (self.consent and self.place and self.family):
            raise Problem(PAGE_STALE)
        at_stake = self.begun().at_stake
        return Answers(self.consent, self.place, self.family, at_stake.epoch if at_stake else 0)

    def is_over(self) -> bool:
        """Say whether 決定 has been carried out."""
        return self.registered is not None

    def keep(self, form: Mapping[str, str], fields: tuple[str, ...]) -> None:
        """Keep what a form says; where a parent has changed, a child that fits it no more is cleared (S-REG-18)."""
        before = dict(self.typed)
        super().keep(form, fields)
        for parent, child in (("prefecture", "area"), ("area", "municipality")):
            changed = before.get(parent, "") not in ("", self.typed.get(parent, ""))
            if changed and self.typed.get(child) == before.get(child):  # left over from the parent before
                self.typed[child] = ""
        if not set(form).isdisjoint(PLACE_FIELDS + FAMILY_FIELDS):  # what follows 設定値 is to be seen anew
            self.reached = min(self.reached, self.PAGES.index("settings"))
        prefecture, area = self.typed.get("prefecture", ""), self.typed.get("area", "")
        if area not in [name.ja for name in areas(prefecture)]:
            area = self.typed["area"] = ""
        if not is_place(prefecture, area, self.typed.get("municipality", "")):
            self.typed["municipality"] = ""


@dataclass
class Linking(Flow):
    """アプリ設定 before the code (manual p12-p13); the last page is left out where it is not needed (S-LC-08)."""

    PAGES: ClassVar[tuple[str, ...]] = ("device-code", "terms", "family")

    consent: Consent | None = None
    family_needed: bool = False

    def agreed(self) -> Consent:
        """Return the consent.

        Raises:
            Problem: `page_stale` when there is none; the order of pages does not let it come to that.
        """
        if not self.consent:
            raise Problem(PAGE_STALE)
        return self.consent


def missing(typed: Mapping[str, str], fields: tuple[str, ...]) -> list[str]:
    """Return which of `fields` have no answer (S-REG-16, S-LC-10)."""
    return [name for name in fields if not typed.get(name)]


def read_place(typed: Mapping[str, str]) -> Place:
    """Return the municipality chosen.

    Raises:
        Problem: `place_unknown` when it is not in that area of that prefecture (S-REG-18).
    """
    try:
        place = Place(**{name: typed[name] for name in PLACE_FIELDS})
    except ValidationError:
        raise Problem(PLACE_UNKNOWN) from None
    if not place.is_real():
        raise Problem(PLACE_UNKNOWN)
    return place


def read_family(typed: Mapping[str, str]) -> Family:
    """Return ご家族の情報.

    Raises:
        Problem: `answer_missing` when an answer is none of those offered.
    """
    size = typed["household_size"]
    answers = {name: typed[name] for name in FAMILY_FIELDS[1:]}
    try:
        return Family.model_validate(
            {"household_size": int(size) if size in HOUSEHOLD_SIZES else 0, **answers}
        )
    except ValidationError:
        raise Problem(ANSWER_MISSING, what="household", what_ja="ご家族の情報") from None
