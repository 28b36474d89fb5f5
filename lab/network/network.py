"""The network of a home: every frame's way from the port it comes in by to those it goes out by."""

import itertools
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Protocol

from lab.network.crossing import Copy, Crossing, Rule, has_radio
from lab.network.frames import SHORTEST, Frame
from lab.network.holding import Held, Holding, Way
from lab.network.outgoing import Outgoing
from lab.network.plan import HOME_ROUTER, ROUTERS, SECOND_ROUTER, SEGMENTS, Plan, node_of
from lab.network.router import Router
from lab.network.rules import ActiveRule, Done, Outcome, outcomes
from lab.network.switch import Switch

MOST_AT_ONCE: Final = 10_000
"""Frames that one frame may lead to: a guard against a loop, which no sound plan has."""


class Traced(NamedTuple):
    """What became of a frame at one crossing, for the capture: `rule` names who had a hand in it."""

    at: float
    data: bytes
    source: str
    target: str
    rule: str | None
    fate: Done


class Device(Protocol):
    """A machine that lives in the network itself: a router, or one a condition brings."""

    @property
    def ports(self) -> Iterable[tuple[str, str]]:
        """Its ports, each with its segment."""

    @property
    def due(self) -> float:
        """When `wake` has something to do."""

    def receive(self, port: str, frame: Frame, now: float) -> Iterable[Outgoing]:
        """Take in a frame; return frames to send, with the port each goes out by."""

    def wake(self, now: float) -> Iterable[Outgoing]:
        """Return frames whose moment has come."""


def _nobody(_: Traced) -> None:
    """Tell nobody."""


