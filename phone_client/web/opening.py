"""Opening the app: what the device is, 機能紹介, and the way to where a person stands (manual p1, p16-p17)."""

from contextlib import suppress
from typing import Final

from aiohttp import web

from phone_client.web.taps import Screen, Tap, go
from phone_client.web.whereabouts import ANYWHERE, HOME_OF, whereabouts_of
from protocol.phones import oldest_os, os_name
from protocol.problems import OS_UNSUPPORTED, AisegError, Problem


async def _open(tap: Tap) -> web.Response:
    """Start the app: hear from the cloud how the link stands, then lead to where that is."""
    if tap.standing.email:
        with suppress(AisegError):  # the screen that follows says what is wrong
            await tap.phone.current_link()
    return go(HOME_OF[whereabouts_of(await tap.phone.standing())])


async def _unsupported(tap: Tap) -> web.Response:
    app = tap.standing.app
    facts = {"oldest": oldest_os(app.platform), "version": os_name(app.platform, app.os_version)}
    return tap.page("unsupported.html", trouble=tap.sentence(Problem(OS_UNSUPPORTED, **facts)))


async def _tablet(tap: Tap) -> web.Response:
    return tap.page("tablet.html")


async def _go_on_with_a_tablet(tap: Tap) -> web.Response:
    await tap.phone.dismiss_tablet_notice()
    return go("/")


async def _introduction(tap: Tap) -> web.Response:
    return tap.page("introduction.html")


async def _use(tap: Tap) -> web.Response:
    await tap.phone.use()
    return go("/")


SCREENS: Final = (
    Screen("/", ANYWHERE, _open),
    Screen("/unsupported", frozenset({"unsupported"}), _unsupported),
    Screen("/tablet", frozenset({"tablet"}), _tablet, _go_on_with_a_tablet),
    Screen("/introduction", frozenset({"introduction"}), _introduction, _use),
)
