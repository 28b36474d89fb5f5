"""One network the responder speaks on: an interface in one address family."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address
from typing import Final, Literal, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Peer: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
"""A socket address as the system gives it: host and port, for IPv6 also flow and scope."""

LinkKey: TypeAlias = tuple[int, int]
"""Interface index and IP version: what a link is known by while its addresses change."""

PORT: Final = 5353
IPV4: Final = 4
IPV6: Final = 6


@dataclass(frozen=True)
class Datagram:
    """A packet that came in on a link, sent to our address `to` or (None) to the group."""

    data: bytes
    peer: Peer
    to: Address | None = None


@dataclass(frozen=True)
class Outgoing:
    """A packet to send on `link`, to `peer` or (None) to the group, from the address `source` or (None) the usual one."""

    link: "Link"
    data: bytes
    peer: Peer | None = None
    source: Address | None = None


@dataclass(frozen=True)
class Link:
    """An interface in one address family. `attached` are the interface's addresses in both families, with prefixes."""

    interface: str
    index: int
    version: Literal[4, 6]
    attached: tuple[IPv4Interface | IPv6Interface, ...]

    @property
    def key(self) -> LinkKey:
        """What this link is known by."""
        return self.index, self.version

    def __str__(self) -> str:
        return f"{self.interface} (IPv{self.version})"

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses that are announced here: this interface's, and no other's."""
        return tuple(each.ip for each in self.attached)

    @property
    def own(self) -> Sequence[Address]:
        """The addresses of its family. The first is the usual one to send from: in IPv6 a link-local one, if there is."""
        ours = [address for address in self.addresses if address.version == self.version]
        return ours if self.version == IPV4 else sorted(ours, key=lambda each: not each.is_link_local)

    def has(self, name: str) -> bool:
        """Say whether `name` is this link's interface or one of its addresses."""
        return name == self.interface or name in map(str, self.addresses)

    def is_near(self, host: str) -> bool:
        """Say whether `host`, the source of a packet, is on this link (RFC 6762 §11)."""
        address = ip_address(host.partition("%")[0])
        if address.version == IPV6 and address.is_link_local:
            return True
        return any(address in each.network for each in self.attached if each.version == address.version)
