"""One service on all its links, under the same names everywhere. No I/O, no clock, no randomness of its own."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from emulator.mdns.claim import Uniform
from emulator.mdns.link import Datagram, Link, LinkKey, Outgoing
from emulator.mdns.names import Names
from emulator.mdns.on_link import OnLink
from emulator.mdns.records import Records, Service

ECHOES: Final = 64
"""Packets remembered, to know our own again when the network brings them back."""


class Responder:
    """Announces a service and answers for it.

    Tell it what happens (`now` in monotonic seconds), send what it returns, and `wake` it at `next_wake`.
    """

    def __init__(self, service: Service, uniform: Uniform) -> None:
        self._service = service
        self._names = Names(service.instance, service.host)
        self._uniform = uniform
        self._on_links: dict[LinkKey, OnLink] = {}
        self._sent: deque[bytes] = deque(maxlen=ECHOES)
        self.may_announce = True
        """While not, the names are probed for, and nobody hears more of them."""

    @property
    def name(self) -> str:
        """The instance name in use, without the type."""
        return self._names.instance

    @property
    def announced_on(self) -> list[Link]:
        """The links on which the names are ours and the service is known."""
        return [each.link for each in self._on_links.values() if each.held]

    @property
    def next_wake(self) -> float:
        """When `wake` has something to do."""
        return min((each.next_wake for each in self._on_links.values()), default=float("inf"))

    def wake(self, now: float) -> list[Outgoing]:
        """Send what is due."""
        awake = (each.wake(now, may_announce=self.may_announce) for each in self._on_links.values())
        return self._sending(packet for packets in awake for packet in packets)

    def receive(self, now: float, key: LinkKey, datagram: Datagram) -> list[Outgoing]:
        """Take in a packet that came on the link `key`; return what has to be sent at once."""
        on_link = self._on_links.get(key)
        if on_link is None or datagram.data in self._sent:
            return []
        packets = on_link.receive(now, datagram)
        if on_link.contested:
            packets += self._settle(now, on_link)
        return self._sending(packets)

    def update(self, now: float, service: Service, links: Mapping[LinkKey, Link]) -> list[Outgoing]:
        """Take over what has changed: the service's names, port or TXT, links that came, went or have other addresses."""
        before, self._service = self._service, service
        self._on_links = {key: each for key, each in self._on_links.items() if key in links}
        packets: list[Outgoing] = []
        if (service.instance, service.host) != (before.instance, before.host):
            self._names = Names(service.instance, service.host)
            packets += self._claim_everywhere(now)
        for key, link in links.items():
            known = self._on_links.get(key)
            if known is None:
                self._on_links[key] = OnLink(now, link, self._records(link), self._uniform)
            elif service != before or known.link != link:
                packets += known.update(now, link, self._records(link))
        return self._sending(packets)

    def goodbye(self) -> list[Outgoing]:
        """Withdraw the service everywhere."""
        return self._sending(packet for each in self._on_links.values() for packet in each.goodbye())

    def _settle(self, now: float, contested: OnLink) -> list[Outgoing]:
        """Probe again for a name that was ours (§9: who is still there will defend it); else take the next name."""
        pause = self._names.pause(now)
        if contested.held:
            contested.claim_again(now, contested.records, pause)
            return []
        instance, host = contested.records.names
        if instance in contested.contested:
            self._names.next_instance()
        if host in contested.contested:
            self._names.next_host()
        return self._claim_everywhere(now, pause)

    def _claim_everywhere(self, now: float, pause: float = 0.0) -> list[Outgoing]:
        """Withdraw the old names where they were ours, and probe for those that are now to be used."""
        packets: list[Outgoing] = []
        for each in self._on_links.values():
            packets += each.goodbye()
            each.claim_again(now, self._records(each.link), pause)
        return packets

    def _records(self, link: Link) -> Records:
        service = replace(self._service, instance=self._names.instance, host=self._names.host)
        return Records(service, link.addresses)

    def _sending(self, packets: Iterable[Outgoing]) -> list[Outgoing]:
        outgoing = list(packets)
        self._sent.extend(packet.data for packet in outgoing)
        return outgoing
