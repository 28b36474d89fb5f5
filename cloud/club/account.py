"""ご登録情報の変更と退会: what is kept of a CLUB Panasonic ID, and its end, which no app can bring about (manual p28)."""

import asyncio
from typing import Final

from aiohttp import web

from cloud.club.arriving import ACCOUNT, ask_for
from cloud.club.forms import NEWSLETTERS, newsletters
from cloud.club.taps import Screen, Tap, go
from protocol.problems import ANSWER_MISSING, LOGIN_REFUSED, Problem

TWO_STEP: Final = "/account/two-step"
LEAVE: Final = "/account/leave"
LEFT: Final = "/left"
SAVED: Final = "saved"


async def _front(_: Tap) -> web.Response:
    return go(ACCOUNT)


async def _show(tap: Tap) -> web.Response:
    profile = await asyncio.to_thread(tap.registry.profile, tap.member.account_id)
    return tap.page(
        "account.html", profile=profile, newsletters=NEWSLETTERS, saved=SAVED in tap.request.query
    )


async def _change(tap: Tap) -> web.Response:
    if tap.chose("log-out"):
        tap.visit.leave()
        return go(tap.visit.login_page)
    account_id = tap.member.account_id
    await asyncio.to_thread(tap.registry.change_newsletters, account_id, newsletters(tap))
    return go(f"{ACCOUNT}?{SAVED}")


async def _show_two_step(tap: Tap) -> web.Response:
    return await _two_step_page(tap)


async def _two_step_page(tap: Tap, problem: Problem | None = None) -> web.Response:
    profile = await asyncio.to_thread(tap.registry.profile, tap.member.account_id)
    return tap.page(
        "account_two_step.html",
        problem,
        trouble=_own_words(tap, problem),
        profile=profile,
        number=tap.typed("number"),
    )


async def _change_two_step(tap: Tap) -> web.Response:
    """Turn two-step verification off, or have a code sent to a number; either needs the password again."""
    account_id = tap.member.account_id
    try:
        await _check_password(tap)
        if tap.chose("off"):
            await asyncio.to_thread(tap.registry.turn_off_two_step, account_id, tap.now)
            return go(f"{ACCOUNT}?{SAVED}")
        sent = await tap.hashing.run(tap.registry.begin_two_step, account_id, tap.typed("number"), tap.now)
    except Problem as problem:
        return await _two_step_page(tap, problem)
    return ask_for(tap, sent, TWO_STEP)


async def _check_password(tap: Tap) -> None:
    """Let pass who knows the password: a browser that was left open is not enough.

    Raises:
        Problem: `login_refused`, `too_many_tries`.
    """
    typed = (tap.member.email, tap.typed("password"))
    await tap.hashing.run(tap.registry.check_password, *typed, tap.peer, tap.via_proxy, tap.now)


async def _ask_to_leave(tap: Tap) -> web.Response:
    return _leave_page(tap)


def _leave_page(tap: Tap, problem: Problem | None = None) -> web.Response:
    return tap.page("leave.html", problem, trouble=_own_words(tap, problem))


async def _leave(tap: Tap) -> web.Response:
    """退会する: the account ends, and with it every phone's login. It takes the password, and a tick (S-DEL-06)."""
    if not tap.typed("sure"):
        return _leave_page(tap, Problem(ANSWER_MISSING))
    account_id, password = tap.member.account_id, tap.typed("password")
    try:
        left = await tap.hashing.run(tap.registry.withdraw, account_id, password, tap.now)
    except Problem as problem:
        return _leave_page(tap, problem)
    tap.visit.leave()
    await tap.house.tell_unlinked(left, tap.now)
    return go(LEFT)


async def _left(tap: Tap) -> web.Response:
    return tap.page("left.html")


def _own_words(tap: Tap, problem: Problem | None) -> str:
    """Return what is said here in place of the problem's sentence, which is made for other pages."""
    own = {LOGIN_REFUSED: "password_wrong", ANSWER_MISSING: "leave_not_sure"}
    return tap.words[own[problem.kind]] if problem and problem.kind in own else ""


SCREENS: Final = (
    Screen("/", _front),
    Screen(ACCOUNT, _show, _change, member=True),
    Screen(TWO_STEP, _show_two_step, _change_two_step, member=True),
    Screen(LEAVE, _ask_to_leave, _leave, member=True),
    Screen(LEFT, _left),
)
