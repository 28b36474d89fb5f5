"""Pages of the cloud: front page, caught mails and SMS, the operator's console.

Japanese first; `?lang=en` switches. Nothing here needs a script; with one, inbox and console move by themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from chassis.clock import Clock
from cloud.registry import Registry
from cloud.registry.survey import CaughtMail, CaughtText
from cloud.site.console import Console
from cloud.site.pages import HERE, Pages
from protocol.topics import Topic


class Site:
    """Translates between pages and verbs of the registry. Making one reads files: do it in a thread."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        tell: Callable[[Topic, bytes], Awaitable[None]],
        *,
        shows_inbox: bool,
        club_url: str,
    ) -> None:
        """Take how a gateway is told something over MQTT, and where the club is; `tell` never fails."""
        self._registry = registry
        self._shows_inbox = shows_inbox
        self._club_url = club_url
        self._pages = Pages()
        self._console = Console(registry, clock, tell, self._pages)

    def add_to(self, application: web.Application) -> None:
        """Serve the pages."""
        front = [web.get("/", self._front), web.static("/static", HERE / "static")]
        application.add_routes([*front, *self._console.routes()])
        if self._shows_inbox:
            application.router.add_get("/inbox", self._inbox)

    async def _front(self, request: web.Request) -> web.Response:
        return self._pages.page(request, "front.html", shows_inbox=self._shows_inbox, club_url=self._club_url)

    async def _inbox(self, request: web.Request) -> web.Response:
        mails = await asyncio.to_thread(self._registry.inbox)
        texts = await asyncio.to_thread(self._registry.texts)
        messages: list[CaughtMail | CaughtText] = [*mails, *texts]
        messages.sort(key=lambda each: each.sent_at, reverse=True)
        return self._pages.page(request, "inbox.html", messages=messages)
