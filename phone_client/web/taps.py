"""One tap of the person who holds the phone: which language, whether the page may do what it asks, what is shown for a no.

A screen is for some whereabouts; elsewhere it leads to where the person stands. A handler raises what the phone raises;
here it becomes a screen: no connection, load again, or back to the start when the session has ended.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from chassis.web import form_of
from phone_client.phone import Phone
from phone_client.standing import Standing
from phone_client.web.searching import Searching
from phone_client.web.underway import UnderWay
from phone_client.web.view import Language, View
from phone_client.web.whereabouts import HOME_OF, Whereabouts, whereabouts_of
from phone_client.wording import Wording
from protocol.phones import os_name
from protocol.problems import (
    ACCOUNTS_FULL,
    NOT_LINKED,
    OTHER_GATEWAY,
    PAGE_STALE,
    PHONE_NOT_REGISTERED,
    PHONE_REGISTERED,
    PHONES_FULL,
    AisegError,
    Problem,
)

LANGUAGE: Final = "lang"
_FOR_YEARS_S: Final = 10**8
_STANDS_ELSEWHERE: Final = (NOT_LINKED, PHONE_NOT_REGISTERED, PHONE_REGISTERED)
_DEAD_ENDS: Final = (ACCOUNTS_FULL, PHONES_FULL, OTHER_GATEWAY)


@dataclass(frozen=True)
class Tap:
    """A request of a person: a page to look at, or a form that was sent."""

    request: web.Request
    language: Language
    words: Wording
    form: Mapping[str, str] = field(repr=False)
    phone: Phone
    standing: Standing
    searching: Searching
    underway: UnderWay
    now: datetime
    token: str = field(repr=False)
    view: View

    def page(self, template: str, status: int = HTTPStatus.OK, /, **facts: object) -> web.Response:
        """Return a screen."""
        app, address = self.standing.app, self.request.rel_url
        text = self.view.render(
            template,
            words=self.words,
            language=self.language,
            address=str(address),
            other_language=str(address.update_query({LANGUAGE: self.words["other_code"]})),
            token=self.token,
            standing=self.standing,
            here=whereabouts_of(self.standing),
            system=os_name(app.platform, app.os_version),
            **facts,
        )
        return web.Response(text=text, status=status, content_type="text/html")

    def form_page(self, template: str, problem: Problem | None, /, **facts: object) -> web.Response:
        """Return a screen with a form, and what is wrong in what was typed."""
        status = problem.kind.status if problem else HTTPStatus.OK
        return self.page(template, status, trouble=self.sentence(problem) if problem else "", **facts)

    def sentence(self, error: AisegError) -> str:
        """Return what to tell this person."""
        return error.sentence(self.language)


Handler = Callable[[Tap], Awaitable[web.Response]]


@dataclass(frozen=True)
class Screen:
    """An address of the app, for those who stand `at` one of these."""

    path: str
    at: frozenset[Whereabouts]
    show: Handler
    act: Handler | None = None


def go(path: str) -> web.Response:
    """Lead the browser on to another screen."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


def ends_the_form(problem: Problem) -> bool:
    """Say whether typing something else cannot help: a dead end, or the person stands elsewhere by now."""
    return _has_no_session(problem) or problem.kind in (*_DEAD_ENDS, *_STANDS_ELSEWHERE)


def _has_no_session(problem: Problem) -> bool:
    return problem.kind.status == HTTPStatus.UNAUTHORIZED


class Taps:
    """Turns requests into taps for the handlers of `Screen`s, and what they raise into screens."""

    def __init__(self, phone: Phone, searching: Searching, clock: Clock, view: View) -> None:
        self._phone = phone
        self._clock = clock
        self._searching = searching
        self._view = view
        self._underway = UnderWay()
        self._token = secrets.token_urlsafe(16)

    def routes(self, screens: Iterable[Screen]) -> Iterable[web.AbstractRouteDef]:
        """Return the routes of `screens`."""
        for each in screens:
            yield web.get(each.path, self._get(each))
            if each.act:
                yield web.post(each.path, self._post(each, each.act))

    async def tap(self, request: web.Request, form: Mapping[str, str]) -> Tap:
        """Return the tap of `request`."""
        chosen = request.query.get(LANGUAGE, request.cookies.get(LANGUAGE))
        language: Language = "en" if chosen == "en" else "ja"
        return Tap(
            request=request,
            language=language,
            words=self._view.words[language],
            form=form,
            phone=self._phone,
            standing=await self._phone.standing(),
            searching=self._searching,
            underway=self._underway,
            now=self._clock.now(),
            token=self._token,
            view=self._view,
        )

    def _get(self, screen: Screen) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def show(request: web.Request) -> web.Response:
            tap = await self.tap(request, {})
            return _remembered(tap, await _answered(tap, screen, screen.show))

        return show

    def _post(self, screen: Screen, act: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def carry_out(request: web.Request) -> web.Response:
            form = await form_of(request)
            async with self._underway.one_tap:
                tap = await self.tap(request, form)
                if not secrets.compare_digest(form.get("token", "").encode(), self._token.encode()):
                    return _remembered(tap, _refused(tap, Problem(PAGE_STALE)))
                return _remembered(tap, await _answered(tap, screen, act))

        return carry_out


async def _answered(tap: Tap, screen: Screen, handler: Handler) -> web.Response:
    here = whereabouts_of(tap.standing)
    if here not in screen.at:
        return go(HOME_OF[here])
    try:
        return await handler(tap)
    except AisegError as error:
        return _refused(tap, error)


def _refused(tap: Tap, error: AisegError) -> web.Response:
    """Return the screen of a no; the end of a session leads back to the start, which says why (S-DEL-12)."""
    if not isinstance(error, Problem):
        acted = tap.request.method == "POST"
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return tap.page("no_connection.html", status, trouble=tap.sentence(error), acted=acted)
    if _has_no_session(error):
        tap.underway.forget()
        return go("/")
    if error.kind in _STANDS_ELSEWHERE:
        return go("/")
    template = "stale.html" if error.kind is PAGE_STALE else "refused.html"
    return tap.page(template, error.kind.status, trouble=tap.sentence(error))


def _remembered(tap: Tap, response: web.Response) -> web.Response:
    """Let the browser keep the language it has asked for."""
    if LANGUAGE in tap.request.query:
        response.set_cookie(LANGUAGE, tap.language, samesite="Lax", httponly=True, max_age=_FOR_YEARS_S)
    return response
