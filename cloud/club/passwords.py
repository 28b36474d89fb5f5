"""パスワードを忘れた方はこちら: a URL is mailed, whose page takes a new password (manual p24, S-APP-12)."""

from typing import Final

from aiohttp import web

from cloud.club.arriving import ACCOUNT
from cloud.club.forms import is_over
from cloud.club.taps import Screen, Tap, go, unseen
from protocol.problems import AisegError

FORGOTTEN: Final = "/password"
SENT: Final = "/password/sent"
NEW: Final = "/password/new"
CHANGED: Final = "/password/changed"


async def _ask(tap: Tap) -> web.Response:
    return _page(tap)


def _page(tap: Tap, error: AisegError | None = None) -> web.Response:
    back = ACCOUNT if tap.visit.visitor else tap.visit.login_page
    return tap.page("password.html", error, email=tap.typed("email"), back=back)


async def _send(tap: Tap) -> web.Response:
    """Mail a URL to an address that has an account; whether it has one is not told (security T-20)."""
    try:
        await tap.hashing.run(tap.registry.ask_new_password, tap.typed("email"), tap.house.url, tap.now)
    except AisegError as error:
        return _page(tap, error)
    return go(SENT)


async def _sent(tap: Tap) -> web.Response:
    return tap.page("password_sent.html")


async def _open_mail(tap: Tap) -> web.Response:
    """Ask only, without the token in the address bar, as for the URL that confirms an address."""
    if "token" in tap.request.query:
        tap.visit.password_token = tap.request.query["token"]
        return unseen(go(NEW))
    return tap.page("password_new.html") if tap.visit.password_token else go(FORGOTTEN)


async def _change(tap: Tap) -> web.Response:
    """Set the password; whoever was logged in with the old one is not any more, here too (security T-23)."""
    if not tap.visit.password_token:
        return go(FORGOTTEN)
    try:
        await tap.hashing.run(
            tap.registry.set_new_password, tap.visit.password_token, tap.typed("password"), tap.now
        )
    except AisegError as error:
        if not is_over(error):
            return tap.page("password_new.html", error)
        tap.visit.password_token = ""
        return tap.page("password_over.html", error)
    tap.visit.password_token = ""
    tap.visit.leave()
    return go(CHANGED)


async def _changed(tap: Tap) -> web.Response:
    return tap.page("password_changed.html")


SCREENS: Final = (
    Screen(FORGOTTEN, _ask, _send),
    Screen(SENT, _sent),
    Screen(NEW, _open_mail, _change),
    Screen(CHANGED, _changed),
)
