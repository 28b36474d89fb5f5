"""`aiseg lab replay`: a story that failed is told again from its folder, and comes out the same, or does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.commands.replaying import EXIT_CANNOT, EXIT_DIFFERS
from lab.report import write
from lab.story.playing import play
from lab.story.script import Script
from tests.lab.report.runs import failed, script
from tests.lab.test_command import lab, needs_home

FAILS: dict[str, Any] = {
    "scenario": "fails-on-purpose",
    "version": 1,
    "title": {"en": "It says what is not so", "ja": "わざと失敗する"},
    "seed": 3,
    "given": {"network": ["mdns_blocked"]},
    "steps": [
        {"phone": "search"},
        {"expect": {"phone_shows": "not_found", "reason": "gateway_off"}, "within": "4s"},
    ],
}


def test_a_folder_without_a_report_cannot_be_played(tmp_path: Path) -> None:
    refused = lab("replay", str(tmp_path))
    assert refused.returncode == EXIT_CANNOT
    assert "report.json is no report of a run" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("broken", ["{", "{}", '{"format": "something-else", "version": 1}'])
def test_a_report_that_is_none_cannot_be_played(tmp_path: Path, broken: str) -> None:
    (tmp_path / "report.json").write_text(broken, "utf-8")
    refused = lab("replay", str(tmp_path))
    assert (refused.returncode, refused.stdout) == (EXIT_CANNOT, "")


@pytest.mark.lab
@needs_home
@pytest.mark.timeout(150)
def test_a_failure_is_played_again_to_the_same(tmp_path: Path) -> None:
    then, now = tmp_path / "then", tmp_path / "now"
    run = play(Script.model_validate(FAILS), then)
    write(run)
    assert run.verdict == "FAIL"
    again = lab("replay", str(then), "--out", str(now))
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.startswith("same: fails-on-purpose, seed 3, FAIL as then")
    (search,) = json.loads((now / "report.json").read_text("utf-8"))["searches"]
    stage = {each["name"]: each for each in search["xray"]["stages"]}["question_at_gateway"]
    assert stage["state"] == "no"
    assert {each["rule"] for each in stage["lost"]} == {"mdns_blocked"}


@pytest.mark.lab
@needs_home
@pytest.mark.timeout(150)
def test_what_comes_out_otherwise_here_is_named(tmp_path: Path) -> None:
    """The report says that all went well until the last step; of another machine, as it were."""
    write(
        failed(
            tmp_path, script=script(steps=[{"phone": "open"}]), steps=failed(tmp_path).steps[:1], searches=()
        )
    )
    differs = lab("replay", str(tmp_path), "--json", "--out", str(tmp_path / "now"))
    assert differs.returncode == EXIT_DIFFERS, differs.stderr
    said = json.loads(differs.stdout)
    assert said["outcome"] == "differs"
    assert said["difference"]["en"] == "then FAIL, here PASS"
