"""What the pictures of a report are drawn from: where things are, what shares no room, and what a screen says."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lab.report import xray_drawing
from lab.report.facts import facts_of
from lab.report.screens import Screen
from lab.report.sheet import NARROW, WIDE, Sheet, Spot, count, rows
from lab.report.timeline import Timeline
from lab.story.run import Event, Picture
from lab.xray.captured import read
from tests.lab.report.runs import EVENTS, PICTURES, failed, passed, words

SVG = "{http://www.w3.org/2000/svg}"


def test_spans_that_overlap_have_rows_of_their_own() -> None:
    spots = rows([(0, 10), (5, 20), (14, 30), (40, 50)])
    assert spots == [Spot(0, 0, 10), Spot(1, 5, 20), Spot(0, 14, 30), Spot(0, 40, 50)]
    assert count(spots) == 2


def test_ticks_are_round_and_not_crowded() -> None:
    assert Sheet("t", NARROW, 20).ticks() == [0, 5, 10, 15, 20]
    assert Sheet("t", WIDE, 20).ticks()[:3] == [0, 2, 4]
    assert Sheet("t", NARROW, 0).ticks() == [0]


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_timeline_has_lanes_bands_arrows_and_all_events(
    tmp_path: Path, width: float, language: str
) -> None:
    facts = facts_of(failed(tmp_path), ())
    root = ET.fromstring(Timeline(facts, Sheet("t", width, facts.last_s), language).draw())
    kinds = [each.attrib.get("class") for each in root.iter()]
    assert kinds.count("lane") == 7
    assert kinds.count("wash") == len(facts.faults) == 2
    assert kinds.count("search") == 1
    assert "message" in kinds
    assert sum(each == "step is-pass" for each in kinds) == 6
    marks = [each for each in root.iter(f"{SVG}g") if each.attrib.get("class") == "mark"]
    told = [each.findtext(f"{SVG}title") or "" for each in marks]
    assert sum(each.count("\n") + 1 for each in told) + kinds.count("dot") == len(EVENTS)
    for each in root.iter(f"{SVG}rect"):
        assert 0 <= float(each.attrib["x"]) <= width


def test_a_story_in_which_nothing_happened_is_drawn(tmp_path: Path) -> None:
    facts = facts_of(failed(tmp_path, events=(), steps=(), searches=()), ())
    ET.fromstring(Timeline(facts, Sheet("t", WIDE, facts.last_s), "en").draw())


def test_a_thousand_events_become_marks_that_can_be_told_apart(tmp_path: Path) -> None:
    many = tuple(Event(each / 50, "gateway", "online", words("s", "s"), "cloud") for each in range(1000))
    facts = facts_of(failed(tmp_path, events=many), ())
    drawn = Timeline(facts, Sheet("t", NARROW, facts.last_s), "en").draw()
    assert drawn.count('class="mark"') < 40


@pytest.mark.parametrize("width", [NARROW, 700.0])
def test_an_x_ray_shows_where_it_ended_and_by_whose_hand(tmp_path: Path, width: float) -> None:
    run = failed(tmp_path)
    (looked,) = facts_of(run, list(read((tmp_path / "packets.pcapng").read_bytes()))).searches
    assert looked.xray
    root = ET.fromstring(xray_drawing.draw(looked.xray, Sheet("x", width, 0), "en"))
    legs = [each.attrib["class"] for each in root.iter(f"{SVG}g")]
    assert legs == ["is-yes", "is-no", "is-nothing", "is-nothing"]
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert "mdns_blocked" in texts
    assert "#2" in texts


def test_a_screen_is_told_in_words_as_well() -> None:
    screen = Screen(PICTURES[1])
    assert screen.lines[0] == "AiSEGが見つかりません"
    assert screen.language == "ja"
    assert Screen(Picture(0, "panel", "t", "no page at all")).lines == ["no page at all"]


def test_a_fault_without_an_end_lasts_to_the_end(tmp_path: Path) -> None:
    facts = facts_of(passed(tmp_path), ())
    assert facts.faults == ()
    facts = facts_of(failed(tmp_path, events=EVENTS[:3]), ())
    assert [(each.typed, each.ended_s) for each in facts.faults] == [("mdns_blocked", 21.0)]
    assert facts.faults_at(21.0) == ()
