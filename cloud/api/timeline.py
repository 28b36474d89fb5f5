"""What a registered phone looks at: the timeline, what has happened; and whether the cloud is ready."""

import asyncio
from dataclasses import dataclass
from typing import Final, cast, get_args

from aiohttp import web

from chassis.clock import Clock
from cloud.api.bearer import NO_SESSION, who_asks
from cloud.api.mqtt import Mqtt
from cloud.api.routes import Route, choice, day
from cloud.registry import Registry
from cloud.timeline import FIRST_YEAR, LAST_YEAR
from protocol import problems as no
from protocol.cloud_api import By, Events, Health, Timeline
from protocol.openapi import Operation

TIMELINE: Final = Operation(
    "GET",
    "/api/v1/timeline",
    "What the linked gateway measured in a day (by ten_minutes or hour), month (by day) or year (by month) in Japan.",
    Timeline,
    problems=(*NO_SESSION, no.NOT_LINKED, no.REQUEST_MALFORMED),
    query=(("by", "string"), ("on", "string")),
    bearer=True,
)
EVENTS: Final = Operation(
    "GET",
    "/api/v1/events",
    "What has happened to the account's gateways in 90 days, the newest first.",
    Events,
    problems=NO_SESSION,
    bearer=True,
)
HEALTH: Final = Operation("GET", "/healthz", "Whether requests and telemetry can come in.", Health)


@dataclass(frozen=True)
class TimelineApi:
    """Translates between requests and the verbs that look."""

    registry: Registry
    clock: Clock
    mqtt: Mqtt

    def routes(self) -> tuple[Route, ...]:
        """Return what is served."""
        return (Route(TIMELINE, self._timeline), Route(EVENTS, self._events), Route(HEALTH, self._health))

    async def _timeline(self, request: web.Request) -> Timeline:
        who = await who_asks(request, self.registry, self.clock)
        by = cast(By, choice(request, "by", get_args(By)))
        on = day(request, "on", FIRST_YEAR, LAST_YEAR)
        return await asyncio.to_thread(self.registry.timeline, who, by, on, self.clock.now())

    async def _events(self, request: web.Request) -> Events:
        who = await who_asks(request, self.registry, self.clock)
        return await asyncio.to_thread(self.registry.events, who, self.clock.now())

    async def _health(self, _request: web.Request) -> Health:
        reachable = await asyncio.to_thread(self.registry.is_reachable)
        return Health(ready=reachable and self.mqtt.is_connected())
