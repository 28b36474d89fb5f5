"""One tap of one person: which session, which language, whether the page may do what it asks, and what is shown for a no.

A handler raises what the gateway raises; here it becomes a screen: no connection, update first, load again, and so on.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from aiohttp import web

from chassis.clock import Clock
from chassis.web import form_of
from emulator.gateway import Gateway
from emulator.guard import Guard
from emulator.panel.sessions import Session, Sessions
from emulator.panel.view import Language, View, Words
from emulator.settings import Panel as PanelSettings
from protocol.device_api import ShownLinkCode
from protocol.problems import (
    BUSY_UPDATING,
    FIRMWARE_OUTDATED,
    NOT_REGISTERED,
    PAGE_STALE,
    PIN_WRONG,
    TOO_MANY_TRIES,
    AisegError,
    Problem,
)

CODE_PATH: Final = "/link-code"
LANGUAGE: Final = "lang"
SCREEN: Final = "screen"
SCREENS: Final = ("browser", "monitor")
_FOR_YEARS_S: Final = 10**8
PIN_TRIES: Final = 5
PIN_WINDOW: Final = timedelta(minutes=10)
"""4 digits then hold for two weeks on average, and a person who errs waits for a cup of tea."""

_TEMPLATES_OF: Final = {
    FIRMWARE_OUTDATED: "update_first.html",
    BUSY_UPDATING: "busy.html",
    NOT_REGISTERED: "status_unregistered.html",
    PAGE_STALE: "stale.html",
}


@dataclass(frozen=True)
class Tap:
    """A request of a person: a page to look at, or a form that was sent."""

    request: web.Request
    session: Session
    language: Language
    screen: str
    words: Words
    form: Mapping[str, str]
    gateway: Gateway
    now: datetime
    boot: str
    view: View

    def page(self, template: str, status: int = HTTPStatus.OK, /, **facts: object) -> web.Response:
        """Return a screen."""
        text = self.view.render(
            template,
            words=self.words,
            language=self.language,
            screen=self.screen,
            path=self.request.path,
            token=self.session.token,
            boot=self.boot,
            now=self.now,
            device=self.gateway.device(),
            **facts,
        )
        return web.Response(text=text, status=status, content_type="text/html")

    def goes_back(self) -> bool:
        """Say whether 戻る was tapped: what was typed is kept, nothing is judged (S-REG-35)."""
        return self.form.get("go") == "back"

    def shown_link_code(self, now: datetime) -> ShownLinkCode | None:
        """Return the link code on this browser's screen while it is good: the newest one, and its own."""
        shown = self.gateway.shown_link_code(now)
        return shown if shown and shown.link_code == self.session.code else None

    def sentence(self, error: AisegError) -> str:
        """Return what to tell this person."""
        return error.sentence(self.language)


Handler = Callable[[Tap], Awaitable[web.Response]]


@dataclass(frozen=True)
class Screen:
    """An address of the panel. `open`: to be looked at without the PIN."""

    path: str
    show: Handler
    act: Handler | None = None
    open: bool = False


