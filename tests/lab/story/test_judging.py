"""Whether what is seen is what was expected, and when that is decided. Time is told, nobody waits."""

from dataclasses import replace
from typing import get_args

import pytest

from lab.story.aspects import ASPECTS, SCREENS
from lab.story.judging import LATE_S, Patience, differences, told
from lab.story.script import Expected, PanelScreen, PhoneScreen
from lab.story.sight import Screen, Sight

pytestmark = pytest.mark.rules

SIGHT = Sight(
    phone=Screen(frozenset({"not_found"}), "AiSEGを検索", "AiSEGが 見つかりませんでした"),
    panel=Screen(frozenset({"home", "cloud_offline"}), "AiSEG MKN702", "サーバー接続 未接続"),
    code="client_isolation",
    could_also_be=("gateway_off",),
    found=0,
    ways_on=2,
    taps=3,
    linked=True,
    flows=True,
)


@pytest.mark.parametrize(
    "expected",
    [
        {"phone_shows": "not_found", "reason": "client_isolation", "could_also_be": "gateway_off"},
        {"phone_says": "AiSEGが見つかりませんでした"},
        {"found": 0, "ways_on": 2, "no_dead_end": True, "taps_at_most": 3},
        {"panel_shows": "cloud_offline", "panel_says": "未接続"},
        {
            "linked": True,
            "telemetry": "flowing",
            "lost_samples": 0,
            "doubled_samples": 0,
            "secrets_in_mdns": 0,
        },
    ],
)
def test_what_is_so_is_no_difference(expected: dict[str, object]) -> None:
    assert differences(Expected.model_validate(expected), SIGHT) == []


@pytest.mark.parametrize(
    ("expected", "sight", "wanted", "seen"),
    [
        ({"phone_shows": "found"}, SIGHT, "the phone shows “an AiSEG was found”", "the phone shows “AiSEGを検索”"),
        ({"phone_says": "見つかりました"}, SIGHT, "the phone says “見つかりました”", "the phone says “AiSEGが 見つかりませんでした”"),
        ({"reason": "gateway_off"}, SIGHT, "the reason given is gateway_off", "the reason given is client_isolation"),
        ({"reason": "gateway_off"}, replace(SIGHT, code=None), "the reason given is gateway_off", "the reason given is -"),
        ({"could_also_be": "mdns_blocked"}, SIGHT, "mdns_blocked is named among", "it could also be gateway_off"),
        ({"found": 2}, SIGHT, "2 found", "0 found"),
        ({"ways_on": 1}, SIGHT, "1 ways on", "2 ways on"),
        ({"no_dead_end": True}, replace(SIGHT, dead_ends=("x",)), "no dead end", "dead ends: x"),
        ({"taps_at_most": 2}, SIGHT, "at most 2 taps", "3 taps"),
        ({"panel_shows": "unreachable"}, SIGHT, "the panel shows nothing at all", "the panel shows “AiSEG MKN702”"),
        ({"panel_shows": "home"}, replace(SIGHT, panel=None), "the home screen", "nothing answers"),
        ({"linked": False}, SIGHT, "the account is not linked", "the account is linked"),
        ({"telemetry": "stopped"}, SIGHT, "no samples reach the cloud", "samples reach the cloud"),
        ({"lost_samples": 0}, replace(SIGHT, lost=4), "0 samples lost", "4 samples lost"),
        ({"doubled_samples": 0}, replace(SIGHT, doubled=1), "0 samples doubled", "1 samples doubled"),
        ({"secrets_in_mdns": 0}, replace(SIGHT, secrets=1), "0 mDNS packets", "1 mDNS packets"),
    ],
)  # fmt: skip
def test_a_difference_says_what_was_expected_and_what_was_seen(
    expected: dict[str, object], sight: Sight, wanted: str, seen: str
) -> None:
    (difference,) = differences(Expected.model_validate(expected), sight)
    assert wanted in difference.wanted.en
    assert seen in difference.seen.en
    assert difference.wanted.ja != difference.wanted.en
    assert difference.seen.ja != difference.seen.en


def test_only_what_is_otherwise_is_told() -> None:
    expected = Expected(phone_shows="not_found", linked=False, found=3)
    assert [each.wanted.en for each in differences(expected, SIGHT)] == [
        "3 found",
        "the account is not linked",
    ]
    assert told(expected).ja == "スマートフォンに検索のエラー画面、見つかったAiSEGは3台、連携していない"


def test_it_may_come_true_until_the_time_is_over() -> None:
    patience = Patience(began_s=10, within_s=5, for_s=None)
    assert patience.judge(10, true=False) == "waits"
    assert patience.judge(14.9, true=False) == "waits"
    assert patience.judge(14.9, true=True) == "holds"


def test_what_comes_true_too_late_does_not_count() -> None:
    patience = Patience(began_s=10, within_s=5, for_s=None)
    assert patience.judge(15 + LATE_S + 0.1, true=True) == "fails"
    assert not patience.came_true


def test_it_fails_when_the_time_is_over() -> None:
    assert Patience(began_s=10, within_s=5, for_s=None).judge(15, true=False) == "fails"


def test_once_true_it_has_to_stay_so() -> None:
    patience = Patience(began_s=0, within_s=5, for_s=3)
    assert patience.judge(4, true=True) == "waits"
    assert patience.judge(6.9, true=True) == "waits"
    assert patience.judge(7, true=True) == "holds"


def test_what_does_not_stay_true_fails_at_once() -> None:
    patience = Patience(began_s=0, within_s=5, for_s=3)
    assert patience.judge(1, true=True) == "waits"
    assert patience.judge(2, true=False) == "fails"
    assert patience.came_true


def test_everything_that_can_be_expected_can_be_judged() -> None:
    assert set(ASPECTS) == set(Expected.model_fields)
    screens = {*get_args(PhoneScreen), *get_args(PanelScreen)}
    assert set(SCREENS) == screens
