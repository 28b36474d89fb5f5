"""The login page with its two tabs: left ログイン, right 新規登録 (manual p17, p24)."""

from typing import Final

from aiohttp import web

from cloud.accounts import normal_email, usable_password
from cloud.club.arriving import SOCIAL, TERMS, arrive
from cloud.club.authorization import AppRequest, read_request
from cloud.club.taps import LANGUAGE, Screen, Tap, go
from cloud.club.visits import LOGIN, SIGN_UP, SigningUp
from protocol.problems import AisegError

AUTHORIZE: Final = "/authorize"


async def _show(tap: Tap) -> web.Response:
    asked = _asked(tap)
    if asked and asked.fault:
        return go(asked.answer(error=asked.fault))
    tap.visit.login_page = str(tap.request.rel_url.without_query_params("tab", LANGUAGE))
    return _page(tap, asked)


async def _act(tap: Tap) -> web.Response:
    asked = _asked(tap)
    if asked and asked.fault:
        return go(asked.answer(error=asked.fault))
    tap.visit.leave()
    tap.visit.app = asked
    try:
        if tap.house.inbox_url and tap.typed("go") in SOCIAL:
            return go(SOCIAL[tap.typed("go")])
        return _begin_sign_up(tap) if tap.chose("sign-up") else await _log_in(tap)
    except AisegError as error:
        return _page(tap, asked, error)


def _asked(tap: Tap) -> AppRequest | None:
    """Return what an app asks for in the address, judged at each tap anew.

    Raises:
        Problem: `request_malformed`; nobody is led anywhere (RFC 6749 §4.1.2.1).
    """
    if tap.request.path == LOGIN:
        return None
    return read_request(tap.request.query.items(), tap.house.settings.redirects)


def _page(tap: Tap, asked: AppRequest | None, error: AisegError | None = None) -> web.Response:
    url = tap.request.rel_url
    signs_up = tap.request.query.get("tab") == SIGN_UP
    return tap.page(
        "sign_up.html" if signs_up else "login.html",
        error,
        leads_to=asked,
        app=asked.app if asked else "",
        back_to_app=asked.answer(error="access_denied") if asked else "",
        login_tab=str(url.without_query_params("tab")),
        sign_up_tab=str(url.update_query(tab=SIGN_UP)),
        providers=tuple(SOCIAL) if tap.house.inbox_url else (),
        email=tap.typed("email"),
    )


async def _log_in(tap: Tap) -> web.Response:
    visitor = await tap.hashing.run(
        tap.registry.check_password,
        tap.typed("email"),
        tap.typed("password"),
        tap.peer,
        tap.via_proxy,
        tap.now,
    )
    return await arrive(tap, visitor)


def _begin_sign_up(tap: Tap) -> web.Response:
    """Judge address and password before anything else is asked; whether the address is known stays unsaid (T-20)."""
    email = normal_email(tap.typed("email"))
    tap.visit.signing_up = SigningUp(email, password=usable_password(tap.typed("password"), email))
    return go(TERMS)


SCREENS: Final = (Screen(AUTHORIZE, _show, _act), Screen(LOGIN, _show, _act))
