"""新規登録 after the login page's tab: terms and newsletters, the mail, its URL, done (manual p18-p19)."""

import asyncio
from typing import Final

from aiohttp import web

from cloud.club.arriving import TERMS, go_on, let_in
from cloud.club.forms import NEWSLETTERS, is_over, newsletters
from cloud.club.taps import Screen, Tap, go, unseen
from cloud.club.visits import SigningUp
from cloud.registry.accounts import Attempt, SocialSignUp
from cloud.registry.logging_in import Visitor
from protocol.cloud_api import SignUp
from protocol.problems import AisegError

MAIL: Final = "/sign-up/mail"
SENT_AGAIN: Final = "again"
VERIFY: Final = "/verify"
DONE: Final = "/sign-up/done"


async def _terms(tap: Tap) -> web.Response:
    return _terms_page(tap) if tap.visit.signing_up else go(tap.visit.login_page)


def _terms_page(tap: Tap, error: AisegError | None = None) -> web.Response:
    return tap.page(
        "terms.html",
        error,
        newsletters=NEWSLETTERS,
        chosen=newsletters(tap),
        accepted=bool(tap.typed("terms")),
    )


async def _confirm(tap: Tap) -> web.Response:
    """Sign up; what was typed before is forgotten here as soon as the registry has it."""
    typed = tap.visit.signing_up
    if typed is None:
        return go(MAIL if tap.visit.mailed_to else tap.visit.login_page)
    try:
        attempt = await _sign_up(tap, typed)
    except AisegError as error:
        return _terms_page(tap, error)
    tap.visit.signing_up = None
    tap.visit.signed_up, tap.visit.mailed_to = attempt.name, attempt.told.mail_sent_to
    return go(MAIL)


async def _sign_up(tap: Tap, typed: SigningUp) -> Attempt:
    accepted, chosen = bool(tap.typed("terms")), newsletters(tap)
    if typed.provider:
        social = SocialSignUp(typed.provider, typed.subject, typed.email, accepted, chosen)
        verb = tap.registry.sign_up_with_social
        return await tap.hashing.run(verb, social, tap.house.url, tap.now)
    asked = SignUp(email=typed.email, password=typed.password, terms_accepted=accepted, newsletters=chosen)
    return await tap.hashing.run(tap.registry.sign_up, asked, tap.house.url, tap.now)


async def _mail(tap: Tap) -> web.Response:
    return _mail_page(tap) if tap.visit.mailed_to else go(tap.visit.login_page)


def _mail_page(tap: Tap, error: AisegError | None = None) -> web.Response:
    return tap.page(
        "mail.html",
        error,
        mailed_to=tap.visit.mailed_to,
        sent_again=SENT_AGAIN in tap.request.query and not error,
    )


async def _send_again(tap: Tap) -> web.Response:
    """Mail a new URL, which voids the old one (S-ACC-13); to whom, the page before may have asked."""
    email = tap.typed("email") or tap.visit.mailed_to
    try:
        sent = await tap.hashing.run(tap.registry.resend, email, tap.house.url, tap.now)
    except AisegError as error:
        asked_here = not tap.typed("email") and tap.visit.mailed_to
        return _mail_page(tap, error) if asked_here else _over_page(tap, email, error)
    tap.visit.mailed_to = sent.mail_sent_to
    return go(f"{MAIL}?{SENT_AGAIN}")


async def _open_mail(tap: Tap) -> web.Response:
    """Ask only: a scanner that fetches the mailed URL must not confirm anything (S-ACC-11).

    The token leaves the address bar at once and is told to nobody (security T-21).
    """
    if "token" in tap.request.query:
        tap.visit.verify_token = tap.request.query["token"]
        return unseen(go(VERIFY))
    return tap.page("verify.html", has_token=bool(tap.visit.verify_token))


async def _verify(tap: Tap) -> web.Response:
    """Confirm the address; where this very sign-up was made in this very browser, its owner is logged in as well.

    Another browser's sign-up with the same address has another's password: whoever confirmed it has to log in.
    """
    if not tap.visit.verify_token:
        return go(DONE if tap.visit.verified else VERIFY)
    try:
        verified = await asyncio.to_thread(tap.registry.verify, tap.visit.verify_token, tap.now)
    except AisegError as error:
        if not is_over(error):
            raise
        tap.visit.verify_token = ""
        return _over_page(tap, tap.visit.mailed_to, error)
    tap.visit.verify_token, tap.visit.verified = "", verified
    if not verified.already:
        await _let_in_newcomer(tap, verified.email)
    return go(DONE)


async def _let_in_newcomer(tap: Tap, email: str) -> None:
    newcomer = await asyncio.to_thread(tap.registry.visitor_with, email)
    if newcomer is None:
        return
    if await asyncio.to_thread(tap.registry.came_of, newcomer.account_id, tap.visit.signed_up):
        tap.visit.signed_up = ""
        let_in(tap, newcomer)


def _over_page(tap: Tap, email: str, error: AisegError) -> web.Response:
    return tap.page("verify_over.html", error, email=email)


async def _done(tap: Tap) -> web.Response:
    verified = tap.visit.verified
    if verified is None:
        return go(tap.visit.login_page)
    return tap.page("done.html", leads_to=tap.visit.app, verified=verified, own=bool(_owner(tap)))


async def _go_on(tap: Tap) -> web.Response:
    owner = _owner(tap)
    return await go_on(tap, owner) if owner else go(tap.visit.login_page)


def _owner(tap: Tap) -> Visitor | None:
    """Return who is logged in, if that is whose address was confirmed."""
    verified, visitor = tap.visit.verified, tap.visit.visitor
    return visitor if verified and visitor and visitor.email == verified.email else None


SCREENS: Final = (
    Screen(TERMS, _terms, _confirm),
    Screen(MAIL, _mail, _send_again),
    Screen(VERIFY, _open_mail, _verify),
    Screen(DONE, _done, _go_on),
)
