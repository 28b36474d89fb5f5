from datetime import datetime, timedelta, timezone

import pytest

from phone_client.advice import ADVICE, Words
from phone_client.diagnosis import Diagnosis
from phone_client.finding import Found
from phone_client.phone import Linked
from phone_client.screens import Screen, found_document
from phone_client.search import Hit
from protocol.cloud_api import Bucket, Link, Timeline

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=timezone.utc)  # noqa: UP017 - as the rest of the project writes it
HIT = Hit("0123456789ab", "MKN702", "2.10", "192.168.1.9", 8081, "AiSEG MKN702 (6789ab)", 3.2, busy=False)
DIAGNOSIS = Diagnosis("mdns_blocked", (Words("Sent 6.", "送信 6"),), ADVICE["mdns_blocked"])
LINK = Link(
    gateway_id="0123456789ac",
    model="MKN702",
    firmware="2.10",
    linked_at=NOW,
    nickname="x",
    phones=("お\x1b[2J父さん",),
)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TZ", "UTC")


def bucket(minute: int, watt: int | None) -> Bucket:
    return Bucket(
        start_at=NOW + timedelta(minutes=minute),
        samples=0 if watt is None else 90,
        generation_w=watt,
        consumption_w=watt and watt // 2,
        grid_import_w=watt and 0,
        grid_export_w=watt and 7,
    )


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
    Screen(language).show_found(Found((HIT,), DIAGNOSIS))
    shown = capsys.readouterr().out
    for words in ("AiSEG MKN702 (6789ab)", "192.168.1.9 port 8081", "mdns_blocked", advice):
        assert words in shown


def test_nothing_that_a_network_says_can_move_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Screen("ja").show_link(LINK)
    Screen("ja").show_linked(Linked(LINK, HIT, Found((HIT,), None)))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "お[2J父さん" in shown


@pytest.mark.req("S-DISC-10")
def test_another_gateway_than_the_one_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Screen("en").show_linked(Linked(LINK, HIT, Found((HIT,), None)))
    shown = capsys.readouterr().out
    assert "read from AiSEG MKN702 (6789ab)" in shown
    assert "not the AiSEG found on this network" in shown


def test_a_timeline_is_a_plot_with_gaps_that_are_seen(capsys: pytest.CaptureFixture[str]) -> None:
    timeline = Timeline(
        gateway_id="0123456789ab",
        model="MKN702",
        online=False,
        last_seen_at=NOW,
        newest=None,
        bucket_s=900,
        buckets=(bucket(0, 2000), bucket(15, None), bucket(30, None), bucket(45, 1000)),
    )
    Screen("en").show_timeline(timeline)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "AiSEG MKN702 (6789ab): offline"
    assert len(lines) == 5
    assert lines[2].split()[2:4] == ["2000", "█" * 16]
    assert "no data 0:30:00" in lines[3]
    assert lines[4].split()[2:] == ["1000", "█" * 8, "500", "█" * 4, "0", "7"]


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
    with Screen(language).searching(typing_helps=False):
        assert said in capsys.readouterr().err


def test_a_program_is_told_nothing_before_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen("en").searching(typing_helps=False):
        pass
    assert capsys.readouterr() == ("", "")
