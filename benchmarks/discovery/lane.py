"""One scene's home and its turns: everybody who searches there, one after the other, run by run.

Several homes are alive at once, and their lanes take turns on the machine: the first second of a search has it alone.
While one home is quiet, so that no responder is bound by the second that must lie between two multicasts of a record
(RFC 6762 §6), another one measures.
"""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

from benchmarks.discovery.figures import SOON_MS, Series
from benchmarks.discovery.gateways import announced
from benchmarks.discovery.here import Here
from benchmarks.discovery.round_trip import round_trip_ms
from benchmarks.discovery.scenes import Scene
from benchmarks.discovery.searcher import GRACE_S, Searcher
from lab.home import Home
from lab.network.plan import Plan

ALONE_S: Final = SOON_MS / 1000
QUIET_S: Final = 1.3
ANNOUNCED_S: Final = 2.5
"""Until a gateway has probed and announced itself twice."""


@dataclass
class Measured:
    """What came of one scene."""

    round_trip_ms: float = 0.0
    took_ms: dict[str, list[float | None]] = field(default_factory=dict)
    besides_ms: dict[str, list[float | None]] = field(default_factory=dict)
    """Ours until the gateway itself had answered by HTTP; a process until its end."""

    def add(self, other: "Measured") -> None:
        """Add what came of the same scene in another home."""
        for mine, theirs in ((self.took_ms, other.took_ms), (self.besides_ms, other.besides_ms)):
            for name, figures in theirs.items():
                mine.setdefault(name, []).extend(figures)

    def series(self, name: str) -> Series:
        """Return the figures of one search."""
        return Series(tuple(self.took_ms[name]))


@dataclass(frozen=True)
class Course:
    """How it is measured: which `runs` after how many for `warming` up, each search within a limit.

    Its first `alone_s` have the `machine` alone, and after it a home is quiet for `quiet_s`; with less than ALONE_S and
    QUIET_S the figures are good for nothing.
    """

    runs: Sequence[int]
    warming: int
    limit_s: float
    alone_s: float
    quiet_s: float
    seed: int
    here: Here
    machine: Lock
    over: Event
    """Is set when another lane has failed, or a person wants no more."""
    tell: Callable[[], None]
    """Is called after every search that counts."""


class Lane:
    """A home with a gateway announced in it: `open` builds it, `run` lets everybody search, `close` tears it down."""

    def __init__(self, scene: Scene, folder: Path, course: Course) -> None:
        self._scene = scene
        self._folder = folder
        self._course = course
        self._open = ExitStack()
        self._quiet_at = 0.0
        self.measured = Measured()

    def open(self) -> None:
        """Build the home and have everybody in it."""
        self._home = self._open.enter_context(Home(Plan(self._scene.neighbours), seed=self._course.seed))
        home = self._home
        self._gateway = self._open.enter_context(announced(self._scene.announcer, home.gateway, self._folder))
        self._addresses = _addresses(home)
        with self._course.machine:
            self.measured.round_trip_ms = round_trip_ms(home.phone, home.gateway)
        for name, given in self._scene.conditions:
            home.begin(name, ttl_s=None, **given)
        self._searchers = {name: self._searcher(name) for name in self._names()}
        for searcher in self._searchers.values():
            self._open.callback(searcher.close)
        time.sleep(ANNOUNCED_S if self._course.warming else 0)

    def close(self) -> None:
        """End all of it, however much of it there is."""
        self._open.close()

    def run(self) -> None:
        """Let everybody search, in another order each time."""
        for run in (*range(-self._course.warming, 0), *self._course.runs):
            order = list(self._searchers)
            random.Random(f"{self._course.seed}/{run}").shuffle(order)
            for name in order:
                if self._course.over.is_set():
                    return
                answer = self._turn(self._searchers[name])
                if run >= 0:
                    self._note(name, answer)
                    self._course.tell()

    def _names(self) -> Sequence[str]:
        absent = self._course.here.absent
        return [name for name in self._scene.searches if self._scene.search(name).need not in absent]

    def _searcher(self, name: str) -> Searcher:
        search = self._scene.search(name)
        return Searcher(search, self._home, search.command(self._course.here, self._gateway))

    def _turn(self, searcher: Searcher) -> Mapping[str, Any]:
        self._rest()
        with self._course.machine:
            searcher.prepare()
        time.sleep(searcher.search.settle_s)
        with self._course.machine:
            for node in (self._home.phone, self._home.gateway):
                node.run("ip", "neighbour", "flush", "all")  # nor does a kernel remember
            searcher.begin(self._course.limit_s, self._gateway.gateway_id)
            answer = searcher.hear(self._course.alone_s)
        if answer is None:
            answer = searcher.hear(self._course.limit_s + GRACE_S)
        searcher.rest()
        self._quiet_at = time.monotonic() + self._course.quiet_s
        if answer is None:
            raise TimeoutError(f"{searcher.search.title} did not keep its limit")
        return answer

    def _rest(self) -> None:
        time.sleep(max(0.0, self._quiet_at - time.monotonic()))

    def _note(self, name: str, answer: Mapping[str, Any]) -> None:
        right = answer["ms"] is not None and self._is_right(answer)
        self.measured.took_ms.setdefault(name, []).append(answer["ms"] if right else None)
        besides = answer.get("confirmed_ms") or answer.get("ended_ms")
        if besides is not None:
            self.measured.besides_ms.setdefault(name, []).append(besides)

    def _is_right(self, answer: Mapping[str, Any]) -> bool:
        """Say whether it is our gateway that was found; a process only says its id."""
        here = self._gateway
        if answer["id"] != here.gateway_id:
            return False
        named = {address.partition("%")[0] for address in answer["addresses"]}
        return not answer["port"] or (answer["port"] == here.port and bool(named & self._addresses))


def _addresses(home: Home) -> set[str]:
    (interface,) = json.loads(home.gateway.run("ip", "-j", "address", "show", "dev", "eth0"))
    return {each["local"] for each in interface["addr_info"]}
