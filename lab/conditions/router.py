"""What goes wrong in the router, behind it, and with the services behind it."""

import random
from collections.abc import Callable
from typing import Annotated, Final, Literal

from pydantic import Field

from lab.conditions.condition import Condition, FrameCondition, Node, Seconds
from lab.conditions.damage import truncated, without_additional
from lab.conditions.doing import Doing
from lab.network import names, reflector
from lab.network.crossing import DROPPED, Crossing, Fate
from lab.network.frames import IPV4, Frame, frame, udp4
from lab.network.local import refusal
from lab.network.plan import CARRIER, HOME_ROUTER, OWN_ROUTERS, node_of

_UPLINK: Final = HOME_ROUTER.port(HOME_ROUTER.wan)
_SERVED: Final = tuple(port for port in OWN_ROUTERS.values() if node_of(port) != CARRIER.name)
"""The ports where somebody in the home asks for names."""
_AT_HOME: Final = ("home", "guest")


class Dark:
    """Nothing passes on the segments of a router that is off; `over`: it is on again."""

    def __init__(self) -> None:
        self.over = False

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Drop everything there."""
        return DROPPED if not self.over and crossing.segment in _AT_HOME else None


def switch_router_off(doing: Doing) -> Callable[[], None]:
    """Switch the router off, its switch and access point with it; return what switches it on again before the end."""
    network, dark = doing.network, Dark()
    doing.rule(dark)
    doing.claim("router", HOME_ROUTER.name, False)
    connected = [node for node in network.plan.hosts if network.segment_of(node) in _AT_HOME]
    for node in connected:
        doing.claim("carrier", node, False)

    def switch_on() -> None:
        dark.over = True
        doing.release("router", HOME_ROUTER.name)
        for node in connected:
            doing.release("carrier", node)

    return switch_on


class RouterReboots(Condition):
    """The router with its switch and access point starts again; it forgets what it knew."""

    s: Seconds = 30.0

    @property
    def lasts_s(self) -> float:
        """As long as was asked for."""
        return self.s

    def begin(self, doing: Doing) -> None:
        """Switch it off."""
        switch_router_off(doing)


class UplinkDown(FrameCondition):
    """Nothing passes between the home and the internet, and the router cannot look up names."""

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Drop what crosses the uplink, and the router's silence about names."""
        if _UPLINK in (crossing.source, crossing.target):
            return DROPPED
        return DROPPED if _is_question_of_name(crossing) else None


class CloudDown(FrameCondition):
    """The cloud's machine is there, but no connection to it works."""

    how: Literal["refused", "silent"] = "refused"
    on: Node = "cloud"

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Refuse connections, or drop them."""
        tcp = crossing.concerns(self.on) and crossing.frame.tcp is not None
        return _refused(crossing, self.how) if tcp else None


class BrokerDown(FrameCondition):
    """The cloud's MQTT broker is down, and nothing else of it."""

    how: Literal["refused", "silent"] = "refused"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    on: Node = "cloud"

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Refuse connections to its port, and end those that there are."""
        tcp = crossing.frame.tcp if crossing.concerns(self.on) else None
        if tcp is None:
            return None
        port = tcp.dport if crossing.nodes[1] == self.on else tcp.sport
        return _refused(crossing, self.how) if port == self.port else None


class DnsBroken(FrameCondition):
    """The router's name service gives no answer, or says that it failed."""

    how: Literal["silent", "servfail"] = "silent"

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Take the questions to it away."""
        if not _is_question_of_name(crossing):
            return None
        failure = names.failure(_message(crossing.frame)) if self.how == "servfail" else None
        return crossing.answered(_answer_to(crossing.frame, failure)) if failure else DROPPED


class MtuBlackhole(FrameCondition):
    """Packets above a size vanish on the uplink, and nobody says so."""

    mtu: Annotated[int, Field(ge=576, le=1499)] = 1400

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Drop what is too big."""
        packet = crossing.frame.ip if _UPLINK in (crossing.source, crossing.target) else None
        return DROPPED if packet is not None and len(packet) > self.mtu else None


class Reflector(Condition):
    """A machine is on the guest segment, and the router repeats mDNS between that and the home."""

    routed: bool = True
    keep_source: bool = False
    on: Node = "phone"

    def begin(self, doing: Doing) -> None:
        """Move the machine, and let the router repeat."""
        doing.claim("segment", self.on, "guest")
        router, number = doing.network.router, doing.number
        legs = router.leg("home"), router.leg("guest")
        router.reflectors[number] = reflector.Reflector(*legs, keep_source=self.keep_source)
        doing.at_end(lambda: router.reflectors.pop(number))
        if self.routed:
            router.joined[number] = frozenset(_AT_HOME)
            doing.at_end(lambda: router.joined.pop(number))


class ReflectorDamaged(Reflector):
    """The words of the other segment come damaged."""

    how: Literal["no_additional", "truncated"] = "no_additional"
    bytes_left: Annotated[int, Field(ge=0, le=1500)] = 100

    def begin(self, doing: Doing) -> None:
        """Move the machine, let the router repeat, and damage what it repeats."""
        super().begin(doing)
        doing.rule(self)

    def touch(self, crossing: Crossing, _: random.Random) -> Fate:
        """Damage mDNS from the router."""
        if crossing.nodes[0] != HOME_ROUTER.name or not crossing.frame.is_mdns:
            return None
        damaged = (
            truncated(crossing.frame, self.bytes_left)
            if self.how == "truncated"
            else without_additional(crossing.frame)
        )
        return crossing.changed(damaged) if damaged else None


def _is_question_of_name(crossing: Crossing) -> bool:
    udp = crossing.frame.udp if crossing.target in _SERVED else None
    return udp is not None and udp.dport == names.PORT


def _message(asked: Frame) -> bytes:
    return bytes(asked.udp.data) if asked.udp is not None else b""


def _refused(crossing: Crossing, how: str) -> Fate:
    reset = refusal(crossing.frame.ip) if how == "refused" else None
    return crossing.answered(_back(crossing.frame, reset)) if reset else DROPPED


def _answer_to(asked: Frame, response: bytes) -> bytes:
    packet = asked.ip
    if asked.type == IPV4 and packet is not None:
        return _back(asked, udp4(packet.dst, packet.src, names.PORT, packet.data.sport, response))
    return asked.data


def _back(asked: Frame, packet: object) -> bytes:
    return frame(asked.source, asked.target, asked.type, packet)


CONDITIONS: Final[tuple[type[Condition], ...]] = (
    RouterReboots,
    UplinkDown,
    DnsBroken,
    MtuBlackhole,
    CloudDown,
    BrokerDown,
    Reflector,
    ReflectorDamaged,
)
