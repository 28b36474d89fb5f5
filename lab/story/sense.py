"""What a scenario names must be there: conditions, diagnoses, rows, what is mended, the code that is typed.

On what the file says, however wrong the rest of it is, so that a person hears of everything at once.
"""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path as File
from typing import Any, Final

from lab.conditions.catalogue import CATALOGUE, prepare
from lab.conditions.machines import PowerCut
from lab.network.plan import HOME_ROUTER, Plan
from lab.story.faults import Fault, fault, near_to, shown
from lab.story.tree import Path, Written
from lab.wanted import read_wanted
from phone_client.searching.advice import ADVICE
from protocol.problems import CONDITION_UNKNOWN, Problem

ALL: Final = "all"
"""What `mend` takes besides a condition."""
_ROWS: Final = File(__file__).parents[2] / "docs" / "requirements.csv"
ROW_PATTERN: Final = r"^(S-[A-Z0-9]+-[0-9]{2}|T-[0-9]{2})$"
"""A row of the manual's requirements, or a threat."""
_OF_MANUAL: Final = "S-"
_SHOWS_CODE: Final = "show_link_code"
_TYPES_CODE: Final = ("type_code", "check_code")


def faults_of_sense(written: Written, name: str) -> Iterator[Fault]:
    """Return what `written` names that is not there; `name` is that of its file."""
    value = written.value
    yield from _name(written, value, name)
    yield from _rows(written, _list(value.get("rows")))
    begun: list[str] = []
    given = value.get("given")
    network = _list(given.get("network") if isinstance(given, dict) else None)
    for number, each in enumerate(network):
        yield from _condition(written, ("given", "network", number), each, begun)
    shown_code = False
    for number, step in enumerate(_list(value.get("steps"))):
        if isinstance(step, dict):
            yield from _step(written, ("steps", number), step, begun)
            shown_code = shown_code or step.get("panel") == _SHOWS_CODE
            if step.get("phone") in _TYPES_CODE and not shown_code:
                yield fault(written.place(("steps", number)), "no_code")


@cache
def known_rows() -> frozenset[str]:
    """Return the rows of the manual; none where the project's documents are not at hand."""
    if not _ROWS.is_file():
        return frozenset()
    with _ROWS.open(encoding="utf-8", newline="") as file:
        return frozenset(row["id"] for row in csv.DictReader(file))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _name(written: Written, value: dict[str, Any], name: str) -> Iterator[Fault]:
    called = value.get("scenario")
    if isinstance(called, str) and called and called != name:
        yield fault(written.place(("scenario",)), "file_name", file=shown(name), name=shown(called))


def _rows(written: Written, rows: list[Any]) -> Iterator[Fault]:
    for number, row in enumerate(rows):
        place = written.place(("rows", number))
        if not isinstance(row, str):
            continue
        if not re.fullmatch(ROW_PATTERN, row):
            yield fault(place, "row", name=shown(row))
        elif row.startswith(_OF_MANUAL) and known_rows() and row not in known_rows():
            yield fault(place, "no_row", near_to(row, sorted(known_rows())), name=row)


def _step(written: Written, path: Path, step: dict[str, Any], begun: list[str]) -> Iterator[Fault]:
    if "fault" in step:
        yield from _condition(written, (*path, "fault"), step["fault"], begun)
    if isinstance(step.get("mend"), str):
        yield from _mend(written, (*path, "mend"), step["mend"], begun)
    expected = step.get("expect")
    if isinstance(expected, dict):
        yield from _expected(written, (*path, "expect"), expected)


def _condition(written: Written, path: Path, text: object, begun: list[str]) -> Iterator[Fault]:
    if not isinstance(text, str):
        return
    wanted, hosts = read_wanted(text), Plan().hosts
    begun.append(wanted.name)
    try:
        condition = prepare(wanted.name, wanted.args, hosts)
    except Problem as problem:
        yield _as_fault(written, path, text, problem)
        return
    if isinstance(condition, PowerCut):
        back = [*hosts, HOME_ROUTER.name]
        for name in condition.order.split(","):
            if name not in back:
                yield fault(written.place(path), "no_return", near_to(name, back), name=shown(name))


def _as_fault(written: Written, path: Path, text: str, problem: Problem) -> Fault:
    """Say what is wrong with a condition; an unknown one in a list may be the end of the one before it."""
    place = written.place(path)
    if problem.kind is not CONDITION_UNKNOWN:
        en, ja = problem.sentence("en").rstrip("."), problem.sentence("ja").rstrip("。")
        return fault(place, "condition", en=en, ja=ja)
    if "=" in text and ":" not in text and path[-1] not in (0, "fault"):
        return fault(place, "key_in_quotes", name=shown(text))
    return fault(place, "no_condition", near_to(read_wanted(text).name, CATALOGUE), name=shown(text))


def _mend(written: Written, path: Path, text: str, begun: list[str]) -> Iterator[Fault]:
    name = read_wanted(text).name
    if name not in (*begun, ALL):
        yield fault(
            written.place(path), "no_mend", near_to(name, [*dict.fromkeys(begun), ALL]), name=shown(name)
        )


def _expected(written: Written, path: Path, expected: dict[str, Any]) -> Iterator[Fault]:
    if not expected:
        yield fault(written.place(path), "no_expectation")
    for key in ("reason", "could_also_be"):
        code = expected.get(key)
        if isinstance(code, str) and code not in ADVICE:
            yield fault(written.place((*path, key)), "no_diagnosis", near_to(code, ADVICE), name=shown(code))
