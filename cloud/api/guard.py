"""What every request passes, of API and site alike: whom it was meant for, where it comes from, how a no is written.

The peer is the socket's; `X-Forwarded-*` and `Forwarded` are never read (CVE-2023-28727 of the real AiSEG2).
"""

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from protocol.problems import (
    FOREIGN_ORIGIN,
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    Problem,
)

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_HARMLESS: Final = {"GET", "HEAD"}


def guard(host_names: Collection[str]) -> Middleware:
    """Return the middleware. Besides IP addresses and `localhost`, only `host_names` may be asked for."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _check_host(request, host_names)
            _check_origin(request)
            response = await handler(request)
        except Problem as problem:
            response = written(problem)
        except web.HTTPException as error:
            response = written(_problem(request, error))
        response.headers.update(
            {name: text for name, text in _HEADERS.items() if name not in response.headers}
        )
        return response

    return guarded


def written(problem: Problem) -> web.Response:
    """Return `problem` as a problem document."""
    response = web.json_response(problem.document(), status=problem.kind.status, content_type=MEDIA_TYPE)
    if "retry_after_s" in problem.facts:
        response.headers["Retry-After"] = str(problem.facts["retry_after_s"])
    return response


def _problem(request: web.Request, error: web.HTTPException) -> Problem:
    match error.status:
        case 404:
            return Problem(NOT_FOUND)
        case 405:
            return Problem(METHOD_NOT_ALLOWED, method=request.method)
        case 413:
            return Problem(TOO_LARGE)
    raise error


def _check_host(request: web.Request, host_names: Collection[str]) -> None:
    """Refuse a foreign name: a page that rebinds its own name to our address would speak through the user's browser."""
    name = urlsplit(f"//{request.host}").hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if name != "localhost" and name not in host_names:
            raise Problem(FOREIGN_ORIGIN) from None


def _check_origin(request: web.Request) -> None:
    """Refuse what another site's page makes a browser send.

    `Origin: null` alone does not tell: our own pages cause it by `no-referrer`. All that a form can do here needs an
    unguessable token in its body; everything else needs a JSON body or a bearer token, which no form can send.
    """
    if request.method in _HARMLESS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    own = (
        site in ("same-origin", "none") if site else origin in ("null", f"{request.scheme}://{request.host}")
    )
    if not own:
        raise Problem(FOREIGN_ORIGIN)
