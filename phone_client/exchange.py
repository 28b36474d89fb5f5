"""HTTP with bounded time and size: a model comes back, or the `Problem` the other side wrote, or `UnreachableError`."""

import asyncio
import importlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import BaseModel, ValidationError

from phone_client.answers import printable
from protocol.problems import Problem, UnreachableError, read_problem

if TYPE_CHECKING:
    from aiohttp import ClientSession

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


class Exchange:
    """One HTTP session for everything the phone asks, made at the first request."""

    def __init__(self) -> None:
        self._session: ClientSession | None = None
        self._making = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    async def ask(self, server: Server, request: Request, answer: type[Answer]) -> Answer:
        """Return the answer to `request`.

        Raises:
            Problem: the other side said no.
            UnreachableError: it did not answer in time, or with something that is not its API.
        """
        status, text = await self._send(server, request)
        problem = _read_problem(text) if status >= HTTPStatus.BAD_REQUEST else None
        if problem:
            raise problem
        if status < HTTPStatus.BAD_REQUEST:
            with suppress(ValidationError):
                return answer.model_validate_json(text or b"{}")
        raise UnreachableError(server.name, f"HTTP status {status}, not an answer of its API")

    async def _send(self, server: Server, request: Request) -> tuple[int, bytes]:
        session = await self._open()
        from aiohttp import ClientError  # noqa: PLC0415 - loaded by _open, off the loop

        headers = {"Authorization": f"Bearer {request.token}"} if request.token else {}
        try:
            async with (
                asyncio.timeout(server.limit_s),
                session.request(
                    request.method,
                    server.url + request.path,
                    params=request.query,
                    json=request.body.model_dump(mode="json") if request.body else None,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                return response.status, await _read(response.content.iter_chunked(1 << 16))
        except TimeoutError:
            raise UnreachableError(server.name, f"no answer within {server.limit_s:g} s") from None
        except (ClientError, OSError, ValueError) as error:
            raise UnreachableError(server.name, _reason(error)) from None

    async def _open(self) -> "ClientSession":
        """Return the session; aiohttp takes 0.3 s to load, so it is loaded when it is needed, in a thread."""
        async with self._making:
            if self._session is None:
                await asyncio.to_thread(importlib.import_module, "aiohttp")
                from aiohttp import ClientSession, DummyCookieJar  # noqa: PLC0415

                self._session = ClientSession(cookie_jar=DummyCookieJar())
            return self._session


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return printable(str(error)) or type(error).__name__


async def _read(chunks: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise ValueError("the answer is too large")
    return bytes(content)


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
