"""HTTP as every program serves it: whom it lets in, how a "no" is written.

The peer is the socket's; `X-Forwarded-*` and `Forwarded` are never read (the real AiSEG2 had CVE-2023-28727 for it).
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from chassis.listening import is_address, listen
from protocol.faults import NO_TEXT
from protocol.problems import (
    FOREIGN_ORIGIN,
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    REQUEST_MALFORMED,
    TOO_LARGE,
    AisegError,
    Problem,
    UnreachableError,
)

SHUTDOWN_S: Final = 0.5
TURNS_TO_COME_IN: Final = 5
"""Turns of the event loop until aiohttp knows of a connection that asyncio has accepted."""
REQUEST_MAX_BYTES: Final = 64 * 1024
FIELDS_MAX: Final = 50
STATIC: Final = "/static/"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'{more}; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY.format(more=""),
    "X-Content-Type-Options": "nosniff",
    # Tells no path and no query (a token may be there); "no-referrer" would also make our own forms' origin null.
    "Referrer-Policy": "strict-origin",
}

_PAGE: Final = """<!doctype html>
<html lang="ja"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{ja}</title>
<main><h1>{ja}</h1><p lang="en">{en}</p><p><a href="/">最初の画面へ / <span lang="en">To the first page</span></a></p>
<p>独立した非公式エミュレーターです。<span lang="en">An independent, unofficial emulator.</span></p></main></html>
"""

log = logging.getLogger(__name__)


def application(host_names: Collection[str], public_url: str | None = None) -> web.Application:
    """Return an application that answers to addresses, `localhost` and `host_names` only.

    `public_url` is how browsers name it when something stands before it.
    """
    names = {"localhost", *(name.lower() for name in host_names)}

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not (_is_meant_for(request, names) and _is_of_our_pages(request, public_url)):
            raise Problem(FOREIGN_ORIGIN)
        if "\0" in request.path + request.query_string:
            raise Problem(REQUEST_MALFORMED, reason=NO_TEXT)
        return await handler(request)

    app = web.Application(middlewares=[_write_problems, guard], client_max_size=REQUEST_MAX_BYTES)
    app.on_response_prepare.append(_add_headers)
    return app


def _is_meant_for(request: web.Request, names: Collection[str]) -> bool:
    """Refuse a name that somebody pointed at our address (DNS rebinding); an address cannot be rebound."""
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    return host in names or is_address(host)


def _is_of_our_pages(request: web.Request, public_url: str | None) -> bool:
    """Refuse what another site's page makes a browser send; programs that are no browser send neither header."""
    if request.method in ("GET", "HEAD"):
        return True
    own = f"{request.scheme}://{request.host}"
    sites = (None, "same-origin")
    return (
        request.headers.get("Origin", own) in (own, public_url)
        and request.headers.get("Sec-Fetch-Site") in sites
    )


async def form_of(request: web.Request) -> dict[str, str]:
    """Return the fields of a form as a page of ours sends it: urlencoded, UTF-8.

    Raises:
        Problem: `request_malformed`.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem(REQUEST_MALFORMED, reason="not a form")
    try:
        body = (await request.read()).decode("ascii")
        fields = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Problem(REQUEST_MALFORMED, reason="not a form") from None
    if any("\0" in text for field in fields for text in field):
        raise Problem(REQUEST_MALFORMED, reason=NO_TEXT)
    return dict(fields)


@web.middleware
async def _write_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return _answer(request, problem)
    except UnreachableError as away:
        if _is_for_a_person(request):
            return _page(away, HTTPStatus.SERVICE_UNAVAILABLE)
        sentences = f"{away.sentence('ja')}\n{away.sentence()}\n"
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=sentences)
    except web.HTTPException as answer:
        if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return _answer(request, _as_problem(request, answer))


def _answer(request: web.Request, problem: Problem) -> web.Response:
    return _page(problem, problem.kind.status) if _is_for_a_person(request) else written(problem)


def _is_for_a_person(request: web.Request) -> bool:
    """Say whether a browser is to show the answer, not a program or a script of ours."""
    return "text/html" in request.headers.get("Accept", "")


def _page(no: AisegError, status: int) -> web.Response:
    """Return the page for an address that has none of its own, in both languages, with a way on."""
    ja, en = escape(no.sentence("ja")), escape(no.sentence("en"))
    return web.Response(status=status, text=_PAGE.format(ja=ja, en=en), content_type="text/html")


def written(problem: Problem) -> web.Response:
    """Return `problem` as a problem document (RFC 9457)."""
    answer = web.json_response(problem.document(), status=problem.kind.status, content_type=MEDIA_TYPE)
    if "retry_after_s" in problem.facts:
        answer.headers["Retry-After"] = str(problem.facts["retry_after_s"])
    return answer


def _as_problem(request: web.Request, answer: web.HTTPException) -> Problem:
    match answer.status:
        case HTTPStatus.NOT_FOUND:
            return Problem(NOT_FOUND)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return Problem(METHOD_NOT_ALLOWED, method=request.method)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Problem(TOO_LARGE)
    return Problem(REQUEST_MALFORMED, reason=answer.reason)


def let_forms_lead_to(url: str, response: web.StreamResponse) -> None:
    """Let the forms of this page end at the origin of `url` too: browsers hold `form-action` against redirects."""
    parts = urlsplit(url)
    # The policy has no words for an IPv6 address (CSP3 §2.3.1), so there the scheme has to do.
    origin = f"{parts.scheme}:" if ":" in (parts.hostname or "") else f"{parts.scheme}://{parts.netloc}"
    response.headers["Content-Security-Policy"] = POLICY.format(more=f" {origin}")


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)  # a page may ask for other ones
    response.headers["Cache-Control"] = "no-cache" if request.path.startswith(STATIC) else "no-store"


class Doors:
    """Where an application is served at the moment, on one port."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self._port = port
        self._sites: dict[str, tuple[web.SockSite, socket.socket]] = {}

    async def open(self, listener: socket.socket) -> None:
        """Serve on `listener` too; it is closed with the rest."""
        site = web.SockSite(self._runner, listener)
        self._sites[listener.getsockname()[0]] = site, listener
        await site.start()

    async def move_to(self, hosts: Collection[str]) -> None:
        """Serve at `hosts` and nowhere else; what cannot be used is told and left out, none at all changes nothing."""
        wanted = {host.partition("%")[0]: host for host in hosts}
        for gone in (self._sites.keys() - wanted.keys()) if wanted else ():
            await self._close(gone)
        for new in wanted.keys() - self._sites.keys():
            with suppress(Problem):
                listener = await asyncio.to_thread(listen, wanted[new], self._port)
                if listener:
                    await self.open(listener)

    async def close(self) -> None:
        """Serve nowhere any more."""
        for address in list(self._sites):
            await self._close(address)

    async def _close(self, address: str) -> None:
        """Let in nobody more, then close: asyncio forgets whom it accepts while it closes, and leaves them waiting."""
        site, listener = self._sites.pop(address)
        asyncio.get_running_loop().remove_reader(listener)
        for _ in range(TURNS_TO_COME_IN):
            await asyncio.sleep(0)
        await site.stop()


@asynccontextmanager
async def serving(app: web.Application, listeners: Sequence[socket.socket]) -> AsyncIterator[Doors]:
    """Serve `app` on `listeners` until the block is left. Nothing is logged: addresses may hold tokens."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, handle_signals=False)
    await runner.setup()
    try:
        doors = Doors(runner, listeners[0].getsockname()[1])
        for listener in listeners:
            await doors.open(listener)
        try:
            yield doors
        finally:
            await doors.close()
    finally:
        await runner.cleanup()
