"""The X-ray of real searches in real homes: kernels, the emulator, the phone, and the keeper's own capture."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.xray.captured import read
from tests.lab.test_command import lab, needs_home

pytestmark = [pytest.mark.lab, needs_home]


def xray(folder: Path, *words: str) -> dict[str, Any]:
    searched = lab("search", "--json", "--timeout", "3", "--folder", str(folder), *words)
    assert searched.returncode in (0, 3), searched.stderr
    seen: dict[str, Any] = json.loads(searched.stdout)["xray"]
    return seen


def test_a_well_home_shows_question_and_answer_on_their_way(tmp_path: Path) -> None:
    seen = xray(tmp_path)
    assert seen["outcome"] == "found"
    assert {each["state"] for each in seen["stages"]} == {"yes"}
    frames = {each.number: each for each in read((tmp_path / "packets.pcapng").read_bytes())}
    at_gateway = [frames[each] for each in seen["stages"][2]["frames"]]
    assert {(each.source, each.target, each.arrived) for each in at_gateway} == {("phone", "gateway", True)}


@pytest.mark.parametrize(
    ("condition", "outcome", "states"),
    [
        ("mdns_blocked", "found_otherwise", ["yes", "yes", "no"]),
        ("ap_isolation", "heard_nothing", ["yes", "yes", "no"]),
        ("guest_wifi", "elsewhere", ["yes", "yes", "no"]),
        ("gateway_not_running", "not_answered", ["yes", "yes", "yes", "no"]),
        ("gateway_off", "no_sign_of_life", ["yes", "yes", "no"]),
    ],
)
def test_a_broken_home_shows_where_it_ended(
    tmp_path: Path, condition: str, outcome: str, states: list[str]
) -> None:
    seen = xray(tmp_path, "--with", condition)
    assert seen["outcome"] == outcome
    assert [each["state"] for each in seen["stages"]][: len(states)] == states
    lost = {each["rule"] for each in seen["stages"][2]["lost"]}
    assert lost <= {condition, None}
    assert lost or condition not in ("mdns_blocked", "ap_isolation")


def test_it_is_printed_for_people(tmp_path: Path) -> None:
    searched = lab("search", "--with", "mdns_blocked", "--folder", str(tmp_path), language="ja_JP.UTF-8")
    assert "✗ 質問がAiSEGに届いた  mdns_blockedにより消失: #" in searched.stdout
