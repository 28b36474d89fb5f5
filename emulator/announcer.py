"""mDNS as the program sees it: announces the gateway for as long as it runs, and follows the machine's networks."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal

from emulator.mdns.network import Network
from emulator.mdns.records import Service
from emulator.mdns.responder import Responder
from emulator.standing import Announcement
from protocol.discovery import SERVICE_TYPE, SUBTYPE, Advertisement

State = Literal["probing", "announced", "muted", "unavailable"]

LOOK_EVERY_S: Final = 2.0
"""How often the machine's links and addresses are looked at if the kernel tells nothing: a port may have become free."""

_SENTENCES: Final = {
    "probing": ("Checking that the name {name} is free.", "名前 {name} が空いているか確認しています。"),
    "announced": ("Announced as {name} on {where}.", "{where} で {name} として公開しています。"),
    "muted": (
        "All mDNS packets are dropped (a fault).",
        "すべてのmDNSパケットを破棄しています（障害の再現）。",
    ),
    "unavailable": ("mDNS is not running on any network.", "mDNSを利用できるネットワークがありません。"),
}


def _nobody(_: Announcement) -> None:
    """Tell nobody."""


async def _no_wait() -> None:
    """Have nothing to do first."""


class Announcer:
    """Announces the device API at `port` on `interfaces`, given by name (`eth0`) or address (`127.0.0.1`).

    One that may not announce yet finds out whether its names are free, which takes most of a second, and waits for `announce`.
    """

    def __init__(self, interfaces: Sequence[str], port: int, *, may_announce: bool = True) -> None:
        self._interfaces = interfaces
        self._port = port
        self._may_announce = may_announce
        self._leaving = False
        self._muted = False
        self._changed = False
        self._awake = asyncio.Event()
        self._ahead: Callable[[], Awaitable[None]] = _no_wait
        self._going_ahead = asyncio.Lock()
        self._network: Network | None = None
        self._responder: Responder | None = None
        self._told: Announcement | None = None

    @property
    def name(self) -> str:
        """The instance name in use, after any renaming; empty while not running."""
        return self._responder.name if self._responder else ""

    @property
    def state(self) -> State:
        """How it stands; `sentence` says it for people."""
        if not self._responder or not self._network or not self._network.links:
            return "unavailable"
        if self._muted:
            return "muted"
        everywhere = len(self._responder.announced_on) == len(self._network.links)
        return "announced" if everywhere else "probing"

    def sentence(self, language: str = "en") -> str:
        """Return the state in `en` or `ja`, with what does not work."""
        where = ", ".join(map(str, self._responder.announced_on)) if self._responder else ""
        failures = self._network.failures.items() if self._network else ()
        sentence = _SENTENCES[self.state][language == "ja"].format(name=self.name, where=where)
        troubles = "; ".join(f"{what}: {reason}" for what, reason in failures)
        return f"{sentence} ({troubles})" if troubles else sentence

    def refresh(self) -> None:
        """Announce what has changed in the advertisement."""
        self._changed = True
        self._awake.set()

    def announce(self) -> None:
        """Announce as soon as the names are known to be free."""
        self._may_announce = True
        if self._responder:
            self._responder.may_announce = True
        self._awake.set()

    def leave(self) -> None:
        """Say goodbye now; `run` ends."""
        self._leaving = True
        self._awake.set()

    @asynccontextmanager
    async def behind(self, ahead: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """While the block lasts, do `ahead` whenever the networks were looked at: what is announced then is there already."""
        self._ahead = ahead
        self.refresh()  # networks may have been looked at before
        try:
            yield
        finally:
            self._ahead = _no_wait
            async with self._going_ahead:
                pass  # one that had begun is over, too

    def mute(self) -> None:
        """Drop every packet in and out, as a filter of UDP 5353 would (a fault)."""
        self._set_muted(True)

    def unmute(self) -> None:
        """Lift the filter."""
        self._set_muted(False)

    async def run(
        self, advertisement: Callable[[], Advertisement], told: Callable[[Announcement], None] = _nobody
    ) -> None:
        """Announce until cancelled, then say goodbye; `told` hears of every change of name or state."""
        loop = asyncio.get_running_loop()
        network = self._network = Network(self._interfaces, self._awake)
        network.muted = self._muted
        responder = self._responder = Responder(self._service(advertisement()), random.SystemRandom().uniform)
        responder.may_announce = self._may_announce
        look_at = loop.time()
        try:
            while not self._leaving:
                for key, datagram in network.receive():
                    network.send(responder.receive(loop.time(), key, datagram))
                if network.has_news() or self._changed or loop.time() >= look_at:
                    self._changed = False
                    look_at = loop.time() + LOOK_EVERY_S
                    await self._follow(network, responder, self._service(advertisement()))
                network.send(responder.wake(loop.time()))
                self._tell(told)
                await self._sleep(min(responder.next_wake, look_at))
        finally:
            network.send(responder.goodbye())
            network.close()
            self._network = self._responder = None

    async def _follow(self, network: Network, responder: Responder, service: Service) -> None:
        """Take over what has changed. A link that was down for a moment is let go first, so that it begins anew."""
        loop = asyncio.get_running_loop()
        network.send(responder.update(loop.time(), service, network.links))
        network.look()
        async with self._going_ahead:
            await self._ahead()
        network.send(responder.update(loop.time(), service, network.links))

    def _tell(self, told: Callable[[Announcement], None]) -> None:
        name = self.name if self.state == "announced" else ""
        announcement = Announcement(name, self.sentence("en"), self.sentence("ja"))
        if announcement != self._told:
            self._told = announcement
            told(announcement)

    async def _sleep(self, until: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._awake.wait()

    def _service(self, advertisement: Advertisement) -> Service:
        return Service(
            service_type=SERVICE_TYPE,
            instance=advertisement.instance_name,
            host=advertisement.host_name,
            port=self._port,
            txt=advertisement.to_txt(),
            subtypes=(SUBTYPE,),
        )

    def _set_muted(self, muted: bool) -> None:
        self._muted = muted
        if self._network:
            self._network.muted = muted
