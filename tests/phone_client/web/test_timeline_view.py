"""What the timeline's page is given: the same in pictures, tables and words; and its template in both languages."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from phone_client.web.timeline_view import Figure, timeline_context
from phone_client.web.view import View
from phone_client.wording import read_wording
from protocol.cloud_api import By, Event, EventKind, Timeline
from protocol.telemetry import Battery
from tests.phone_client.test_plot import Picture, read
from tests.phone_client.timelines import MIDNIGHT, SAMPLE, Flow, timeline

pytestmark = pytest.mark.rules

JA, EN = read_wording("ja"), read_wording("en")
NOON = MIDNIGHT + timedelta(hours=12)
LATER = MIDNIGHT + timedelta(days=400)
FLOWS: Sequence[Flow | None] = [
    (0, 4000, 1000, 0),
    None,
    None,
    (30_000, 12_000, 0, 10_000),
    (5000, 6000, 900, 0),
]
VIEW = View()


def context(shown: Timeline, now: datetime = LATER, events: Sequence[Event] = ()) -> dict[str, Any]:
    return timeline_context(shown, events, JA, now)


def page(shown: Timeline, language: str, now: datetime = LATER, events: Sequence[Event] = ()) -> str:
    words = {"ja": JA, "en": EN}[language]
    return VIEW.render(
        "timeline_plot.html", words=words, language=language, **timeline_context(shown, events, words, now)
    )


def numbers(figure: Figure) -> list[list[float]]:
    return [[float(cell.replace(",", "")) for cell in row.cells] for row in figure.rows if row.cells]


def levels(picture: Picture, tag: str, kind: str) -> list[float]:
    return [each[2] for path in picture.found(tag, kind) for each in picture.steps(path)]


def test_a_days_tables_say_what_its_plots_show() -> None:
    power, grid, battery = context(timeline("ten_minutes", FLOWS))["figures"]
    for figure, above, below in (
        (power, "sun", "used"),
        (grid, "grid", "sold"),
        (battery, "battery", "charged"),
    ):
        picture = read(figure.svg)
        ups, downs = levels(picture, "path", above), levels(picture, "path", below)
        sign = 1 if figure is power else -1
        assert [[up, sign * down] for up, down in zip(ups, downs, strict=True)] == [
            pytest.approx(row, abs=1.5) for row in numbers(figure)
        ]
        assert [row.name for row in figure.rows] == ["00:00", "00:10～00:30", "00:30", "00:40"]
        assert [bool(row.cells) for row in figure.rows] == [True, False, True, True]
        assert len(picture.found("rect", "gap")) == 1


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("hour", ["00:00", "01:00～03:00", "03:00", "04:00"]),
        ("day", ["1日（日）", "2日（月）～3日（火）", "4日（水）", "5日（木）"]),
        ("month", ["1月", "2月～3月", "4月", "5月"]),
    ],
)
def test_a_table_of_bars_says_what_the_bars_show(by: By, names: list[str]) -> None:
    (figure,) = context(timeline(by, FLOWS))["figures"]
    picture = read(figure.svg)
    rows = numbers(figure)
    assert rows == [[4, 0, 3, 1, 0, 0], [12, 12, 0, 0, 30, 10], [6, 5, 0.1, 0.9, 5, 0]]
    assert [row.name for row in figure.rows] == names
    for kind, column in (("battery", 2), ("grid", 3), ("sold", 5)):
        heights = [high - low for low, high in picture.bars(kind)]
        assert heights == pytest.approx([row[column] for row in rows if row[column]], abs=0.3)


def test_sums_are_those_of_the_buckets() -> None:
    shown = context(timeline("hour", FLOWS))
    assert [value for _, value in shown["sums"]] == ["22.0", "35.0", "1.9", "10.0"]
    assert [part.value for part in shown["parts"]] == ["17.0", "3.1", "1.9"]
    assert shown["own_share"] == 91
    nothing = context(timeline("hour", [None, None]))
    assert [value for _, value in nothing["sums"]] == ["–"] * 4
    assert nothing["own_share"] is None


@pytest.mark.parametrize(
    ("by", "now", "earlier", "later", "today"),
    [
        ("ten_minutes", NOON, "?by=ten_minutes&on=2026-11-21", None, None),
        ("hour", LATER, "?by=hour&on=2026-11-21", "?by=hour&on=2026-11-23", "?by=hour"),
        ("day", NOON, "?by=day&on=2026-10-31", None, None),
        ("day", LATER, "?by=day&on=2026-10-31", "?by=day&on=2026-12-01", "?by=day"),
        ("month", LATER, "?by=month&on=2025-12-31", "?by=month&on=2027-01-01", "?by=month"),
    ],
)
def test_ways_lead_back_and_never_into_the_future(
    by: By, now: datetime, earlier: str, later: str | None, today: str | None
) -> None:
    shown = context(timeline(by, []), now)
    hrefs = [
        each and each.href.removeprefix("/timeline")
        for each in (shown["earlier"], shown["later"], shown["today"])
    ]
    assert hrefs == [earlier, later, today]


@pytest.mark.req("S-CHG-11")
def test_tabs_keep_the_day_and_say_which_is_open() -> None:
    today, past = context(timeline("hour", []), NOON), context(timeline("day", []), LATER)
    assert [(tab.href, tab.label, tab.is_here) for tab in today["tabs"]] == [
        ("/timeline?by=ten_minutes", "今日", False),
        ("/timeline?by=hour", "時間別", True),
        ("/timeline?by=day", "日別", False),
        ("/timeline?by=month", "月別", False),
    ]
    assert [(tab.href, tab.label) for tab in past["tabs"][:2]] == [
        ("/timeline?by=ten_minutes&on=2026-11-01", "この日"),
        ("/timeline?by=hour&on=2026-11-01", "時間別"),
    ]


@pytest.mark.req("S-BIND-07", "S-TEL-06")
def test_the_card_shows_the_newest_sample_and_whether_it_is_fresh() -> None:
    card = context(timeline("hour", []))["card"]
    assert (card.is_online, card.state, card.heard) == (True, "オンライン", "14:00:00 計測")
    assert [(tile.label, tile.value, tile.note) for tile in card.tiles] == [
        ("発電", "2.31", ""),
        ("消費", "0.64", ""),
        ("電力会社", "1.32", "売電中"),
        ("蓄電池", "0.35", "充電中・残量72%"),
    ]
    away = context(timeline("hour", [], online=False))["card"]
    assert (away.is_online, away.state, away.heard) == (False, "オフライン", "最終受信 11月22日 14:00")
    never = context(timeline("hour", [], online=False, newest=None))["card"]
    assert (never.heard, never.tiles) == ("まだ受信していません", ())


@pytest.mark.parametrize(
    ("flows", "notes"),
    [
        (
            {
                "grid_import_w": 300,
                "grid_export_w": 0,
                "battery": Battery(charge_w=0, discharge_w=50, state_of_charge_pct=9),
            },
            ["買電中", "放電中・残量9%"],
        ),
        (
            {"grid_export_w": 0, "battery": Battery(charge_w=0, discharge_w=0, state_of_charge_pct=0)},
            ["売買なし", "待機中・残量0%"],
        ),
    ],
)
def test_the_card_says_which_way_energy_flows(flows: dict[str, object], notes: list[str]) -> None:
    tiles = context(timeline("hour", [], newest=SAMPLE.model_copy(update=flows)))["card"].tiles
    assert [tile.note for tile in tiles[2:]] == notes


def test_circuits_have_their_share() -> None:
    lines = context(timeline("hour", [(0, 4000, 4000, 0), (0, 4000, 4000, 0)]))["circuits"]
    assert [(line.name, line.value, line.pct) for line in lines] == [
        ("リビング", "6.00", 75),
        ("<b>台所</b>", "2.00", 25),
    ]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("by", get_args(By))
def test_the_page_in_both_languages(by: By, language: str) -> None:
    kinds: tuple[EventKind, ...] = get_args(EventKind)
    events = [Event(kind=kind, gateway_id="0123456789ab", at=MIDNIGHT) for kind in kinds]
    shown = page(timeline(by, FLOWS), language, events=events)
    assert shown.count("<table") == shown.count("<details") + 1
    assert shown.count('role="img"') == (3 if by == "ten_minutes" else 1)
    assert not re.search(r"[{}]", shown)
    assert " style=" not in shown
    assert "<b>台所" not in shown
    assert "&lt;b&gt;台所" in shown
    ids = re.findall(r' id="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", shown)) <= set(ids)
    assert all(
        name in ids for names in re.findall(r'aria-labelledby="([^"]+)"', shown) for name in names.split()
    )
    assert shown.count('aria-current="page"') == 1


def test_what_moves_can_be_exchanged_by_its_name() -> None:
    """The script finds each part by its id, and loads the page anew where the parts are not the same."""
    shown = page(timeline("ten_minutes", FLOWS), "ja")
    marked = re.findall(r"<[^>]* data-live", shown)
    parts = set(re.findall(r'id="([^"]+)" data-live', shown))
    assert len(parts) == len(marked)
    assert {
        "standing",
        "heard",
        "tiles",
        "period",
        "sums",
        "power-plot",
        "power-rows",
        "circuit-rows",
    } < parts
