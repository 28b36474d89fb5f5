"""One tap of one person: which visit, which language, whether the page may do what it asks, and what is shown for a no.

A handler raises what the registry raises; here it becomes a page: log in again, load again, and so on.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

import cloud.settings
from chassis.clock import Clock
from chassis.web import form_of, let_forms_lead_to
from cloud.club.authorization import AppRequest
from cloud.club.view import Language, View, Words
from cloud.club.visits import Visit, Visits
from cloud.hashing import Hashing
from cloud.registry import Registry
from cloud.registry.logging_in import Visitor
from cloud.registry.seating import Left
from protocol.problems import NOT_LOGGED_IN, PAGE_STALE, AisegError, Problem

LANGUAGE: Final = "lang"
LANGUAGE_COOKIE: Final = "club-lang"
VIA_PROXY: Final = "Aiseg-Via-Proxy"
"""The header by which our own edge says that a visitor comes through a proxy (S-2FA-07)."""
_FOR_YEARS_S: Final = 10**8

_TEMPLATES_OF: Final = {PAGE_STALE: "stale.html", NOT_LOGGED_IN: "ended.html"}


TellUnlinked = Callable[[Left | None, datetime], Awaitable[None]]
"""Tells the gateway that an account has left it, if one has; never fails."""


@dataclass(frozen=True)
class House:
    """What every page of the club has at hand."""

    registry: Registry
    clock: Clock
    hashing: Hashing
    settings: cloud.settings.Club
    url: str
    tell_unlinked: TellUnlinked
    inbox_url: str | None
    """The page with every mail. Where it is, the pretended social accounts are: both let anybody be anybody."""
    view: View
    visits: Visits

    @property
    def cookie(self) -> str:
        """Name the visit's cookie: cookies know no ports, and another cloud may live on this host."""
        return f"club-{urlsplit(self.url).port or 0}"


@dataclass(frozen=True)
class Tap:
    """A request of a person: a page to look at, or a form that was sent."""

    house: House
    request: web.Request
    visit: Visit
    language: Language
    form: Mapping[str, str] = field(repr=False)
    now: datetime

    @property
    def registry(self) -> Registry:
        """The people's verbs."""
        return self.house.registry

    @property
    def hashing(self) -> Hashing:
        """How a verb is called that hashes."""
        return self.house.hashing

    @property
    def words(self) -> Words:
        """Every word in this person's language."""
        return self.house.view.words[self.language]

    @property
    def peer(self) -> str:
        """Where the request comes from, as the socket says."""
        return self.request.remote or ""

    @property
    def via_proxy(self) -> bool:
        """Say whether our own edge tells that the visitor hides behind a proxy; nobody else is believed."""
        return self.peer in self.house.settings.edge and self.request.headers.get(VIA_PROXY) == "1"

    @property
    def member(self) -> Visitor:
        """Who is logged in, on a page that is for members.

        Raises:
            Problem: `not_logged_in`.
        """
        if self.visit.visitor is None:
            raise Problem(NOT_LOGGED_IN)
        return self.visit.visitor

    def typed(self, name: str) -> str:
        """Return what was typed into a field."""
        return self.form.get(name, "")

    def chose(self, button: str) -> bool:
        """Say whether this button of a form was tapped."""
        return self.form.get("go") == button

    def page(
        self,
        template: str,
        error: AisegError | None = None,
        /,
        *,
        trouble: str = "",
        leads_to: AppRequest | None = None,
        **facts: object,
    ) -> web.Response:
        """Return a page that says what was refused, be it in words of its own; `leads_to`: where its form may end."""
        url = self.request.rel_url
        other = "ja" if self.language == "en" else "en"
        everywhere = {
            "words": self.words,
            "language": self.language,
            "path": str(url),
            "other_language": str(url.update_query({LANGUAGE: other})),
            "token": self.visit.token,
            "login_page": self.visit.login_page,
            "sign_up_page": self.visit.sign_up_page,
            "inbox_url": self.house.inbox_url,
            "trouble": trouble or (error.sentence(self.language) if error else ""),
        }
        text = self.house.view.render(template, **everywhere, **facts)
        response = web.Response(text=text, status=_status_of(error), content_type="text/html")
        if leads_to:
            let_forms_lead_to(leads_to.redirect_uri, response)
        return response


