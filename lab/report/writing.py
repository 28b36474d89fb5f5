"""The files of a run, and those of many runs together."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lab.report import events
from lab.report.document import Report, SuiteReport, report_of, suite_of
from lab.report.facts import facts_of
from lab.report.junit import junit
from lab.report.page import Case, run_page, suite_page
from lab.story.run import Run
from lab.xray.captured import Seen, read

CAPTURE: Final = "packets.pcapng"
REPORT: Final = "report.json"
_BESIDE: Final = (".json", ".jsonl", ".xml", ".pcapng", ".log")


def write(run: Run) -> None:
    """Write `report.html`, `report.json`, `junit.xml` and `events.jsonl` beside the capture in the run's folder.

    Raises:
        OSError: that cannot be done.
    """
    facts = facts_of(run, _capture(run))
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / "events.jsonl").write_text("".join(events.lines(run)), "utf-8")
    (run.folder / "junit.xml").write_bytes(junit([facts]))
    (run.folder / REPORT).write_text(_as_json(report_of(facts)), "utf-8")
    beside = sorted(each.name for each in run.folder.iterdir() if each.suffix in _BESIDE)
    (run.folder / "report.html").write_text(run_page(facts, beside), "utf-8")


def report_about(run: Run) -> Report:
    """Return what report.json says of a run."""
    return report_of(facts_of(run, _capture(run)))


def write_suite(runs: Iterable[Run], folder: Path) -> None:
    """Write `report.html`, `report.json` and `junit.xml` of many runs into `folder`.

    Raises:
        OSError: that cannot be done.
    """
    cases = [_case(each, folder) for each in runs]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "junit.xml").write_bytes(junit([each.facts for each in cases]))
    (folder / REPORT).write_text(_as_json(suite_of([(each.facts, each.link) for each in cases])), "utf-8")
    (folder / "report.html").write_text(suite_page(cases), "utf-8")


def _case(run: Run, folder: Path) -> Case:
    frames = _capture(run) if run.verdict == "FAIL" else []  # of the others it is in their own reports
    return Case(facts_of(run, frames), Path(os.path.relpath(run.folder, folder)).as_posix())


def _capture(run: Run) -> list[Seen]:
    """Return the frames of the run; none when nothing was captured, as where the home could not be built."""
    file = run.folder / CAPTURE
    return list(read(file.read_bytes())) if file.is_file() else []


def _as_json(document: Report | SuiteReport) -> str:
    return json.dumps(document.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"
