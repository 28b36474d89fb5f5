"""The panel: every screen of the AiSEG, put together."""

from collections.abc import Iterable

from aiohttp import web

from chassis.clock import Clock
from emulator.gateway import Gateway
from emulator.panel import firmware, home, link_code, linking, registering, service
from emulator.panel.taps import Taps
from emulator.panel.view import HERE, View
from emulator.settings import Panel as PanelSettings


class Panel:
    """Screens over one gateway."""

    def __init__(self, gateway: Gateway, clock: Clock, view: View, settings: PanelSettings) -> None:
        self._clock = clock
        self._taps = Taps(gateway, clock, view, settings)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the panel's routes."""
        rooms = (home, firmware, service, registering, linking, link_code)
        return [
            *self._taps.routes(screen for room in rooms for screen in room.SCREENS),
            web.get("/events", self._events),
            web.get("/areas", home.areas_under),
            web.static("/static", HERE / "static"),
        ]

    async def _events(self, request: web.Request) -> web.StreamResponse:
        return await home.events(self._taps.tap(request, {}), self._clock)
