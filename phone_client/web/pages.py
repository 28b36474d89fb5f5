"""The app: every screen, put together over one phone."""

from collections.abc import Iterable

from aiohttp import web

from chassis.clock import Clock
from phone_client.phone import Phone
from phone_client.web import login, looking, menu, opening, phones, registering, top, users
from phone_client.web.searching import Searching
from phone_client.web.taps import Taps
from phone_client.web.view import HERE, View


class Pages:
    """Screens over one phone, and the search that goes on behind them."""

    def __init__(self, phone: Phone, searching: Searching, clock: Clock, view: View) -> None:
        self._taps = Taps(phone, searching, clock, view)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the app's routes."""
        rooms = (opening, login, looking, registering, users, phones, top, menu)
        return [
            *self._taps.routes(screen for room in rooms for screen in room.SCREENS),
            web.get("/events", self._events),
            web.static("/static", HERE / "static"),
        ]

    async def _events(self, request: web.Request) -> web.StreamResponse:
        return await looking.events(await self._taps.tap(request, {}))
