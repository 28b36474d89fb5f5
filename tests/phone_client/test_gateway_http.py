"""The phone's HTTP to a gateway, against whatever may answer at its address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from phone_client.exchange import MAX_ANSWER_BYTES, Request, Server
from phone_client.gateway_client import GatewayClient
from phone_client.gateway_http import MAX_HEAD_BYTES, GatewayHttp
from protocol.problems import UnreachableError
from tests.phone_client.gateway_double import GatewayDouble, serving
from tests.phone_client.person import LINK_CODE

pytestmark = pytest.mark.adapters

ASKED = Request("GET", "/api/v1/device")


class Stranger(asyncio.Protocol):
    """Whoever listens there: says `answer` to whatever it is asked, and then closes the connection or does not."""

    def __init__(self, answer: bytes, *, closes: bool) -> None:
        self.answer = answer
        self.closes = closes
        self.heard = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data
        self._transport.write(self.answer)
        if self.closes:
            self._transport.close()


@asynccontextmanager
async def saying(
    answer: bytes, *, closes: bool = True, limit_s: float = 2.0
) -> AsyncIterator[tuple[Server, Stranger]]:
    stranger = Stranger(answer, closes=closes)
    listener = await asyncio.get_running_loop().create_server(lambda: stranger, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        yield Server("AiSEG", f"http://127.0.0.1:{port}", limit_s), stranger


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nno", 404, b"no"),
        (b"HTTP/1.1 204\r\ncontent-length:0\r\n\r\n", 204, b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{} and more", 200, b"{}"),
    ],
)
async def test_status_and_body_are_read(answer: bytes, status: int, body: bytes) -> None:
    async with saying(answer) as (server, _):
        assert await GatewayHttp().send(server, ASKED) == (status, body)


async def test_whoever_keeps_the_connection_is_not_waited_for() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    async with saying(answer, closes=False) as (server, _):
        assert await GatewayHttp().send(server, ASKED) == (200, b"{}")


async def test_nothing_but_the_path_is_sent() -> None:
    with_token = Request("GET", "/api/v1/device", token="t0ken")
    async with saying(b"HTTP/1.1 200 OK\r\n\r\n") as (server, stranger):
        await GatewayHttp().send(server, with_token)
    where = server.url.removeprefix("http://").encode()
    assert stranger.heard == (
        b"GET /api/v1/device HTTP/1.0\r\nHost: " + where + b"\r\nAccept: application/json\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "not HTTP"),
        (b"", "cut short"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "cut short"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MAX_HEAD_BYTES * 2) + b"\r\n\r\n", "too large"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MAX_ANSWER_BYTES + 1), "too large"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b" " * (MAX_ANSWER_BYTES + 1),
            "too large",
        ),
    ],
)
async def test_what_is_no_answer_is_unreachable_with_its_reason(answer: bytes, reason: str) -> None:
    async with saying(answer) as (server, _):
        with pytest.raises(UnreachableError) as caught:
            await GatewayHttp().send(server, ASKED)
    assert reason in caught.value.reason


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])
async def test_one_that_says_nothing_more_is_given_up_in_time(answer: bytes) -> None:
    async with saying(answer, closes=False, limit_s=0.2) as (server, _):
        with pytest.raises(UnreachableError, match=r"no answer within 0\.2 s"):
            await GatewayHttp().send(server, ASKED)


async def test_nobody_there_is_said_in_the_systems_words() -> None:
    async with saying(b"") as (server, _):
        pass
    with pytest.raises(UnreachableError, match="refused"):
        await GatewayHttp().send(server, ASKED)


async def test_a_real_server_is_understood() -> None:
    async with serving(GatewayDouble(shown_link_code=LINK_CODE)) as gateway:
        client = GatewayClient()
        assert await client.device("127.0.0.1", gateway.port) == gateway.device()
        assert await client.shown_link_code("127.0.0.1", gateway.port) == LINK_CODE
        gateway.shown_link_code = None
        assert await client.shown_link_code("127.0.0.1", gateway.port) is None
