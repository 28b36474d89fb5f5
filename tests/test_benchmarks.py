"""That the benchmark runs and gives all its rows; its figures are for people to judge, never a test."""

import json
import subprocess
import sys
from math import inf
from pathlib import Path

import pytest

from benchmarks.discovery.figures import Goal, Series, milliseconds, ratio
from benchmarks.discovery.scenes import SCENES
from benchmarks.discovery.starts import STARTS
from lab.conditions.catalogue import prepare
from lab.network.plan import Plan
from tests.support.rights import NOT_ALLOWED, may_make_networks


@pytest.mark.rules
def test_median_and_percentile_count_what_was_never_found() -> None:
    series = Series((1.0, 2.0, 3.0, None))
    assert (series.median_ms, series.p95_ms, series.found, series.within_1s) == (2.0, None, 3, 3)
    assert Series((None, None)).median_ms is None
    assert Series(tuple(float(each) for each in range(1, 101))).p95_ms == 95
    assert Series(()).median_ms is None


@pytest.mark.rules
@pytest.mark.parametrize(
    ("goal", "took_ms", "met"),
    [
        (Goal("median_ms", 5), (5.0, 5.0, 900.0), True),
        (Goal("median_ms", 5), (5.1,), False),
        (Goal("p95_ms", 15), (1.0, None), False),
        (Goal("within_1s", 29 / 30), (*[1.0] * 29, 1000.5), True),
        (Goal("within_1s", 29 / 30), (*[1.0] * 28, None, 1000.5), False),
        (Goal("found", 1), (1.0, None), False),
        (Goal("found", 1), (), False),
    ],
)
def test_a_goal_is_met_or_not(goal: Goal, took_ms: tuple[float | None, ...], met: bool) -> None:
    assert goal.met(Series(took_ms)) is met


@pytest.mark.rules
def test_figures_for_people() -> None:
    assert [milliseconds(each) for each in (1.26, 99.94, 237.4, None)] == ["1.3", "99.9", "237", "–"]
    assert [ratio(*each) for each in ((200.0, 4.0), (4.0, 2.5), (None, 1.0), (1.0, None))] == [
        "50×",
        "1.6×",
        "–",
        "–",
    ]
    assert ratio(inf, 0.0) == "–"


@pytest.mark.rules
@pytest.mark.parametrize("name", SCENES)
def test_the_conditions_of_a_scene_are_there(name: str) -> None:
    scene = SCENES[name]
    for condition, given in scene.conditions:
        prepare(condition, given, Plan(scene.neighbours).hosts)


@pytest.mark.lab
def test_all_rows_are_there(tmp_path: Path) -> None:
    """With conditions of two kinds and with none; nothing is installed for it."""
    if not may_make_networks():
        pytest.skip(NOT_ALLOWED)
    scenes = ("firewalled", "loss_30")
    rows = [word for row in (*scenes, "announcing", "home") for word in ("--only", row)]
    file, docs = tmp_path / "figures.json", tmp_path / "docs"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.discovery", "--quick", *rows, "--json", file, "--docs", docs],
        capture_output=True,
        text=True,
        timeout=58,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(file.read_text("utf-8"))
    absent = {each["need"] for each in document["absent"]}
    expected = {
        ("home", "build"),
        ("home", "tear_down"),
        *(("announcing", who) for who, start in STARTS.items() if start.need not in absent),
    }
    for name in scenes:
        scene = SCENES[name]
        expected |= {(name, who) for who in scene.searches if scene.search(who).need not in absent}
    assert {(row["scene"], row["who"]) for row in document["rows"]} == expected
    assert {len(row["took_ms"]) for row in document["rows"]} == {2}
    assert {each["scene"] for each in document["goals"]} == {*scenes, "announcing"}
    assert "| who searches |" in (docs / "discovery.md").read_text("utf-8")
    assert (docs / "discovery.svg").read_text("utf-8").startswith("<svg")
