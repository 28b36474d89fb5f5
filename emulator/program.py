"""The whole life of one gateway as one context, restarts included: entered it serves, left it is gone, politely."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp.web import Application

from chassis.clock import Clock, SystemClock
from chassis.folder import held
from chassis.tasks import beside
from chassis.web import Doors, application, listening, serving, url_of
from emulator.addresses import addresses_of
from emulator.announcer import LOOK_EVERY_S, Announcer
from emulator.changes import Changes
from emulator.cloud_client import CloudClient
from emulator.device_api import DeviceApi
from emulator.firmware.slots import Slots
from emulator.firmware.updates import Durations, Updates
from emulator.gateway import Gateway
from emulator.household import Household
from emulator.identity import Identity, load_identity
from emulator.panel.pages import Panel
from emulator.panel.view import View
from emulator.sampler import sample_for_ever
from emulator.settings import Settings
from emulator.store import Store
from emulator.uplink import Uplink
from protocol.registering import Registration

LOOPBACK: Final = "127.0.0.1"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Boot:
    """One life of the gateway, from a start to the next; when `over` is set, it ends."""

    gateway: Gateway
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
    def gateway(self) -> Gateway:
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
    """Serve; at the end HTTP goes first, then goodbye (mDNS) and farewell (MQTT), then what is in the folder is closed."""
    over, interfaces = asyncio.Event(), settings.network.interfaces
    async with AsyncExitStack() as stack:
        gateway = await _open_gateway(settings, clock, over.set, stack)
        app = await asyncio.to_thread(_make_app, settings, gateway, clock)
        hosts = [settings.http.host] if settings.http.host else addresses_of(interfaces)
        listeners = await stack.enter_async_context(listening(hosts or [LOOPBACK], port))
        announcer = Announcer(interfaces, listeners[0].getsockname()[1])
        works = [
            sample_for_ever(gateway, clock, settings.telemetry.interval),
            Uplink(gateway, clock).run(),
            announcer.run(gateway.advertisement, gateway.announcement_changed),
            _refresh_on_change(gateway, announcer),
            gateway.updates.run(),
            gateway.updates.watch(),
        ]
        await stack.enter_async_context(beside(*works))
        doors = await stack.enter_async_context(serving(app, listeners))
        async with beside(*([] if settings.http.host else [_follow_addresses(interfaces, doors)])):
            yield _Boot(gateway, announcer, listeners, [url_of(each) for each in listeners], over)


def _make_app(settings: Settings, gateway: Gateway, clock: Clock) -> Application:
    """Put panel and device API together. Reads templates: not for the event loop."""
    api = DeviceApi(gateway, clock, with_link_code=settings.http.link_code)
    host = gateway.advertisement().host_name.removesuffix(".local.")
    renamed = [f"{host}-{number}.local" for number in range(2, 10)]  # what mDNS makes of it after a conflict
    names = [f"{host}.local", *renamed, *settings.http.names]
    app = application(names)
    app.add_routes([*api.routes(), *Panel(gateway, clock, View(), settings.panel).routes()])
    return app


async def _refresh_on_change(gateway: Gateway, announcer: Announcer) -> None:
    """Announce anew whenever what is announced has changed."""
    announced, seen = gateway.advertisement(), gateway.changes.count
    while True:
        if announced != gateway.advertisement():
            announced = gateway.advertisement()
            announcer.refresh()
        seen = await gateway.changes.after(seen)


async def _follow_addresses(interfaces: Sequence[str], doors: Doors) -> None:
    """Serve where the gateway is announced, also at addresses that come later: it may start before its network."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await doors.move_to(await asyncio.to_thread(addresses_of, interfaces))


async def _open_gateway(
    settings: Settings, clock: Clock, restart: Callable[[], None], stack: AsyncExitStack
) -> Gateway:
    state = await _entered(_opened(settings), stack)
    model = settings.gateway.model
    cloud = await stack.enter_async_context(
        CloudClient(settings.cloud.url, state.identity, model, settings.cloud.timeout_s)
    )
    changes = Changes()
    updates = Updates(
        model=model,
        slots=state.slots,
        releases=cloud,
        durations=Durations(settings.firmware.update_s, settings.firmware.apply_s),
        clock=clock,
        changes=changes,
        restart=restart,
    )
    return Gateway(
        model=model,
        identity=state.identity,
        household=state.household,
        store=state.store,
        registration=state.registration,
        cloud=cloud,
        updates=updates,
        purchased_on=settings.gateway.purchased_on,
        changes=changes,
        clock=clock,
    )


@dataclass(frozen=True)
class _State:
    identity: Identity
    household: Household
    slots: Slots
    store: Store
    registration: Registration | None


@contextmanager
def _opened(settings: Settings) -> Iterator[_State]:
    """Open what is in the state folder. Reads and writes files: not for the event loop."""
    box = settings.gateway
    identity = load_identity(box.folder)
    household = Household(
        seed=settings.household.seed or identity.gateway_id,
        solar_peak_w=settings.household.solar_peak_w,
        battery_wh=settings.household.battery_wh,
        interval=settings.telemetry.interval,
    )
    slots = Slots(box.folder, box.model, box.firmware, box.release_key)
    store = Store(box.folder, household.first_state(), settings.telemetry.outbox_samples)
    with closing(store):
        yield _State(identity, household, slots, store, store.registration())


async def _entered(opened: AbstractContextManager[_State], stack: AsyncExitStack) -> _State:
    """Enter `opened` in a thread and leave it with `stack`, also when cancelled half way."""
    entering = asyncio.get_running_loop().run_in_executor(None, opened.__enter__)

    async def leave() -> None:
        await asyncio.wait([entering])
        if not (entering.cancelled() or entering.exception()):
            await asyncio.to_thread(opened.__exit__, None, None, None)

    stack.push_async_callback(leave)
    return await asyncio.shield(entering)
