"""The whole life of the app's pages as one context: entered they are served, left they are gone, a search with them."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from aiohttp.web import Application

from chassis.clock import Clock, SystemClock
from chassis.listening import listening, url_of
from chassis.tasks import beside
from chassis.web import application, serving
from phone_client.phone import Phone
from phone_client.settings import Settings
from phone_client.web.key import KEY, asks_for
from phone_client.web.pages import Pages
from phone_client.web.searching import Searching
from phone_client.web.view import View


@dataclass(frozen=True)
class Running:
    """A phone whose pages are served; `url` has the key in it where others can reach the pages."""

    phone: Phone
    url: str


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serve one phone's pages until the context is left.

    Raises:
        Problem: `port_taken` or `settings_wrong`.
    """
    host = settings.ui.host
    async with Phone(settings, clock) as phone, listening([host], settings.ui.port) as listeners:
        key = secrets.token_urlsafe(16) if _is_open(listeners[0]) else ""
        searching = Searching(phone)
        pages = partial(Pages, phone, searching, clock or SystemClock())
        app = await asyncio.to_thread(_make_app, host, pages, key)
        async with serving(app, listeners), beside(searching.run()):
            yield Running(phone, f"{url_of(listeners[0])}/" + (f"?{KEY}={key}" if key else ""))


def _make_app(host: str, pages: Callable[[View], Pages], key: str) -> Application:
    """Put the pages together. Reads templates and words: not for the event loop."""
    view = View()
    app = application([host])
    if key:
        app.middlewares.append(asks_for(key, view))
    app.add_routes(pages(view).routes())
    return app


def _is_open(listener: socket.socket) -> bool:
    """Say whether others than this machine can come in."""
    return not ip_address(listener.getsockname()[0]).is_loopback
