"""CLUB Panasonic ログイン画面へ, and back: the password is typed on the club's own origin (manual p17, S-2FA-08)."""

from typing import Final

from aiohttp import web

from chassis.web import let_forms_lead_to
from phone_client.web.taps import Screen, Tap, go
from protocol.problems import AUTHORIZATION_REFUSED, OS_UNSUPPORTED, SESSION_ENDED, AisegError, Problem

CALLBACK: Final = "/login/callback"
_SAY_WHAT_TO_DO: Final = (AUTHORIZATION_REFUSED, OS_UNSUPPORTED, SESSION_ENDED)


async def _login(tap: Tap) -> web.Response:
    """Show the way to the club; after a session ended from afar, or a login that failed, say why."""
    club = await tap.phone.club()
    trouble, tap.underway.trouble = tap.underway.trouble, None
    if trouble is None and tap.standing.ended:
        trouble = Problem(tap.standing.ended)
    says_all = isinstance(trouble, Problem) and trouble.kind in _SAY_WHAT_TO_DO
    sentence = tap.sentence(trouble) if trouble else ""
    page = tap.page("login.html", trouble=sentence, lead=bool(trouble) and not says_all)
    let_forms_lead_to(club.authorize_url, page)
    return page


async def _to_club(tap: Tap) -> web.Response:
    tap.underway.farewell = ""
    here = f"{tap.request.scheme}://{tap.request.host}{CALLBACK}"
    return go(await tap.phone.begin_login(here, tap.language))


async def _come_back(tap: Tap) -> web.Response:
    """Finish the login, and leave this address at once: it holds a code."""
    query = tap.request.query
    if "code" in query:
        try:
            await tap.phone.finish_login(query["code"], query.get("state", ""))
        except AisegError as error:
            tap.underway.trouble = error
    return go("/")


SCREENS: Final = (
    Screen("/login", frozenset({"login"}), _login, _to_club),
    Screen(CALLBACK, frozenset({"login"}), _come_back),
)
