"""Racers as processes, each with a registry of its own on the same store."""

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from threading import Barrier
from typing import Any, Final

import cloud.pepper
from cloud.registry import open_registry
from tests.cloud.actors import LATEST, World
from tests.cloud.hashing import CHEAP
from tests.cloud.registry.racing import WAIT_S, Outcomes, Racers, run_acts

LANES: Final = 3


class Processes:
    """A few processes that wait for races; a race of fewer leaves some of them idle."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._start = context.Barrier(LANES)
        self._lanes = []
        for _ in range(LANES):
            ours, theirs = context.Pipe()
            process = context.Process(target=_lane, args=(self._start, theirs), daemon=True)
            process.start()
            theirs.close()
            self._lanes.append((process, ours))

    @contextmanager
    def on(self, world: World) -> Iterator[None]:
        """Have each of them open the store of `world` for a block."""
        self._ask([(world.folder, LATEST, world.postgresql)] * LANES)
        yield
        self._ask([None] * LANES)

    def __call__(self, racers: Racers) -> Outcomes:
        return tuple(self._ask([*racers, *([()] * (LANES - len(racers)))])[: len(racers)])

    def close(self) -> None:
        for process, lane in self._lanes:
            lane.send(None)
            process.join(WAIT_S)
            lane.close()

    def _ask(self, orders: Sequence[Any]) -> list[Any]:
        for (_, lane), order in zip(self._lanes, orders, strict=True):
            lane.send(order)
        for _, lane in self._lanes:
            assert lane.poll(WAIT_S), "a racer has stopped"
        return [lane.recv() for _, lane in self._lanes]


def _lane(start: Barrier, orders: Connection) -> None:
    """Open one store after the other, and run races there, until told that there is none."""
    vars(cloud.pepper)["_HASHER"] = CHEAP
    while (opening := orders.recv()) is not None:
        with closing(open_registry(*opening)) as registry:
            orders.send("opened")
            while (acts := orders.recv()) is not None:
                start.wait(WAIT_S)
                orders.send(run_acts(registry, acts))
        orders.send("closed")
