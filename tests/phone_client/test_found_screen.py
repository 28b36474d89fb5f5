import sys
import unicodedata
from dataclasses import replace

import pytest

from phone_client.found_screen import WAITING_AFTER_S, FoundScreen, found_document
from phone_client.searching.advice import ADVICE, Words
from phone_client.searching.diagnosis import Diagnosis
from phone_client.searching.finding import Found
from phone_client.searching.search import Hit

HIT = Hit("0123456789ab", "MKN702", "2.10", "192.168.1.9", 8081, "AiSEG MKN702 (6789ab)", 3.2, busy=False)
DIAGNOSIS = Diagnosis("mdns_blocked", (Words("Sent 6.", "送信 6"),), ADVICE["mdns_blocked"])
WORDS = Words("Trying the last known address", "前回のアドレスを試しています")


def be_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")  # the same for rich
    monkeypatch.setenv("COLUMNS", "160")


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
                "found_by": "mdns",
            }
        ],
        "diagnosis": None,
    }
    assert found_document(Found((), DIAGNOSIS)) == {
        "found": [],
        "diagnosis": {
            "code": "mdns_blocked",
            "could_also_be": [],
            "doubt": None,
            "evidence": [{"en": "Sent 6.", "ja": "送信 6"}],
            "advice": {"en": ADVICE["mdns_blocked"].en, "ja": ADVICE["mdns_blocked"].ja},
        },
    }


@pytest.mark.req("S-DISC-09")
@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_gateway_is_a_row_the_moment_it_is_found(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = FoundScreen(language)
    screen.show_hit(HIT)
    head, row = capsys.readouterr().out.splitlines()
    assert row.split() == [
        "AiSEG",
        "MKN702",
        "(6789ab)",
        "MKN702",
        "2.10",
        "192.168.1.9",
        "port",
        "8081",
        "3.2",
    ]
    screen.show_hit(replace(HIT, name="AiSEG MKN700 (6789ac)", model="MKN700"))
    (further,) = capsys.readouterr().out.splitlines()
    assert row.index("192.168.1.9") == further.index("192.168.1.9") == columns(head[: head.rindex("ms")]) - 28


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) == "W" else 1 for each in text)


@pytest.mark.req("S-DISC-09")
@pytest.mark.parametrize(("language", "advice"), [("en", "allow mDNS"), ("ja", "許可してください")])
def test_what_is_odd_about_a_success_comes_with_evidence_and_advice(
    capsys: pytest.CaptureFixture[str], language: str, advice: str
) -> None:
    FoundScreen(language).show_diagnosis(Found((HIT,), DIAGNOSIS))
    shown = capsys.readouterr().out
    for words in (Words("Found, but", "注意が必要です").say(language), "mdns_blocked", advice):
        assert words in shown


def test_of_a_plain_success_there_is_nothing_more_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    FoundScreen("en").show_diagnosis(Found((HIT,), None))
    assert capsys.readouterr() == ("", "")


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
    FoundScreen("ja").show_diagnosis(Found((), replace(DIAGNOSIS, code=code, advice=ADVICE[code])))
    shown = capsys.readouterr().out
    assert shown.startswith(f"{said}: {code}")
    assert ADVICE[code].ja in shown


def test_a_gateway_that_restarts_is_no_stale_hit(capsys: pytest.CaptureFixture[str]) -> None:
    FoundScreen("ja").show_hit(replace(HIT, busy=True))
    assert "AiSEG MKN702 (6789ab) (更新中または再起動中)" in capsys.readouterr().out


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
    be_a_terminal(monkeypatch)
    with FoundScreen(language).searching():
        assert said in capsys.readouterr().err


def test_only_those_who_wait_see_what_is_tried_and_until_there_is_a_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    be_a_terminal(monkeypatch)
    screen = FoundScreen("en")
    with screen.searching("(Ctrl-C)") as watch:
        capsys.readouterr()
        watch(WORDS)
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(screen, "_began", screen._began - WAITING_AFTER_S)
        watch(WORDS, 0.5)
        assert f"{WORDS.en} (Ctrl-C)" in capsys.readouterr().err
        screen.show_hit(HIT)
        capsys.readouterr()
        watch(WORDS)
        assert capsys.readouterr().err == ""


def test_a_program_is_told_nothing_before_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    with FoundScreen("en").searching() as watch:
        watch(WORDS)
    assert capsys.readouterr() == ("", "")


def test_a_screen_that_is_closed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with FoundScreen("en").searching() as watch:
        watch(WORDS)
