"""The top screen, which is the timeline; and what stands before it while the AiSEG's firmware is old (manual p20-p21)."""

from datetime import date
from typing import Final, get_args

from aiohttp import web

from phone_client.web.taps import Screen, Tap, go
from phone_client.web.timeline_view import timeline_context
from phone_client.web.whereabouts import REGISTERED
from protocol.cloud_api import By

_BY: Final[tuple[By, ...]] = get_args(By)


async def _timeline(tap: Tap) -> web.Response:
    """Show the timeline that the address asks for; today's by ten minutes where it asks for none there can be."""
    link = await tap.phone.current_link()
    if link.is_outdated:
        return go("/firmware")
    query = tap.request.query
    by = next((each for each in _BY if each == query.get("by")), _BY[0])
    timeline = await tap.phone.timeline(by, _read_day(query.get("on", "")))
    events = (await tap.phone.events()).events
    shown = timeline_context(timeline, events, tap.words, tap.now)
    return tap.page("timeline.html", link=link, said=tap.underway.say_once(), **shown)


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def _firmware(tap: Tap) -> web.Response:
    """Show the popup instead of the top screen, at each start until the AiSEG was updated (S-BIND-17)."""
    link = await tap.phone.current_link()
    return tap.page("firmware.html", link=link) if link.is_outdated else go("/timeline")


async def _guide(tap: Tap) -> web.Response:
    return tap.page("guide.html")


SCREENS: Final = (
    Screen("/timeline", REGISTERED, _timeline),
    Screen("/firmware", REGISTERED, _firmware),
    Screen("/firmware/guide", REGISTERED, _guide),
)
