import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import suppress

import aiohttp
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

from chassis.listening import listening, url_of
from chassis.web import application, form_of, let_forms_lead_to, serving
from protocol.problems import UnreachableError

pytestmark = pytest.mark.adapters


async def away(_: web.Request) -> web.Response:
    raise UnreachableError("the broker", "silent", ja=("ブローカー", "無応答"))


async def answer_of(
    address: tuple[str, int], method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, str] | None:
    """Return status and text of what is served at `address`, None when nothing is."""
    async with aiohttp.ClientSession() as browser:
        try:
            async with browser.request(
                method, f"http://{address[0]}:{address[1]}/", headers=headers
            ) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientConnectorError:
            return None


def address_of(listener: socket.socket) -> tuple[str, int]:
    address: tuple[str, int] = listener.getsockname()
    return address


async def test_doors_open_and_close_as_addresses_come_and_go() -> None:
    async with listening(["127.0.0.1"], 0) as listeners, serving(application([]), listeners) as doors:
        first = address_of(listeners[0])
        second = ("127.0.0.2", first[1])
        await doors.move_to(["127.0.0.2", "192.0.2.77"])  # the second is not this machine's
        assert await answer_of(first) is None
        assert await answer_of(second)
        await doors.move_to([])
        assert await answer_of(second), "no address at all is a network that is coming back"
    assert await answer_of(second) is None


@pytest.mark.parametrize("turns", range(8))
async def test_whoever_comes_while_it_closes_is_answered_or_sent_away_but_not_left_waiting(
    turns: int,
) -> None:
    late = [socket.socket() for _ in range(3)]
    async with listening(["127.0.0.1"], 0) as listeners:
        async with serving(application([]), listeners):
            for each in late:
                each.connect(address_of(listeners[0]))
                each.setblocking(False)
            for _ in range(turns):
                await asyncio.sleep(0)
        for each in late:
            with each, suppress(ConnectionError):
                async with asyncio.timeout(5):
                    assert await asyncio.get_running_loop().sock_recv(each, 1) == b""


async def test_what_could_not_be_found_out_is_told_as_such() -> None:
    app = application([])
    app.router.add_get("/", away)
    async with listening(["127.0.0.1"], 0) as listeners, serving(app, listeners):
        answer = await answer_of(address_of(listeners[0]))
    assert answer == (
        503,
        "ブローカー に接続できません（無応答）。\nthe broker cannot be reached (silent).\n",
    )


@pytest.mark.parametrize(
    ("handler", "status", "word"),
    [(None, 404, "このアドレスには何もありません。"), (away, 503, "ブローカー")],
)
async def test_a_browser_gets_a_page_in_words_with_a_way_on(
    handler: Handler | None, status: int, word: str
) -> None:
    app = application([])
    if handler:
        app.router.add_get("/", handler)
    async with listening(["127.0.0.1"], 0) as listeners, serving(app, listeners):
        page = await answer_of(address_of(listeners[0]), headers={"Accept": "text/html,*/*;q=0.8"})
        program = await answer_of(address_of(listeners[0]))
    assert page
    assert program
    assert (page[0], program[0]) == (status, status)
    assert word in page[1]
    assert '<a href="/">' in page[1]
    assert "非公式エミュレーター" in page[1]
    assert "<" not in program[1]


@pytest.mark.parametrize(
    ("origin", "status"), [("https://cloud.example", 405), ("https://evil.example", 403)]
)
async def test_behind_a_proxy_the_public_name_is_our_own_origin(origin: str, status: int) -> None:
    app = application(["cloud.example"], "https://cloud.example")
    app.router.add_get("/", away)
    async with listening(["127.0.0.1"], 0) as listeners, serving(app, listeners):
        headers = {"Host": "cloud.example", "Origin": origin}
        answer = await answer_of(address_of(listeners[0]), "POST", headers)
    assert answer is not None
    assert answer[0] == status


@pytest.mark.parametrize("address", ["/a%00b", "/?name=a%00b", "/?na%00me"])
async def test_an_address_with_a_nul_is_refused_before_anybody_looks_it_up(address: str) -> None:
    async with (
        listening(["127.0.0.1"], 0) as listeners,
        serving(application([]), listeners),
        aiohttp.ClientSession() as browser,
        browser.get(URL(url_of(listeners[0]) + address, encoded=True)) as answer,
    ):
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "request_malformed")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=utf-7", b"token=+2AA-\xff"),
        ("application/x-www-form-urlencoded", b"token=%ff%fe"),
        ("application/x-www-form-urlencoded", b"token=a%00"),
        ("application/x-www-form-urlencoded", b"tok%00en=a"),
        ("application/x-www-form-urlencoded", "token=\u6c7a".encode()),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(60))),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Transfer-Encoding: foo\r\n\r\n1\r\n--x--"),
        ("text/plain", b"token=1"),
        ("application/json", b"{}"),
    ],
)
async def test_what_is_no_form_of_ours_is_refused_and_not_an_error(kind: str, body: bytes) -> None:
    status, text = await sent(kind, body)
    assert (status, json.loads(text)["code"]) == (400, "request_malformed")


async def test_a_form_is_read_with_its_empty_fields() -> None:
    body = b"nickname=%E3%81%8A%E7%88%B6+%E3%81%95%E3%82%93&code="
    status, text = await sent("application/x-www-form-urlencoded", body)
    assert (status, json.loads(text)) == (200, {"nickname": "お父 さん", "code": ""})


async def sent(kind: str, body: bytes) -> tuple[int, str]:
    """Return how a page that repeats its form answers to `body`."""

    async def repeat(request: web.Request) -> web.Response:
        return web.json_response(await form_of(request))

    app = application([])
    app.router.add_post("/", repeat)
    async with (
        listening(["127.0.0.1"], 0) as listeners,
        serving(app, listeners),
        aiohttp.ClientSession() as browser,
        browser.post(url_of(listeners[0]), data=body, headers={"Content-Type": kind}) as answer,
    ):
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (None, "'self'"),
        ("http://127.0.0.1:8082/callback?state=x", "'self' http://127.0.0.1:8082"),
        ("https://app.example/", "'self' https://app.example"),
        ("http://[::1]:8082/callback", "'self' http:"),
    ],
)
async def test_forms_lead_to_our_own_pages_and_where_a_page_lets_them(url: str | None, allowed: str) -> None:
    async def show(_: web.Request) -> web.Response:
        response = web.Response(text="a page")
        if url:
            let_forms_lead_to(url, response)
        return response

    app = application([])
    app.router.add_get("/", show)
    async with (
        listening(["127.0.0.1"], 0) as listeners,
        serving(app, listeners),
        aiohttp.ClientSession() as browser,
        browser.get(url_of(listeners[0])) as answer,
    ):
        policies = answer.headers.getall("Content-Security-Policy")
    assert len(policies) == 1
    assert f"; form-action {allowed}; " in policies[0]
    assert policies[0].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policies[0]
