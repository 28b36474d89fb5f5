"""The panel's routes: what is read from a form, which verb it means, which screen comes next."""

import json
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from chassis.clock import Clock
from emulator.gateway import Gateway
from emulator.panel.view import HERE, View, code_facts, language_of, live, tokyo_time
from protocol.problems import NOT_REGISTERED, AisegError, Problem

MAX_DIGITS = 16  # of an epoch in a form


class Panel:
    """Screens over one gateway."""

    def __init__(self, gateway: Gateway, clock: Clock, view: View) -> None:
        self._gateway = gateway
        self._clock = clock
        self._view = view

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the panel's routes."""
        return [
            web.get("/", self._home),
            web.get("/events", self._events),
            web.get("/register", self._register_form),
            web.post("/register", self._register),
            web.get("/registered", self._registered),
            web.get("/link-code", self._link_code),
            web.post("/link-code", self._issue),
            web.post("/link-code/end", self._end),
            web.static("/static", HERE / "static"),
        ]

    async def _home(self, request: web.Request) -> web.Response:
        words, language = self._view.words(request), language_of(request)
        return self._view.page(
            request,
            "home.html",
            device=self._gateway.device(),
            sample=self._gateway.newest(),
            live=live(self._gateway, words, language),
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send the live values now and at every change, for as long as the browser listens."""
        words, language = self._view.words(request), language_of(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        seen = -1
        while True:
            seen = await self._gateway.changes.after(seen)
            shown = self._gateway.shown_link_code(self._clock.now()) is not None
            values = live(self._gateway, words, language) | {"link_code": "shown" if shown else "none"}
            try:
                await response.write(f"data: {json.dumps(values, ensure_ascii=False)}\n\n".encode())
            except ConnectionError:
                return response

    async def _register_form(
        self, request: web.Request, status: int = HTTPStatus.OK, trouble: str = ""
    ) -> web.Response:
        present = self._gateway.registration
        return self._view.page(
            request,
            "register.html",
            status,
            epoch=present.epoch if present else None,
            registered_at=tokyo_time(present.registered_at) if present else None,
            trouble=trouble,
        )

    async def _register(self, request: web.Request) -> web.Response:
        form = await request.post()
        replacing = str(form.get("replacing", ""))
        if not (replacing.isdecimal() and len(replacing) < MAX_DIGITS):
            trouble = self._view.words(request)["confirm_missing"]
            return await self._register_form(request, HTTPStatus.CONFLICT, trouble)
        try:
            await self._gateway.register(str(form.get("device_code", "")), replacing=int(replacing))
        except AisegError as error:
            return await self._register_form(request, _status(error), error.sentence(language_of(request)))
        raise web.HTTPSeeOther("/registered")

    async def _registered(self, request: web.Request) -> web.Response:
        registration = self._gateway.registration
        if not registration:
            raise web.HTTPSeeOther("/register")
        at = tokyo_time(registration.registered_at)
        return self._view.page(request, "registered.html", registered_at=at)

    async def _link_code(
        self, request: web.Request, status: int = HTTPStatus.OK, trouble: str = ""
    ) -> web.Response:
        shown = self._gateway.shown_link_code(self._clock.now())
        if not shown:
            registered = self._gateway.registration is not None
            trouble = trouble or (
                "" if registered else Problem(NOT_REGISTERED).sentence(language_of(request))
            )
            return self._view.page(
                request, "app_settings.html", status, registered=registered, trouble=trouble
            )
        facts = code_facts(shown.link_code, shown.expires_in_s)
        return self._view.page(request, "link_code.html", HTTPStatus.OK, **facts)

    async def _issue(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            await self._gateway.show_link_code(str(form.get("device_code", "")))
        except AisegError as error:
            return await self._link_code(request, _status(error), error.sentence(language_of(request)))
        raise web.HTTPSeeOther("/link-code")

    async def _end(self, _: web.Request) -> web.Response:
        self._gateway.hide_link_code()
        raise web.HTTPSeeOther("/")


def _status(error: AisegError) -> int:
    return error.kind.status if isinstance(error, Problem) else HTTPStatus.SERVICE_UNAVAILABLE
