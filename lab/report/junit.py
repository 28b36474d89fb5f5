"""`junit.xml`: runs as GitHub, GitLab and Jenkins read them, each a test case, a failure with its words and evidence."""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from lab.report.facts import Facts, Looked
from lab.story.script import Words
from lab.xray.words import lines

_CLASS: Final = "aiseg.lab"
_SUITE: Final = "aiseg lab"
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold (XML 1.0 §2.2)."""


def junit(runs: Sequence[Facts]) -> bytes:
    """Return the runs as one test suite."""
    root = ET.Element("testsuites", {"name": _SUITE, **_sums(runs)})
    first = min((each.began_at for each in runs), default=None)
    stamp = {"timestamp": first.isoformat(timespec="seconds")} if first else {}
    suite = ET.SubElement(root, "testsuite", {"name": _SUITE, **_sums(runs), **stamp})
    for each in runs:
        _case(suite, each)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _sums(runs: Sequence[Facts]) -> dict[str, str]:
    verdicts = [each.run.verdict for each in runs]
    return {
        "tests": str(len(runs)),
        "failures": str(verdicts.count("FAIL")),
        "errors": "0",
        "skipped": str(verdicts.count("SKIPPED") + verdicts.count("CANNOT-RUN-HERE")),
        "time": f"{sum(each.run.took_s for each in runs):.3f}",
    }


def _case(suite: ET.Element, facts: Facts) -> None:
    run = facts.run
    case = ET.SubElement(
        suite, "testcase", {"classname": _CLASS, "name": run.script.scenario, "time": f"{run.took_s:.3f}"}
    )
    properties = ET.SubElement(case, "properties")
    for name, value in (("seed", str(run.seed)), ("rows", " ".join(run.script.rows)), ("again", facts.again)):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    reason = _clean(_both(run.reason) or run.verdict)
    if run.verdict == "FAIL":
        failure = ET.SubElement(case, "failure", {"message": reason, "type": run.verdict})
        failure.text = _clean("\n".join(_evidence(facts)))
    elif run.verdict != "PASS":
        ET.SubElement(case, "skipped", {"message": f"{run.verdict}: {reason}"})


def _evidence(facts: Facts) -> Iterator[str]:
    """Yield what somebody needs who sees nothing but this."""
    yield _both(facts.run.script.title)
    for each in facts.failed:
        yield f"Step {each.step}, {each.began_s:.1f} s to {each.ended_s:.1f} s: {each.verdict}"
        yield f"  wanted: {_both(each.wanted)}"
        if each.seen:
            yield f"  seen:   {_both(each.seen)}"
    for looked in facts.searches:
        yield from _search(looked, facts)
    yield f"Seed {facts.run.seed}. Again: {facts.again}"


def _search(looked: Looked, facts: Facts) -> Iterator[str]:
    wrong = ", ".join(each.typed for each in facts.faults_at(looked.search.began_s)) or "nothing"
    yield f"Search at {looked.search.began_s:.1f} s, wrong: {wrong}; the phone says: {looked.said}"
    diagnosis = looked.search.document.get("diagnosis") or {}
    yield from (f"  - {each['en']}" for each in diagnosis.get("evidence", ()))
    if looked.xray:
        yield from (f"  {each}" for each in lines(looked.xray, "en"))


def _both(words: Words | None) -> str:
    return f"{words.en} / {words.ja}" if words else ""


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)
