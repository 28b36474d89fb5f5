"""HTTP for panel and device API: who may come in, how a "no" is written, where it listens."""

import errno
import ipaddress
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import ifaddr
from aiohttp import web

from protocol.problems import (
    FOREIGN_ORIGIN,
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    PORT_TAKEN,
    REQUEST_MALFORMED,
    SETTINGS_WRONG,
    TOO_LARGE,
    Problem,
)

LOOPBACK: Final = "127.0.0.1"
SHUTDOWN_S: Final = 0.5
REQUEST_MAX_BYTES: Final = 16 * 1024
STATIC: Final = "/static/"
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # "no-referrer" would make browsers send our own forms with a null origin
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)


def make_app(routes: Iterable[web.AbstractRouteDef], host_names: Collection[str]) -> web.Application:
    """Return the application; besides addresses and `localhost` it answers to `host_names` only."""
    names = {"localhost", *(name.lower() for name in host_names)}

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_ours(request, names) or (request.method == "POST" and not _is_same_origin(request)):
            raise Problem(FOREIGN_ORIGIN)
        return await handler(request)

    app = web.Application(middlewares=[_write_problems, guard], client_max_size=REQUEST_MAX_BYTES)
    app.add_routes(routes)
    app.on_response_prepare.append(_add_headers)
    return app


def _is_ours(request: web.Request, names: Collection[str]) -> bool:
    """Refuse a name somebody else pointed at our address (DNS rebinding); an address cannot be rebound."""
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    return host in names or _is_address(host)


def _is_same_origin(request: web.Request) -> bool:
    """Refuse what another site's page sends; programs that are no browser send neither header."""
    origin = request.headers.get("Origin", f"http://{request.host}")
    return origin == f"http://{request.host}" and request.headers.get("Sec-Fetch-Site") in (
        None,
        "same-origin",
    )


@web.middleware
async def _write_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        refusal = problem
    except web.HTTPException as answer:
        if answer.status < HTTPStatus.BAD_REQUEST:
            raise
        refusal = _as_problem(request, answer)
    return web.json_response(refusal.document(), status=refusal.kind.status, content_type=MEDIA_TYPE)


def _as_problem(request: web.Request, answer: web.HTTPException) -> Problem:
    match answer.status:
        case HTTPStatus.NOT_FOUND:
            return Problem(NOT_FOUND)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return Problem(METHOD_NOT_ALLOWED, method=request.method)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Problem(TOO_LARGE)
    return Problem(REQUEST_MALFORMED, reason=answer.reason)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers["Cache-Control"] = "no-cache" if request.path.startswith(STATIC) else "no-store"


def addresses_of(interfaces: Iterable[str]) -> list[str]:
    """Return the addresses of `interfaces`, given by name or address; one that is missing is told and left out."""
    attached = {str(adapter.nice_name): adapter.ips for adapter in ifaddr.get_adapters()}
    found: list[str] = []
    for name in interfaces:
        if _is_address(name):
            found.append(name)
        elif ips := attached.get(name):
            found += [ip.ip for ip in ips if isinstance(ip.ip, str)]
            found += [_with_zone(ip.ip, name) for ip in ips if not isinstance(ip.ip, str)]
        else:
            log.warning("the network interface %s is missing or has no address", name)
    return found


def _with_zone(ip: tuple[str, int, int], interface: str) -> str:
    return f"{ip[0]}%{interface}" if ip[2] else ip[0]


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


@asynccontextmanager
async def listening(app: web.Application, hosts: Sequence[str], port: int) -> AsyncIterator[list[str]]:
    """Serve `app` at each of `hosts` and yield the URLs; an address that cannot be used is told and left out.

    Raises:
        Problem: `port_taken`, or `settings_wrong` when no address can be used at all.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, handle_signals=False)
    await runner.setup()
    try:
        for host in hosts:
            port = await _listen(runner, host, port)
        if not runner.addresses:
            raise Problem(
                SETTINGS_WRONG, file="settings", key="http", reason=f"cannot listen at {', '.join(hosts)}"
            )
        yield [_url(address) for address in runner.addresses]
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    """Listen at `host` and return the port, which is chosen here when `port` is 0."""
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Problem(PORT_TAKEN, address=_url((host, port))) from None
        log.warning("cannot listen at %s: %s", _url((host, port)), error.strerror)
        return port
    return port or int(runner.addresses[0][1])


def _url(address: tuple[str, int] | tuple[str, int, int, int]) -> str:
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"http://{host}:{address[1]}"


def port_of(url: str) -> int:
    """Return the port of one of our own URLs."""
    return urlsplit(url).port or 80
