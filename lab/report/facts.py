"""What a run was, worked out once for all that is written of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.conditions.words import TEXTS
from lab.conditions.words.text import Text
from lab.story.run import Run, Search, Told
from lab.xray.captured import Seen
from lab.xray.look import Xray, look


@dataclass(frozen=True)
class Fault:
    """A condition that went on from `began_s` to `ended_s`."""

    name: str
    args: Mapping[str, Any]
    began_s: float
    ended_s: float

    @property
    def text(self) -> Text | None:
        """What is said of it."""
        return TEXTS.get(self.name)

    @property
    def typed(self) -> str:
        """Return it as a scenario has it: `loss:p=0.3`."""
        given = ",".join(f"{key}={value}" for key, value in self.args.items() if value is not None)
        return f"{self.name}:{given}" if given else self.name


@dataclass(frozen=True)
class Looked:
    """A search with its X-ray, where there is a capture."""

    search: Search
    xray: Xray | None

    @property
    def found(self) -> bool:
        """Say whether anything was found."""
        return bool(self.search.document.get("found"))

    @property
    def code(self) -> str | None:
        """The phone's diagnosis."""
        diagnosis = self.search.document.get("diagnosis")
        return str(diagnosis["code"]) if diagnosis else None

    @property
    def said(self) -> str:
        """What the phone said, in one word: its diagnosis, or whether it found anything."""
        return self.code or ("found" if self.found else "nothing")


@dataclass(frozen=True)
class Facts:
    """A run, its faults, and its searches seen through."""

    run: Run
    faults: tuple[Fault, ...]
    searches: tuple[Looked, ...]

    @property
    def began_at(self) -> datetime:
        """When the story began."""
        return datetime.fromtimestamp(self.run.epoch, UTC)

    @property
    def last_s(self) -> float:
        """When the last of it happened: a run takes longer, as its home has to be built."""
        return _last_s(self.run)

    @property
    def failed(self) -> tuple[Told, ...]:
        """The steps that did not come out as they should."""
        return tuple(each for each in self.run.steps if each.verdict not in ("PASS", "SKIPPED"))

    @property
    def again(self) -> str:
        """The command that plays it again."""
        return f"aiseg lab run {self.run.script.scenario} --seed {self.run.seed}"

    def faults_at(self, at_s: float) -> tuple[Fault, ...]:
        """Return what was wrong at a moment."""
        return tuple(each for each in self.faults if each.began_s <= at_s < each.ended_s)


def facts_of(run: Run, frames: Sequence[Seen]) -> Facts:
    """Return what a run was; `frames` is its capture (empty: there is none)."""
    searches = tuple(Looked(each, _xray(each, run.epoch, frames)) for each in run.searches)
    return Facts(run, tuple(_faults(run)), searches)


def _xray(search: Search, epoch: float, frames: Sequence[Seen]) -> Xray | None:
    if not frames:
        return None
    return look(frames, epoch + search.began_s, epoch + search.ended_s, search.document)


def _faults(run: Run) -> Iterator[Fault]:
    """Yield the conditions in the order they began; one whose end nobody saw went on to the end of the story."""
    ends = {each.data.get("number"): each.at_s for each in run.events if each.kind == "fault_ends"}
    for each in run.events:
        if each.kind == "fault_begins":
            yield Fault(
                str(each.data["name"]),
                each.data.get("args") or {},
                each.at_s,
                ends.get(each.data.get("number"), _last_s(run)),
            )


def _last_s(run: Run) -> float:
    told, searched = (each.ended_s for each in run.steps), (each.ended_s for each in run.searches)
    return max((*told, *searched, *(each.at_s for each in run.events)), default=0.0)
