"""The screens that lead everywhere: home, メニュー, 設定, help, and what moves on them by itself."""

import json
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from emulator.panel.taps import Screen, Tap
from emulator.panel.view import live
from protocol.areas import areas, municipalities


async def _home(tap: Tap) -> web.Response:
    return tap.page("home.html", sample=tap.gateway.newest(), live=live(tap.gateway, tap.words, tap.language))


async def _menu(tap: Tap) -> web.Response:
    return tap.page("menu.html", notice=tap.gateway.updates.has_notice)


async def _settings(tap: Tap) -> web.Response:
    return tap.page("settings.html")


async def _help(tap: Tap) -> web.Response:
    return tap.page("help.html")


async def _monitor_off(tap: Tap) -> web.Response:
    """Show the dedicated monitor without power; switching it on again loads the home screen anew (S-FW-12)."""
    return tap.page("monitor_off.html")


RETRY_MS: Final = 1000
"""How soon a page listens again when the gateway was away."""

SCREENS: Final = (
    Screen("/", _home, open=True),
    Screen("/menu", _menu, open=True),
    Screen("/settings", _settings, open=True),
    Screen("/help", _help, open=True),
    Screen("/monitor/off", _monitor_off, open=True),
)


async def events(tap: Tap, clock: Clock) -> web.StreamResponse:
    """Send the live values now and at every change, for as long as the browser listens."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(tap.request)
    seen = -1
    while True:
        seen = await tap.gateway.changes.after(seen)
        values = live(tap.gateway, tap.words, tap.language)
        values |= {
            "link_code": str(tap.session.codes) if tap.shown_link_code(clock.now()) else "none",
            "boot": tap.boot,
        }
        try:
            text = json.dumps(values, ensure_ascii=False)
            await response.write(f"retry: {RETRY_MS}\ndata: {text}\n\n".encode())
        except ConnectionError:
            return response


async def areas_under(request: web.Request) -> web.Response:
    """Return what can be chosen under `prefecture` (its areas) or `prefecture` and `area` (municipalities)."""
    prefecture, area = request.query.get("prefecture", ""), request.query.get("area")
    names = areas(prefecture) if area is None else municipalities(prefecture, area)
    return web.json_response([list(name) for name in names])