Handler = Callable[[Tap], Awaitable[web.Response]]


@dataclass(frozen=True)
class Screen:
    """An address of the club. `member`: only for who is logged in."""

    path: str
    show: Handler
    act: Handler | None = None
    member: bool = False


def go(path: str) -> web.Response:
    """Lead the browser on to another page."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def unseen(response: web.Response) -> web.Response:
    """Have the address that was asked for told to nobody: a token is in it (security T-21)."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


class Taps:
    """Turns requests into taps for the handlers of `Screen`s, and what they raise into pages."""

    def __init__(self, house: House) -> None:
        self._house = house

    def routes(self, screens: Iterable[Screen]) -> Iterable[web.AbstractRouteDef]:
        """Return the routes of `screens`."""
        for each in screens:
            yield web.get(each.path, self._get(each))
            if each.act:
                yield web.post(each.path, self._post(each, each.act))

    def _tap(self, request: web.Request, form: Mapping[str, str]) -> Tap:
        """Return the tap of `request`, with a visit that is begun now where there is none."""
        house, now = self._house, self._house.clock.now()
        visit = house.visits.find(request.cookies.get(house.cookie), now) or house.visits.begin(now)
        chosen = request.query.get(LANGUAGE, request.cookies.get(LANGUAGE_COOKIE))
        return Tap(house, request, visit, "en" if chosen == "en" else "ja", form, now)

    def _get(self, screen: Screen) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def show(request: web.Request) -> web.Response:
            tap = self._tap(request, {})
            return _remembered(tap, await _answered(tap, screen, screen.show))

        return show

    def _post(self, screen: Screen, act: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def carry_out(request: web.Request) -> web.Response:
            tap = self._tap(request, await form_of(request))
            async with tap.visit.one_tap:
                return _remembered(tap, await _answered(tap, screen, act))

        return carry_out


async def _answered(tap: Tap, screen: Screen, handler: Handler) -> web.Response:
    try:
        if tap.request.method == "POST":
            _check_token(tap)
        if screen.member and not await _is_member(tap):
            return go(tap.visit.login_page)
        return await handler(tap)
    except AisegError as error:
        template = (
            _TEMPLATES_OF.get(error.kind, "refused.html") if isinstance(error, Problem) else "refused.html"
        )
        return tap.page(template, error)


def _check_token(tap: Tap) -> None:
    """Refuse a form that is not of this visit: one from before a restart, or another site's (security T-30).

    Raises:
        Problem: `page_stale`.
    """
    if not secrets.compare_digest(tap.typed("token").encode(), tap.visit.token.encode()):
        raise Problem(PAGE_STALE)


async def _is_member(tap: Tap) -> bool:
    """Say whether somebody is logged in, and look whether that still holds.

    Raises:
        Problem: `not_logged_in` when the account was deleted, or its password changed, meanwhile.
    """
    visitor = tap.visit.visitor
    if visitor is None:
        return False
    present = await asyncio.to_thread(tap.registry.visitor, visitor.account_id)
    if tap.visit.visitor is not visitor:  # left, or somebody else by now
        return False
    if present is None or present.stamp != visitor.stamp:
        tap.visit.leave()
        raise Problem(NOT_LOGGED_IN)
    tap.visit.visitor = present
    return True


def _status_of(error: AisegError | None) -> int:
    if error is None:
        return HTTPStatus.OK
    return error.kind.status if isinstance(error, Problem) else HTTPStatus.SERVICE_UNAVAILABLE


def _remembered(tap: Tap, response: web.Response) -> web.Response:
    """Let the browser keep its visit and its language. Lax: Strict would lose the visit on the way from the app."""
    is_secure = tap.house.url.startswith("https:")
    keep = partial(response.set_cookie, samesite="Lax", httponly=True, secure=is_secure)
    keep(tap.house.cookie, tap.visit.key)
    if LANGUAGE in tap.request.query:
        keep(LANGUAGE_COOKIE, tap.language, max_age=_FOR_YEARS_S)
    return response
