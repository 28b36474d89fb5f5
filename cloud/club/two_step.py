"""2段階認証: the prompt after the first login, and 認証コード入力, wherever a code was sent (manual p19)."""

import asyncio
from dataclasses import replace
from typing import Final

from aiohttp import web

from cloud.club.arriving import ACCOUNT, CODE, TWO_STEP, ask_for, go_on, lead_back, let_in
from cloud.club.taps import Screen, Tap, go
from cloud.club.visits import SentCode
from protocol.problems import NOT_LOGGED_IN, AisegError, Problem

SENT_AGAIN: Final = "again"


async def _prompt(tap: Tap) -> web.Response:
    return go(ACCOUNT) if tap.member.asked_two_step else _prompt_page(tap)


def _prompt_page(tap: Tap, error: AisegError | None = None) -> web.Response:
    return tap.page("two_step.html", error, leads_to=tap.visit.app, number=tap.typed("number"))


async def _answer(tap: Tap) -> web.Response:
    """Send a code to the number, or スキップ: two-step verification stays off (S-2FA-02).

    Once answered, the number is changed on the account page only, where it takes the password.
    """
    visitor = tap.member
    try:
        if visitor.asked_two_step:
            return await lead_back(tap, visitor)
        if tap.chose("skip"):
            await asyncio.to_thread(tap.registry.skip_two_step, visitor.account_id, tap.now)
            return await lead_back(tap, visitor)
        sent = await tap.hashing.run(
            tap.registry.begin_two_step, visitor.account_id, tap.typed("number"), tap.now
        )
    except AisegError as error:
        return _prompt_page(tap, error)
    return ask_for(tap, sent, TWO_STEP)


async def _ask(tap: Tap) -> web.Response:
    sent = tap.visit.sent_code
    return _code_page(tap, sent) if sent else _elsewhere(tap)


async def _type(tap: Tap) -> web.Response:
    sent = tap.visit.sent_code
    if sent is None:
        return _elsewhere(tap)
    try:
        return await (_send_again(tap, sent) if tap.chose("again") else _compare(tap, sent))
    except Problem as problem:
        if problem.kind is NOT_LOGGED_IN:
            raise
        return _code_page(tap, sent, problem)


async def _send_again(tap: Tap, sent: SentCode) -> web.Response:
    """Send a new code, which voids the old one; the tries are counted on (security T-22)."""
    new = await tap.hashing.run(tap.registry.resend_code, sent.challenge, tap.now)
    tap.visit.sent_code = replace(sent, challenge=new.challenge)
    return go(f"{CODE}?{SENT_AGAIN}")


async def _compare(tap: Tap, sent: SentCode) -> web.Response:
    """Take the code; whoever changed the password since it was asked for has ended this login (security T-23)."""
    before = tap.visit.known or tap.member
    answered = await tap.hashing.run(tap.registry.answer_code, sent.challenge, tap.typed("code"), tap.now)
    visitor = await asyncio.to_thread(tap.registry.visitor, answered)
    if visitor is None or visitor.stamp != before.stamp:
        tap.visit.leave()
        raise Problem(NOT_LOGGED_IN)
    if tap.visit.known is None:
        tap.visit.visitor = visitor
        return await lead_back(tap, visitor)
    let_in(tap, visitor)
    return await go_on(tap, visitor)


def _code_page(tap: Tap, sent: SentCode, problem: Problem | None = None) -> web.Response:
    return tap.page(
        "code.html",
        problem,
        leads_to=tap.visit.app,
        sent=sent,
        by_mail="@" in sent.sent_to,
        sent_again=SENT_AGAIN in tap.request.query and not problem,
    )


def _elsewhere(tap: Tap) -> web.Response:
    """Lead away from where no code is waited for: it was right just now, or belongs to a login that is over."""
    return go(ACCOUNT if tap.visit.visitor else tap.visit.login_page)


SCREENS: Final = (
    Screen(TWO_STEP, _prompt, _answer, member=True),
    Screen(CODE, _ask, _type),
)
