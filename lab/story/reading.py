"""A scenario's file, YAML or JSON, as a `Script`, or everything that is wrong with it, at once."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from lab.story.faults import Fault, Place, fault
from lab.story.script import Script
from lab.story.sense import faults_of_sense
from lab.story.shape import faults_of_shape
from lab.story.tree import Written, read_tree
from protocol.problems import SCENARIO_WRONG, Problem

VERSION: Final = 1
MOST_BYTES: Final = 65_536
_MOST_FAULTS: Final = 50
_TOP: Final = Place(1, 1)


@dataclass(frozen=True)
class Reading:
    """What became of a file: its scenario, or what is wrong with it, from top to bottom."""

    file: Path
    script: Script | None
    faults: tuple[Problem, ...] = ()


class ScenarioWrong(Problem):
    """A file that is no scenario: `faults` are all that is wrong with it, and its sentence says all of them."""

    def __init__(self, faults: tuple[Problem, ...]) -> None:
        super().__init__(SCENARIO_WRONG, **faults[0].facts)
        self.faults = faults

    def sentence(self, language: str = "en") -> str:
        """Return one line for each fault, in `en` or `ja`."""
        return "\n".join(Problem.sentence(each, language) for each in self.faults)


def load(file: Path) -> Script:
    """Return the scenario of a file.

    Raises:
        ScenarioWrong: it has none.
    """
    reading = look_at(file)
    if reading.script is None:
        raise ScenarioWrong(reading.faults)
    return reading.script


def look_at(file: Path) -> Reading:
    """Read a file, and find everything that is wrong with it."""
    try:
        text = _text(file)
    except _UnreadableError as error:
        return _failed(file, [error.fault])
    return read_text(text, file)


def read_text(text: str, file: Path) -> Reading:
    """Read what a file says, or will say: it is named after the scenario in it."""
    if file.suffix == ".json":
        text = text.replace("\t", " ")  # JSON may be indented with them
    written = read_tree(text)
    if not written.complete:
        return _failed(file, written.faults)
    if not isinstance(written.value, dict):
        return _failed(file, [*written.faults, fault(written.place(()), "no_story")])
    version = written.value.get("version")
    if type(version) is int and version != VERSION:
        return _failed(file, [fault(written.place(("version",)), "version", version=version, read=VERSION)])
    return _checked(written, file)


def _checked(written: Written, file: Path) -> Reading:
    script, faults = None, [*written.faults]
    try:
        # As JSON: there a list is what a tuple is in Python, and nothing else passes for something it is not.
        script = Script.model_validate_json(json.dumps(written.value), strict=True)
    except ValidationError as error:
        faults.extend(faults_of_shape(error, written))
    faults.extend(faults_of_sense(written, file.stem))
    return _failed(file, faults) if faults else Reading(file, script)


class _UnreadableError(Exception):
    def __init__(self, what: str, place: Place = _TOP, /, **facts: object) -> None:
        super().__init__(what)
        self.fault = fault(place, what, **facts)


def _text(file: Path) -> str:
    try:
        if not file.exists():
            raise _UnreadableError("no_file")
        if not file.is_file():  # a pipe would make us wait
            raise _UnreadableError("not_a_file")
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise _UnreadableError("unreadable", why=why) from None
    if len(content) > MOST_BYTES:
        raise _UnreadableError("too_large", most=MOST_BYTES)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        raise _UnreadableError("not_utf8", Place(before.count(b"\n") + 1, column)) from None


def _failed(file: Path, faults: list[Fault]) -> Reading:
    ordered = sorted(dict.fromkeys(faults), key=lambda each: each.place)
    told = ordered[:_MOST_FAULTS]
    if len(ordered) > _MOST_FAULTS:
        told.append(fault(ordered[_MOST_FAULTS].place, "more", count=len(ordered) - _MOST_FAULTS))
    return Reading(file, None, tuple(_problem(file, each) for each in told))


def _problem(file: Path, found: Fault) -> Problem:
    line, column = found.place
    return Problem(
        SCENARIO_WRONG, file=str(file), line=line, column=column, reason=found.en, reason_ja=found.ja
    )
