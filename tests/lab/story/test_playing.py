"""Short stories in homes of their own, with the real programs: what comes true, what does not, what cannot be played."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lab.story.playing import play
from lab.story.run import Run
from lab.story.script import Script
from tests.support.rights import NOT_ALLOWED, may_make_networks

pytestmark = pytest.mark.lab
needs_home = pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)

FOUND = """\
scenario: found-and-registered
version: 1
title: {en: The phone finds the AiSEG and reads the code from its panel, ja: AiSEGが見つかり、連携コードを画面から読み取る}
given: {phone: {account: none, knows_gateway: false}}
steps:
  - panel: show_link_code
  - phone: search
  - expect: {phone_shows: found, found: 1}
    within: 5s
  - phone: register_found
  - expect: {phone_shows: registered, linked: true, telemetry: flowing, no_dead_end: true, taps_at_most: 15}
    within: 5s
  - expect: {panel_shows: home, secrets_in_mdns: 0, lost_samples: 0}
    within: 5s
"""
FAILS = """\
scenario: made-to-fail
version: 1
title: {en: A story that does not come true, ja: かなわない話}
given: {phone: {language: en}}
steps:
  - phone: open
  - expect: {phone_shows: start, phone_says: There is no such sentence}
    within: 1s
  - phone: search
"""


def script(text: str) -> Script:
    import yaml  # noqa: PLC0415

    return Script.model_validate(yaml.safe_load(text))


def verdicts(run: Run) -> list[tuple[str, str | None]]:
    return [(each.verdict, each.seen.en if each.seen else None) for each in run.steps]


@needs_home
def test_two_stories_at_once_one_of_them_made_to_fail(tmp_path: Path) -> None:
    for name, text in (("found-and-registered", FOUND), ("made-to-fail", FAILS)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    words = ("run", *map(str, sorted(tmp_path.glob("*.yaml"))), "--jobs", "2", "--json", "--junit", "j.xml")
    command = [sys.executable, "-m", "aiseg", "lab", *words, "--out", "out"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    good, bad = json.loads(done.stdout)["runs"]
    assert (good["scenario"], good["verdict"], good["reason"]) == ("found-and-registered", "PASS", None)
    assert bad["verdict"] == "FAIL"
    assert bad["reason"]["en"].startswith(
        "step 2: expected: the phone says “There is no such sentence”; seen: the phone"
    )
    assert bad["reason"]["ja"].startswith(
        "手順2：期待：スマートフォンに「There is no such sentence」、実際：スマートフォンには"
    )
    for each in ("found-and-registered", "made-to-fail"):
        assert (tmp_path / "out" / each / "packets.pcapng").stat().st_size
        assert (tmp_path / "out" / each / "report.html").stat().st_size
    assert (tmp_path / "j.xml").stat().st_size


@needs_home
def test_a_search_in_vain_says_why_and_the_next_one_finds(tmp_path: Path) -> None:
    text = """\
scenario: wifi-off
version: 1
title: {en: The Wi-Fi is off, ja: Wi-Fiが切れている}
given: {network: ["wifi_drops:s=60"]}
steps:
  - phone: search
  - expect: {phone_shows: not_found, reason: no_network, ways_on: 2, no_dead_end: true}
    within: 10s
  - mend: wifi_drops
  - phone: search_again
  - expect: {phone_shows: found}
    within: 10s
    for: 1s
"""
    run = play(script(text), tmp_path)
    assert (run.verdict, run.reason) == ("PASS", None), verdicts(run)
    first, second = run.searches
    assert first.document["diagnosis"]["code"] == "no_network"
    assert first.document["diagnosis"]["advice"]["en"] != first.document["diagnosis"]["advice"]["ja"]
    assert [each["address"] for each in second.document["found"]] == ["192.168.0.20"]
    begun, over = (each for each in run.events if each.actor == "network")
    assert (begun.kind, over.kind) == ("fault_begins", "fault_ends")
    assert begun.data["name"] == over.data["name"] == "wifi_drops"
    assert begun.at_s < first.began_s < over.at_s < second.began_s
    assert first.ended_s < second.began_s
    taps = [each.data["label"] for each in run.events if each.kind == "tap"]
    assert taps == ["AISEGをお持ちの方", "再度、AiSEGを検索する"]
    assert {each.actor for each in run.pictures} == {"phone", "panel"}
    for each in run.pictures:
        assert "<style>" in each.html
        assert "<script" not in each.html


@needs_home
def test_no_sample_is_lost_while_the_broker_is_away(tmp_path: Path) -> None:
    text = """\
scenario: broker-away
version: 1
title: {en: The broker is away for a while, ja: しばらくブローカーに接続できない}
given: {phone: {account: linked}}
steps:
  - expect: {phone_shows: timeline, telemetry: flowing}
  - fault: broker_down
    for: 7s
  - expect: {panel_shows: cloud_offline}
    within: 7s
  - expect: {telemetry: stopped}
    within: 4s
  - expect: {telemetry: flowing, lost_samples: 0, doubled_samples: 0}
    within: 20s
"""
    run = play(script(text), tmp_path)
    assert (run.verdict, run.reason) == ("PASS", None), verdicts(run)
    begun, over = (each for each in run.events if each.actor == "network")
    assert over.at_s - begun.at_s == pytest.approx(7, abs=0.5)


@needs_home
def test_a_story_that_takes_too_long_is_ended_and_leaves_nothing(tmp_path: Path) -> None:
    before = {each.pid for each in psutil.Process().children(recursive=True)}
    text = FAILS.replace("within: 1s", "within: 60s")
    run = play(script(text), tmp_path, limit_s=1.5)
    assert run.verdict == "FAIL"
    assert run.reason
    assert run.reason.en == "it took longer than 1.5 s"
    assert {each.pid for each in psutil.Process().children(recursive=True)} <= before


def test_what_is_missing_here_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run = play(script(FAILS), tmp_path)
    assert run.verdict == "CANNOT-RUN-HERE"
    assert run.reason
    assert "unshare" in run.reason.en


def test_what_the_aiseg_cannot_be_yet_is_skipped(tmp_path: Path) -> None:
    text = FAILS.replace("given: {", "given: {gateway: {unhelpful: true}, ")
    assert play(script(text), tmp_path).verdict == "SKIPPED"


@needs_home
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, sent: signal.Signals) -> None:
    (tmp_path / "made-to-fail.yaml").write_text(FAILS.replace("within: 1s", "within: 60s"), "utf-8")
    (tmp_path / "temporary").mkdir()
    command = [sys.executable, "-m", "aiseg", "lab", "run", "made-to-fail.yaml", "--out", "out"]
    environment = os.environ | {"TMPDIR": str(tmp_path / "temporary")}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) as running:
        try:
            wait_for(lambda: any((tmp_path / "temporary").glob("*/cloud.log")))
            running.send_signal(sent)
            assert running.wait(20) == 130
        finally:
            running.kill()
    assert not list((tmp_path / "temporary").iterdir())
    wait_for(lambda: not [each for each in psutil.process_iter(["cmdline"]) if is_of(each, tmp_path)])


def is_of(process: psutil.Process, folder: Path) -> bool:
    return any(str(folder) in word for word in process.info["cmdline"] or ())


def wait_for(so: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
