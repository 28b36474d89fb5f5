"""Pages of the cloud: front page, caught mails, confirmation of an address, the operator's console.

Japanese first; `?lang=en` switches. Nothing here needs a script.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final, get_args

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from chassis.clock import Clock
from chassis.web import form_of
from cloud.registry import Registry
from protocol.identity import Model
from protocol.problems import NOT_FOUND, Problem
from protocol.rules import TOKYO
from protocol.telemetry import Notice
from protocol.topics import Topic

_HERE: Final = Path(__file__).parent
_RELEASE: Final = ("model", "version", "text_ja", "text_en")


class Site:
    """Translates between pages and verbs of the registry. Making one reads files: do it in a thread."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        tell: Callable[[Topic, bytes], Awaitable[None]],
        shows_inbox: bool,
    ) -> None:
        """Take how a gateway is told something over MQTT; `tell` never fails."""
        self._registry = registry
        self._clock = clock
        self._tell = tell
        self._shows_inbox = shows_inbox
        loader = FileSystemLoader(_HERE / "templates")
        pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, auto_reload=False)
        pages.filters["japan"] = _in_japan
        self._pages = {name: pages.get_template(name) for name in pages.list_templates()}

    def add_to(self, application: web.Application) -> None:
        """Serve the pages."""
        application.add_routes(
            [
                web.get("/", self._front),
                web.static("/static", _HERE / "static"),
                web.get("/verify", self._ask),
                web.post("/verify", self._confirm),
                web.get("/console", self._console),
                web.post("/console/releases", self._release),
            ]
        )
        if self._shows_inbox:
            application.router.add_get("/inbox", self._inbox)

    async def _front(self, request: web.Request) -> web.Response:
        return self._page(request, "front.html", shows_inbox=self._shows_inbox)

    async def _inbox(self, request: web.Request) -> web.Response:
        mails = await asyncio.to_thread(self._registry.inbox)
        return self._page(request, "inbox.html", mails=mails)

    async def _ask(self, request: web.Request) -> web.Response:
        """Ask only: a mail scanner that fetches the URL must not confirm anything (S-ACC-11)."""
        return self._page(request, "verify.html", token=request.query.get("token", ""))

    async def _confirm(self, request: web.Request) -> web.Response:
        token = (await form_of(request)).get("token", "")
        try:
            verified = await asyncio.to_thread(self._registry.verify, token, self._clock.now())
        except Problem as problem:
            return self._page(request, "refused.html", status=problem.kind.status, problem=problem)
        return self._page(request, "verified.html", verified=verified)

    async def _console(self, request: web.Request) -> web.Response:
        _check_is_from_this_machine(request)
        return await self._console_page(request, typed={}, problem=None)

    async def _release(self, request: web.Request) -> web.Response:
        """Publish a release and tell the gateways it is for."""
        _check_is_from_this_machine(request)
        form, now = await form_of(request), self._clock.now()
        typed = {name: form.get(name, "").strip() for name in _RELEASE}
        try:
            concerned = await asyncio.to_thread(self._registry.publish_release, **typed, now=now)
        except Problem as problem:
            return await self._console_page(request, typed=typed, problem=problem)
        await asyncio.gather(
            *(self._announce(gateway_id, epoch, typed["version"], now) for gateway_id, epoch in concerned)
        )
        raise web.HTTPSeeOther(request.rel_url.with_path("/console", keep_query=True))

    async def _announce(self, gateway_id: str, epoch: int, version: str, now: datetime) -> None:
        notice = Notice(kind="firmware_available", gateway_id=gateway_id, at=now, firmware=version)
        await self._tell(Topic(gateway_id, epoch, "notice"), notice.model_dump_json().encode())

    async def _console_page(
        self, request: web.Request, *, typed: Mapping[str, str], problem: Problem | None
    ) -> web.Response:
        now = self._clock.now()
        overview = await asyncio.to_thread(self._registry.overview, now)
        releases = await asyncio.to_thread(self._registry.catalogue)
        return self._page(
            request,
            "console.html",
            status=problem.kind.status if problem else HTTPStatus.OK,
            overview=overview,
            releases=releases,
            models=get_args(Model),
            typed=typed,
            problem=problem,
            now=now,
        )

    def _page(self, request: web.Request, name: str, *, status: int = 200, **values: object) -> web.Response:
        language = "en" if request.query.get("lang") == "en" else "ja"
        here = {"language": language, "say": _speaker(language), "link": _linker(language)}
        other = request.rel_url.update_query(lang="ja" if language == "en" else "en")
        text = self._pages[name].render(**values, **here, other_language=str(other))
        return web.Response(text=text, status=status, content_type="text/html")


def _check_is_from_this_machine(request: web.Request) -> None:
    """Let pass a peer on loopback, or at our own address: a browser here that goes to it comes from it.

    Raises:
        Problem: `not_found`.
    """
    here = request.transport.get_extra_info("sockname")[0] if request.transport else None
    if request.remote != here and not ipaddress.ip_address(request.remote or "::").is_loopback:
        raise Problem(NOT_FOUND)


def _speaker(language: str) -> Callable[[str, str], str]:
    """Return what picks the sentence of a page's language."""
    return lambda japanese, english: english if language == "en" else japanese


def _linker(language: str) -> Callable[[str], str]:
    """Return what makes a link that keeps the language."""
    return lambda path: f"{path}?lang=en" if language == "en" else path


def _in_japan(at: datetime | None) -> str:
    return "–" if at is None else at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S")
