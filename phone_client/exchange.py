"""HTTP with bounded time and size: a model comes back, or the `Problem` the other side wrote, or `UnreachableError`."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from phone_client.printable import printable
from protocol.problems import Problem, UnreachableError, read_problem

MAX_ANSWER_BYTES: Final = 1 << 20

Answer = TypeVar("Answer", bound=BaseModel)


class Nothing(BaseModel):
    """The answer that has no body."""


@dataclass(frozen=True)
class Server:
    """Whom to ask: `name` for people, `url` without a path, `limit_s` for one whole exchange."""

    name: str
    url: str
    limit_s: float


@dataclass(frozen=True)
class Request:
    """What to ask."""

    method: str
    path: str
    body: BaseModel | None = None
    token: str | None = None
    query: dict[str, str] | None = None


class Http(Protocol):
    """A way to send a request: `cloud_http`, which can everything, or `gateway_http`, which is loaded in no time."""

    async def send(self, server: Server, request: Request) -> tuple[int, bytes]:
        """Return the status and what came with it, at most `MAX_ANSWER_BYTES`.

        Raises:
            UnreachableError: no answer within the server's limit.
        """
        ...


class Exchange:
    """Questions and answers by `http`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def ask(self, server: Server, request: Request, answer: type[Answer]) -> Answer:
        """Return the answer to `request`.

        Raises:
            Problem: the other side said no.
            UnreachableError: it did not answer in time, or with something that is not its API.
        """
        status, text = await self._http.send(server, request)
        problem = _read_problem(text) if status >= HTTPStatus.BAD_REQUEST else None
        if problem:
            raise problem
        if status < HTTPStatus.BAD_REQUEST:
            with suppress(ValidationError):
                return answer.model_validate_json(text or b"{}")
        raise UnreachableError(server.name, f"HTTP status {status}, not an answer of its API")


def too_late(server: Server) -> UnreachableError:
    """Return the error that `server` let its limit pass."""
    return UnreachableError(server.name, f"no answer within {server.limit_s:g} s")


def failed(server: Server, error: Exception) -> UnreachableError:
    """Return the error that the exchange with `server` broke by `error`."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return UnreachableError(server.name, os.strerror(number))
    return UnreachableError(server.name, printable(str(error)) or type(error).__name__)


def _read_problem(text: bytes) -> Problem | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # nested too deeply
        return None
    problem = read_problem(document) if isinstance(document, dict) else None
    if problem:
        for name, fact in problem.facts.items():
            problem.facts[name] = printable(fact) if isinstance(fact, str) else fact
    return problem
