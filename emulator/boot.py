"""What a gateway is besides a name: state, doorway, cloud, panel. It takes a while to load; meanwhile the name is probed for."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp.web import Application

from chassis.clock import Clock
from chassis.tasks import beside
from chassis.web import Doors, application, serving
from emulator.addresses import addresses_of
from emulator.announcer import Announcer
from emulator.changes import Changes
from emulator.cloud_client import CloudClient
from emulator.device_api import DeviceApi
from emulator.firmware.slots import Slots
from emulator.firmware.updates import Durations, Updates
from emulator.gateway import Gateway
from emulator.household import Household
from emulator.identity import Identity
from emulator.panel.pages import Panel
from emulator.panel.view import View
from emulator.sampler import sample_for_ever
from emulator.settings import Settings
from emulator.store import Store
from emulator.uplink import Uplink
from protocol.registering import Registration


@asynccontextmanager
async def opened(
    settings: Settings, identity: Identity, clock: Clock, restart: Callable[[], None]
) -> AsyncIterator[Gateway]:
    """Open what is in the folder, and the way to the cloud."""
    model = settings.gateway.model
    async with (
        _off_the_loop(_state(settings, identity)) as state,
        CloudClient(settings.cloud.url, identity, model, settings.cloud.timeout_s) as cloud,
    ):
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
        yield Gateway(
            model=model,
            identity=identity,
            household=state.household,
            store=state.store,
            registration=state.registration,
            cloud=cloud,
            updates=updates,
            purchased_on=settings.gateway.purchased_on,
            changes=changes,
            clock=clock,
        )


@asynccontextmanager
async def working(
    settings: Settings, gateway: Gateway, announcer: Announcer, clock: Clock
) -> AsyncIterator[None]:
    """Measure, send, look for updates and let mDNS know of changes; at the end the broker is told."""
    async with beside(
        sample_for_ever(gateway, clock, settings.telemetry.interval),
        Uplink(gateway, clock).run(),
        _refresh_on_change(gateway, announcer),
        gateway.updates.run(),
        gateway.updates.watch(),
    ):
        yield


@asynccontextmanager
async def served(
    settings: Settings,
    gateway: Gateway,
    announcer: Announcer,
    listeners: Sequence[socket.socket],
    clock: Clock,
) -> AsyncIterator[None]:
    """Serve panel and device API on `listeners`, and at addresses that come later: it may start before its network."""
    app = await asyncio.to_thread(_make_app, settings, gateway, clock)
    async with serving(app, listeners) as doors, AsyncExitStack() as stack:
        if not settings.http.host:
            follow = partial(_follow_addresses, settings.network.interfaces, doors)
            await stack.enter_async_context(announcer.behind(follow))
        yield


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
    """Serve where the gateway is announced."""
    await doors.move_to(await asyncio.to_thread(addresses_of, interfaces))


@dataclass(frozen=True)
class _State:
    household: Household
    slots: Slots
    store: Store
    registration: Registration | None


@contextmanager
def _state(settings: Settings, identity: Identity) -> Iterator[_State]:
    """Open what is in the state folder. Reads and writes files: not for the event loop."""
    box = settings.gateway
    household = Household(
        seed=settings.household.seed or identity.gateway_id,
        solar_peak_w=settings.household.solar_peak_w,
        battery_wh=settings.household.battery_wh,
        interval=settings.telemetry.interval,
    )
    slots = Slots(box.folder, box.model, box.firmware, box.release_key)
    store = Store(box.folder, household.first_state(), settings.telemetry.outbox_samples)
    with closing(store):
        yield _State(household, slots, store, store.registration())


@asynccontextmanager
async def _off_the_loop(entered: AbstractContextManager[_State]) -> AsyncIterator[_State]:
    """Enter and leave `entered` in a thread; it is left also when cancelled half way."""
    entering = asyncio.get_running_loop().run_in_executor(None, entered.__enter__)
    try:
        yield await asyncio.shield(entering)
    finally:
        await asyncio.wait([entering])
        if not (entering.cancelled() or entering.exception()):
            await asyncio.to_thread(entered.__exit__, None, None, None)
