"""Puts the cloud together: registry, broker, ingest, API and site, until the block is left."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from chassis.clock import Clock
from chassis.folder import held
from chassis.listening import listening, url_of
from chassis.tasks import beside
from chassis.web import application, serving
from cloud.api.firmware import FirmwareApi
from cloud.api.gateways import GatewayApi
from cloud.api.links import LinkApi, tell_unlinked
from cloud.api.phones import PhoneApi
from cloud.api.routes import add_routes
from cloud.api.sessions import SessionApi
from cloud.api.timeline import TimelineApi
from cloud.broker import Broker
from cloud.broker.embedded import EmbeddedBroker
from cloud.broker.mosquitto import MosquittoBroker
from cloud.clock import SystemClock
from cloud.club.pages import Club
from cloud.hashing import Hashing
from cloud.ingest import Ingest
from cloud.logins import INGEST, Login, hash_password, ingest_login
from cloud.mailer import Mailer
from cloud.pepper import mint_token
from cloud.registry import Registry, open_registry
from cloud.settings import ALL_INTERFACES, Mail, Settings
from cloud.site import Site
from protocol.problems import UnreachableError
from protocol.topics import Topic

_TELL_WITHIN_S: Final = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """The running cloud: its doorway, and where it is reached."""

    registry: Registry
    ingest: Ingest
    public_url: str
    club_url: str
    mqtt_host: str
    mqtt_port: int


class _Applications(NamedTuple):
    """API and site on one origin, the club on another."""

    api: web.Application
    club: web.Application


@dataclass(frozen=True)
class _Mqtt:
    """Broker and ingest as the API sees them."""

    broker: Broker
    ingest: Ingest
    public_url: str

    def address(self) -> tuple[str, int]:
        """Name a broker that listens on all interfaces by the host that the API is reached by."""
        host = self.broker.host
        if host in ALL_INTERFACES:
            host = urlsplit(self.public_url).hostname or host
        return host, self.broker.port

    def is_connected(self) -> bool:
        return self.ingest.connected

    async def admit(self, login: Login) -> None:
        await self.broker.admit(login)

    async def tell(self, topic: Topic, payload: bytes, *, retain: bool = False) -> None:
        try:
            async with asyncio.timeout(_TELL_WITHIN_S):
                await self.ingest.send(str(topic), payload, retain=retain)
        except (UnreachableError, TimeoutError) as error:
            _log.warning("nothing could be told on %s: %s", topic, error)


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Run the cloud until the block is left. Without `clock`: the machine's, never earlier than the store knows.

    Raises:
        Problem: `state_in_use`, `state_damaged`, `state_unwritable`, `port_taken`, `program_missing`, `settings_wrong`.
        UnreachableError: PostgreSQL is away, or does not let us in.
    """
    async with _opened(settings) as registry:
        clock = clock or SystemClock(await asyncio.to_thread(registry.latest_instant))
        broker, password = _broker(settings), mint_token()
        logins = await asyncio.to_thread(registry.logins)
        async with (
            listening([settings.http.host], settings.http.port) as listeners,
            listening([settings.http.host], settings.club.port) as club_listeners,
            broker.serving([*logins, ingest_login(hash_password(password))]),
        ):
            public_url = settings.http.public_url or url_of(listeners[0])
            club_url = settings.club.public_url or url_of(club_listeners[0])
            ingest = Ingest(registry, clock, broker.host, broker.port, INGEST, password)
            mqtt = _Mqtt(broker, ingest, public_url)
            doors = await asyncio.to_thread(_applications, settings, registry, clock, mqtt, club_url)
            async with (
                serving(doors.api, listeners),
                serving(doors.club, club_listeners),
                beside(ingest.run(), *_mailer(settings.mail, registry, clock)),
            ):
                yield Running(registry, ingest, public_url, club_url, broker.host, broker.port)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Registry]:
    """Open the registry, which no other process may have open."""
    folder = settings.store.folder
    async with held(folder):
        registry = await asyncio.to_thread(
            open_registry, folder, settings.firmware.latest(), settings.store.postgresql
        )
        try:
            yield registry
        finally:
            await asyncio.to_thread(registry.close)


def _broker(settings: Settings) -> Broker:
    mqtt = settings.mqtt
    if mqtt.broker == "mosquitto":
        return MosquittoBroker(mqtt.host, mqtt.port, settings.store.folder / "mosquitto")
    return EmbeddedBroker(mqtt.host, mqtt.port)


def _mailer(settings: Mail, registry: Registry, clock: Clock) -> Sequence[Coroutine[Any, Any, None]]:
    """Return what brings the mails out, nothing where they stay here (S-GEN-21)."""
    if settings.smtp_host is None:
        return ()
    return (Mailer(registry, clock, settings.smtp_host, settings.smtp_port).run(),)


def _applications(
    settings: Settings, registry: Registry, clock: Clock, mqtt: _Mqtt, club_url: str
) -> _Applications:
    """Put together what is served; reads files."""
    shows_inbox, hashing = settings.shows_inbox(), Hashing()
    api = application({urlsplit(mqtt.public_url).hostname or ""}, mqtt.public_url)
    parts = (
        GatewayApi(registry, clock, mqtt, hashing),
        FirmwareApi(registry),
        SessionApi(registry, clock, hashing, club_url),
        LinkApi(registry, clock, mqtt, hashing),
        PhoneApi(registry, clock, mqtt, hashing),
        TimelineApi(registry, clock, mqtt),
    )
    add_routes(api, [route for part in parts for route in part.routes()])
    Site(registry, clock, mqtt.tell, shows_inbox=shows_inbox, club_url=club_url).add_to(api)
    club = Club(
        registry,
        clock,
        hashing,
        settings.club,
        url=club_url,
        tell_unlinked=partial(tell_unlinked, mqtt),
        inbox_url=f"{mqtt.public_url}/inbox" if shows_inbox else None,
    )
    return _Applications(api, club.application)