def go(path: str) -> web.Response:
    """Lead the browser on to another screen."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


class Taps:
    """Turns requests into taps for the handlers of `Screen`s, and what they raise into screens."""

    def __init__(self, gateway: Gateway, clock: Clock, view: View, settings: PanelSettings) -> None:
        self._gateway = gateway
        self._clock = clock
        self._view = view
        self._settings = settings
        self._sessions = Sessions()
        self._boot = secrets.token_urlsafe(6)
        self._pin = (
            Guard(settings.pin, PIN_TRIES, PIN_WINDOW, PIN_WRONG, TOO_MANY_TRIES) if settings.pin else None
        )
        self._paths: set[str] = set()

    def routes(self, screens: Iterable[Screen]) -> Iterable[web.AbstractRouteDef]:
        """Return the routes of `screens`, and of the page that asks for the PIN."""
        for each in [*screens, Screen("/pin", _ask_pin, self._unlock, open=True)]:
            self._paths.add(each.path)
            yield web.get(each.path, self._get(each))
            if each.act:
                yield web.post(each.path, self._post(each, each.act))

    def tap(self, request: web.Request, form: Mapping[str, str]) -> Tap:
        """Return the tap of `request`, with a session that is begun now where there is none."""
        now = self._clock.now()
        session = self._sessions.find(
            request.cookies.get(cookie_name(self._gateway)), now
        ) or self._sessions.begin(now)
        chosen = request.query.get(LANGUAGE, request.cookies.get(LANGUAGE))
        language: Language = "en" if chosen == "en" else "ja"
        screen = request.query.get(SCREEN, request.cookies.get(SCREEN, self._settings.screen))
        return Tap(
            request=request,
            session=session,
            language=language,
            screen=screen if screen in SCREENS else SCREENS[0],
            words=self._view.words[language],
            form=form,
            gateway=self._gateway,
            now=now,
            boot=self._boot,
            view=self._view,
        )

    def _get(self, screen: Screen) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def show(request: web.Request) -> web.Response:
            tap = self.tap(request, {})
            if self._is_locked(tap) and not screen.open:
                return _remembered(tap, _ask(tap, request.path))
            return _remembered(tap, await _answered(tap, screen.show))

        return show

    def _post(self, screen: Screen, act: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def carry_out(request: web.Request) -> web.Response:
            tap = self.tap(request, await form_of(request))
            if not secrets.compare_digest(tap.form.get("token", "").encode(), tap.session.token.encode()):
                return _remembered(tap, _refused(tap, Problem(PAGE_STALE)))
            if self._is_locked(tap) and not screen.open:
                return _remembered(tap, _ask(tap, request.path))
            async with tap.session.one_tap:
                return _remembered(tap, await _answered(tap, act))

        return carry_out

    def _is_locked(self, tap: Tap) -> bool:
        return self._pin is not None and not tap.session.unlocked

    async def _unlock(self, tap: Tap) -> web.Response:
        """Compare the PIN (A-15)."""
        onward = tap.form.get("onward", "/")
        try:
            if self._pin:
                self._pin.check(tap.form.get("pin", ""), tap.now)
        except Problem as problem:
            return _ask(tap, onward, problem)
        tap.session.unlocked = True
        return go(onward if onward in self._paths else "/")


def cookie_name(gateway: Gateway) -> str:
    """Return the name of the session's cookie: cookies know no ports, and another gateway may live on this host."""
    return f"panel-{gateway.identity.gateway_id}"


async def _answered(tap: Tap, handler: Handler) -> web.Response:
    try:
        return await handler(tap)
    except AisegError as error:
        return _refused(tap, error)


def _refused(tap: Tap, error: AisegError) -> web.Response:
    """Return the screen of a no; an unreachable cloud is "no connection", never a verdict (S-GEN-03)."""
    if not isinstance(error, Problem):
        return tap.page("no_connection.html", HTTPStatus.SERVICE_UNAVAILABLE, trouble=tap.sentence(error))
    template = _TEMPLATES_OF.get(error.kind, "refused.html")
    return tap.page(template, error.kind.status, trouble=tap.sentence(error))


async def _ask_pin(tap: Tap) -> web.Response:
    return _ask(tap, "/")


def _ask(tap: Tap, onward: str, problem: Problem | None = None) -> web.Response:
    status = problem.kind.status if problem else HTTPStatus.OK
    return tap.page("pin.html", status, onward=onward, trouble=tap.sentence(problem) if problem else "")


def _remembered(tap: Tap, response: web.Response) -> web.Response:
    """Let the browser keep its session, and the language and screen it has asked for."""
    response.set_cookie(cookie_name(tap.gateway), tap.session.key, samesite="Strict", httponly=True)
    for name, value in ((LANGUAGE, tap.language), (SCREEN, tap.screen)):
        if name in tap.request.query:
            response.set_cookie(name, value, samesite="Strict", httponly=True, max_age=_FOR_YEARS_S)
    return response
