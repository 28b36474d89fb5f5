"""One list of routes serves the requests and describes itself as `/openapi.json`, so that the two cannot drift."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from protocol.faults import reason
from protocol.openapi import Operation, describe
from protocol.problems import NOT_LOGGED_IN, REQUEST_MALFORMED, Problem

_JSON: Final = "application/json"
_VERSION: Final = version("aiseg")

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


def whole_number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """Return a number of the query.

    Raises:
        Problem: `request_malformed`.
    """
    text = request.query.get(name, str(default))
    if not (
        text.isascii() and text.isdigit() and len(text) < len(str(most)) + 1 and least <= int(text) <= most
    ):
        raise Problem(REQUEST_MALFORMED, reason=f"{name}: not a number from {least} to {most}")
    return int(text)


def _serve(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        answer = await route.handle(request)
        if isinstance(answer, web.FileResponse):
            return answer
        if answer is None:
            return web.Response(status=route.operation.status)
        return web.Response(text=answer.model_dump_json(), status=route.operation.status, content_type=_JSON)

    return serve
