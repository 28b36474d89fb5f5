"""Hands that lay hold of nothing but a network without a kernel, and remember what they did."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lab.conditions.active import Active, Argument
from lab.conditions.register import Register
from lab.network.network import Network
from protocol.problems import CANNOT_RUN_HERE, Problem
from tests.lab.network.machines import Lab

Did = tuple[str | float | bool, ...]


@dataclass
class FakeHands:
    """`did` is what was done to machines, `lacks` what this machine lacks."""

    lab: Lab
    did: list[Did] = field(default_factory=list)
    lacks: set[str] = field(default_factory=set)
    states: dict[tuple[str, str], str | float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.register = Register(self, self.now)
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._programs = 0
        self.running: dict[int, Did] = {}

    @property
    def network(self) -> Network:
        return self.lab.network

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=self.lab.now)

    def begin(self, name: str, ttl_s: float | None = None, **args: Argument) -> Active:
        return self.register.begin(name, args, ttl_s)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and do what was to be done later."""
        end = self.lab.now + seconds
        while due := [each for each in self._later if each[0] <= end]:
            first = min(due, key=lambda each: each[0])
            self._later.remove(first)
            self.lab.later(max(0.0, first[0] - self.lab.now))
            first[1]()
        self.lab.later(end - self.lab.now)

    def carrier(self, node: str, up: bool) -> None:
        self._do("carrier", node, up)

    def join(self, node: str, segment: str) -> None:
        self.lab.network.plug(node, segment)
        self._do("join", node, segment)

    def readdress(self, node: str, address: str) -> None:
        self._do("readdress", node, address)

    def ipv4(self, node: str, on: bool) -> None:
        self._do("ipv4", node, on)

    def ipv6(self, node: str, on: bool) -> None:
        self._do("ipv6", node, on)

    def second_nic(self, node: str, segment: str) -> None:
        self.lab.network.plug(f"{node}.eth1", segment)
        self._do("second_nic", node, segment)

    def remove_second_nic(self, node: str) -> None:
        self.lab.network.unplug(f"{node}.eth1")
        self._do("second_nic", node, "")

    def tunnel(self, node: str, on: bool) -> None:
        if "tunnel" in self.lacks:
            raise Problem(CANNOT_RUN_HERE, what="/dev/net/tun")
        self._do("tunnel", node, on)

    def power(self, node: str, on: bool) -> None:
        self._do("power", node, on)
        self.states["carrier", node] = on

    def start(self, node: str, *argv: str) -> int:
        self._programs += 1
        self.running[self._programs] = (node, *argv[2:])
        return self._programs

    def stop(self, number: int) -> None:
        del self.running[number]

    def clock(self, node: str, ahead_s: float) -> None:
        self._do("clock", node, ahead_s)

    def later(self, in_s: float, act: Callable[[], None]) -> None:
        self._later.append((self.lab.now + in_s, act))

    def _do(self, what: str, node: str, value: str | float | bool) -> None:
        self.did.append((what, node, value))
        self.states[what, node] = value


def snapshot(hands: FakeHands) -> object:
    """Return all that a condition could have changed."""
    network = hands.network
    router = network.router
    return (
        [str(each) for each in network.conditions],
        {
            segment: sorted(network.switch(segment).ports)
            for segment in ("home", "guest", "inner", "mobile", "internet")
        },
        dict(router.reflectors),
        dict(router.joined),
        dict(hands.running),
        network.due == float("inf"),
    )
