"""What a search knows in the end: of each link, of the last known address, of a sweep. Facts without a judgement. Pure."""

from dataclasses import dataclass
from typing import Literal

from phone_client.searching.answers import Sighting

Tcp = Literal["open", "foreign", "refused", "timed_out", "no_route"]
"""`open`: the remembered gateway answered as itself; `foreign`: something else answered at its address."""


@dataclass(frozen=True)
class Knock:
    """What was tried at the address where the gateway was found last.

    `link` is that on which the address lies, None when it lies on none. `arp` (NDP for IPv6) is None where it cannot be
    known. `moved`: another machine than then has the address now. `constant`: an address that stays was tried, too
    (IPv6, link-local), so that an address that has changed explains nothing. `besides`: the others, where less became of it.
    """

    address: str
    port: int
    link: str | None
    tcp: Tcp
    unicast_mdns: bool
    arp: bool | None
    moved: bool = False
    constant: bool = False
    besides: tuple[str, ...] = ()

    @property
    def taken(self) -> bool:
        """Say that some other machine has the address now."""
        return self.moved or self.tcp == "foreign"


@dataclass(frozen=True)
class Swept:
    """What a sweep brought on one link: `whole` says that every address of `networks` was asked, and that these are all.

    `present` are the machines that answered in any way but the router, `speaking` those of them that answered mDNS sent
    straight to them. `refused` and `mute`: some of them refused a connection at the AiSEG's port, or did not answer there.
    """

    networks: tuple[str, ...]
    asked: int
    whole: bool
    present: tuple[str, ...] = ()
    speaking: tuple[str, ...] = ()
    refused: bool = False
    mute: bool = False


@dataclass(frozen=True)
class SeenLink:
    """One link as the search saw it.

    `usable`: it has an address that somebody gave it. `own_heard`: the phone's own question came back to it, which the
    kernel sees to and no network (None: no socket was there to hear it). `others`: who else spoke mDNS there, neither
    this machine nor the remembered gateway. `router_answers` counts ARP, `router_speaks` only IP. `present`: who answered ARP while the search ran, unasked by it.
    """

    name: str
    addresses: str
    usable: bool = True
    own_heard: bool | None = True
    others: tuple[str, ...] = ()
    routers: tuple[str, ...] = ()
    router_answers: bool | None = None
    router_speaks: bool = False
    present: tuple[str, ...] = ()
    swept: Swept | None = None

    @property
    def has_company(self) -> bool:
        """Say that a machine which is no router was there, and could be heard."""
        peers = set(self.others) - set(self.routers)
        return bool(peers or self.present or (self.swept and self.swept.present))

    @property
    def wholly_swept(self) -> bool:
        """Say that no address was left unasked."""
        return bool(self.swept and self.swept.whole)

    def __str__(self) -> str:
        return f"{self.name} {self.addresses}".rstrip()


@dataclass(frozen=True)
class Reached:
    """A gateway that was found although multicast brought nothing: on the link or not, and whether it answers mDNS at all."""

    on_link: bool
    unicast_mdns: bool


@dataclass(frozen=True)
class Evidence:
    """Everything a search knows in the end.

    `refusals`: why the system opened no socket or sent no packet, `denied` when it was for want of permission.
    `off_link`: who spoke of a gateway from outside the link. `vpn_takes_link`: packets for the link would go into the
    tunnel. `same_network`: whether the router is that of the network where the gateway was found last, None where that is
    not known. `no_way_to`: the address remembered is of a kind (IPv4, IPv6) that this phone has not. `nothing_to_sweep`: a
    sweep was asked for, and no link has a network that may be swept. `missing`: interfaces that were chosen by hand.
    """

    found_by_mdns: bool
    busy: bool
    reached: Reached | None
    links: tuple[SeenLink, ...]
    loopback_only: bool
    denied: bool
    refusals: tuple[str, ...]
    sent: int
    sightings: tuple[Sighting, ...]
    off_link: tuple[str, ...]
    vpn: str | None
    vpn_takes_link: bool
    knock: Knock | None
    same_network: bool | None = None
    no_way_to: str | None = None
    nothing_to_sweep: bool = False
    missing: tuple[str, ...] = ()

    @property
    def usable(self) -> tuple[SeenLink, ...]:
        """The links that have an address that somebody gave them."""
        return tuple(each for each in self.links if each.usable)

    @property
    def concerned(self) -> tuple[SeenLink, ...]:
        """The links on which the gateway can be: that of its last address, else all that are usable."""
        there = self.knock.link if self.knock else None
        return tuple(each for each in self.usable if there in (None, each.name)) or self.usable

    @property
    def anybody_heard(self) -> bool:
        """Say that anybody spoke mDNS, on any link."""
        return any(each.others for each in self.links) or bool(self.sightings)
