"""The menu at the upper left, and what it leads to: お知らせ, help, アカウント削除, ログアウト (manual p21, p25, p28-p29)."""

from typing import Final

from aiohttp import web

from phone_client.web.taps import Screen, Tap, go
from phone_client.web.whereabouts import ANYWHERE, LINKED, LOGGED_IN


async def _menu(tap: Tap) -> web.Response:
    return tap.page("menu.html")


async def _notices(tap: Tap) -> web.Response:
    return tap.page("notices.html", events=(await tap.phone.events()).events)


async def _help(tap: Tap) -> web.Response:
    return tap.page("help.html")


async def _about(tap: Tap) -> web.Response:
    return tap.page("about.html")


async def _delete(tap: Tap) -> web.Response:
    tap.underway.deleting = False
    return tap.page("delete.html")


async def _ask_again(tap: Tap) -> web.Response:
    tap.underway.deleting = tap.form.get("go") == "on"
    return go("/delete/confirm" if tap.underway.deleting else "/menu")


async def _sure(tap: Tap) -> web.Response:
    return tap.page("delete_sure.html") if tap.underway.deleting else go("/delete")


async def _carry_out(tap: Tap) -> web.Response:
    """Delete after the second OK; 削除しました。 comes when the cloud has done it, and not before (S-DEL-03, S-DEL-15)."""
    if not tap.underway.deleting:
        return go("/delete")
    if tap.form.get("go") != "on":
        tap.underway.deleting = False
        return go("/menu")
    club = await tap.phone.club()
    await tap.phone.delete_account()
    tap.underway.forget()
    tap.underway.farewell, tap.underway.account_url = "deleted", club.account_url
    return go("/deleted")


async def _deleted(tap: Tap) -> web.Response:
    if tap.standing.email or tap.underway.farewell != "deleted":
        return go("/")
    return tap.page("deleted.html", account_url=tap.underway.account_url)


async def _log_out(tap: Tap) -> web.Response:
    if tap.standing.email:
        await tap.phone.log_out()
        tap.underway.forget()
        tap.underway.farewell = "logged_out"
    return go("/logged-out")


async def _logged_out(tap: Tap) -> web.Response:
    if tap.standing.email or tap.underway.farewell != "logged_out":
        return go("/")
    return tap.page("logged_out.html")


SCREENS: Final = (
    Screen("/menu", ANYWHERE, _menu),
    Screen("/notices", LOGGED_IN, _notices),
    Screen("/help", ANYWHERE, _help),
    Screen("/about", ANYWHERE, _about),
    Screen("/delete", LINKED, _delete, _ask_again),
    Screen("/delete/confirm", LINKED, _sure, _carry_out),
    Screen("/deleted", ANYWHERE, _deleted),
    Screen("/logged-out", ANYWHERE, _logged_out, _log_out),
)
