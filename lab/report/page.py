"""`report.html`: one file that needs no script and nothing from elsewhere; both languages, and a table for every picture."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment
from markupsafe import Markup

from chassis.templates import environment
from lab.report import words, xray_drawing
from lab.report.facts import Facts, Looked
from lab.report.screens import Screen
from lab.report.sheet import NARROW, WIDE, Sheet, clock
from lab.report.timeline import Timeline, numbered
from lab.story.run import Verdict
from lab.xray import words as xray_words
from protocol.rules import TOKYO

HERE: Final = Path(__file__).parent
LANGUAGES: Final = ("ja", "en")
_SLOWEST: Final = 10
_XRAY_WIDE: Final = 700.0
_ORDER: Final[tuple[Verdict, ...]] = ("FAIL", "CANNOT-RUN-HERE", "SKIPPED", "PASS")


class Drawn(NamedTuple):
    """A picture as it is on a page: in one language, for a wide screen or a narrow one."""

    language: str
    size: str
    svg: Markup


class Case(NamedTuple):
    """A run among many, and where its own page is."""

    facts: Facts
    link: str


def run_page(facts: Facts, files: Sequence[str]) -> str:
    """Return the page of one run; `files` are those beside it."""
    searches = [(each, _xrays(each, place)) for place, each in enumerate(facts.searches, 1)]
    timeline = [
        Drawn(language, size, Markup(Timeline(facts, sheet, language).draw()))  # noqa: S704 - escapes what it is given
        for language, size, sheet in _sheets("timeline", WIDE, facts.last_s)
    ]
    script = facts.run.script
    return _render(
        "run.html",
        facts=facts,
        run=facts.run,
        script=json.dumps(
            script.model_dump(mode="json", by_alias=True, exclude_defaults=True), ensure_ascii=False, indent=2
        ),
        given=_given(facts),
        timeline=timeline,
        searches=searches,
        events=numbered(facts),
        screens=[Screen(each) for each in facts.run.pictures],
        files=files,
    )


def suite_page(cases: Sequence[Case]) -> str:
    """Return the page of many runs: those first that are to be looked at."""
    ordered = sorted(cases, key=lambda each: _ORDER.index(each.facts.run.verdict))
    counts = Counter(each.facts.run.verdict for each in cases)
    slowest = sorted(cases, key=lambda each: -each.facts.run.took_s)[:_SLOWEST]
    return _render(
        "suite.html",
        cases=ordered,
        counts=[(each, counts[each]) for each in reversed(_ORDER)],
        slowest=slowest,
        longest_s=max((each.facts.run.took_s for each in cases), default=0.0) or 1.0,
        took_s=sum(each.facts.run.took_s for each in cases),
        confusion=confusion([each.facts for each in cases]),
        worst=next((each for each in _ORDER if counts[each]), "PASS"),
    )


def confusion(runs: Sequence[Facts]) -> tuple[list[str], Mapping[str, Mapping[str, int]]]:
    """Return what phones said in searches, and for each set of conditions how often they said it."""
    counts: dict[str, Counter[str]] = {}
    for facts in runs:
        for looked in facts.searches:
            names = sorted({each.name for each in facts.faults_at(looked.search.began_s)})
            counts.setdefault(" + ".join(names), Counter())[looked.said] += 1
    said = sorted({each for row in counts.values() for each in row}, key=lambda each: (each != "found", each))
    return said, dict(sorted(counts.items()))


def _sheets(name: str, wide: float, last_s: float = 0.0) -> Iterator[tuple[str, str, Sheet]]:
    for language in LANGUAGES:
        for size, width in (("wide", wide), ("narrow", NARROW)):
            yield language, size, Sheet(f"{name}-{language}-{size}", width, last_s)


def _xrays(looked: Looked, place: int) -> list[Drawn]:
    xray = looked.xray
    if xray is None:
        return []
    return [
        Drawn(language, size, Markup(xray_drawing.draw(xray, sheet, language)))  # noqa: S704 - escapes what it is given
        for language, size, sheet in _sheets(f"xray-{place}", _XRAY_WIDE)
    ]


def _given(facts: Facts) -> list[tuple[str, str]]:
    """Return what was given otherwise than usual, as the scenario has it."""
    given = facts.run.script.given.model_dump(mode="json", exclude_defaults=True)
    return [
        (f"{part} · {name}", str(value))
        for part, values in given.items()
        if isinstance(values, dict)
        for name, value in values.items()
    ]


@cache
def _templates() -> Environment:
    templates = environment(HERE / "templates")
    templates.filters |= {
        "clock": clock,
        "tokyo": lambda at: at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S"),
        "numbers": xray_words.numbers,
        "loss": xray_words.loss,
        "way_end": xray_words.way_end,
    }
    return templates


def _render(template: str, **facts: object) -> str:
    return (
        _templates()
        .get_template(template)
        .render(
            w=words.WORDS,
            actors=words.ACTORS,
            marks=words.MARKS,
            verdicts=words.VERDICTS,
            no_reason=words.NO_REASON,
            x=xray_words,
            css=Markup((HERE / "templates" / "report.css").read_text("utf-8")),  # noqa: S704 - our own
            **facts,
        )
    )
