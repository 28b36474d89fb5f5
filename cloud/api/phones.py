"""Phones over HTTP: a further one, a change of one with a code or without, the users of a gateway and their removal."""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from cloud.api.bearer import NO_SESSION, who_asks
from cloud.api.links import tell_unlinked
from cloud.api.mqtt import Mqtt
from cloud.api.routes import Route, body
from cloud.hashing import Hashing
from cloud.registry import Registry
from protocol import problems as no
from protocol.cloud_api import AddPhone, IssuedChangeCode, Link, MovePhone, RemoveUser, ReplacePhone, Users
from protocol.openapi import Operation

_NEWCOMER_PROBLEMS: Final = (
    *NO_SESSION,
    no.REQUEST_MALFORMED,
    no.NOT_LINKED,
    no.PHONE_REGISTERED,
    no.OTHER_GATEWAY,
)

ADD: Final = Operation(
    "POST",
    "/api/v1/phones",
    "Register a further phone of a linked account.",
    Link,
    AddPhone,
    status=201,
    problems=(*_NEWCOMER_PROBLEMS, no.NICKNAME_UNUSABLE, no.NICKNAME_TAKEN, no.PHONES_FULL),
    bearer=True,
)
ISSUE: Final = Operation(
    "POST",
    "/api/v1/change-codes",
    "Issue a change code for the phone that asks; the one before is void.",
    IssuedChangeCode,
    status=201,
    problems=(*NO_SESSION, no.NOT_LINKED, no.PHONE_NOT_REGISTERED, no.TOO_BUSY),
    bearer=True,
)
MOVE: Final = Operation(
    "POST",
    "/api/v1/phones/moves",
    "Take the place of the phone that a change code was issued for; that phone is out at once.",
    Link,
    MovePhone,
    status=201,
    problems=(
        *_NEWCOMER_PROBLEMS,
        no.CHANGE_CODE_MALFORMED,
        no.TOO_MANY_TRIES,
        no.TOO_BUSY,
        no.CHANGE_REFUSED,
        no.CHANGE_CODE_EXPIRED,
    ),
    bearer=True,
)
REPLACE: Final = Operation(
    "POST",
    "/api/v1/phones/replacements",
    "Take the place of a phone of the account that can issue no change code; that phone is out at once.",
    Link,
    ReplacePhone,
    status=201,
    problems=(*_NEWCOMER_PROBLEMS, no.PHONE_UNKNOWN),
    bearer=True,
)
USERS: Final = Operation(
    "GET",
    "/api/v1/users",
    "Every phone that is registered with the account's gateway.",
    Users,
    problems=(*NO_SESSION, no.NOT_LINKED, no.PHONE_NOT_REGISTERED),
    bearer=True,
)
REMOVE: Final = Operation(
    "POST",
    "/api/v1/users/removals",
    "Remove a phone from the users of a gateway; with the last phone of an account its link goes.",
    Users,
    RemoveUser,
    problems=(
        *NO_SESSION,
        no.REQUEST_MALFORMED,
        no.NOT_LINKED,
        no.PHONE_NOT_REGISTERED,
        no.PERMIT_REFUSED,
        no.PHONE_UNKNOWN,
    ),
    bearer=True,
)


@dataclass(frozen=True)
class PhoneApi:
    """Translates between requests and the verbs of phones."""

    registry: Registry
    clock: Clock
    mqtt: Mqtt
    hashing: Hashing

    def routes(self) -> tuple[Route, ...]:
        """Return what is served."""
        return (
            Route(ADD, self._add),
            Route(ISSUE, self._issue),
            Route(MOVE, self._move),
            Route(REPLACE, self._replace),
            Route(USERS, self._users),
            Route(REMOVE, self._remove),
        )

    async def _add(self, request: web.Request) -> Link:
        who = await who_asks(request, self.registry, self.clock)
        asked = await body(request, AddPhone)
        return await asyncio.to_thread(self.registry.add_phone, who, asked, self.clock.now())

    async def _issue(self, request: web.Request) -> IssuedChangeCode:
        who = await who_asks(request, self.registry, self.clock)
        return await self.hashing.run(self.registry.issue_change_code, who, self.clock.now())

    async def _move(self, request: web.Request) -> Link:
        who = await who_asks(request, self.registry, self.clock)
        asked = await body(request, MovePhone)
        return await self.hashing.run(self.registry.move_phone, who, asked, self.clock.now())

    async def _replace(self, request: web.Request) -> Link:
        who = await who_asks(request, self.registry, self.clock)
        asked = await body(request, ReplacePhone)
        return await asyncio.to_thread(self.registry.replace_phone, who, asked, self.clock.now())

    async def _users(self, request: web.Request) -> Users:
        who = await who_asks(request, self.registry, self.clock)
        return await asyncio.to_thread(self.registry.users, who)

    async def _remove(self, request: web.Request) -> Users:
        who = await who_asks(request, self.registry, self.clock)
        asked, now = await body(request, RemoveUser), self.clock.now()
        removed = await asyncio.to_thread(self.registry.remove_user, who, asked, now)
        await tell_unlinked(self.mqtt, removed.left, now)
        return removed.users
