"""The kernel's neighbours, looked up by link: who answers, and which addresses belong to one machine. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

from phone_client.searching.kernel import Address, Neighbour, Place
from phone_client.searching.network import Link, scoped, unscoped

_IPV4: Final = 4
_ROUTER_ANSWERED_S: Final = 45.0  # the kernel may take so long to ask again (RFC 4861 §6.3.2)


@dataclass(frozen=True)
class Neighbourhood:
    """What ARP and NDP have told at one moment; the answers of the last `within_s` seconds are those to the search."""

    known: Mapping[Place, Neighbour]
    within_s: float

    def mac(self, address: Address, link: Link) -> str | None:
        """Return the MAC address of the machine at `address`, however long ago it was heard."""
        neighbour = self._at(address, link)
        return neighbour.mac if neighbour else None

    def macs(self, addresses: Iterable[Address], link: Link) -> frozenset[str]:
        """Return the known MAC addresses of several."""
        return frozenset(mac for each in addresses if (mac := self.mac(each, link)))

    def answers(self, address: Address, link: Link) -> bool | None:
        """Say whether `address` answers; None: it was not asked for, or answered too long ago."""
        neighbour = self._at(address, link)
        return neighbour.answers(self.within_s) if neighbour else None

    def any_answers(self, routers: Iterable[Address], link: Link) -> bool | None:
        """Say whether one of `routers` answers, by what the kernel holds to be fresh of machines it speaks to all day."""
        found = [each for router in routers if (each := self._at(router, link))]
        answers = {each.answers(_ROUTER_ANSWERED_S) for each in found}
        return True if True in answers else False if False in answers else None

    def answering(self, link: Link) -> Iterator[str]:
        """Yield who answers ARP on `link`: IPv4 only, for of IPv6 each machine has several addresses."""
        for (index, address), neighbour in self.known.items():
            if index == link.index and address.version == _IPV4 and neighbour.answers(self.within_s):
                yield str(address)

    def aliases(self, addresses: Iterable[Address], link: Link) -> tuple[str, ...]:
        """Return `addresses` and what else their machines are called, as mDNS shows it."""
        macs = self.macs(addresses, link)
        more = (
            place.address
            for place, neighbour in self.known.items()
            if place.link == link.index and neighbour.mac in macs
        )
        every = (*addresses, *more, *map(_link_local, sorted(macs)))
        return tuple(dict.fromkeys(str(scoped(each, link)) for each in every))

    def _at(self, address: Address, link: Link) -> Neighbour | None:
        return self.known.get(Place(link.index, unscoped(address)))


def _link_local(mac: str) -> IPv6Address:
    """Return the link-local address that is made of a MAC address (RFC 4291, appendix A)."""
    raw = bytes.fromhex(mac.replace(":", ""))
    return IPv6Address(b"\xfe\x80" + bytes(6) + bytes([raw[0] ^ 2]) + raw[1:3] + b"\xff\xfe" + raw[3:6])
