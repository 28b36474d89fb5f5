"""Pages of the cloud: front page, caught mails, confirmation of an address, the operator's table.

Japanese first; `?lang=en` switches. Nothing here needs a script.
"""

import asyncio
import ipaddress
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from chassis.clock import Clock
from cloud.registry import Registry
from protocol.problems import NOT_FOUND, REQUEST_MALFORMED, Problem

_HERE: Final = Path(__file__).parent
_JAPAN: Final = ZoneInfo("Asia/Tokyo")


class Site:
    """Translates between pages and verbs of the registry. Making one reads files: do it in a thread."""

    def __init__(self, registry: Registry, clock: Clock, shows_inbox: bool) -> None:
        self._registry = registry
        self._clock = clock
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
        try:
            token = (await request.post()).get("token")
        except (ValueError, LookupError):
            raise Problem(REQUEST_MALFORMED, reason="not a form") from None
        try:
            verified = await asyncio.to_thread(self._registry.verify, str(token), self._clock.now())
        except Problem as problem:
            return self._page(request, "refused.html", status=problem.kind.status, problem=problem)
        return self._page(request, "verified.html", verified=verified)

    async def _console(self, request: web.Request) -> web.Response:
        if not _is_from_this_machine(request):
            raise Problem(NOT_FOUND)
        now = self._clock.now()
        overview = await asyncio.to_thread(self._registry.overview, now)
        return self._page(request, "console.html", overview=overview, now=now)

    def _page(self, request: web.Request, name: str, *, status: int = 200, **values: object) -> web.Response:
        language = "en" if request.query.get("lang") == "en" else "ja"
        here = {"language": language, "say": _speaker(language), "link": _linker(language)}
        other = request.rel_url.update_query(lang="ja" if language == "en" else "en")
        text = self._pages[name].render(**values, **here, other_language=str(other))
        return web.Response(text=text, status=status, content_type="text/html")


def _is_from_this_machine(request: web.Request) -> bool:
    """Say so of a peer on loopback, or at our own address: a browser here that goes to it comes from it."""
    here = request.transport.get_extra_info("sockname")[0] if request.transport else None
    return request.remote == here or ipaddress.ip_address(request.remote or "::").is_loopback


def _speaker(language: str) -> Callable[[str, str], str]:
    """Return what picks the sentence of a page's language."""
    return lambda japanese, english: english if language == "en" else japanese


def _linker(language: str) -> Callable[[str], str]:
    """Return what makes a link that keeps the language."""
    return lambda path: f"{path}?lang=en" if language == "en" else path


def _in_japan(at: datetime | None) -> str:
    return "–" if at is None else at.astimezone(_JAPAN).strftime("%Y-%m-%d %H:%M:%S")
