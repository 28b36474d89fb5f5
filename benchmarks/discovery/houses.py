"""Seconds to build a home and to tear it down."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from benchmarks.discovery.figures import Series
from lab.home import Home
from lab.network.plan import Plan


@dataclass
class Houses:
    """Milliseconds of each building and tearing down."""

    built_ms: list[float] = field(default_factory=list)
    gone_ms: list[float] = field(default_factory=list)

    @property
    def built(self) -> Series:
        """To build one."""
        return Series(tuple(self.built_ms))

    @property
    def gone(self) -> Series:
        """To tear it down."""
        return Series(tuple(self.gone_ms))


def build_and_tear_down(runs: int, machine: Lock, tell: Callable[[], None]) -> Houses:
    """Do both so many times, with the default home: gateway, phone, neighbour, cloud."""
    houses = Houses()
    for run in range(runs):
        with machine:
            started = time.monotonic()
            with Home(Plan(), seed=run):
                built = time.monotonic()
            gone = time.monotonic()
        houses.built_ms.append((built - started) * 1000)
        houses.gone_ms.append((gone - built) * 1000)
        tell()
    return houses
