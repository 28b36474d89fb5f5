"""The operator's console: gateways and what they measure now, who uses them, what happened, the firmware catalogue.

For browsers on this machine only. Nothing needs a script; with one, what moves is fetched anew.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, get_args

from aiohttp import web
from aiohttp.typedefs import Handler

from chassis.clock import Clock
from chassis.web import form_of
from cloud.registry import Registry
from cloud.registry.console import State
from cloud.site.pages import Pages
from protocol.identity import Model
from protocol.problems import NOT_FOUND, Problem
from protocol.rules import MAX_ACCOUNTS_PER_GATEWAY, MAX_PHONES_PER_ACCOUNT
from protocol.telemetry import Notice
from protocol.topics import Topic

_RELEASE: Final = ("model", "version", "text_ja", "text_en")
_RELEASES: Final = "/console/releases"
_STATES: Final[tuple[State, ...]] = get_args(State)
_SEARCH_MAX: Final = 100
_PAGE_DIGITS_MAX: Final = 6


class Console:
    """Translates between the operator's pages and the verbs that look."""

    def __init__(
        self, registry: Registry, clock: Clock, tell: Callable[[Topic, bytes], Awaitable[None]], pages: Pages
    ) -> None:
        """Take how a gateway is told something over MQTT; `tell` never fails."""
        self._registry = registry
        self._clock = clock
        self._tell = tell
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [
            web.get("/console", _from_here(self._gateways)),
            web.get("/console/gateways/{gateway_id}", _from_here(self._gateway)),
            web.get("/console/accounts", _from_here(self._accounts)),
            web.get("/console/events", _from_here(self._events)),
            web.get(_RELEASES, _from_here(self._releases)),
            web.post(_RELEASES, _from_here(self._release)),
        ]

    async def _gateways(self, request: web.Request) -> web.Response:
        now, search, page = self._clock.now(), _search(request), _page_number(request)
        state = next((each for each in _STATES if each == request.query.get("state")), _STATES[0])
        shown = await asyncio.to_thread(self._registry.overview, now, search, state, page)
        return self._pages.page(
            request,
            "console.html",
            shown=shown,
            search=search,
            state=state,
            states=_STATES,
            now=now,
            seats=MAX_ACCOUNTS_PER_GATEWAY,
        )

    async def _gateway(self, request: web.Request) -> web.Response:
        gateway_id, now = request.match_info["gateway_id"], self._clock.now()
        view = await asyncio.to_thread(self._registry.gateway_view, gateway_id, now)
        if view is None:
            raise Problem(NOT_FOUND)
        slots = range(1, MAX_ACCOUNTS_PER_GATEWAY + 1)
        members = {each.member_slot: each for each in view.members}
        seats = [(slot, members.get(slot)) for slot in slots]
        phones = range(1, MAX_PHONES_PER_ACCOUNT + 1)
        return self._pages.page(request, "console_gateway.html", view=view, seats=seats, phones=phones)

    async def _accounts(self, request: web.Request) -> web.Response:
        search = _search(request)
        shown = await asyncio.to_thread(self._registry.account_list, search, _page_number(request))
        return self._pages.page(request, "console_accounts.html", shown=shown, search=search)

    async def _events(self, request: web.Request) -> web.Response:
        events = await asyncio.to_thread(self._registry.newest_events)
        return self._pages.page(request, "console_events.html", events=events)

    async def _releases(self, request: web.Request) -> web.Response:
        return await self._release_page(request, typed={}, problem=None)

    async def _release(self, request: web.Request) -> web.Response:
        """Publish a release and tell the gateways it is for."""
        form, now = await form_of(request), self._clock.now()
        typed = {name: form.get(name, "").strip() for name in _RELEASE}
        try:
            concerned = await asyncio.to_thread(self._registry.publish_release, **typed, now=now)
        except Problem as problem:
            return await self._release_page(request, typed=typed, problem=problem)
        await asyncio.gather(
            *(self._announce(gateway_id, epoch, typed["version"], now) for gateway_id, epoch in concerned)
        )
        raise web.HTTPSeeOther(request.rel_url)

    async def _announce(self, gateway_id: str, epoch: int, version: str, now: datetime) -> None:
        notice = Notice(kind="firmware_available", gateway_id=gateway_id, at=now, firmware=version)
        await self._tell(Topic(gateway_id, epoch, "notice"), notice.model_dump_json().encode())

    async def _release_page(
        self, request: web.Request, *, typed: Mapping[str, str], problem: Problem | None
    ) -> web.Response:
        releases = await asyncio.to_thread(self._registry.catalogue)
        return self._pages.page(
            request,
            "console_releases.html",
            status=problem.kind.status if problem else HTTPStatus.OK,
            releases=releases,
            models=get_args(Model),
            typed=typed,
            problem=problem,
        )


def _from_here(handler: Callable[[web.Request], Awaitable[web.Response]]) -> Handler:
    """Let pass a peer on loopback, or at our own address: a browser here that goes to it comes from it.

    Raises:
        Problem: `not_found`.
    """

    async def guarded(request: web.Request) -> web.StreamResponse:
        here = request.transport.get_extra_info("sockname")[0] if request.transport else None
        if request.remote != here and not ipaddress.ip_address(request.remote or "::").is_loopback:
            raise Problem(NOT_FOUND)
        return await handler(request)

    return guarded


def _search(request: web.Request) -> str:
    return request.query.get("search", "").strip()[:_SEARCH_MAX]


def _page_number(request: web.Request) -> int:
    typed = request.query.get("page", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= _PAGE_DIGITS_MAX else 1
