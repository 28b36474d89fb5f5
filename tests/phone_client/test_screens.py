from typing import get_args

import pytest

from phone_client.screens import Screen
from phone_client.wording import read_wording
from protocol.cloud_api import EventKind, Events, Users
from tests.phone_client.cloud_double import EVENTS, FATHER, GRANDMOTHER, LINK, OUTDATED, PREVIEW

ESCAPE = "お\x1b[2J父さん"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def screen(language: str = "ja") -> Screen:
    return Screen(language, read_wording(language))


def test_nothing_that_others_have_typed_can_move_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = GRANDMOTHER.model_copy(update={"nickname": ESCAPE})
    screen().show_link(LINK.model_copy(update={"phones": (FATHER.model_copy(update={"nickname": ESCAPE}),)}))
    screen().show_users(Users(users=(hostile,)))
    screen().show_preview(PREVIEW.model_copy(update={"users": (hostile,), "place": ESCAPE}))
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert shown.out.count("お[2J父さん") == 2
    assert shown.err.count("お[2J父さん") == 2


@pytest.mark.req("S-DISC-10", "S-BIND-15")
def test_before_a_link_it_is_told_whose_and_which_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    preview = PREVIEW.model_copy(update={"users": (GRANDMOTHER,)})
    screen().show_preview(preview, mismatch="AiSEG MKN702 (6789ac)")
    screen("en").show_preview(preview)
    shown = capsys.readouterr().err
    assert "見つかったAiSEG（AiSEG MKN702 (6789ac)）とは別のAiSEGです。" in shown
    assert "すでに登録済みのユーザー: おばあさん" in shown
    assert "Users registered already: おばあさん" in shown
    assert "another AiSEG" not in shown


@pytest.mark.req("S-BIND-17", "S-BIND-18")
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_popup_names_both_versions_and_the_guide_every_step(
    capsys: pytest.CaptureFixture[str], language: str
) -> None:
    words = read_wording(language)
    screen(language).show_firmware_popup(OUTDATED)
    screen(language).show_update_guide()
    shown = capsys.readouterr().out
    for said in (words["firmware_old"], "2.9", "2.10", words["guide"], words["guide_1"], words["guide_5"]):
        assert said in shown


@pytest.mark.req("S-GEN-22", "S-GEN-23")
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_help_says_whom_to_call(capsys: pytest.CaptureFixture[str], language: str) -> None:
    screen(language).show_help()
    shown = capsys.readouterr().out
    words = read_wording(language)
    for said in ("0120-081-701", "06-6780-2099", words["desk_name"], words["desk_hours"]):
        assert said in shown


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("kind", get_args(EventKind))
def test_every_event_has_words(capsys: pytest.CaptureFixture[str], language: str, kind: EventKind) -> None:
    (event,) = EVENTS.events
    screen(language).show_events(Events(events=(event.model_copy(update={"kind": kind}),)))
    assert f"AiSEG 6789ab: {read_wording(language)[f'event_{kind}']}" in capsys.readouterr().out
