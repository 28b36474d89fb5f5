"""Everything that was measured in one run, and its JSON."""

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.discovery.conformance import Score
from benchmarks.discovery.figures import COUNTS, Goal, Series
from benchmarks.discovery.here import INSTALL, Here
from benchmarks.discovery.houses import Houses
from benchmarks.discovery.lane import Measured
from benchmarks.discovery.scenes import SCENES
from benchmarks.discovery.searches import PROCESSES, SEARCHES
from benchmarks.discovery.starts import GOALS, STARTS, Started
from benchmarks.discovery.versions import versions

ANNOUNCING: Final = "announcing"
HOME: Final = "home"
CONFORMANCE: Final = "conformance"


class Judged(NamedTuple):
    """A goal and what was reached."""

    scene: str
    goal: Goal
    series: Series

    @property
    def met(self) -> bool:
        """Say whether it is met."""
        return self.goal.met(self.series)


@dataclass
class Results:
    """The figures; a part that was not measured is empty."""

    at: datetime
    runs: int
    here: Here
    seconds: float = 0.0
    load: float = 0.0
    """The machine's load average before the run, of everything else that ran there."""
    scenes: dict[str, Measured] = field(default_factory=dict)
    started: Started = field(default_factory=Started)
    houses: Houses = field(default_factory=Houses)
    conformance: dict[str, Score] = field(default_factory=dict)

    def judged(self) -> Iterator[Judged]:
        """Yield every goal of what was measured."""
        for name, measured in self.scenes.items():
            scene = SCENES[name]
            for goal in scene.goals:
                yield Judged(name, goal, measured.series(scene.ours))
        for name, start in STARTS.items():
            if start.ours and name in self.started.took_ms:
                yield from (Judged(ANNOUNCING, goal, self.started.series(name)) for goal in GOALS)

    def document(self) -> Mapping[str, object]:
        """Return everything as JSON has it."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "machine": machine(),
            "peers": list(versions(self.here)),
            "load_before": self.load,
            "seconds": round(self.seconds),
            "runs": self.runs,
            "absent": [
                {"need": need, "why": why, "install": INSTALL[need]} for need, why in self.here.absent.items()
            ],
            "round_trip_ms": {name: round(each.round_trip_ms, 3) for name, each in self.scenes.items()},
            "rows": list(self._rows()),
            "goals": [
                {
                    "scene": each.scene,
                    "measure": each.goal.measure,
                    "goal": round(each.goal.at, 3),
                    "ours": each.series.share(each.goal.measure),
                    "met": each.met,
                }
                for each in self.judged()
            ],
            CONFORMANCE: {name: score._asdict() for name, score in self.conformance.items()},
        }

    def _rows(self) -> Iterator[Mapping[str, object]]:
        for scene, measured in self.scenes.items():
            for name in measured.took_ms:
                besides = measured.besides_ms.get(name, [])
                yield {**row(scene, name, measured.series(name)), "besides_ms": besides}
        for name in self.started.took_ms:
            series, faults = self.started.series(name), self.started.faults[name]
            yield {**row(ANNOUNCING, name, series), "probing_faults": faults}
        if self.houses.built_ms:
            yield row(HOME, "build", self.houses.built)
            yield row(HOME, "tear_down", self.houses.gone)


def row(scene: str, name: str, series: Series) -> Mapping[str, object]:
    """Return one line of the table."""
    return {
        "scene": scene,
        "who": name,
        "median_ms": series.median_ms,
        "p95_ms": series.p95_ms,
        **{count: series.share(count) for count in COUNTS},
        "took_ms": series.took_ms,
    }


def title(who: str) -> str:
    """Return the words for who searched or announced."""
    search = SEARCHES.get(who) or PROCESSES.get(who)
    return search.title if search else STARTS[who].title


def is_ours(who: str) -> bool:
    """Say whether it is of this project."""
    search = SEARCHES.get(who) or PROCESSES.get(who)
    return search.ours if search else STARTS[who].ours


def machine() -> str:
    """Return what kind of machine this is, for people."""
    cores = os.cpu_count() or 1
    python = ".".join(map(str, sys.version_info[:3]))
    words = (_processor(), f"{cores} cores", f"{platform.system()} {_kernel()}", f"Python {python}")
    return ", ".join(words)


def _processor() -> str:
    try:
        lines: Sequence[str] = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{platform.machine()} {next(named, '')}".strip()


def _kernel() -> str:
    return ".".join(platform.release().split("-")[0].split(".")[:2])
