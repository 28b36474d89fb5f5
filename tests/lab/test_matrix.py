"""What the phone says of a broken home, against what is true there: `aiseg lab matrix`, with one seed and the causes of the contract."""

import time
from pathlib import Path

import pytest

from lab.conditions.catalogue import CATALOGUE, prepare
from lab.matrix import Judged, confusion, judge, run, saying, tally
from lab.matrix_report import markdown
from lab.network.plan import Plan
from lab.residents import Said
from lab.scenes import SCENES, Knowledge, Scene, Truth
from phone_client.searching.advice import ADVICE

NOBODY_HURT = "nothing"
PLAYED = (
    NOBODY_HURT,
    "mdns_blocked",
    "multicast_lost",
    "ap_isolation",
    "guest_wifi",
    "other_router",
    "reflector",
    "gateway_off",
    "gateway_not_running",
    "gateway_firewalled",
    "ipv6_only",
    "wifi_drops:s=60",
    "gateway_off + gateway_off:on=neighbour",
    "mdns_blocked + address_changes",
)


def said(code: str | None = None, *could_also_be: str, found: bool = False) -> Said:
    diagnosis = {"code": code, "could_also_be": list(could_also_be)} if code else None
    return Said({"found": [{}] if found else [], "diagnosis": diagnosis}, took_s=1.0)


def scene(*causes: str, knowable: bool = True) -> Scene:
    return Scene("mdns_blocked", {"remembered": Truth(frozenset(causes), knowable)})


@pytest.mark.rules
@pytest.mark.parametrize(
    ("truth", "answer", "verdict"),
    [
        (scene("found"), said(found=True), "right"),
        (scene("found"), said("mdns_blocked", found=True), "wrong"),
        (scene("found"), said("mdns_blocked"), "wrong"),
        (scene("found: mdns_blocked"), said("mdns_blocked", found=True), "right"),
        (scene("found: mdns_blocked"), said("mdns_blocked"), "wrong"),
        (scene("gateway_off", "mdns_blocked"), said("mdns_blocked"), "right"),
        (scene("gateway_off", knowable=False), said("client_isolation", "gateway_off"), "cannot tell"),
        (scene("gateway_off"), said("client_isolation", "gateway_off"), "hesitant"),
        (scene("gateway_off", knowable=False), said("client_isolation"), "wrong"),
    ],
)
def test_the_phone_is_judged_by_the_truth(truth: Scene, answer: Said, verdict: str) -> None:
    assert judge(truth, "remembered", 1, answer).verdict == verdict


@pytest.mark.rules
def test_every_scene_can_be_played_and_every_truth_be_said() -> None:
    for each in SCENES:
        for condition in each.conditions:
            prepare(condition.name, condition.args, Plan().hosts)
        for truth in each.truth.values():
            assert {cause.removeprefix("found: ") for cause in truth.causes} <= {"found", *ADVICE}


@pytest.mark.rules
def test_every_condition_is_in_a_scene() -> None:
    played = {condition.name for each in SCENES for condition in each.conditions}
    assert set(CATALOGUE) - played == set()


@pytest.mark.rules
def test_the_report_shows_what_was_wrong_and_what_could_not_be_told() -> None:
    true = scene("found: mdns_blocked", knowable=True)
    judged = [judge(true, "remembered", seed, said("mdns_blocked", found=True)) for seed in (1, 2)]
    judged.append(judge(true, "remembered", 3, said("gateway_off")))
    report = markdown(judged)
    assert "| remembered | 3 | 2 | 0 | 0 | 1 |" in report
    assert "| `mdns_blocked` | **2** | 1 ✗ |" in report
    assert "seed 3: said gateway_off, right is found: mdns_blocked" in report
    assert confusion(judged, "remembered")["mdns_blocked"]["gateway_off"] == 1
    assert tally(judged)["remembered"]["right"] == 2


@pytest.mark.lab
@pytest.mark.timeout(180)
@pytest.mark.req("S-DISC-03", "S-DISC-12", "S-DISC-15", "S-FAR-02", "S-GEN-07")
def test_right_where_it_can_know_and_doubtful_where_it_cannot(tmp_path: Path) -> None:
    scenes = [each for each in SCENES if each.name in PLAYED]
    judged = run(scenes, seeds=[1], jobs=10, folder=tmp_path, told=lambda _: None)
    assert [each for each in judged if each.verdict in ("wrong", "hesitant")] == []
    assert [(each.scene.name, each.knowledge) for each in judged] == [
        (each.name, knowledge) for each in scenes for knowledge in each.truth
    ]
    found = answers(judged, "sweep")
    assert found["mdns_blocked"] == "found: mdns_blocked"
    assert found["multicast_lost"] == "found: multicast_not_carried"


@pytest.mark.lab
def test_one_that_fails_or_ctrl_c_ends_all_the_others_at_once(tmp_path: Path) -> None:
    told_at: list[float] = []

    def interrupted(_: Judged) -> None:
        told_at.append(time.monotonic())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(SCENES, seeds=range(1, 9), jobs=2, folder=tmp_path, told=interrupted)
    assert time.monotonic() - told_at[-1] < 5


def answers(judged: list[Judged], knowledge: Knowledge) -> dict[str, str]:
    return {each.scene.name: each.said for each in judged if each.knowledge == knowledge}


@pytest.mark.rules
def test_what_was_said_in_one_word() -> None:
    assert [
        saying(said(found=True)),
        saying(said("mdns_blocked", found=True)),
        saying(said("gateway_off")),
    ] == [
        "found",
        "found: mdns_blocked",
        "gateway_off",
    ]
