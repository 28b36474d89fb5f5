"""お困りのときは: the mail or the code does not arrive, whom to call."""

from typing import Final

from aiohttp import web

from cloud.club.taps import Screen, Tap


async def _help(tap: Tap) -> web.Response:
    return tap.page("help.html")


SCREENS: Final = (Screen("/help", _help),)
