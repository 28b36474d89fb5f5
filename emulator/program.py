"""The whole life of one gateway as one context, restarts included: entered it serves, left it is gone, politely."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

import emulator.settings
from chassis.clock import Clock, SystemClock
from chassis.folder import held
from chassis.listening import listening, url_of
from chassis.tasks import beside
from emulator.addresses import addresses_of
from emulator.announcer import Announcer
from emulator.identity import load_identity
from emulator.settings import Settings
from emulator.standing import Announcement
from protocol.discovery import Advertisement

if TYPE_CHECKING:
    from emulator.gateway import Gateway

LOOPBACK: Final = "127.0.0.1"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Boot:
    """One life of the gateway, from a start to the next; when `over` is set, it ends."""

    gateway: "Gateway"
    announcer: Announcer
    listeners: Sequence[socket.socket]
    urls: list[str]
    over: asyncio.Event


class Running:
    """A gateway that serves, boot after boot. While it is down for a restart, it names what was up last."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._up = asyncio.Event()
        self._boot: _Boot

    @property
    def gateway(self) -> "Gateway":
        """The doorway."""
        return self._boot.gateway

    @property
    def announcer(self) -> Announcer:
        """What announces it by mDNS."""
        return self._boot.announcer

    @property
    def urls(self) -> list[str]:
        """The URLs of panel and device API; the first is the one to show."""
        return self._boot.urls

    @property
    def is_up(self) -> bool:
        """Whether it serves: not while it restarts."""
        return self._up.is_set()

    def restart(self) -> None:
        """Switch it off and, after its time, on again; what is in memory only is forgotten."""
        self._boot.over.set()

    async def serves(self) -> None:
        """Return when it is up."""
        await self._up.wait()

    async def live(self) -> None:
        """Boot, serve until a restart is due, and boot again, until cancelled."""
        port = self._settings.http.port
        while True:
            async with _booted(self._settings, port, self._clock) as boot:
                self._boot, port = boot, boot.listeners[0].getsockname()[1]
                self._up.set()
                log.info("firmware %s runs", boot.gateway.updates.installed)
                await boot.over.wait()
                self._up.clear()
                log.info("restarting")
            await self._clock.sleep(self._settings.firmware.restart_s)


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Run one gateway until the context is left; no other process can have its folder meanwhile.

    Raises:
        Problem: `state_in_use`, `state_damaged`, `state_unwritable`, `port_taken` or `settings_wrong`, at the start or
            at a restart.
    """
    async with held(settings.gateway.folder):
        program = Running(settings, clock or SystemClock())
        async with beside(program.live()):
            await program.serves()
            yield program


@asynccontextmanager
async def _booted(settings: Settings, port: int, clock: Clock) -> AsyncIterator[_Boot]:
    """Serve; what can be reached is announced, not before. Its names are probed for while all the rest is loaded.

    At the end HTTP goes first, then goodbye (mDNS) and farewell (MQTT), then what is in the folder is closed.
    """
    over, interfaces = asyncio.Event(), settings.network.interfaces
    identity = await asyncio.to_thread(load_identity, settings.gateway.folder)
    sign = _Sign(settings.gateway, identity.gateway_id)
    hosts = [settings.http.host] if settings.http.host else addresses_of(interfaces)
    async with AsyncExitStack() as stack:
        listeners = await stack.enter_async_context(listening(hosts or [LOOPBACK], port))
        announcer = Announcer(interfaces, listeners[0].getsockname()[1], may_announce=False)
        await stack.enter_async_context(beside(announcer.run(sign.advertisement, sign.announcement_changed)))

        await asyncio.to_thread(import_module, "emulator.boot")
        from emulator import boot  # noqa: PLC0415 - takes half a second, so it is loaded above, off the loop

        gateway = await stack.enter_async_context(boot.opened(settings, identity, clock, over.set))
        sign.show(gateway)
        announcer.refresh()
        await stack.enter_async_context(boot.working(settings, gateway, announcer, clock))
        stack.callback(announcer.leave)
        await stack.enter_async_context(boot.served(settings, gateway, announcer, listeners, clock))
        announcer.announce()
        yield _Boot(gateway, announcer, listeners, [url_of(each) for each in listeners], over)


class _Sign:
    """What mDNS is to say. Until there is a gateway its names are right and nothing else, for only they are probed for."""

    def __init__(self, box: emulator.settings.Gateway, gateway_id: str) -> None:
        self._gateway: Gateway | None = None
        self._announcement = Announcement()
        self._names = Advertisement(
            gateway_id=gateway_id, model=box.model, firmware=box.firmware, registered=False, busy=True
        )

    def show(self, gateway: "Gateway") -> None:
        """Say what `gateway` says from now on, and tell it how it stands."""
        self._gateway = gateway
        gateway.announcement_changed(self._announcement)

    def advertisement(self) -> Advertisement:
        """Return what is to be announced."""
        return self._gateway.advertisement() if self._gateway else self._names

    def announcement_changed(self, announcement: Announcement) -> None:
        """Take note of how it stands with mDNS."""
        self._announcement = announcement
        if self._gateway:
            self._gateway.announcement_changed(announcement)
