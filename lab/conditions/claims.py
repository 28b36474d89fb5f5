"""The state of machines when several conditions want to change it: the last one counts, and each may go in any order."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Final, NamedTuple, TypeAlias

from lab.conditions.hands import Hands
from lab.network.plan import CARRIER, HOME_ROUTER, OWN_ROUTERS, node_of

Value: TypeAlias = str | float | bool | None


class Thing(NamedTuple):
    """What can be claimed: the `carrier` of the `phone`."""

    what: str
    node: str


_ANEW: Final[Mapping[str, tuple[str, ...]]] = {
    "power": ("carrier",),
    "segment": ("power", "carrier", "address", "ipv4", "ipv6"),
    "second_nic": ("power", "carrier", "ipv6"),
}
"""What has to be said again when something else was changed, because the change may have undone it."""

_USUAL: Final[Mapping[str, Value]] = {
    "power": True,
    "carrier": True,
    "address": False,  # not changed
    "ipv4": True,
    "ipv6": True,
    "second_nic": None,  # on no segment
    "tunnel": False,
    "clock": 0.0,  # seconds ahead
}


class Claims:
    """Who wants what of each thing. Machines are only told of what changes for them."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._claims: dict[Thing, dict[int, Value]] = {}
        self._tell: Mapping[str, Callable[[str, Value], None]] = {
            "power": lambda node, value: hands.power(node, bool(value)),
            "carrier": self._tell_carrier,
            "segment": lambda node, value: hands.join(node, str(value)),
            "address": self._tell_address,
            "ipv4": lambda node, value: hands.ipv4(node, bool(value)),
            "ipv6": lambda node, value: hands.ipv6(node, bool(value)),
            "second_nic": self._tell_second_nic,
            "tunnel": lambda node, value: hands.tunnel(node, bool(value)),
            "clock": lambda node, value: hands.clock(node, float(value or 0)),
            "router": self._tell_router,
        }

    def value(self, thing: Thing) -> Value:
        """Return what counts now."""
        claims = self._claims.get(thing)
        return next(reversed(claims.values())) if claims else self._usual(thing)

    def address(self, node: str) -> IPv4Address:
        """Return the IPv4 address that a machine has now."""
        segment, changed = (self.value(Thing(what, node)) for what in ("segment", "address"))
        return self._hands.network.plan.address(node, str(segment), changed=bool(changed)).ip

    def claim(self, number: int, thing: Thing, value: Value) -> None:
        """Let `thing` be so for as long as the condition with this number claims it."""
        before = self.value(thing)
        self._claims.setdefault(thing, {})[number] = value
        try:
            self._changed(thing, before)
        except BaseException:
            self._forget(number, thing)
            raise

    def release(self, number: int, thing: Thing) -> None:
        """Let `thing` be as the others want it, or as it is usually."""
        before = self.value(thing)
        if self._forget(number, thing):
            self._changed(thing, before)

    def _forget(self, number: int, thing: Thing) -> bool:
        claims = self._claims.get(thing, {})
        known = number in claims
        claims.pop(number, None)
        if not claims:
            self._claims.pop(thing, None)
        return known

    def _usual(self, thing: Thing) -> Value:
        if thing.what == "segment":
            return self._hands.network.plan.hosts[thing.node].segment
        if thing.what == "router":
            return thing.node in (HOME_ROUTER.name, CARRIER.name)
        return _USUAL[thing.what]

    def _changed(self, thing: Thing, before: Value) -> None:
        value = self.value(thing)
        if value == before:
            return
        self._tell[thing.what](thing.node, value)
        for what in _ANEW.get(thing.what, ()):
            other = Thing(what, thing.node)
            if other in self._claims:
                self._tell[what](thing.node, self.value(other))

    def _tell_carrier(self, node: str, value: Value) -> None:
        if not value or self.value(Thing("power", node)):  # with the power comes the carrier
            self._hands.carrier(node, bool(value))

    def _tell_address(self, node: str, _: Value) -> None:
        self._hands.readdress(node, str(self.address(node)))

    def _tell_second_nic(self, node: str, value: Value) -> None:
        port = f"{node}.eth1"
        if self._hands.network.segment_of(port):
            self._hands.remove_second_nic(node)
        if value:
            self._hands.second_nic(node, str(value))

    def _tell_router(self, name: str, value: Value) -> None:
        network = self._hands.network
        router = network.routers[name]
        if value:
            network.add_device(name, router)
            return
        network.remove_device(name)
        router.forget()
        network.forget(segment for segment, port in OWN_ROUTERS.items() if node_of(port) == name)
