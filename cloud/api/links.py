"""An account's link over HTTP: looked at before it is made, made, told and deleted. The gateway is told after the commit."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from cloud.api.bearer import NO_SESSION, who_asks
from cloud.api.mqtt import Mqtt
from cloud.api.routes import Route, body
from cloud.hashing import Hashing
from cloud.registry import Registry
from cloud.registry.seating import Left
from protocol import problems as no
from protocol.cloud_api import Link, LinkPreview, LinkRequest
from protocol.openapi import Operation
from protocol.telemetry import Notice
from protocol.topics import Topic

_PAIR_PROBLEMS: Final = (
    *NO_SESSION,
    no.REQUEST_MALFORMED,
    no.CODE_MALFORMED,
    no.APP_TERMS_NOT_ACCEPTED,
    no.NICKNAME_UNUSABLE,
    no.TOO_MANY_TRIES,
    no.TOO_BUSY,
    no.LINK_REFUSED,
    no.LINK_CODE_EXPIRED,
    no.OTHER_GATEWAY,
)

PREVIEW: Final = Operation(
    "POST",
    "/api/v1/link-previews",
    "Which gateway a right pair of codes is of, and who uses it; nothing is linked and no code is spent.",
    LinkPreview,
    LinkRequest,
    problems=_PAIR_PROBLEMS,
    bearer=True,
)
LINK: Final = Operation(
    "POST",
    "/api/v1/links",
    "Link the account to a gateway and register this phone; the same whether the phone found it or not.",
    Link,
    LinkRequest,
    status=201,
    problems=(*_PAIR_PROBLEMS, no.ACCOUNTS_FULL, no.PHONES_FULL, no.NICKNAME_TAKEN),
    bearer=True,
)
CURRENT_LINK: Final = Operation(
    "GET",
    "/api/v1/links/current",
    "The account's link.",
    Link,
    problems=(*NO_SESSION, no.NOT_LINKED),
    bearer=True,
)
DELETE: Final = Operation(
    "DELETE",
    "/api/v1/links/current",
    "Delete the account from the app: its link, its phones, their codes, every session. The CLUB Panasonic ID stays.",
    None,
    status=204,
    problems=(*NO_SESSION, no.NOT_LINKED),
    bearer=True,
)


@dataclass(frozen=True)
class LinkApi:
    """Translates between requests and the verbs of links."""

    registry: Registry
    clock: Clock
    mqtt: Mqtt
    hashing: Hashing

    def routes(self) -> tuple[Route, ...]:
        """Return what is served."""
        return (
            Route(PREVIEW, self._preview),
            Route(LINK, self._link),
            Route(CURRENT_LINK, self._current_link),
            Route(DELETE, self._delete),
        )

    async def _preview(self, request: web.Request) -> LinkPreview:
        who = await who_asks(request, self.registry, self.clock)
        asked, now = await body(request, LinkRequest), self.clock.now()
        return await self.hashing.run(self.registry.preview_link, who, asked, request.remote or "", now)

    async def _link(self, request: web.Request) -> Link:
        who = await who_asks(request, self.registry, self.clock)
        asked, now = await body(request, LinkRequest), self.clock.now()
        link = await self.hashing.run(self.registry.link, who, asked, request.remote or "", now)
        epoch = await asyncio.to_thread(self.registry.epoch_of, link.gateway_id)
        if epoch is not None:
            notice = Notice(kind="linked", gateway_id=link.gateway_id, at=now, nickname=link.nickname)
            await self.mqtt.tell(Topic(link.gateway_id, epoch, "notice"), notice.model_dump_json().encode())
        return link

    async def _current_link(self, request: web.Request) -> Link:
        who = await who_asks(request, self.registry, self.clock)
        return await asyncio.to_thread(self.registry.current_link, who)

    async def _delete(self, request: web.Request) -> None:
        who = await who_asks(request, self.registry, self.clock)
        now = self.clock.now()
        await tell_unlinked(self.mqtt, await asyncio.to_thread(self.registry.delete_account, who, now), now)


async def tell_unlinked(mqtt: Mqtt, left: Left | None, now: datetime) -> None:
    """Tell the gateway that an account has left it, if one has."""
    if left is not None:
        notice = Notice(kind="unlinked", gateway_id=left.gateway_id, at=now)
        await mqtt.tell(Topic(left.gateway_id, left.epoch, "notice"), notice.model_dump_json().encode())
