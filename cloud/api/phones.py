"""The phones' half of the API: accounts, sessions, links, timeline, and readiness."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from cloud.api.hashing import Hashing
from cloud.api.mqtt import Mqtt
from cloud.api.routes import Route, bearer_token, body, whole_number
from cloud.registry import Registry
from cloud.registry.accounts import Who
from protocol import problems as no
from protocol.cloud_api import (
    Events,
    Health,
    Link,
    LinkRequest,
    Login,
    Session,
    SignedUp,
    SignUp,
    Timeline,
    Verification,
    Verified,
)
from protocol.openapi import Operation
from protocol.telemetry import Notice
from protocol.topics import Topic

_HOURS_DEFAULT: Final = 24
_HOURS_MAX: Final = 7 * 24
_BUCKET_S_DEFAULT: Final = 600
_BUCKET_S_MIN: Final = 60
_BUCKET_S_MAX: Final = 86_400

SIGN_UP: Final = Operation(
    "POST",
    "/api/v1/accounts",
    "Sign up; a mail goes to the address, whoever owns it.",
    SignedUp,
    SignUp,
    status=202,
    problems=(
        no.TERMS_NOT_ACCEPTED,
        no.EMAIL_UNUSABLE,
        no.PASSWORD_UNUSABLE,
        no.TOO_BUSY,
        no.REQUEST_MALFORMED,
    ),
)
VERIFY: Final = Operation(
    "POST",
    "/api/v1/accounts/verification",
    "Confirm an address by the token of the mailed URL.",
    Verified,
    Verification,
    problems=(no.MAIL_URL_INVALID, no.MAIL_URL_EXPIRED, no.REQUEST_MALFORMED),
)
LOG_IN: Final = Operation(
    "POST",
    "/api/v1/sessions",
    "Log in on one installation of the app.",
    Session,
    Login,
    status=201,
    problems=(no.LOGIN_REFUSED, no.TOO_BUSY, no.REQUEST_MALFORMED),
)
LOG_OUT: Final = Operation(
    "DELETE",
    "/api/v1/sessions/current",
    "Log out: the token is dead.",
    None,
    status=204,
    problems=(no.NOT_LOGGED_IN,),
    bearer=True,
)
LINK: Final = Operation(
    "POST",
    "/api/v1/links",
    "Link the account to a gateway and register this phone; the same whether the phone found it or not.",
    Link,
    LinkRequest,
    status=201,
    problems=(
        no.NOT_LOGGED_IN,
        no.REQUEST_MALFORMED,
        no.CODE_MALFORMED,
        no.NICKNAME_UNUSABLE,
        no.TOO_MANY_TRIES,
        no.TOO_BUSY,
        no.LINK_REFUSED,
        no.LINK_CODE_EXPIRED,
        no.ACCOUNTS_FULL,
        no.PHONES_FULL,
        no.OTHER_GATEWAY,
        no.NICKNAME_TAKEN,
    ),
    bearer=True,
)
CURRENT_LINK: Final = Operation(
    "GET",
    "/api/v1/links/current",
    "The account's link.",
    Link,
    problems=(no.NOT_LOGGED_IN, no.NOT_LINKED),
    bearer=True,
)
TIMELINE: Final = Operation(
    "GET",
    "/api/v1/timeline",
    "The linked gateway's last hours in equal spans.",
    Timeline,
    problems=(no.NOT_LOGGED_IN, no.NOT_LINKED, no.REQUEST_MALFORMED),
    query=(("hours", "integer"), ("bucket_s", "integer")),
    bearer=True,
)
EVENTS: Final = Operation(
    "GET",
    "/api/v1/events",
    "What has happened to the account's gateways in 90 days, the newest first.",
    Events,
    problems=(no.NOT_LOGGED_IN,),
    bearer=True,
)
HEALTH: Final = Operation("GET", "/healthz", "Whether requests and telemetry can come in.", Health)


@dataclass(frozen=True)
class PhoneApi:
    """Translates between requests and the people's verbs."""

    registry: Registry
    clock: Clock
    mqtt: Mqtt
    public_url: str
    hashing: Hashing

    def routes(self) -> tuple[Route, ...]:
        """Return what is served."""
        return (
            Route(SIGN_UP, self._sign_up),
            Route(VERIFY, self._verify),
            Route(LOG_IN, self._log_in),
            Route(LOG_OUT, self._log_out),
            Route(LINK, self._link),
            Route(CURRENT_LINK, self._current_link),
            Route(TIMELINE, self._timeline),
            Route(EVENTS, self._events),
            Route(HEALTH, self._health),
        )

    async def _sign_up(self, request: web.Request) -> SignedUp:
        asked = await body(request, SignUp)
        return await self.hashing.run(self.registry.sign_up, asked, self.public_url, self.clock.now())

    async def _verify(self, request: web.Request) -> Verified:
        asked = await body(request, Verification)
        return await asyncio.to_thread(self.registry.verify, asked.token, self.clock.now())

    async def _log_in(self, request: web.Request) -> Session:
        asked = await body(request, Login)
        return await self.hashing.run(self.registry.log_in, asked, self.clock.now())

    async def _log_out(self, request: web.Request) -> None:
        await asyncio.to_thread(self.registry.log_out, bearer_token(request), self.clock.now())

    async def _link(self, request: web.Request) -> Link:
        who = await self._who(request)  # before anything else of the request is judged
        asked, now = await body(request, LinkRequest), self.clock.now()
        link = await self.hashing.run(self.registry.link, who, asked, request.remote or "", now)
        epoch = await asyncio.to_thread(self.registry.epoch_of, link.gateway_id)
        if epoch is not None:
            notice = Notice(kind="linked", gateway_id=link.gateway_id, at=now, nickname=link.nickname)
            await self.mqtt.tell(Topic(link.gateway_id, epoch, "notice"), notice.model_dump_json().encode())
        return link

    async def _current_link(self, request: web.Request) -> Link:
        return await asyncio.to_thread(self.registry.current_link, await self._who(request))

    async def _timeline(self, request: web.Request) -> Timeline:
        who = await self._who(request)
        length = timedelta(hours=whole_number(request, "hours", _HOURS_DEFAULT, 1, _HOURS_MAX))
        bucket = timedelta(
            seconds=whole_number(request, "bucket_s", _BUCKET_S_DEFAULT, _BUCKET_S_MIN, _BUCKET_S_MAX)
        )
        return await asyncio.to_thread(self.registry.timeline, who, length, bucket, self.clock.now())

    async def _events(self, request: web.Request) -> Events:
        return await asyncio.to_thread(self.registry.events, await self._who(request), self.clock.now())

    async def _health(self, _request: web.Request) -> Health:
        return Health(ready=self.mqtt.is_connected())

    async def _who(self, request: web.Request) -> Who:
        return await asyncio.to_thread(self.registry.authenticate, bearer_token(request), self.clock.now())
