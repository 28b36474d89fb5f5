"""The gateways' half of the API, each request signed by the gateway."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from cloud.api.mqtt import Mqtt
from cloud.api.routes import Route, body
from cloud.hashing import Hashing
from cloud.registry import Registry
from protocol import problems as no
from protocol.identity import Signed
from protocol.openapi import Operation
from protocol.registering import IssuedLinkCode, Nonce, Registration, RegistrationBegun, RegistrationStatus
from protocol.topics import Channel, Topic

_RETAINED: Final[tuple[Channel, ...]] = ("status", "receipt")

NONCE: Final = Operation(
    "POST", "/api/v1/gateways/nonces", "A nonce to sign into the next request.", Nonce, status=201
)
BEGIN: Final = Operation(
    "POST",
    "/api/v1/gateways/registration-runs",
    "Begin a registration: a confirmation code, and what an existing registration has to lose. Nothing changes yet.",
    RegistrationBegun,
    Signed,
    status=201,
    problems=(
        no.GATEWAY_REFUSED,
        no.UNSUPPORTED_MODEL,
        no.FIRMWARE_OUTDATED,
        no.TOO_BUSY,
        no.REQUEST_MALFORMED,
    ),
)
REGISTER: Final = Operation(
    "POST",
    "/api/v1/gateways/registrations",
    "Finish a registration; again erases everything of the old one.",
    Registration,
    Signed,
    status=201,
    problems=(
        no.GATEWAY_REFUSED,
        no.UNSUPPORTED_MODEL,
        no.REGISTRATION_NOT_BEGUN,
        no.REGISTRATION_CHANGED,
        no.SERVICE_TERMS_NOT_ACCEPTED,
        no.PLACE_UNKNOWN,
        no.REQUEST_MALFORMED,
    ),
)
STATUS: Final = Operation(
    "POST",
    "/api/v1/gateways/registration-status",
    "Whether this gateway is registered, and since when.",
    RegistrationStatus,
    Signed,
    problems=(no.GATEWAY_REFUSED, no.REQUEST_MALFORMED),
)
ISSUE: Final = Operation(
    "POST",
    "/api/v1/gateways/link-codes",
    "Issue a link code; the one before is void.",
    IssuedLinkCode,
    Signed,
    status=201,
    problems=(
        no.GATEWAY_REFUSED,
        no.NOT_REGISTERED,
        no.FIRMWARE_OUTDATED,
        no.SERVICE_TERMS_NOT_ACCEPTED,
        no.FAMILY_NEEDED,
        no.TOO_MANY_CODES,
        no.TOO_MANY_TRIES,
        no.REQUEST_MALFORMED,
    ),
)


@dataclass(frozen=True)
class GatewayApi:
    """Translates between requests and the gateways' verbs."""

    registry: Registry
    clock: Clock
    mqtt: Mqtt
    hashing: Hashing
    _one_registration: asyncio.Lock = field(default_factory=asyncio.Lock)

    def routes(self) -> tuple[Route, ...]:
        """Return what is served."""
        return (
            Route(NONCE, self._nonce),
            Route(BEGIN, self._begin),
            Route(REGISTER, self._register),
            Route(STATUS, self._status),
            Route(ISSUE, self._issue),
        )

    async def _nonce(self, _request: web.Request) -> Nonce:
        return await asyncio.to_thread(self.registry.mint_nonce, self.clock.now())

    async def _begin(self, request: web.Request) -> RegistrationBegun:
        signed = await body(request, Signed)
        return await self.hashing.run(self.registry.begin_registration, signed, self.clock.now())

    async def _register(self, request: web.Request) -> Registration:
        signed = await body(request, Signed)
        async with self._one_registration:  # the broker learns of epochs in the order of their commits
            registered = await asyncio.to_thread(self.registry.register, signed, self.clock.now())
            await self.mqtt.admit(registered.login)
        for channel in _RETAINED if registered.epoch > 1 else ():
            await self.mqtt.tell(
                Topic(registered.gateway_id, registered.epoch - 1, channel), b"", retain=True
            )
        host, port = self.mqtt.address()
        return Registration(
            gateway_id=registered.gateway_id,
            epoch=registered.epoch,
            registered_at=registered.registered_at,
            mqtt_password=registered.mqtt_password,
            mqtt_host=host,
            mqtt_port=port,
        )

    async def _status(self, request: web.Request) -> RegistrationStatus:
        signed = await body(request, Signed)
        return await asyncio.to_thread(self.registry.registration_status, signed, self.clock.now())

    async def _issue(self, request: web.Request) -> IssuedLinkCode:
        signed = await body(request, Signed)
        return await asyncio.to_thread(self.registry.issue_link_code, signed, self.clock.now())
