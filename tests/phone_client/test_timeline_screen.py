"""The timeline in a terminal of a given width: where things stand, what a gap looks like, that nothing is cut off."""

from collections.abc import Sequence
from typing import get_args

import pytest
from rich.cells import cell_len
from rich.console import Console

from phone_client.timeline_screen import draw_timeline
from phone_client.wording import read_wording
from protocol.cloud_api import By, Timeline
from tests.phone_client.timelines import Flow, timeline

pytestmark = pytest.mark.rules

HALF_A_DAY: Sequence[Flow | None] = [(0, 200, 200, 0)] * 24 + [None] * 24 + [(400, 100, 0, 300)] * 24


def shown(of: Timeline, language: str = "ja", width: int = 80) -> list[str]:
    console = Console(width=width, highlight=False, markup=False, force_terminal=False)
    with console.capture() as captured:
        console.print(draw_timeline(of, read_wording(language), width))
    return [line.rstrip() for line in captured.get().splitlines()]


def columns(row: str) -> str:
    """Return what stands in a plot's row behind the scale."""
    return row.partition("│")[2] or row.partition("┤")[2]


@pytest.mark.req("S-TEL-06", "S-BIND-07")
@pytest.mark.parametrize(
    ("language", "online", "said"),
    [
        ("ja", True, ["● オンライン", "発電 2.31 kW", "売電中", "残量72%", "14:00:00 計測"]),
        ("en", False, ["○ Offline", "Generation 2.31 kW", "selling", "72% full", "last seen 22 Nov 14:00"]),
    ],
)
def test_the_head_says_how_it_stands(language: str, online: bool, said: list[str]) -> None:
    head = "\n".join(shown(timeline("hour", [], online=online), language)[:3])
    assert head.startswith("AiSEG MKN702 (6789ab)")
    assert all(each in head for each in said)


def test_a_gateway_that_never_sent_anything_is_no_error() -> None:
    head = shown(timeline("ten_minutes", [None] * 3, online=False, newest=None))
    assert "まだ受信していません" in head[0]
    assert "まだ計測データがありません" in head[1]


def test_a_day_is_a_plot_with_hours_under_it_and_the_gap_hatched() -> None:
    lines = shown(timeline("ten_minutes", HALF_A_DAY))
    start = lines.index("█ 発電  ━ 消費  ╱ データなし")
    rows = lines[start + 1 : start + 9]
    assert [len(columns(row)) for row in rows] == [36] * 8  # half a day of 72 columns
    assert all(columns(row)[12:24] == "╱" * 12 for row in rows)
    assert columns(rows[0])[24:] == "█" * 12  # 2.4 kW is the most that flows
    assert rows[0].startswith(" 2.4 ┤")
    assert columns(rows[4])[:12] == "━" * 12  # 1.2 kW, half of it
    assert columns(rows[6])[24:] == "━" * 12  # 0.6 kW, a quarter, over the area
    assert not columns(rows[3])[:12].strip()
    axis = next(line for line in lines if line.startswith("      0時"))
    assert [cell_len(axis[: axis.index(hour)]) for hour in ("0時", "6時", "12時", "18時")] == [6, 24, 42, 60]


def test_each_way_of_energy_has_rows_of_its_own() -> None:
    lines = shown(timeline("ten_minutes", HALF_A_DAY))
    for name, most, filled in (("買った電気", "1.2", slice(0, 12)), ("売った電気", "1.8", slice(24, 36))):
        rows = lines[lines.index(name) + 1 :][:2]
        assert rows[0].strip().startswith(most)
        for row in rows:
            assert columns(row)[filled] == "█" * 12
            assert columns(row)[12:24] == "╱" * 12
    idle = lines[lines.index("放電") + 1]
    assert idle.strip().startswith("0.0")
    assert set(columns(idle)) <= set(" ╱")


@pytest.mark.parametrize(("width", "wide"), [(80, True), (60, False)])
@pytest.mark.parametrize("by", ["hour", "day", "month"])
def test_other_timelines_are_tables_with_bars(by: By, width: int, wide: bool) -> None:
    flows: list[Flow | None] = [(3000, 10_000, 5000, 0), None, (20_000, 10_000, 0, 6000)]
    lines = shown(timeline(by, flows), width=width)
    (head,) = (number for number, line in enumerate(lines) if line.startswith("kWh"))
    first, gap, last = lines[head + 1 : head + 4]
    assert "データなし" in gap
    assert "╱╱╱" in gap
    bars = [part for part in first.split() if set(part) <= set("█▒░")]
    assert bars[0].count("█") == pytest.approx(len(bars[0]) * 0.3, abs=1)
    assert bars[0].count("▒") == pytest.approx(len(bars[0]) * 0.2, abs=1)
    assert bars[0].count("░") == pytest.approx(len(bars[0]) * 0.5, abs=1)
    made = [part for part in last.split() if set(part) <= set("█▒░")][1]
    assert len(made) == pytest.approx(2 * len(bars[0]), abs=1)
    assert made.count("▒") == pytest.approx(len(made) * 0.3, abs=1)
    assert ("6.0" in last.split()) is wide


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("by", get_args(By))
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_row_is_wider_than_the_terminal_and_no_name_is_cut(by: By, language: str, width: int) -> None:
    lines = shown(timeline(by, [(400_000, 900_000, 500_000, 0), None] * 6), language, width)
    assert max(map(cell_len, lines)) <= width
    assert width < 60 or not any("…" in line for line in lines)


def test_the_sums_and_the_own_share_come_last() -> None:
    lines = shown(timeline("hour", [(3000, 10_000, 5000, 0)]))
    assert lines[-3:] == [
        "使った電気 10.0 kWh  つくった電気 3.0 kWh",
        "買った電気 5.0 kWh  売った電気 0.00 kWh",
        "使った電気の50%を自宅でまかないました",
    ]
