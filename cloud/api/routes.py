"""One list of routes serves the requests and describes itself as `/openapi.json`, so that the two cannot drift."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from protocol.faults import NO_TEXT, holds_nul, reason
from protocol.openapi import Operation, describe
from protocol.problems import NOT_LOGGED_IN, REQUEST_MALFORMED, Problem

_JSON: Final = "application/json"
_VERSION: Final = version("aiseg")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Request = TypeVar("Request", bound=BaseModel)


@dataclass(frozen=True)
class Route:
    """An operation and what carries it out."""

    operation: Operation
    handle: Callable[[web.Request], Awaitable[BaseModel | web.FileResponse | None]]


def add_routes(application: web.Application, routes: Sequence[Route]) -> None:
    """Serve `routes`, and their description."""
    described = describe("AiSEG cloud (independent emulator)", _VERSION, [each.operation for each in routes])

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(described)

    application.router.add_get("/openapi.json", openapi)
    for each in routes:
        application.router.add_route(each.operation.method, each.operation.path, _serve(each))


async def body(request: web.Request, kind: type[Request]) -> Request:
    """Return the JSON body.

    Raises:
        Problem: `request_malformed`, or what a field of `kind` raises itself.
    """
    if request.content_type != _JSON:
        raise Problem(REQUEST_MALFORMED, reason=f"Content-Type is not {_JSON}")
    text = await request.read()
    if holds_nul(text.decode(errors="replace")):
        raise Problem(REQUEST_MALFORMED, reason=NO_TEXT)
    try:
        return kind.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise Problem(REQUEST_MALFORMED, reason=reason(error)) from None


def bearer_token(request: web.Request) -> str:
    """Return the bearer token.

    Raises:
        Problem: `not_logged_in` when there is none.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or not token.isascii():
        raise Problem(NOT_LOGGED_IN)
    return token


def choice(request: web.Request, name: str, among: Sequence[str]) -> str:
    """Return one of `among` from the query, the first of them where it says nothing.

    Raises:
        Problem: `request_malformed`.
    """
    text = request.query.get(name, among[0])
    if text not in among:
        raise Problem(REQUEST_MALFORMED, reason=f"{name}: none of {', '.join(among)}")
    return text


def day(request: web.Request, name: str, first_year: int, last_year: int) -> date | None:
    """Return a day of the query as YYYY-MM-DD, None where it says nothing.

    Raises:
        Problem: `request_malformed`.
    """
    text = request.query.get(name)
    if text is None:
        return None
    try:
        told = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        told = None
    if told is None or not first_year <= told.year <= last_year:
        reason = f"{name}: not a day (YYYY-MM-DD) of {first_year} to {last_year}"
        raise Problem(REQUEST_MALFORMED, reason=reason)
    return told


def _serve(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        answer = await route.handle(request)
        if isinstance(answer, web.FileResponse):
            return answer
        if answer is None:
            return web.Response(status=route.operation.status)
        return web.Response(text=answer.model_dump_json(), status=route.operation.status, content_type=_JSON)

    return serve
