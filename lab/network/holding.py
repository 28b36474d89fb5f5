"""Frames that are held back, in the order in which they are due."""

import heapq
import itertools
from typing import Final, NamedTuple

from lab.network.rules import Outcome
from lab.network.switch import Switch

MOST: Final = 10_000
"""Frames; what comes when so many wait is lost, as it is where a queue is full."""
NEVER: Final = float("inf")
_NOW: Final = float("-inf")


class Way(NamedTuple):
    """From one port to another by a switch, and when it began."""

    switch: Switch
    source: str
    target: str
    now: float

    @property
    def back(self) -> "Way":
        """The way in the other direction."""
        return Way(self.switch, self.target, self.source, self.now)


class Held(NamedTuple):
    """A frame on its way, and what was made of it."""

    outcome: Outcome
    way: Way

    def is_held_by(self, number: int) -> bool:
        """Say whether the condition with this number had a hand in it."""
        return any(rule.number == number for rule in self.outcome.touched)


class Holding:
    """What waits. Frames that are due at one moment leave in the order they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Held]] = []
        self._order = itertools.count()

    @property
    def due(self) -> float:
        """When the next frame has to leave; never, if none waits."""
        return self._heap[0][0] if self._heap else NEVER

    def add(self, due: float, held: Held) -> bool:
        """Let a frame wait until `due`; say whether there was room."""
        if len(self._heap) >= MOST:
            return False
        heapq.heappush(self._heap, (due, next(self._order), held))
        return True

    def due_at(self, now: float) -> list[Held]:
        """Return the frames that leave now."""
        leaving = []
        while self._heap and self._heap[0][0] <= now:
            leaving.append(heapq.heappop(self._heap)[2])
        return leaving

    def release(self, number: int) -> None:
        """Let the frames that a condition holds leave as soon as they can, in their order: it has ended."""
        waiting = sorted(self._heap)
        self._heap = [
            (_NOW if held.is_held_by(number) else due, order, held)
            for order, (due, _, held) in enumerate(waiting)
        ]
        self._order = itertools.count(len(waiting))
        heapq.heapify(self._heap)
