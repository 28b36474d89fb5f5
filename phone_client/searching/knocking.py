"""Knocks where a gateway was found last, at every address it had then: one of them may have changed, or be gone with its kind."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Final

from phone_client.places import Remembered
from phone_client.searching import probing
from phone_client.searching.answers import Records
from phone_client.searching.evidence import Tcp
from phone_client.searching.network import Link
from phone_client.searching.search import Hit

Identify = Callable[[str, int], Awaitable[Hit | None]]
"""Asks the gateway at an address and port who it is; None: nobody, or no gateway."""

KNOCK_AT_S: Final = (0.0, 0.5, 1.2, 2.2, 3.5, 5.0, 7.0)
"""When it is knocked, beside knocks that still wait: packets get lost, and the kernel repeats them late and later."""
_KNOCK_S: Final = 3.0
_ASK_AGAIN_S: Final = 1.0
_EASY_S: Final = 0.15
"""Longer than this, and a packet was lost on the way."""
_SAID: Final[tuple[Tcp, ...]] = ("open", "foreign", "refused")
"""What only a machine at the address can have said, the best first."""


@dataclass
class Tried:
    """What became of one address; `settled`: knocking again would bring nothing else."""

    address: str
    tcp: Tcp = "timed_out"
    heard: Records = field(default_factory=list)
    settled: bool = False

    @property
    def silence(self) -> int:
        """How little became of it."""
        return _silence(self.tcp)

    @property
    def is_link_local(self) -> bool:
        """Say that it is there on every network and says nothing about which one this is."""
        return ip_address(self.address).is_link_local

    def note(self, tcp: Tcp) -> None:
        """Keep the best that became of it, and of equals the last."""
        if _silence(tcp) <= self.silence:
            self.tcp = tcp


class Knocking:
    """One round of knocking at `place`, over the kinds of address that `links` have."""

    def __init__(self, place: Remembered, links: Iterable[Link]) -> None:
        versions = {each.version for link in links for each in link.addresses}
        known = (place.address, *place.more)
        self.place = place
        self.tried = [Tried(each) for each in known if ip_address(each).version in versions]
        self.found = False
        self.answered = asyncio.Event()
        """Set when mDNS sent straight to one of the addresses was answered."""
        self.was_hard = False
        """Whether it took long enough to find it for packets to have been lost."""

    @property
    def furthest(self) -> Tried:
        """The address where most became of it; of equals, one that tells which network this is."""
        return min(self.tried, key=lambda each: (each.silence, each.is_link_local))

    @property
    def heard(self) -> Records:
        """What was said to mDNS questions sent straight to any of them."""
        return [record for each in self.tried for record in each.heard]

    async def run(self, identify: Identify, take: Callable[[Hit], Awaitable[None]]) -> None:
        """Knock everywhere at once; the first address where the gateway answers as itself is handed to `take`, once."""
        async with asyncio.TaskGroup() as tasks:
            for tried in self.tried:
                tasks.create_task(self._ask(tried))
                tasks.create_task(self._knock(tried, identify, take))

    async def _ask(self, tried: Tried) -> None:
        """Ask straight, by mDNS, until there is an answer."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            tried.heard = await probing.ask(tried.address)
            if probing.speaks_of_gateways(tried.heard):
                break
            await asyncio.sleep(_ASK_AGAIN_S)
        self.was_hard |= loop.time() - began > _EASY_S
        self.answered.set()

    async def _knock(self, tried: Tried, identify: Identify, take: Callable[[Hit], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as knocks:
            for at_s in KNOCK_AT_S:
                await asyncio.sleep(began + at_s - loop.time())
                if self.found or tried.settled:
                    return
                knocks.create_task(self._knock_once(tried, identify, take, began))

    async def _knock_once(
        self, tried: Tried, identify: Identify, take: Callable[[Hit], Awaitable[None]], began: float
    ) -> None:
        for port in dict.fromkeys((self.place.port, *probing.gateway_ports(tried.heard))):
            tcp = await probing.connect(tried.address, port, _KNOCK_S)
            hit = await identify(tried.address, port) if tcp == "open" else None
            if hit and hit.gateway_id == self.place.gateway_id:
                tried.tcp = "open"
                if not self.found:
                    self.found = True
                    self.was_hard |= asyncio.get_running_loop().time() - began > _EASY_S
                    await take(replace(hit, name=self.place.name))
                return
            if port == self.place.port:
                tried.note("foreign" if tcp == "open" else tcp)
            tried.settled = tried.settled or hit is not None  # another gateway, which has said so


def _silence(tcp: Tcp) -> int:
    return _SAID.index(tcp) if tcp in _SAID else len(_SAID)