class Network:
    """Tell it what comes in (`now` in monotonic seconds), send what it returns, and `wake` it when it is `due`.

    `due` may have changed after every call, and after a condition has begun or ended.
    """

    def __init__(self, plan: Plan, seed: int, trace: Callable[[Traced], None] = _nobody) -> None:
        self.plan = plan
        self.seed = seed
        self._trace = trace
        self._rules: list[ActiveRule] = []
        self._holding = Holding()
        self._switches = {name: Switch(name) for name in SEGMENTS}
        self._segments: dict[str, str] = {}
        self._devices: dict[str, Device] = {}
        self._home_of: dict[str, Device] = {}
        self.routers = {each.name: Router(each, plan.names) for each in ROUTERS}
        for name, router in self.routers.items():
            if name != SECOND_ROUTER.name:  # there is one only where a condition brings it
                self.add_device(name, router)

    @property
    def router(self) -> Router:
        """The router of the home."""
        return self.routers[HOME_ROUTER.name]

    @property
    def conditions(self) -> tuple[ActiveRule, ...]:
        """The active rules, in the order they began."""
        return tuple(self._rules)

    @property
    def due(self) -> float:
        """When `wake` has something to do; infinity when nothing waits."""
        return min(self._holding.due, *(each.due for each in self._devices.values()))

    def segment_of(self, port: str) -> str | None:
        """Return where `port` is plugged in."""
        return self._segments.get(port)

    def switch(self, segment: str) -> Switch:
        """Return the switch of a segment."""
        return self._switches[segment]

    def plug(self, port: str, segment: str) -> None:
        """Plug `port` in, wherever it was before."""
        self.unplug(port)
        self._switches[segment].plug(port)
        self._segments[port] = segment

    def unplug(self, port: str) -> None:
        """Pull `port` out, if it is plugged in."""
        if segment := self._segments.pop(port, None):
            self._switches[segment].unplug(port)

    def add_device(self, name: str, device: Device) -> None:
        """Let a machine move in that lives in here."""
        self._devices[name] = device
        for port, segment in device.ports:
            self._home_of[port] = device
            self.plug(port, segment)

    def remove_device(self, name: str) -> None:
        """Let it move out again."""
        for port, _ in self._devices.pop(name).ports:
            del self._home_of[port]
            self.unplug(port)

    def add_rule(self, number: int, name: str, rule: Rule) -> None:
        """Let `rule` touch every crossing from now on, after those that are active already."""
        taken = {each.place for each in self._rules}
        place = next(each for each in itertools.count(1) if each not in taken)
        self._rules.append(ActiveRule(number, name, rule, self.seed, place))

    def remove_rules(self, number: int) -> None:
        """End the rules of a condition; what they hold back leaves at the next `wake`."""
        self._rules = [each for each in self._rules if each.number != number]
        self._holding.release(number)

    def forget(self, segments: Iterable[str]) -> None:
        """Let the switches of `segments` forget what they have learnt."""
        for each in segments:
            self._switches[each].forget()

    def receive(self, port: str, data: bytes, now: float) -> list[Outgoing]:
        """Take in a frame that the machine at `port` has sent; return what has to be sent at once."""
        return self._carried([Outgoing(port, data)], self.wake(now) if self.due <= now else [], now)

    def wake(self, now: float) -> list[Outgoing]:
        """Return the frames whose moment has come."""
        going: list[Outgoing] = []
        for held in self._holding.due_at(now):
            self._carried(self._arrive(held, now, going), going, now)
        for device in tuple(self._devices.values()):
            if device.due <= now:
                self._carried(device.wake(now), going, now)
        return going

    def _carried(self, frames: Iterable[Outgoing], going: list[Outgoing], now: float) -> list[Outgoing]:
        """Carry `frames` and all that they lead to; add what goes out of the network to `going`."""
        todo = deque(frames)
        for _ in range(MOST_AT_ONCE):
            if not todo:
                break
            port, data = todo.popleft()
            switch = self._switches.get(self._segments.get(port, ""))
            if switch is None or len(data) < SHORTEST:
                continue
            frame = Frame(data)
            switch.learn(port, frame, now)
            for target in switch.targets(port, frame, now):
                todo.extend(self._cross(Way(switch, port, target, now), frame, self._rules, going))
        return going

    def _cross(
        self, way: Way, frame: Frame, rules: list[ActiveRule], going: list[Outgoing]
    ) -> list[Outgoing]:
        """Take a frame from one port to another, past `rules`; return what that leads to."""
        if not rules:
            return self._arrive(Held(Outcome(Copy(frame)), way), way.now, going)
        todo: list[Outgoing] = []
        for outcome in outcomes(rules, self._crossing(way, frame)):
            held = Held(outcome, way)
            if outcome.copy.back:
                others = [rule for rule in rules if rule not in outcome.touched]
                todo += self._cross(way.back, outcome.copy.frame, others, going)
            elif outcome.done == "dropped":
                self._tell(held, way.now, "dropped")
            elif outcome.copy.held_s <= 0:
                todo += self._arrive(held, way.now, going)
            elif not self._holding.add(way.now + outcome.copy.held_s, held):
                self._tell(held, way.now, "dropped")
        return todo

    def _crossing(self, way: Way, frame: Frame) -> Crossing:
        hosts, segment = self.plan.hosts, way.switch.segment
        return Crossing(
            frame,
            way.source,
            way.target,
            way.switch,
            way.now,
            from_radio=has_radio(hosts.get(node_of(way.source)), segment),
            to_radio=has_radio(hosts.get(node_of(way.target)), segment),
        )

    def _arrive(self, held: Held, now: float, going: list[Outgoing]) -> list[Outgoing]:
        """Hand a frame over at the end of its crossing; return what it leads to."""
        target, frame = held.way.target, held.outcome.copy.frame
        if target not in held.way.switch.ports:
            self._tell(held, now, "dropped")  # the machine has gone while the frame was held back
            return []
        self._tell(held, now, held.outcome.done)
        if device := self._home_of.get(target):
            return list(device.receive(target, frame, now))
        going.append(Outgoing(target, frame.data))
        return []

    def _tell(self, held: Held, now: float, fate: Done) -> None:
        data, way = held.outcome.copy.frame.data, held.way
        self._trace(Traced(now, data, way.source, way.target, held.outcome.rule, fate))
