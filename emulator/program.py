"""The whole life of one gateway as one context: entered it serves, left it is gone, politely."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp.web import Application

from chassis.clock import Clock, SystemClock
from chassis.folder import held
from chassis.tasks import beside
from chassis.web import Doors, application, listening, serving, url_of
from emulator.addresses import addresses_of
from emulator.announcer import LOOK_EVERY_S, Announcer
from emulator.cloud_client import CloudClient
from emulator.device_api import DeviceApi
from emulator.gateway import Gateway
from emulator.household import Household
from emulator.identity import Identity, load_identity
from emulator.panel.pages import Panel
from emulator.panel.view import View
from emulator.sampler import sample_for_ever
from emulator.settings import Settings
from emulator.store import Store
from emulator.uplink import Uplink
from protocol.cloud_api import Registration

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class Running:
    """A gateway that serves: its doorway, its announcer, and the URLs of panel and device API (the first is the one to show)."""

    gateway: Gateway
    announcer: Announcer
    urls: list[str]


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Run one gateway until the context is left.

    Raises:
        Problem: `state_in_use`, `state_damaged`, `state_unwritable`, `port_taken` or `settings_wrong`.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        gateway = await _open_gateway(settings, clock, stack)
        app = await asyncio.to_thread(_make_app, settings, gateway, clock)
        hosts = [settings.http.host] if settings.http.host else addresses_of(settings.network.interfaces)
        listeners = await stack.enter_async_context(listening(hosts or [LOOPBACK], settings.http.port))
        doors = await stack.enter_async_context(serving(app, listeners))
        announcer = Announcer(settings.network.interfaces, listeners[0].getsockname()[1])
        async with beside(
            sample_for_ever(gateway, clock, settings.telemetry.interval),
            Uplink(gateway, clock).run(),
            announcer.run(gateway.advertisement, gateway.announcement_changed),
            _refresh_on_change(gateway, announcer),
            *([] if settings.http.host else [_follow_addresses(settings.network.interfaces, doors)]),
        ):
            yield Running(gateway, announcer, [url_of(each) for each in listeners])


def _make_app(settings: Settings, gateway: Gateway, clock: Clock) -> Application:
    """Put panel and device API together. Reads templates: not for the event loop."""
    api = DeviceApi(gateway, clock, with_link_code=settings.http.link_code)
    host = gateway.advertisement().host_name.removesuffix(".local.")
    renamed = [f"{host}-{number}.local" for number in range(2, 10)]  # what mDNS makes of it after a conflict
    names = [f"{host}.local", *renamed, *settings.http.names]
    app = application(names)
    app.add_routes([*api.routes(), *Panel(gateway, clock, View()).routes()])
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


async def _open_gateway(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Gateway:
    await stack.enter_async_context(held(settings.gateway.folder))
    opened = _opened(settings)
    state = await asyncio.to_thread(opened.__enter__)
    stack.push_async_callback(asyncio.to_thread, opened.__exit__, None, None, None)
    model = settings.gateway.model
    cloud = await stack.enter_async_context(CloudClient(settings.cloud.url, state.identity, model))
    return Gateway(
        model=model,
        firmware=settings.gateway.firmware,
        identity=state.identity,
        household=state.household,
        store=state.store,
        registration=state.registration,
        cloud=cloud,
        clock=clock,
    )


@dataclass(frozen=True)
class _State:
    identity: Identity
    household: Household
    store: Store
    registration: Registration | None


@contextmanager
def _opened(settings: Settings) -> Iterator[_State]:
    """Open what is in the state folder. Reads and writes files: not for the event loop."""
    folder = settings.gateway.folder
    identity = load_identity(folder)
    household = Household(
        seed=settings.household.seed or identity.gateway_id,
        solar_peak_w=settings.household.solar_peak_w,
        battery_wh=settings.household.battery_wh,
        interval=settings.telemetry.interval,
    )
    store = Store(folder, household.first_state(), settings.telemetry.outbox_samples)
    with closing(store):
        yield _State(identity, household, store, store.registration())
