"""A neighbour's sockets and its time."""

import asyncio
import heapq
import sys
from contextlib import suppress
from itertools import count
from typing import Final

from emulator.mdns import codec
from emulator.mdns.codec import PTR
from emulator.mdns.link import Datagram, Link, LinkKey, Outgoing
from emulator.mdns.network import Network
from lab.neighbour.answers import Neighbour, heard_gateway
from lab.neighbour.services import taken
from lab.network.names import question
from protocol.discovery import SERVICE_TYPE

_ANNOUNCE_AT_S: Final = (0.0, 1.0)
_LOOK_EVERY_S: Final = 2.0
"""How often the links are looked at; so long, at first, a taker listens for a gateway."""
_MOST_WAITING: Final = 1000


class Speaker:
    """Speaks for a neighbour until it is cancelled; says a line when it has been heard."""

    def __init__(self, neighbour: Neighbour, asks: bool) -> None:
        self._neighbour = neighbour
        self._asks = asks
        self._awake = asyncio.Event()
        self._network = Network(["eth0"], self._awake)
        self._loop = asyncio.get_running_loop()
        self._waiting: list[tuple[float, int, list[Outgoing]]] = []
        self._order = count()
        self._known: set[LinkKey] = set()
        self._said = False

    async def run(self) -> None:
        """Do it."""
        look_at = began = self._loop.time()
        try:
            while True:
                now = self._loop.time()
                if self._network.has_news() or now >= look_at:  # news that nobody takes in wake without end
                    look_at = now + _LOOK_EVERY_S
                    self._look(now)
                for key, datagram in self._network.receive():
                    self._take_in(self._network.links.get(key), datagram, now)
                while self._waiting and self._waiting[0][0] <= now:
                    self._network.send(heapq.heappop(self._waiting)[2])
                self._say(bool(self._neighbour.told) or now - began >= _LOOK_EVERY_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(min([look_at, *(each[0] for each in self._waiting[:1])])):
                        await self._awake.wait()
        finally:
            for link in self._network.links.values():
                self._network.send(self._neighbour.goodbye(link))
            self._network.close()

    def _look(self, now: float) -> None:
        self._network.look()
        links = self._network.links
        for key in links.keys() - self._known:
            self._announce(links[key], now)
            if self._asks:
                self._network.send([Outgoing(links[key], question(SERVICE_TYPE, PTR))])
        self._known = set(links)

    def _announce(self, link: Link, now: float) -> None:
        for delay in _ANNOUNCE_AT_S:
            self._later(now + delay, self._neighbour.announcement(link))

    def _take_in(self, link: Link | None, datagram: Datagram, now: float) -> None:
        if link is None:
            return
        if self._asks and not self._neighbour.told and (name := heard_gateway(codec.read(datagram.data))):
            self._neighbour.told = [taken(name)]
            for each in self._network.links.values():
                self._announce(each, now)
        wait, packets = self._neighbour.answer(link, datagram)
        self._later(now + wait, packets)

    def _later(self, due: float, packets: list[Outgoing]) -> None:
        if packets and len(self._waiting) < _MOST_WAITING:
            heapq.heappush(self._waiting, (due, next(self._order), packets))

    def _say(self, heard: bool) -> None:
        if heard and not self._said:
            self._said = True
            sys.stdout.write("heard\n")
            sys.stdout.flush()
