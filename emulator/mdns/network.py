"""All links of the responder: their sockets come and go with the machine's interfaces and addresses."""

import asyncio
import logging
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from emulator.mdns.interfaces import find_links
from emulator.mdns.link import Datagram, Link, LinkKey, Outgoing
from emulator.mdns.news import News
from emulator.mdns.sockets import LinkSockets

log = logging.getLogger(__name__)

REJOIN_EVERY_S: Final = 90.0
"""Switches that snoop forget a silent member after about 260 s."""


class Network:
    """Sockets on `interfaces` (names or addresses). `arrived` is set when there is something to receive.

    What does not work is left out and told in `failures`; what works goes on. While `muted`, every packet is dropped.
    """

    def __init__(self, interfaces: Sequence[str], arrived: asyncio.Event) -> None:
        self._interfaces = interfaces
        self._arrived = arrived
        self._loop = asyncio.get_running_loop()
        self._open: dict[LinkKey, LinkSockets] = {}
        self._joined_at: dict[LinkKey, float] = {}
        self._news = News()
        if self._news.socket:
            self._listen_to([self._news.socket])
        self.failures: dict[str, str] = {}
        self.muted = False

    @property
    def links(self) -> dict[LinkKey, Link]:
        """The links that can be used."""
        return {key: sockets.link for key, sockets in self._open.items()}

    def has_news(self) -> bool:
        """Say whether links or addresses have changed; the links that were down, if only for a moment, are closed."""
        lost = self._news.read()
        for key in [key for key in self._open if key[0] in (lost or ())]:
            self._close(key)
        return lost is not None

    def look(self) -> None:
        """Open and close sockets as links have come, gone or changed; join the group again where it is time."""
        found = find_links(self._interfaces)
        for key in self._open.keys() - found.keys():
            self._close(key)
        for key, link in found.items():
            known = self._open.get(key)
            if known and known.serves(link):
                known.link = link
                self._listen_to(known.open_others())
                self._rejoin(known)
            else:
                self._close(key)
                self._try_to_open(link)
        concerned = {*self._interfaces, *map(str, found.values())}
        self.failures = {what: why for what, why in self.failures.items() if what in concerned}
        for name in self._interfaces:
            if any(link.has(name) for link in found.values()):
                self._works(name)
            else:
                self._fails(name, "not there, or down")

    def receive(self) -> Iterator[tuple[LinkKey, Datagram]]:
        """Yield what has come in, with the link it came on."""
        self._arrived.clear()
        for key, sockets in self._open.items():
            for datagram in sockets.receive():
                if not self.muted:
                    yield key, datagram

    def send(self, packets: Iterable[Outgoing]) -> None:
        """Send packets; one that cannot be sent is lost, as packets are."""
        for packet in packets:
            sockets = self._open.get(packet.link.key)
            if self.muted or sockets is None:
                continue
            try:
                sockets.send(packet)
            except OSError as error:
                self._fails(str(packet.link), _reason(error))
            else:
                self._works(str(packet.link))

    def close(self) -> None:
        """Give every socket back."""
        for key in list(self._open):
            self._close(key)
        if self._news.socket:
            self._loop.remove_reader(self._news.socket)
            self._news.close()

    def _try_to_open(self, link: Link) -> None:
        try:
            sockets = self._open[link.key] = LinkSockets(link)
        except OSError as error:
            self._fails(str(link), _reason(error))
            return
        self._works(str(link))
        self._joined_at[link.key] = self._loop.time()
        sockets.open_others()
        self._listen_to(sockets.waited_for)

    def _listen_to(self, sockets: Iterable[socket.socket]) -> None:
        for sock in sockets:
            self._loop.add_reader(sock, self._arrived.set)

    def _close(self, key: LinkKey) -> None:
        if sockets := self._open.pop(key, None):
            for sock in sockets.waited_for:
                self._loop.remove_reader(sock)
            sockets.close()

    def _rejoin(self, sockets: LinkSockets) -> None:
        now, link = self._loop.time(), sockets.link
        if now < self._joined_at[link.key] + REJOIN_EVERY_S:
            return
        self._joined_at[link.key] = now
        try:
            sockets.rejoin()
        except OSError as error:
            self._fails(str(link), _reason(error))
            self._close(link.key)

    def _fails(self, what: str, reason: str) -> None:
        if what not in self.failures:
            log.warning("mDNS does not work on %s: %s", what, reason)
        self.failures[what] = reason

    def _works(self, what: str) -> None:
        if self.failures.pop(what, None):
            log.info("mDNS works on %s again", what)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
