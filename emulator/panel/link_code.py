"""The screen with the link code, which ends 新規登録 with 了解 and アプリ設定 with 終了 (manual p11, p14)."""

from typing import Final

from aiohttp import web

from emulator.panel.flows import Flow, Linking
from emulator.panel.taps import CODE_PATH, Screen, Tap, go
from emulator.panel.view import code_facts
from protocol.device_api import ShownLinkCode


def show_code_of(tap: Tap, flow: type[Flow], shown: ShownLinkCode) -> web.Response:
    """Show the code that `flow` has just had issued, in this browser and in no other."""
    tap.session.show(shown.link_code, flow)
    return go(CODE_PATH)


async def _show(tap: Tap) -> web.Response:
    shown = tap.shown_link_code(tap.now)
    if not shown:
        return go("/app-settings")
    finish, mark = ("finish", 3) if tap.session.code_of is Linking else ("understood", 7)
    facts = code_facts(shown.link_code, shown.expires_in_s)
    return tap.page(
        "link_code.html", finish=tap.words[finish], mark_number=mark, serial=tap.session.codes, **facts
    )


async def _finish(tap: Tap) -> web.Response:
    """End the screen: the code cannot be shown again (S-LC-21), and the service menu says what comes next."""
    if tap.shown_link_code(tap.now):
        tap.gateway.hide_link_code()
    tap.session.finish()
    return go("/service")


SCREENS: Final = (Screen(CODE_PATH, _show, _finish),)
