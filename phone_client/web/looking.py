"""AISEGをお持ちの方: the search, and what it ends with (manual p19, p21)."""

import json
from typing import Final

from aiohttp import web

from phone_client.web.taps import Screen, Tap, go
from phone_client.web.underway import Registering
from phone_client.web.whereabouts import UNLINKED
from protocol.problems import PAGE_STALE, Problem

RESULT: Final = "/search/result"
HARDER: Final = "harder"
"""The button that asks for a sweep; nothing else does."""


async def _start(tap: Tap) -> web.Response:
    return tap.page("start.html")


async def _without(tap: Tap) -> web.Response:
    """Show the sibling for people without an AiSEG: the manual names it and says no more."""
    return tap.page("without.html")


async def _searching(tap: Tap) -> web.Response:
    if not tap.searching.running:
        return go(RESULT)
    return tap.page("searching.html", **_how_it_goes(tap))


async def _search(tap: Tap) -> web.Response:
    tap.searching.begin(sweep=tap.form.get("go") == HARDER)
    tap.underway.registering = None
    return go("/search")


async def _result(tap: Tap) -> web.Response:
    searching = tap.searching
    if searching.running:
        return go("/search")
    if searching.trouble:
        raise searching.trouble
    if searching.found is None:
        return go("/start")
    found = searching.found
    if any(not hit.busy for hit in found.hits):
        return tap.page("found.html", found=found)
    return tap.page("not_found.html", diagnosis=found.diagnosis, can_look_harder=found.can_look_harder)


def _how_it_goes(tap: Tap) -> dict[str, object]:
    """Return the seconds, what is being tried, and how much of it is done in percent, if that is known."""
    searching = tap.searching
    return {
        "seconds": searching.seconds,
        "tried": searching.tried.say(tap.language) if searching.tried else tap.words["search_begins"],
        "done": None if searching.done is None else round(100 * searching.done),
    }


async def _pick(tap: Tap) -> web.Response:
    """Go on with the AiSEG that was chosen (S-DISC-09)."""
    hits = tap.searching.found.hits if tap.searching.found else ()
    chosen = [hit for hit in hits if hit.gateway_id == tap.form.get("gateway_id") and not hit.busy]
    if not chosen:
        raise Problem(PAGE_STALE)
    tap.underway.registering = Registering(picked=chosen[0])
    return go("/terms")


SCREENS: Final = (
    Screen("/start", UNLINKED, _start),
    Screen("/without", UNLINKED, _without),
    Screen("/search", UNLINKED, _searching, _search),
    Screen(RESULT, UNLINKED, _result, _pick),
)


async def events(tap: Tap) -> web.StreamResponse:
    """Send how the search goes until it has ended, for as long as the browser listens."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(tap.request)
    searching = tap.searching
    while True:
        news = {"over": not searching.running} | _how_it_goes(tap)
        try:
            await response.write(f"data: {json.dumps(news, ensure_ascii=False)}\n\n".encode())
        except ConnectionError:
            return response
        if not searching.running:
            return response
        await searching.news()
