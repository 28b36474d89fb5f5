"""Puts together what a search has gathered, and what the kernel knows, to the evidence of a diagnosis."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import islice
from typing import Final

from phone_client.searching.evidence import Evidence, Knock, Reached, SeenLink
from phone_client.searching.kernel import Address
from phone_client.searching.knocking import Knocking
from phone_client.searching.neighbourhood import Neighbourhood
from phone_client.searching.network import Link, Surroundings, stays_on
from phone_client.searching.probing import speaks_of_gateways
from phone_client.searching.search import Hit, Outcome
from phone_client.searching.sweeping import Sweep

_MORE: Final = 3


@dataclass(frozen=True)
class Met:
    """The MAC addresses of a gateway and of the router of its link, and its further addresses: by these, both are known again."""

    mac: str | None = None
    router_mac: str | None = None
    more: tuple[str, ...] = ()


@dataclass
class Gathered:
    """What came in besides mDNS: `otherwise` are the hits, `touched` the routers that answered."""

    knocking: Knocking | None = None
    no_way_to: str | None = None
    sweep: Sweep | None = None
    otherwise: list[Hit] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Scene:
    """A search that is over: where it was, what it brought, and the neighbours at its end, when the kernel has given up on some."""

    around: Surroundings
    outcome: Outcome
    gathered: Gathered
    neighbourhood: Neighbourhood

    def met(self, hit: Hit) -> Met:
        """Return by what the gateway of `hit` and its network are known again."""
        address = ip_address(hit.address)
        announced = map(str, self.outcome.heard.get(hit.gateway_id, ()))
        more = tuple(each for each in dict.fromkeys(announced) if each != hit.address)[:_MORE]
        link = self._link_of(address)
        if link is None:
            return Met(more=more)
        routers = sorted(self.neighbourhood.macs(self.around.routers_of(link), link))
        return Met(self.neighbourhood.mac(address, link), routers[0] if routers else None, more)

    def evidence(self) -> Evidence:
        """Return everything that is known."""
        around, outcome, gathered = self.around, self.outcome, self.gathered
        links = tuple(self._seen(link) for link in around.links)
        return Evidence(
            found_by_mdns=any(hit.found_by == "mdns" for hit in outcome.hits),
            busy=any(hit.busy for hit in outcome.hits),
            reached=self._reached(),
            links=links,
            loopback_only=around.loopback_only,
            missing=around.missing,
            denied=outcome.denied,
            refusals=tuple(sorted(outcome.refusals)),
            sent=outcome.sent,
            sightings=outcome.sightings,
            off_link=tuple(sorted(str(each.address) for each in outcome.off_link)),
            vpn=around.vpn,
            vpn_takes_link=around.vpn is not None and _takes_all(around.links),
            knock=self._knock(gathered.knocking) if gathered.knocking else None,
            same_network=self._is_same_network(gathered.knocking) if gathered.knocking else None,
            no_way_to=gathered.no_way_to,
            nothing_to_sweep=gathered.sweep is not None and not any(each.swept for each in links),
        )

    def _knock(self, knocking: Knocking) -> Knock:
        furthest, place = knocking.furthest, knocking.place
        link = self._link_of(ip_address(furthest.address))
        on_link = [(ip_address(each.address), link) for each in knocking.tried if link]
        answers = {self.neighbourhood.answers(*each) for each in on_link}
        arp = True if True in answers else False if False in answers else None
        mac = self.neighbourhood.mac(ip_address(furthest.address), link) if link else None
        there = arp or furthest.tcp in {"refused", "foreign"}
        return Knock(
            address=furthest.address,
            port=place.port,
            link=link.name if link else None,
            tcp=furthest.tcp,
            unicast_mdns=speaks_of_gateways(knocking.heard),
            arp=arp,
            moved=bool(there) and None not in (mac, place.mac) and mac != place.mac,
            constant=link is not None and any(each.is_link_local for each in knocking.tried),
            besides=tuple(each.address for each in knocking.tried if each is not furthest),
        )

    def _seen(self, link: Link) -> SeenLink:
        routers = self.around.routers_of(link)
        aliases = self.neighbourhood.aliases(routers, link)
        last = {each.address for each in self.gathered.knocking.tried} if self.gathered.knocking else set()
        no_news = {*aliases, *last, *(str(each.ip) for each in link.addresses)}
        answering = set(self.neighbourhood.answering(link))
        swept = self.gathered.sweep.seen(link, answering, no_news) if self.gathered.sweep else None
        others = {str(each.address) for each in self.outcome.others if each.link == link.name}
        touched = any(str(each) in self.gathered.touched for each in routers)
        return SeenLink(
            name=link.name,
            addresses=" ".join(str(each) for each in link.addresses),
            usable=link.usable,
            own_heard=self._own_heard(link),
            others=tuple(sorted(others - last)),
            routers=aliases,
            router_speaks=touched,
            router_answers=touched or self.neighbourhood.any_answers(routers, link),
            present=() if swept else tuple(sorted(answering - no_news)),
            swept=swept,
        )

    def _own_heard(self, link: Link) -> bool | None:
        """Say whether an own question came back; where the system refused something, that may be why it did not."""
        if link.name in self.outcome.own:
            return True
        return False if self.outcome.sent and not self.outcome.refusals else None

    def _reached(self) -> Reached | None:
        gathered = self.gathered
        if not gathered.otherwise:
            return None
        hit = gathered.otherwise[0]
        if hit.remembered:
            speaks = gathered.knocking is not None and speaks_of_gateways(gathered.knocking.heard)
        else:
            speaks = gathered.sweep is not None and gathered.sweep.speaks(hit.address)
        return Reached(self._link_of(ip_address(hit.address)) is not None, speaks)

    def _is_same_network(self, knocking: Knocking) -> bool | None:
        if knocking.place.router_mac is None:
            return None
        macs: set[str] = set()
        for link in self.around.links:
            macs |= self.neighbourhood.macs(self.around.routers_of(link), link)
        return knocking.place.router_mac in macs if macs else None

    def _link_of(self, address: Address) -> Link | None:
        return next((each for each in self.around.links if each.reaches(address)), None)


def _takes_all(links: Iterable[Link]) -> bool:
    """Say that what is meant for the links would leave by none of them."""
    ways = [stays_on(link, each) for link in links for each in _samples(link)]
    return bool(ways) and not any(ways)


def _samples(link: Link) -> Iterator[Address]:
    """Yield an address of somebody else on each of the link's IPv4 networks."""
    for own in link.ipv4:
        yield from islice((each for each in own.network.hosts() if each != own.ip), 1)
