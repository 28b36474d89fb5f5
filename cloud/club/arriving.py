"""Where a right password leads: to the code, to 2段階認証設定のお願い, and at last back to the app or to the account."""

import asyncio
from typing import Final

from aiohttp import web

from cloud.club.taps import Tap, go
from cloud.club.visits import SentCode
from cloud.registry.logging_in import Visitor
from cloud.registry.two_step import Challenge

ACCOUNT: Final = "/account"
CODE: Final = "/code"
TERMS: Final = "/sign-up/terms"
TWO_STEP: Final = "/two-step"
SOCIAL: Final = {"line": "/social/line", "other": "/social/other"}
"""The pages of the pretended social accounts, by provider."""


async def arrive(tap: Tap, visitor: Visitor) -> web.Response:
    """Lead on `visitor`, whose password was right: to the code that is owed, or in.

    Raises:
        Problem: `too_many_messages`.
    """
    if visitor.needs_code:
        challenge = await tap.hashing.run(tap.registry.send_login_code, visitor.account_id, tap.now)
        tap.visit.visitor, tap.visit.known = None, visitor  # nobody else's code may answer for this login
        return ask_for(tap, challenge, number_page=None)
    let_in(tap, visitor)
    return await go_on(tap, visitor)


def ask_for(tap: Tap, challenge: Challenge, number_page: str | None) -> web.Response:
    """Lead to where the code is typed; `number_page` is where another number can be given."""
    tap.visit.sent_code = SentCode(challenge.challenge, challenge.sent_to, number_page)
    return go(CODE)


def let_in(tap: Tap, visitor: Visitor) -> None:
    """Have `visitor` logged in."""
    tap.visit.known = tap.visit.sent_code = tap.visit.signing_up = None
    tap.visit.visitor = visitor
    tap.house.visits.renew(tap.visit)


async def go_on(tap: Tap, visitor: Visitor) -> web.Response:
    """Lead on who is logged in; 2段階認証設定のお願い comes up once (S-2FA-01)."""
    return await lead_back(tap, visitor) if visitor.asked_two_step else go(TWO_STEP)


async def lead_back(tap: Tap, visitor: Visitor) -> web.Response:
    """Lead back to the app with a code, and forget who was here; without an app, to the account page."""
    app, tap.visit.sent_code = tap.visit.app, None
    if app is None:
        return go(ACCOUNT)
    asked = (app.code_challenge, app.redirect_uri)
    code = await asyncio.to_thread(tap.registry.authorize, visitor, *asked, tap.now)
    tap.visit.leave()
    return go(app.answer(code=code))
