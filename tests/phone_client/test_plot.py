"""Plots read as a person reads them: off the axes that are drawn, never off our own arithmetic."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import get_args
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phone_client.drawing import scale_of
from phone_client.plot import Plots, marked
from phone_client.wording import read_wording
from protocol.cloud_api import By, Event, EventKind, Timeline
from tests.phone_client.timelines import MIDNIGHT, Flow, timeline

pytestmark = pytest.mark.rules

SVG = "{http://www.w3.org/2000/svg}"
JA, EN = read_wording("ja"), read_wording("en")
TEN_MINUTES, HOUR = timedelta(minutes=10), timedelta(hours=1)
LATER = MIDNIGHT + timedelta(days=400)
DAY: Sequence[Flow | None] = [(0, 40, 10, 0), (0, 30, 0, 0), None, None, (100, 50, 0, 20), (300, 60, 0, 240)]


@dataclass
class Picture:
    """A plot, with what its axes say."""

    root: Element

    @property
    def values(self) -> list[tuple[float, float]]:
        """The lines across, as (y, value): below the zero line values are negative."""
        lines = [
            float(each.get("y1", "")) for each in self.found("line", "rule") + self.found("line", "zero")
        ]
        (zero,) = (float(each.get("y1", "")) for each in self.found("line", "zero"))
        labels = [
            (float(each.get("y", "")) - 4, float(each.text or ""))
            for each in self.found("text", "tick")
            if each.get("text-anchor") == "end"
        ]
        return [
            (y, value if y <= zero else -value)
            for y, value in labels
            if any(abs(y - line) < 0.2 for line in lines)
        ]

    def value_at(self, y: float) -> float:
        (y1, value1), (y2, value2) = min(self.values), max(self.values)
        return value1 + (y - y1) * (value2 - value1) / (y2 - y1)

    def hour_at(self, x: float) -> float:
        """Read the time axis of a day."""
        hours = {
            each.text: float(each.get("x", ""))
            for each in self.found("text", "tick")
            if each.get("text-anchor") == "middle"
        }
        return 24 * (x - hours["0時"]) / (hours["24時"] - hours["0時"])

    def found(self, tag: str, kind: str) -> list[Element]:
        return [each for each in self.root.iter(f"{SVG}{tag}") if kind in (each.get("class") or "").split()]

    def steps(self, path: Element) -> list[tuple[float, float, float]]:
        """Return the levels of a path as (from hour, to hour, value)."""
        d = path.get("d", "")
        x = float(re.match(r"M([\d.]+)", d)[1])  # type: ignore[index]
        levels = []
        for y, end in re.findall(r"V([\d.]+)H([\d.]+)", d):
            levels.append((self.hour_at(x), self.hour_at(float(end)), self.value_at(float(y))))
            x = float(end)
        return levels

    def bars(self, kind: str) -> list[tuple[float, float]]:
        """Return bars as (from value, to value), the lower first."""
        rects = [each for each in self.found("rect", kind) if "area" in (each.get("class") or "")]
        ends = [
            (float(each.get("y", "")), float(each.get("y", "")) + float(each.get("height", "")))
            for each in rects
        ]
        return [(self.value_at(low), self.value_at(high)) for high, low in ends]


def read(svg: str) -> Picture:
    return Picture(fromstring(svg))


def plots(shown: Timeline, now: datetime = LATER) -> Plots:
    return Plots(shown, JA, now)


def test_a_day_has_its_powers_where_the_axes_say() -> None:
    picture = read(plots(timeline("ten_minutes", DAY)).power())
    areas, lines = picture.found("path", "sun"), picture.found("path", "used")
    assert (len(areas), len(lines)) == (2, 2)  # nothing is drawn across the gap
    kilowatts = [
        [each and (0.006 * each[0], 0.006 * each[1]) for each in DAY[:2]],
        [each and (0.006 * each[0], 0.006 * each[1]) for each in DAY[4:]],
    ]
    for run, first, area, line in zip(kilowatts, (0, 4), areas, lines, strict=True):
        for column, path in ((0, area), (1, line)):
            levels = picture.steps(path)
            assert [each[2] for each in levels] == pytest.approx(
                [each[column] for each in run if each], abs=0.02
            )
            assert [each[0] for each in levels] == pytest.approx(
                [(first + n) / 6 for n in range(2)], abs=0.02
            )
            assert [each[1] for each in levels] == pytest.approx(
                [(first + n + 1) / 6 for n in range(2)], abs=0.02
            )


def test_a_gap_is_a_hatched_band_over_its_time_labelled_where_there_is_room() -> None:
    flows: list[Flow | None] = (
        [(0, 40, 40, 0)] * 12 + [None] * 36 + [(0, 40, 40, 0)] * 6 + [None] + [(0, 40, 40, 0)]
    )
    shown = plots(timeline("ten_minutes", flows))
    for svg in (shown.power(), shown.two_sided("grid"), shown.two_sided("battery")):
        picture = read(svg)
        bands = picture.found("rect", "gap")
        assert all(each.get("fill") == "url(#paint-gap)" for each in bands)
        starts = [picture.hour_at(float(each.get("x", ""))) for each in bands]
        ends = [picture.hour_at(float(each.get("x", "")) + float(each.get("width", ""))) for each in bands]
        assert starts == pytest.approx([2, 9], abs=0.02)
        assert ends == pytest.approx([8, 9 + 1 / 6], abs=0.03)
        assert [each.text for each in picture.found("text", "band")] == ["データなし"]


def test_what_comes_in_is_above_zero_and_what_goes_out_below() -> None:
    shown = plots(timeline("ten_minutes", [(0, 100, 60, 0), (200, 50, 0, 90)]))
    for name, above, below, up, down in (
        ("grid", "grid", "sold", [0.36, 0], [0, -0.54]),
        ("battery", "battery", "charged", [0.24, 0], [0, -0.36]),
    ):
        picture = read(shown.two_sided(name))  # type: ignore[arg-type]
        for kind, values in ((above, up), (below, down)):
            (path,) = picture.found("path", kind)
            assert [each[2] for each in picture.steps(path)] == pytest.approx(values, abs=0.02)
            assert path.get("fill") == f"url(#paint-{kind})"


@pytest.mark.parametrize("by", ["hour", "day", "month"])
def test_bars_stack_to_what_was_used_and_made(by: By) -> None:
    flows: list[Flow | None] = [(3000, 10_000, 5000, 0), None, (20_000, 10_000, 0, 6000)]
    picture = read(plots(timeline(by, flows)).energy())
    assert picture.bars("grid") == [pytest.approx((5, 10), abs=0.1)]
    assert picture.bars("battery") == [pytest.approx((3, 5), abs=0.1)]
    assert picture.bars("sold") == [pytest.approx((-20, -14), abs=0.1)]
    assert sorted(picture.bars("sun")) == [
        pytest.approx((-14, 0), abs=0.1),
        pytest.approx((-3, 0), abs=0.1),
        pytest.approx((0, 3), abs=0.1),
        pytest.approx((0, 10), abs=0.1),
    ]
    assert len(picture.found("rect", "gap")) == 1


@pytest.mark.parametrize("by", ["hour", "day", "month"])
def test_every_bar_is_within_its_span(by: By) -> None:
    flows: list[Flow | None] = [(100, 100, 50, 0)] * 10
    picture = read(plots(timeline(by, flows)).energy())
    bars = [each for each in picture.found("rect", "grid") if "area" in (each.get("class") or "")]
    edges = [
        (float(each.get("x", "")), float(each.get("x", "")) + float(each.get("width", ""))) for each in bars
    ]
    assert len(edges) == 10
    assert all(end < start for (_, end), (start, _) in pairwise(edges))


def test_now_is_pointed_at_and_what_is_under_way_ends_there() -> None:
    now = MIDNIGHT + timedelta(minutes=25)
    picture = read(plots(timeline("ten_minutes", [(0, 40, 40, 0)] * 3), now).power())
    (line,) = picture.found("line", "now")
    assert picture.hour_at(float(line.get("x1", ""))) == pytest.approx(25 / 60, abs=0.02)
    assert picture.steps(picture.found("path", "used")[0])[-1][1] == pytest.approx(25 / 60, abs=0.03)
    assert [each.text for each in picture.found("text", "now")] == ["いま"]
    assert not read(plots(timeline("ten_minutes", DAY)).power()).found("line", "now")


@pytest.mark.parametrize("words", [JA, EN], ids=["ja", "en"])
@pytest.mark.parametrize("by", get_args(By))
def test_a_plot_says_in_words_what_it_shows(by: By, words: dict[str, str]) -> None:
    shown = Plots(timeline(by, [(0, 4000, 4000, 0), None, (6000, 1000, 0, 5000)]), words, LATER)
    names = ("power", "grid", "battery") if by == "ten_minutes" else ("energy",)
    drawn = (
        (shown.power(), shown.two_sided("grid"), shown.two_sided("battery"))
        if by == "ten_minutes"
        else (shown.energy(),)
    )
    for name, svg in zip(names, drawn, strict=True):
        root = read(svg).root
        assert root.get("role") == "img"
        title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert title is not None
        assert description is not None
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert title.text == words[f"plot_{name}"]
        assert words["no_data"] in (description.text or "")
        assert "{" not in svg
        assert " style=" not in svg  # the security policy of our pages lets none in
        assert "script" not in svg


def test_the_words_name_peak_time_and_gap() -> None:
    svg = plots(timeline("ten_minutes", DAY)).power()
    said = read(svg).root.findtext(f"{SVG}desc")
    assert said == "発電は00:50ごろ最大1.80 kW。消費は00:50ごろ最大0.36 kW。データなし: 00:20～00:40"
    nothing = read(plots(timeline("ten_minutes", [])).two_sided("grid")).root.findtext(f"{SVG}desc")
    assert nothing == "買った電気はなし。売った電気はなし"


def event(kind: EventKind, minutes: float, gateway_id: str = "0123456789ab") -> Event:
    return Event(kind=kind, gateway_id=gateway_id, at=MIDNIGHT + timedelta(minutes=minutes))


def test_events_are_marked_on_the_time_axis_and_share_a_mark_where_they_would_overlap() -> None:
    shown = timeline("ten_minutes", DAY)
    events = [
        event("firmware_updated", 720),
        event("linked", 62),
        event("link_code_issued", 60),
        event("linked", 60, "ffffffffffff"),
        event("linked", -1),
        event("linked", 1440),
    ]
    marks = marked(shown, events)
    assert [[each.kind for each in mark.events] for mark in marks] == [
        ["link_code_issued", "linked"],
        ["firmware_updated"],
    ]
    picture = read(Plots(shown, JA, LATER, marks).power())
    circles = [each for mark in picture.found("g", "mark") for each in mark.iter(f"{SVG}circle")]
    assert [picture.hour_at(float(each.get("cx", ""))) for each in circles] == pytest.approx(
        [1, 12], abs=0.02
    )
    assert [each.text for each in picture.found("text", "mark-number")] == ["1", "2"]


@given(st.lists(st.integers(0, 1439), max_size=50))
def test_no_marks_overlap_and_no_event_is_lost(minutes: list[int]) -> None:
    shown = timeline("ten_minutes", [])
    marks = marked(shown, [event("linked", each) for each in minutes])
    assert sum(len(each.events) for each in marks) == len(minutes)
    picture = read(Plots(shown, JA, LATER, marks).power())
    places = [float(each.get("cx", "")) for each in picture.root.iter(f"{SVG}circle")]
    assert all(right - left >= 15 for left, right in pairwise(places))


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.sampled_from([106.0, 150.0, 190.0]))
def test_a_scale_holds_everything_and_its_lines_can_be_told_apart(
    above_w: int, below_w: int, height: float
) -> None:
    above, below = above_w / 1000, below_w / 1000
    scale = scale_of(above, below, height)
    assert scale.step * scale.above >= above * (1 - 1e-6)
    assert scale.step * scale.below >= below * (1 - 1e-6)
    assert 1 <= scale.above + scale.below <= height / 26
