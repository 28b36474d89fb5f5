from dataclasses import replace
from typing import get_args

import pytest

from phone_client.advice import ADVICE, Words
from phone_client.diagnosis import Diagnosis
from phone_client.finding import Found
from phone_client.screens import Screen, found_document
from phone_client.search import Hit
from phone_client.wording import read_wording
from protocol.cloud_api import EventKind, Events, Users
from tests.phone_client.cloud_double import EVENTS, FATHER, GRANDMOTHER, LINK, OUTDATED, PREVIEW

HIT = Hit("0123456789ab", "MKN702", "2.10", "192.168.1.9", 8081, "AiSEG MKN702 (6789ab)", 3.2, busy=False)
DIAGNOSIS = Diagnosis("mdns_blocked", (Words("Sent 6.", "送信 6"),), ADVICE["mdns_blocked"])
ESCAPE = "お\x1b[2J父さん"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def screen(language: str = "ja") -> Screen:
    return Screen(language, read_wording(language))


def test_the_json_of_a_search_is_the_contracts() -> None:
    assert found_document(Found((HIT,), None)) == {
        "found": [
            {
                "gateway_id": "0123456789ab",
                "model": "MKN702",
                "firmware": "2.10",
                "address": "192.168.1.9",
                "port": 8081,
                "name": "AiSEG MKN702 (6789ab)",
                "elapsed_ms": 3.2,
            }
        ],
        "diagnosis": None,
    }
    assert found_document(Found((), DIAGNOSIS)) == {
        "found": [],
        "diagnosis": {
            "code": "mdns_blocked",
            "evidence": [{"en": "Sent 6.", "ja": "送信 6"}],
            "advice": {"en": ADVICE["mdns_blocked"].en, "ja": ADVICE["mdns_blocked"].ja},
        },
    }


@pytest.mark.req("S-DISC-09")
@pytest.mark.parametrize(("language", "advice"), [("en", "allow mDNS"), ("ja", "許可してください")])
def test_a_search_shows_table_evidence_and_advice(
    capsys: pytest.CaptureFixture[str], language: str, advice: str
) -> None:
    screen(language).show_found(Found((HIT,), DIAGNOSIS))
    shown = capsys.readouterr().out
    for words in ("AiSEG MKN702 (6789ab)", "192.168.1.9 port 8081", "mdns_blocked", advice):
        assert words in shown


@pytest.mark.req("S-DISC-08", "S-DISC-12", "S-DISC-13")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("no_network", "Wi-Fiがオフになっています"),
        ("gateway_busy", "AiSEGは更新中または再起動中です"),
        ("permission_denied", "検索が許可されていません"),
        ("gateway_off", "AiSEGが見つかりませんでした"),
    ],
)
def test_a_failed_search_says_what_it_is(capsys: pytest.CaptureFixture[str], code: str, said: str) -> None:
    screen().show_found(Found((), replace(DIAGNOSIS, code=code, advice=ADVICE[code])))
    shown = capsys.readouterr().out
    assert shown.startswith(f"{said}: {code}")
    assert ADVICE[code].ja in shown


def test_a_gateway_that_restarts_is_no_stale_hit(capsys: pytest.CaptureFixture[str]) -> None:
    screen().show_found(Found((replace(HIT, busy=True),), None))
    assert "AiSEG MKN702 (6789ab) (更新中または再起動中)" in capsys.readouterr().out


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


@pytest.mark.req("S-FLOW-02")
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ja", "スマートフォンは必ず無線LAN（Wi-Fi）でAiSEGと同じルーターに接続してください。"),
        ("en", "the same router as the AiSEG"),
    ],
)
def test_a_person_is_told_before_the_search_what_it_needs(
    language: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, as rich sees it
    with screen(language).searching():
        assert said in capsys.readouterr().err


def test_a_program_is_told_nothing_before_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    with screen("en").searching():
        pass
    assert capsys.readouterr() == ("", "")
