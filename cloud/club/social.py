"""ソーシャルアカウント: a pretended provider, where anybody may be anybody; only where the inbox is open as well (S-APP-11)."""

import asyncio
from typing import Final

from aiohttp import web

from cloud.accounts import normal_email
from cloud.club.arriving import SOCIAL, TERMS, arrive
from cloud.club.forms import answer_missing
from cloud.club.taps import Screen, Tap, go
from cloud.club.visits import SigningUp
from protocol.problems import AisegError

_SUBJECT_MAX: Final = 64


async def _show(tap: Tap) -> web.Response:
    return _page(tap)


async def _act(tap: Tap) -> web.Response:
    """Log in whom the provider names; somebody new signs up. The address tells nobody apart (security T-25)."""
    provider, subject = _provider(tap), tap.typed("subject").strip()
    try:
        if not subject or len(subject) > _SUBJECT_MAX or not subject.isprintable():
            raise answer_missing(tap, "social_subject")
        visitor = await asyncio.to_thread(tap.registry.social_visitor, provider, subject, tap.via_proxy)
        if visitor:
            return await arrive(tap, visitor)
        email = normal_email(tap.typed("email"))
    except AisegError as error:
        return _page(tap, error)
    tap.visit.signing_up = SigningUp(email, provider=provider, subject=subject)
    return go(TERMS)


def _page(tap: Tap, error: AisegError | None = None) -> web.Response:
    typed = {name: tap.typed(name) for name in ("subject", "email")}
    return tap.page("social.html", error, leads_to=tap.visit.app, provider=_provider(tap), typed=typed)


def _provider(tap: Tap) -> str:
    return next(name for name, page in SOCIAL.items() if page == tap.request.path)


SCREENS: Final = tuple(Screen(page, _show, _act) for page in SOCIAL.values())
