"""One run: every scene in a home of its own, all alive at once, their turns on the machine one after the other."""

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import Final

from benchmarks.discovery import conformance
from benchmarks.discovery.here import Here
from benchmarks.discovery.houses import build_and_tear_down
from benchmarks.discovery.lane import ALONE_S, QUIET_S, Course, Lane, Measured
from benchmarks.discovery.results import ANNOUNCING, CONFORMANCE, HOME, Results
from benchmarks.discovery.scenes import SCENES
from benchmarks.discovery.starts import STARTS, Starting
from chassis.clock import SystemClock

ROWS: Final = (*SCENES, ANNOUNCING, HOME, CONFORMANCE)

Tell = Callable[[str], None]
"""Is told the row of every run that counts."""


def lengths(rows: Collection[str], runs: int, here: Here) -> Mapping[str, int]:
    """Return how many times each row tells of itself."""
    known = {ANNOUNCING: _present([each.need for each in STARTS.values()], here) * runs, HOME: runs}
    for name, scene in SCENES.items():
        known[name] = _present([scene.search(each).need for each in scene.searches], here) * runs
    known[CONFORMANCE] = len(conformance.RESPONDERS)
    return {row: known[row] for row in ROWS if row in rows}


def _present(needs: Collection[str], here: Here) -> int:
    return sum(need not in here.absent for need in needs)


@dataclass(frozen=True)
class Order:
    """What is asked for: which rows, how many runs, and what the dice start from.

    `quick`: only to see that all of it works; the figures are good for nothing.
    """

    rows: Collection[str]
    runs: int
    seed: int = 1
    quick: bool = False

    def course(self, at: "_Place", row: str, part: int = 0, parts: int = 1) -> Course:
        """Return how one part of the runs is measured."""
        how = (0, 1.0, 0.05, 0.05) if self.quick else (1, 10.0, ALONE_S, QUIET_S)
        runs, tell = range(part, self.runs, parts), partial(at.tell, row)
        return Course(runs, *how, self.seed + part, at.here, at.machine, at.over, tell)


@dataclass(frozen=True)
class _Place:
    """What all lanes share."""

    folder: Path
    here: Here
    tell: Tell
    machine: Lock = field(default_factory=Lock)
    over: Event = field(default_factory=Event)

    def made(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir()
        return made


def measure(order: Order, here: Here, tell: Tell) -> Results:
    """Measure the rows; conformance last, by itself."""
    rows = order.rows
    results = Results(SystemClock().now(), order.runs, here, load=os.getloadavg()[0])
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        at = _Place(Path(folder), here, tell)
        lanes = [lane for name in SCENES if name in rows for lane in _lanes(order, at, name)]
        starting = Starting(at.made(ANNOUNCING), order.course(at, ANNOUNCING))
        _live([*(lane for _, lane in lanes), *([starting] if ANNOUNCING in rows else [])], at.over)
        for name, lane in lanes:
            results.scenes.setdefault(name, Measured(lane.measured.round_trip_ms)).add(lane.measured)
        results.started = starting.measured
        if HOME in rows:
            results.houses = build_and_tear_down(order.runs, at.machine, partial(tell, HOME))
    if CONFORMANCE in rows:
        results.conformance = conformance.scores(here, partial(tell, CONFORMANCE))
    results.seconds = time.monotonic() - began
    return results


def _lanes(order: Order, at: _Place, name: str) -> Iterator[tuple[str, Lane]]:
    parts = min(SCENES[name].homes, order.runs)
    for part in range(parts):
        yield name, Lane(SCENES[name], at.made(f"{name}-{part}"), order.course(at, name, part, parts))


def _live(lives: Sequence[Lane | Starting], over: Event) -> None:
    """Open all of them, run them, and close them however they ended."""
    with ExitStack() as homes:
        for each in lives:
            homes.callback(each.close)
        with ThreadPoolExecutor(max(1, len(lives))) as threads:
            for step in (lambda each: each.open(), lambda each: each.run()):
                works = [threads.submit(step, each) for each in lives]
                try:
                    wait(works, return_when=FIRST_EXCEPTION)
                except KeyboardInterrupt:
                    over.set()
                    raise
                if any(work.done() and work.exception() for work in works):
                    over.set()
                for work in works:
                    work.result()
