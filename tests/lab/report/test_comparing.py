"""Did a story come out the same? Verdicts, steps and diagnoses count; times do not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.report.comparing import first_difference
from lab.report.document import Report
from lab.report.writing import report_about
from lab.story.run import Search
from tests.lab.report.runs import BLOCKED, STEPS, failed, words


def report(folder: Path, **more: Any) -> Report:
    return report_about(failed(folder, **more))


@pytest.fixture
def before(tmp_path: Path) -> Report:
    return report(tmp_path / "before")


def test_a_run_is_the_same_although_it_took_longer(before: Report, tmp_path: Path) -> None:
    slower = tuple(replace(each, ended_s=each.ended_s + 3) for each in STEPS)
    searches = (Search(1.3, 8.0, {"found": [], "diagnosis": BLOCKED | {"evidence": []}}),)
    assert (
        first_difference(before, report(tmp_path / "now", steps=slower, took_s=60.0, searches=searches))
        is None
    )


def test_the_first_step_that_differs_is_named(before: Report, tmp_path: Path) -> None:
    seen = words("searching", "検索中")
    steps = (
        *STEPS[:3],
        replace(STEPS[3], verdict="FAIL", seen=seen),
        *STEPS[4:6],
        replace(STEPS[6], verdict="SKIPPED"),
    )
    difference = first_difference(before, report(tmp_path / "now", steps=steps))
    assert difference
    assert difference.en.startswith("step 4 (within 12 s")
    assert difference.en.endswith("then PASS, here FAIL (searching)")
    assert difference.ja.startswith("手順4（")


def test_a_step_that_is_missing_differs(before: Report, tmp_path: Path) -> None:
    difference = first_difference(before, report(tmp_path / "now", steps=STEPS[:6]))
    assert difference
    assert "then FAIL, here -" in difference.en


def test_another_diagnosis_differs(before: Report, tmp_path: Path) -> None:
    searches = (Search(0.9, 5.9, {"found": [], "diagnosis": BLOCKED | {"code": "gateway_off"}}),)
    difference = first_difference(before, report(tmp_path / "now", searches=searches))
    assert difference
    assert (
        difference.en
        == "search 1: then the phone said not found, mdns_blocked, here it says not found, gateway_off"
    )


def test_another_verdict_differs_although_every_step_is_the_same(before: Report, tmp_path: Path) -> None:
    difference = first_difference(before, report(tmp_path / "now", verdict="PASS"))
    assert difference == words("then FAIL, here PASS", "元の実施ではFAIL、ここではPASS")
