"""What happens on the way through the air or over a bad wire: lost, late, twice, in another order, too slow."""

import random
from typing import Annotated, Final

from pydantic import Field

from lab.conditions.condition import (
    Condition,
    FrameCondition,
    Milliseconds,
    Node,
    Party,
    Seconds,
    Share,
)
from lab.conditions.doing import Doing
from lab.network.crossing import DROPPED, Copy, Crossing, Fate

_MS: Final = 1000
_BITS: Final = 8


class Queue:
    """Keeps what goes one way in its order: nothing leaves before what came earlier."""

    def __init__(self) -> None:
        self._free_at: dict[tuple[str, str], float] = {}

    def behind(self, crossing: Crossing) -> float:
        """Return how long (s) what came earlier still takes."""
        return max(0.0, self._free_at.get((crossing.source, crossing.target), crossing.at) - crossing.at)

    def wait(self, crossing: Crossing, seconds: float) -> Fate:
        """Let it leave in so many seconds, or right after what came earlier."""
        held = max(seconds, self.behind(crossing))
        self._free_at[crossing.source, crossing.target] = crossing.at + held
        return crossing.held(held)


class Loss(FrameCondition):
    """Frames are lost, whatever they are."""

    p: Share = 0.3
    on: Party = None

    def touch(self, crossing: Crossing, dice: random.Random) -> Fate:
        """Throw for every frame."""
        return DROPPED if crossing.concerns(self.on) and dice.random() < self.p else None


class MulticastLost(FrameCondition):
    """Frames for a group are lost; what is sent to one machine or broadcast is not."""

    p: Share = 1.0
    on: Party = None

    def touch(self, crossing: Crossing, dice: random.Random) -> Fate:
        """Throw for every frame to a group."""
        concerned = crossing.frame.is_multicast and crossing.concerns(self.on)
        return DROPPED if concerned and dice.random() < self.p else None


class Delay(Condition):
    """Everything takes longer, but stays in its order."""

    ms: Milliseconds = 50.0
    jitter: Milliseconds = 0.0
    on: Party = None

    def begin(self, doing: Doing) -> None:
        """Hold every frame back."""
        doing.rule(_Delaying(self))


class _Delaying:
    def __init__(self, delay: Delay) -> None:
        self._delay = delay
        self._queue = Queue()

    def touch(self, crossing: Crossing, dice: random.Random) -> Fate:
        if not crossing.concerns(self._delay.on):
            return None
        jitter = dice.uniform(-self._delay.jitter, self._delay.jitter) if self._delay.jitter else 0.0
        return self._queue.wait(crossing, max(0.0, self._delay.ms + jitter) / _MS)


class Reorder(FrameCondition):
    """Some frames are overtaken by those behind them."""

    p: Share = 0.3
    ms: Milliseconds = 20.0
    on: Party = None

    def touch(self, crossing: Crossing, dice: random.Random) -> Fate:
        """Hold some back, and let the others pass."""
        late = crossing.concerns(self.on) and dice.random() < self.p
        return crossing.held(self.ms / _MS) if late else None


class Duplicate(FrameCondition):
    """Some frames come twice."""

    p: Share = 0.3
    on: Party = None

    def touch(self, crossing: Crossing, dice: random.Random) -> Fate:
        """Let some pass twice."""
        twice = crossing.concerns(self.on) and dice.random() < self.p
        return (Copy(crossing.frame), Copy(crossing.frame)) if twice else None


class Rate(Condition):
    """Only so much passes each way; what cannot wait any more is lost."""

    kbps: Annotated[float, Field(ge=1, le=1_000_000)] = 500.0
    buffer_ms: Milliseconds = 500.0
    on: Party = None

    def begin(self, doing: Doing) -> None:
        """Let frames queue."""
        doing.rule(_Queueing(self))


class _Queueing:
    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._queue = Queue()

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        if not crossing.concerns(self._rate.on):
            return None
        behind = self._queue.behind(crossing)
        if behind > self._rate.buffer_ms / _MS:
            return DROPPED
        takes = len(crossing.frame.data) * _BITS / (self._rate.kbps * 1000)
        return self._queue.wait(crossing, behind + takes)


class WifiAir(Condition):
    """A station that saves power: multicast to it waits for the beacon and is often lost; everything takes its time."""

    p: Share = 0.5
    dtim_ms: Milliseconds = 102.4
    least_ms: Milliseconds = 2.0
    most_ms: Milliseconds = 4.0
    broadcast: bool = False
    on: Node = "phone"

    def begin(self, doing: Doing) -> None:
        """Let the access point behave so."""
        doing.rule(_AccessPoint(self))


class _AccessPoint:
    def __init__(self, air: WifiAir) -> None:
        self._air = air
        self._queue = Queue()

    def touch(self, crossing: Crossing, dice: random.Random) -> Fate:
        air = self._air
        if not crossing.concerns(air.on):
            return None
        frame = crossing.frame
        for_many = frame.is_group if air.broadcast else frame.is_multicast
        if for_many and crossing.nodes[1] == air.on:
            return DROPPED if dice.random() < air.p else crossing.held(self._until_beacon(crossing.at))
        return self._queue.wait(crossing, dice.uniform(air.least_ms, air.most_ms) / _MS)

    def _until_beacon(self, at: float) -> float:
        every = self._air.dtim_ms / _MS
        return every - at % every if every else 0.0


class WifiDrops(Condition):
    """A machine's Wi-Fi is gone for a while."""

    s: Seconds = 5.0
    on: Node = "phone"

    @property
    def lasts_s(self) -> float:
        """As long as was asked for."""
        return self.s

    def begin(self, doing: Doing) -> None:
        """Take its carrier."""
        doing.claim("carrier", self.on, False)


CONDITIONS: Final[tuple[type[Condition], ...]] = (
    MulticastLost,
    Loss,
    Delay,
    Reorder,
    Duplicate,
    Rate,
    WifiAir,
    WifiDrops,
)
