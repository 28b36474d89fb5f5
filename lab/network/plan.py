"""Who is in the home, and where: segments, machines, routers and all their addresses. Data only."""

import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from types import MappingProxyType
from typing import Final

CLOUD_NAME: Final = "cloud.home.test"
"""The name by which the routers' DNS knows the cloud."""
MOST_NEIGHBOURS: Final = 20
_FIRST_NEIGHBOUR: Final = 40
_FIRST_EXTRA: Final = 60
_LAST_EXTRA: Final = 99
"""The last part of a machine's address: 100 more is what it gets when its address changes."""
_NODE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,30}")


@dataclass(frozen=True)
class Segment:
    """One network on which everybody hears everybody; `air`: by radio, for those that have one."""

    name: str
    network: IPv4Network
    router: IPv4Address | None
    air: bool = True
    network6: IPv6Network | None = None


@dataclass(frozen=True)
class Host:
    """A machine: the segment where it belongs, and the last part of its address, the same everywhere."""

    name: str
    segment: str
    number: int
    radio: bool


@dataclass(frozen=True)
class RouterLeg:
    """One interface of a router: its port is called `router.segment`."""

    segment: str
    address: IPv4Interface
    address6: IPv6Interface | None
    mac: bytes


@dataclass(frozen=True)
class RouterPlan:
    """A router: it translates from its other legs to the one called `wan`, and sends there what it knows no better for."""

    name: str
    legs: tuple[RouterLeg, ...]
    wan: str
    gateway: IPv4Address | None = None

    def port(self, segment: str) -> str:
        """Return the name of its port on `segment`."""
        return f"{self.name}.{segment}"


def _segment(
    name: str, network: str, *, router: bool = True, air: bool = True, network6: str | None = None
) -> Segment:
    net = IPv4Network(network)
    return Segment(name, net, net[1] if router else None, air, IPv6Network(network6) if network6 else None)


SEGMENTS: Final = MappingProxyType(
    {
        each.name: each
        for each in (
            _segment("home", "192.168.0.0/24", network6="fd00:5::/64"),
            _segment("guest", "192.168.5.0/24"),
            _segment("inner", "192.168.10.0/24"),
            _segment("mobile", "100.64.0.0/16"),
            _segment("internet", "203.0.113.0/24", router=False, air=False),
        )
    }
)


def _router(number: int, name: str, wan: str, gateway: IPv4Address | None, **hosts: int) -> RouterPlan:
    legs = []
    for position, (segment, host) in enumerate(hosts.items()):
        where = SEGMENTS[segment]
        address = IPv4Interface((where.network[host], where.network.prefixlen))
        own6 = IPv6Interface((where.network6[host], where.network6.prefixlen)) if where.network6 else None
        legs.append(RouterLeg(segment, address, own6, bytes((2, 5, 1, number, 0, position))))
    return RouterPlan(name, tuple(legs), wan, gateway)


HOME_ROUTER: Final = _router(1, "router", "internet", None, home=1, guest=1, internet=2)
SECOND_ROUTER: Final = _router(2, "second_router", "home", SEGMENTS["home"].router, inner=1, home=2)
CARRIER: Final = _router(3, "carrier", "internet", None, mobile=1, internet=3)
ROUTERS: Final = (HOME_ROUTER, SECOND_ROUTER, CARRIER)
OWN_ROUTERS: Final = MappingProxyType(
    {
        leg.segment: router.port(leg.segment)
        for router in ROUTERS
        for leg in router.legs
        if SEGMENTS[leg.segment].router == leg.address.ip
    }
)
"""For each segment that has one, the port of the router that is also its switch and access point."""


def node_of(port: str) -> str:
    """Return whose port this is: `phone` for `phone` and `phone.eth1`, `router` for `router.home`."""
    return port.partition(".")[0]


def _default_hosts(neighbours: int) -> tuple[Host, ...]:
    if not 0 <= neighbours <= MOST_NEIGHBOURS:
        raise ValueError(f"0 to {MOST_NEIGHBOURS} neighbours, not {neighbours}")
    names = ["neighbour", *(f"neighbour{number}" for number in range(2, neighbours + 1))][:neighbours]
    return (
        Host("gateway", "home", 20, radio=False),
        Host("phone", "home", 30, radio=True),
        Host("cloud", "internet", 10, radio=False),
        *(Host(name, "home", _FIRST_NEIGHBOUR + place, radio=True) for place, name in enumerate(names)),
    )


@dataclass(frozen=True)
class Plan:
    """The machines of a home. `bare`: none but those that `with_node` adds; the routers are always there."""

    neighbours: int = 1
    bare: bool = False
    extra: tuple[Host, ...] = ()
    hosts: dict[str, Host] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        default = () if self.bare else _default_hosts(self.neighbours)
        object.__setattr__(self, "hosts", {each.name: each for each in (*default, *self.extra)})

    def with_node(self, name: str, segment: str = "home", *, radio: bool = False) -> "Plan":
        """Return the plan with one more machine, on the wire or with a `radio`.

        Raises:
            ValueError: such a name is taken or cannot be one, there is no such segment, or the home is full.
        """
        if not _NODE_NAME.fullmatch(name) or name in self.hosts or name in (each.name for each in ROUTERS):
            raise ValueError(f"{name!r} cannot be a machine's name, or is taken")
        if segment not in SEGMENTS:
            raise ValueError(f"no segment {segment!r}, only {', '.join(SEGMENTS)}")
        number = _FIRST_EXTRA + len(self.extra)
        if number > _LAST_EXTRA:
            raise ValueError("the home is full")
        return replace(self, extra=(*self.extra, Host(name, segment, number, radio)))

    def address(self, node: str, segment: str, *, changed: bool = False) -> IPv4Interface:
        """Return the IPv4 address of `node` on `segment`; `changed`: the one it gets when its address changes."""
        network = SEGMENTS[segment].network
        return IPv4Interface((network[self.hosts[node].number + 100 * changed], network.prefixlen))

    def address6(self, node: str, segment: str) -> IPv6Interface | None:
        """Return its IPv6 address there besides the link-local one, where the segment has such."""
        network = SEGMENTS[segment].network6
        return IPv6Interface((network[self.hosts[node].number], network.prefixlen)) if network else None

    def mac(self, port: str) -> str:
        """Return the hardware address of a machine's port (`phone`, `phone.eth1`), the same in every home."""
        node, _, interface = port.partition(".")
        return f"02:05:00:00:{int(bool(interface)):02x}:{self.hosts[node].number:02x}"

    @property
    def names(self) -> dict[str, bytes]:
        """The names that the routers' DNS knows."""
        cloud = self.hosts.get("cloud")
        return {CLOUD_NAME: self.address("cloud", cloud.segment).packed} if cloud else {}
