"""From the start of a program to its first announcement: seen on the wire, with the probing that led to it."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.discovery import wire
from benchmarks.discovery.figures import Goal, Series
from benchmarks.discovery.gateways import emulator, foreign, surroundings
from benchmarks.discovery.here import Need
from benchmarks.discovery.lane import Course
from benchmarks.discovery.talk import Talk
from lab.home import Home
from lab.network.plan import Plan
from lab.node import Node

GOALS: Final = (Goal("median_ms", 1100),)
PUBLISHED: Final = {"Apple dns-sd -R (its daemon up)": "1037 / 1347"}
_LIMIT_S: Final = 10.0
_GONE_S: Final = 1.2
"""After a goodbye: whoever comes next is not answered out of turn."""


@dataclass(frozen=True)
class Start:
    """A way to announce: its title, and the command that is started. `daemon`: it is up before, with its host name."""

    title: str
    command: Callable[[Node, Path], Sequence[str]]
    need: Need = "nothing"
    daemon: bool = False
    ours: bool = False


def _avahi(node: Node, _: Path) -> Sequence[str]:
    words = foreign("avahi", node.address)
    port, name, *txt = words[words.index("publish") + 2 :]
    return ["avahi", "avahi-publish", "-s", name, "_aiseg._tcp", port, *txt]


STARTS: Final[Mapping[str, Start]] = {
    "emulator": Start("aiseg emulator", lambda _, folder: emulator(folder), ours=True),
    "avahi_publish": Start("avahi-publish, daemon up", _avahi, "avahi", daemon=True),
    "zeroconf_publish": Start("python-zeroconf script", lambda node, _: foreign("zeroconf", node.address)),
}


@dataclass
class Started:
    """Milliseconds to the first announcement, and what was wrong with the probing, by who started."""

    took_ms: dict[str, list[float | None]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)

    def series(self, name: str) -> Series:
        """Return the figures of one."""
        return Series(tuple(self.took_ms[name]))


class Starting:
    """A home in which gateways are started in turn: `open` builds it, `run` does so, `close` tears it down."""

    def __init__(self, folder: Path, course: Course) -> None:
        self._folder = folder
        self._course = course
        self._open = ExitStack()
        self.measured = Started()

    def open(self) -> None:
        """Build the home."""
        home = self._open.enter_context(Home(Plan(), seed=self._course.seed))
        self._gateway = home.gateway
        self._ear = self._open.enter_context(wire.ear(home.neighbour))
        self._talks = {name: self._launcher(start) for name, start in STARTS.items() if self._is_here(start)}

    def close(self) -> None:
        """End all of it."""
        self._open.close()

    def run(self) -> None:
        """Start everybody in turn; warming up makes what a first start makes (identity, caches)."""
        for run in (*range(-self._course.warming, 0), *self._course.runs):
            for name, talk in self._talks.items():
                if self._course.over.is_set():
                    return
                talk.ask("prepare", _LIMIT_S)
                with self._course.machine:
                    heard, took_ms = self._start(talk)
                talk.ask("stop", 2 * _LIMIT_S)
                if run >= 0:
                    self._note(name, heard, took_ms)
                    self._course.tell()
                time.sleep(_GONE_S)

    def _is_here(self, start: Start) -> bool:
        return start.need not in self._course.here.absent

    def _launcher(self, start: Start) -> Talk:
        command = start.command(self._gateway, self._folder)
        launcher = (sys.executable, "-m", "benchmarks.discovery.peers.launched", *command)
        talk = Talk(self._open.enter_context(self._gateway.running(*launcher, env=surroundings())))
        talk.hear(_LIMIT_S)
        return talk

    def _start(self, talk: Talk) -> tuple[list[wire.Heard], float | None]:
        wire.drain(self._ear)
        started_at = talk.ask("start", _LIMIT_S)["at"]
        heard = []
        for each in wire.listen(self._ear, self._gateway.address, _LIMIT_S):
            heard.append(each)
            if each.announces:
                return heard, (each.at - started_at) * 1000
        return heard, None

    def _note(self, name: str, heard: Sequence[wire.Heard], took_ms: float | None) -> None:
        self.measured.took_ms.setdefault(name, []).append(took_ms)
        faults = self.measured.faults.setdefault(name, [])
        if took_ms is not None:
            faults.extend(
                fault for fault in wire.faults(heard, host_too=not STARTS[name].daemon) if fault not in faults
            )
