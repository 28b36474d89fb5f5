"""What a run leaves in its folder, and many runs in theirs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from lab.report import schema, write, write_suite
from lab.report.document import Report, SuiteReport
from lab.story.script import Script
from tests.lab.report.runs import EVENTS, HOSTILE, STEPS, failed, not_played, passed, words


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run"


def document(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "report.json").read_text("utf-8"))
    return read


def test_a_run_leaves_all_its_files(folder: Path) -> None:
    write(failed(folder))
    assert {each.name for each in folder.iterdir()} == {
        "report.html", "report.json", "junit.xml", "events.jsonl", "packets.pcapng"
    }  # fmt: skip


@pytest.mark.parametrize("name", list(schema.PUBLISHED))
def test_the_published_schema_is_that_of_the_models(name: str) -> None:
    published = schema.file_of(name).read_text("utf-8")
    assert published == schema.document(name), "python -m lab.report.schema writes it anew"
    Draft202012Validator.check_schema(json.loads(published))


def fits(document: dict[str, Any], name: str) -> None:
    Draft202012Validator(json.loads(schema.file_of(name).read_text("utf-8"))).validate(document)


def test_report_json_fits_its_schema_and_holds_the_whole_scenario(folder: Path) -> None:
    run = failed(folder)
    write(run)
    written = document(folder)
    fits(written, "run")
    assert Script.model_validate(written["script"]) == run.script
    assert (written["verdict"], written["seed"], written["events"]) == ("FAIL", 7, len(EVENTS))
    assert [each["verdict"] for each in written["steps"]] == [each.verdict for each in STEPS]
    assert written["steps"][1]["script"] == {"fault": "mdns_blocked", "for": "8s"}
    assert [(each["name"], each["began_s"], each["ended_s"]) for each in written["faults"]] == [
        ("mdns_blocked", 0.4, 8.4),
        ("broker_down", 9.0, 21.0),
    ]
    (search,) = written["searches"]
    assert search["conditions"] == ["mdns_blocked"]
    assert search["xray"]["outcome"] == "heard_nothing"
    assert search["xray"]["stages"][2]["lost"][0]["rule"] == "mdns_blocked"


def test_a_reader_ignores_what_it_does_not_know(folder: Path) -> None:
    write(failed(folder))
    Report.model_validate(document(folder) | {"of_a_later_version": 1})


def test_events_are_lines_in_the_order_of_time(folder: Path) -> None:
    write(failed(folder, events=tuple(reversed(EVENTS))))
    lines = [json.loads(each) for each in (folder / "events.jsonl").read_text("utf-8").splitlines()]
    assert [each["at_s"] for each in lines] == [each.at_s for each in EVENTS]
    assert lines[0]["words"] == {"en": "Opens the app", "ja": "アプリを開く"}
    assert lines[2]["data"]["name"] == "mdns_blocked"


def test_a_run_without_a_capture_is_written_without_x_rays(folder: Path) -> None:
    write(passed(folder))
    assert document(folder)["searches"][0]["xray"] is None
    assert "There is no capture" in (folder / "report.html").read_text("utf-8")


def test_a_run_that_could_not_be_played_is_written(folder: Path) -> None:
    write(not_played(folder))
    assert document(folder)["verdict"] == "CANNOT-RUN-HERE"
    (skipped,) = ET.parse(folder / "junit.xml").iter("skipped")
    assert "no network namespaces" in skipped.attrib["message"]


def test_junit_has_class_time_and_a_failure_with_words_and_evidence(folder: Path) -> None:
    write(failed(folder))
    (case,) = ET.parse(folder / "junit.xml").iter("testcase")
    assert case.attrib == {"classname": "aiseg.lab", "name": "mdns-blocked-then-code", "time": "24.600"}
    (failure,) = case.iter("failure")
    assert failure.attrib["message"] == "step 7: telemetry stopped / 手順7：データが止まっている"
    told = failure.text or ""
    for part in (
        "wanted: within 10 s: linked",
        "seen:   linked, telemetry stopped",
        "Sent 23 mDNS packets.",
        "--seed 7",
    ):
        assert part in told
    assert "✗ It reached the AiSEG  lost by mdns_blocked: #2" in told


def test_no_text_breaks_a_file(folder: Path) -> None:
    hostile = words(HOSTILE, HOSTILE)
    step = replace(STEPS[-1], wanted=hostile, seen=hostile)
    events = (replace(EVENTS[0], words=hostile), *EVENTS[1:])
    write(
        failed(folder, reason=hostile, steps=(*STEPS[:-1], step), events=events, versions={HOSTILE: HOSTILE})
    )
    ET.parse(folder / "junit.xml")
    page = (folder / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_page_takes_nothing_from_elsewhere(folder: Path) -> None:
    write(failed(folder))
    page = (folder / "report.html").read_text("utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "default-src 'none'" in page
    for each in ('src="', "url(http", "@import", "<link", "<script", "javascript:", str(folder)):
        assert each not in page, each
    assert "Independent emulator: not made by or for Panasonic" in page


def test_many_runs_have_an_index_with_links(tmp_path: Path) -> None:
    runs = [passed(tmp_path / f"well-{each}", f"well-{each}", each) for each in range(12)]
    runs.append(failed(tmp_path / "fails"))
    runs.append(not_played(tmp_path / "not-here"))
    for each in runs:
        write(each)
    write_suite(runs, tmp_path)

    fits(document(tmp_path), "suite")
    suite = SuiteReport.model_validate(document(tmp_path))
    assert suite.verdicts == {"PASS": 12, "FAIL": 1, "CANNOT-RUN-HERE": 1, "SKIPPED": 0}
    assert [each.said for each in suite.runs[11:13]] == [("found",), ("mdns_blocked",)]
    assert all((tmp_path / each.folder / "report.json").is_file() for each in suite.runs)

    root = ET.parse(tmp_path / "junit.xml").getroot()
    assert {key: root.attrib[key] for key in ("tests", "failures", "skipped")} == {
        "tests": "14",
        "failures": "1",
        "skipped": "1",
    }
    page = (tmp_path / "report.html").read_text("utf-8")
    assert 'href="fails/report.html"' in page
    slowest = page.partition('class="slowest"')[2].partition("</table>")[0]
    assert slowest.count("<tr>") == 1 + 10
    assert slowest.index("mdns-blocked-then-code") < slowest.index("well-11") < slowest.index("well-3<")
    assert page.index('href="fails/') < page.index('href="well-0/')


def test_no_runs_at_all_are_written(tmp_path: Path) -> None:
    write_suite([], tmp_path)
    assert SuiteReport.model_validate(document(tmp_path)).runs == ()
