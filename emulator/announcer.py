"""mDNS as the program sees it: announces the gateway for as long as it runs, and follows the machine's networks."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Literal

from emulator.mdns.network import Network
from emulator.mdns.records import Service
from emulator.mdns.responder import Responder
from emulator.standing import Announcement
from protocol.discovery import SERVICE_TYPE, Advertisement

State = Literal["probing", "announced", "muted", "unavailable"]

LOOK_EVERY_S: Final = 2.0
"""How often the machine's links and addresses are looked at."""

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


class Announcer:
    """Announces the device API at `port` on `interfaces`, given by name (`eth0`) or address (`127.0.0.1`)."""

    def __init__(self, interfaces: Sequence[str], port: int) -> None:
        self._interfaces = interfaces
        self._port = port
        self._muted = False
        self._changed = False
        self._awake = asyncio.Event()
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
        look_at = loop.time()
        try:
            while True:
                for key, datagram in network.receive():
                    network.send(responder.receive(loop.time(), key, datagram))
                if self._changed or loop.time() >= look_at:
                    self._changed = False
                    look_at = loop.time() + LOOK_EVERY_S
                    network.look()
                    service = self._service(advertisement())
                    network.send(responder.update(loop.time(), service, network.links))
                network.send(responder.wake(loop.time()))
                self._tell(told)
                await self._sleep(min(responder.next_wake, look_at))
        finally:
            network.send(responder.goodbye())
            network.close()
            self._network = self._responder = None

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
        )

    def _set_muted(self, muted: bool) -> None:
        self._muted = muted
        if self._network:
            self._network.muted = muted
