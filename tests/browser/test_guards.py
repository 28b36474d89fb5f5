"""What the panel lets nobody do: forged headers, other sites' pages, guests without the PIN (security T-07, T-13, T-29 to T-32)."""

import asyncio
import ipaddress
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import Request

import emulator.program
from chassis.clock import SystemClock
from chassis.settings import read_settings
from emulator.device_api import DeviceApi
from emulator.panel.pages import Panel
from emulator.panel.view import View
from emulator.settings import Panel as PanelSettings
from emulator.settings import Settings
from tests.browser.conftest import OpenPanel
from tests.browser.home import Home, home_in
from tests.browser.person import FAMILY, PLACE, Person
from tests.cloud.actors import APP_CONSENT, request_id
from tests.cloud.serving import Served, TestClock

NEW = "2.11"
PIN = "46494649"
FORGED = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Host": "localhost",
    "X-Forwarded-Proto": "https",
    "X-Real-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1;host=localhost;proto=https",
}
FOREIGN_HOSTS = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "aiseg.local", "[::1"]
ENDLESS = "/events"


@dataclass
class Got:
    """An answer of the panel, read whole."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Client:
    """Sends what no browser would; `cookie` (name and value) is a session of the panel."""

    http: aiohttp.ClientSession
    home: Home
    cookie: str = ""

    async def send(
        self, method: str, path: str, form: Mapping[str, str] | None = None, **headers: str
    ) -> Got:
        if self.cookie:
            headers["Cookie"] = self.cookie
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.home.url}{path}"
        async with self.http.request(method, url, data=form, headers=named, allow_redirects=False) as answer:
            text = "" if path == ENDLESS and answer.status == 200 else await answer.text()
            return Got(answer.status, dict(answer.headers), text)

    async def begin_session(self) -> str:
        """Take a session of its own; return the token of its forms."""
        self.cookie = ""
        answer = await self.send("GET", "/pin")
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]
        return token_in(answer.text)


def token_in(text: str) -> str:
    found = re.search(r'name="token" value="([\w-]+)"', text)
    assert found, "a page with a form"
    return found[1]


@asynccontextmanager
async def client_of(home: Home) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Client(http, home)


async def routes_of(home: Home) -> list[tuple[str, str]]:
    """Return every method and path that the running gateway serves, static files aside."""
    gateway, clock = home.program.gateway, SystemClock()
    panel = Panel(gateway, clock, await asyncio.to_thread(View), PanelSettings())
    routes = [*panel.routes(), *DeviceApi(gateway, clock, with_link_code=True).routes()]
    return [(route.method, route.path) for route in routes if isinstance(route, web.RouteDef)]


async def paths_of(home: Home, method: str) -> list[str]:
    return [path for each, path in await routes_of(home) if each == method]


@dataclass
class Prey:
    """A household where every form would do something: a code is shown, 決定 is next, an update is to be confirmed."""

    home: Home
    client: Client
    token: str
    form: dict[str, str]

    async def state(self) -> object:
        gateway = self.home.program.gateway
        shown = gateway.shown_link_code(datetime.now(UTC))  # noqa: TID251
        reached = (await self.client.send("GET", "/register/check")).text
        return (
            await self.home.contents(),
            gateway.registration,
            gateway.updates.progress(),
            shown and shown.link_code,
            reached.split("<main>")[1],
        )


@asynccontextmanager
async def prey_of(person: Person) -> AsyncIterator[Prey]:
    home = person.home
    await person.register()
    await person.issue_link_code()
    await person.go_to("check")
    await home.publish(NEW)
    async with client_of(home) as client:
        cookies = await person.page.context.cookies()
        client.cookie = next(
            f"{each.get('name')}={each.get('value')}"
            for each in cookies
            if str(each.get("name")).startswith("panel-")
        )
        token = token_in((await client.send("GET", "/register/check")).text)
        form = {"token": token, "go": "on", "device_code": home.device_code, "version": NEW, "replacing": "1"}
        form |= {"confirmation_code": person.confirmation_code, "pin": "", "onward": "/"} | PLACE | FAMILY
        yield Prey(home, client, token, form)


def without(form: Mapping[str, str], name: str) -> dict[str, str]:
    return {each: value for each, value in form.items() if each != name}


async def test_forged_headers_change_no_verdict(person: Person) -> None:
    """The panel knows the socket's peer and the Host; what a proxy might have added is nothing (CVE-2023-28727)."""
    async with prey_of(person) as prey:
        before = await prey.state()
        for method, path in await routes_of(prey.home):
            form = without(prey.form, "token") if method == "POST" else None
            plain = await prey.client.send(method, path, form)
            forged = await prey.client.send(method, path, form, **FORGED)
            assert (forged.status, forged.headers.get("Location")) == (
                plain.status,
                plain.headers.get("Location"),
            ), path
            let_in = await prey.client.send(method, path, form, Host="evil.example", **FORGED)
            assert let_in.status == 403, f"{path} believes a forged header"
        assert await prey.state() == before


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_a_foreign_name_is_refused_everywhere(home: Home, host: str) -> None:
    """A name that somebody pointed at our address gets nothing (DNS rebinding)."""
    async with client_of(home) as client:
        token = await client.begin_session()
        for method, path in [*await routes_of(home), ("GET", "/static/panel.js")]:
            form = {"token": token} if method == "POST" else None
            answer = await client.send(method, path, form, Host=host)
            assert answer.status in (400, 403), path
            assert "<html" not in answer.text


async def test_our_own_names_are_let_in(home: Home) -> None:
    mdns_name = home.program.gateway.advertisement().host_name.removesuffix(".")
    port = urlsplit(home.url).port
    async with client_of(home) as client:
        for name in ("localhost", "LOCALHOST", "127.0.0.1", "[::1]", mdns_name, mdns_name.upper()):
            for host in (name, f"{name}:{port}"):
                assert (await client.send("GET", "/", Host=host)).status == 200, host


async def test_a_form_that_is_not_our_page_does_nothing(person: Person) -> None:
    async with prey_of(person) as prey:
        before = await prey.state()
        own = prey.home.url
        async with client_of(prey.home) as other:
            token_of_another = await other.begin_session()
        wrong: list[tuple[dict[str, str], dict[str, str], int]] = [
            (without(prey.form, "token"), {}, 409),
            (prey.form | {"token": ""}, {}, 409),
            (prey.form | {"token": token_of_another}, {}, 409),
            (prey.form | {"token": prey.token[:-1]}, {}, 409),
            (prey.form, {"Origin": "https://evil.example"}, 403),
            (prey.form, {"Origin": "null"}, 403),
            (prey.form, {"Origin": own.replace("http:", "https:")}, 403),
            (prey.form, {"Origin": f"http://127.0.0.1:{(urlsplit(own).port or 0) + 1}"}, 403),
            (prey.form, {"Sec-Fetch-Site": "cross-site"}, 403),
            (prey.form, {"Sec-Fetch-Site": "same-site"}, 403),
            (prey.form, {"Origin": own, "Sec-Fetch-Site": "none"}, 403),
        ]
        paths = await paths_of(prey.home, "POST")
        assert {
            "/register/check",
            "/update/confirm",
            "/app-settings",
            "/link-code",
            "/status",
            "/pin",
        } <= set(paths)
        for path in paths:
            for form, headers, status in wrong:
                answer = await prey.client.send("POST", path, form, **headers)
                assert answer.status == status, f"{path} {headers or form.get('token')!r}"
        assert await prey.state() == before

        done = await prey.client.send(
            "POST", "/register/check", prey.form, Origin=own, Sec_Fetch_Site="same-origin"
        )
        assert (done.status, done.headers["Location"]) == (303, "/register/done"), (
            "our own page is let through"
        )
        assert await prey.home.registrations() == [2]


async def test_looking_changes_nothing(person: Person) -> None:
    async with prey_of(person) as prey:
        before = await prey.state()
        query = "&".join(f"{name}={value}" for name, value in prey.form.items())
        for path in await paths_of(prey.home, "GET"):
            for method in ("GET", "HEAD"):
                if (method, path) == ("HEAD", ENDLESS):
                    continue
                answer = await prey.client.send(method, f"{path}?{query}" if path != ENDLESS else path)
                assert answer.status < 500, path
            for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
                assert (await prey.client.send(method, path, prey.form)).status == 405, path
        assert await prey.state() == before


EVIL = """<!doctype html><html><body>
<img src="{panel}/link-code" alt=""><img src="{panel}/update/confirm?version=2.11" alt="">
<form method="post" action="{panel}{path}" enctype="{enctype}">{fields}</form>
<script>document.forms[0].submit();</script></body></html>"""


@asynccontextmanager
async def evil_site(prey: Prey, path: str, enctype: str) -> AsyncIterator[int]:
    """Serve a page that sends a form to the panel by itself; return its port."""
    fields = "".join(f'<input name="{name}" value="{value}">' for name, value in prey.form.items())
    page = EVIL.format(panel=prey.home.url, path=path, enctype=enctype, fields=fields)

    async def serve(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_another_sites_page_in_the_same_browser_drives_nothing(person: Person, host: str) -> None:
    """At our address the browser even sends the cookie along (same site, other port); at another name it does not."""
    async with prey_of(person) as prey:
        before = await prey.state()
        for path in ("/register/check", "/update/confirm", "/link-code"):
            for enctype in ("application/x-www-form-urlencoded", "text/plain"):
                async with evil_site(prey, path, enctype) as port:
                    async with person.page.expect_response(lambda got: got.request.method == "POST") as sent:
                        await person.page.goto(f"http://{host}:{port}/")
                    assert (await sent.value).status == 403
        assert await prey.state() == before


class _Page(HTMLParser):
    """Notes what a policy without inline code forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.inline.append(f"<{tag}>")
        self.inline += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        self.inline += [
            f"{tag} {value}" for value in names.values() if (value or "").startswith("javascript:")
        ]


def is_guarded(answer: Got) -> None:
    """See that a browser is told to run nothing that is not ours, to keep nothing, and to be framed by nobody."""
    policy = dict(
        part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = _Page()
    page.feed(answer.text)
    assert page.inline == []


async def test_every_answer_is_guarded_and_no_page_has_code_in_it(person: Person) -> None:
    home = person.home
    async with client_of(home) as stranger, prey_of(person) as prey:
        shown = 0
        for client in (prey.client, stranger):
            for path in [*await paths_of(home, "GET"), "/nothing-here"]:
                answer = await client.send("GET", path)
                is_guarded(answer)
                shown += "<main>" in answer.text
        for path in await paths_of(home, "POST"):
            is_guarded(await stranger.send("POST", path))
            is_guarded(await stranger.send("POST", path, Origin="null"))
        code = await prey.client.send("GET", "/link-code")
        assert "<svg" in code.text, "the page with the QR code was looked at too"
        assert shown > 30
        await home.line.cut()
        home.program.gateway.updates.look_again()
        away = await prey.client.send("GET", "/messages")
        assert away.status == 503
        is_guarded(away)
        static = await stranger.send("GET", "/static/panel.js")
        assert "script-src 'self'" in static.headers["Content-Security-Policy"]


async def test_no_code_is_in_an_address_or_in_a_log(
    tmp_path: Path, open_panel: OpenPanel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    addresses: list[str] = []

    def note(request: Request) -> None:
        addresses.extend([request.url, request.headers.get("referer", "")])

    async with home_in(tmp_path, panel={"pin": PIN}) as home, open_panel(home) as person:
        person.page.on("request", note)
        await person.open("/register")
        await type_pin(person, "1111")
        await type_pin(person, PIN)
        secrets = {"PIN": PIN, "device code": home.device_code}
        for run in ("first", "second"):
            await person.register()
            secrets[f"confirmation code of the {run} run"] = person.confirmation_code
            registration = home.program.gateway.registration
            assert registration
            secrets[f"MQTT password of the {run} run"] = registration.mqtt_password
            await person.tap("連携コードを発行する")
            secrets[f"link code of the {run} run"] = await person.read_link_code()
            await person.tap("了解")
        await person.open("/status")
        await person.type_device_code(then="了解")
        secrets["link code of アプリ設定"] = await person.issue_link_code()
        async with client_of(home) as phone:
            assert secrets["link code of アプリ設定"] in (await phone.send("GET", "/api/v1/link-code")).text
        for cookie in await person.page.context.cookies():
            secrets[f"cookie {cookie.get('name')}"] = cookie.get("value", "")
        secrets["token"] = await person.page.locator("[name=token]").get_attribute("value") or ""
    assert len(addresses) > 40
    assert len(caplog.records) > 20
    for where, text in {"an address": "\n".join(addresses), "the log": caplog.text}.items():
        for name, secret in secrets.items():
            assert len(secret) >= 4
            groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
            for form in {secret, " ".join(groups), "-".join(groups), "+".join(groups), "%20".join(groups)}:
                assert not re.search(rf"(?<![\w.]){re.escape(form)}(?!\w)", text), f"the {name} is in {where}"


async def type_pin(person: Person, pin: str) -> None:
    await person.page.get_by_label("暗証番号").fill(pin)
    await person.tap("了解")


OPEN = {"/", "/menu", "/settings", "/help", "/monitor/off", "/pin"}


async def test_without_the_pin_only_looking_around_is_possible(tmp_path: Path) -> None:
    async with home_in(tmp_path, panel={"pin": PIN}) as home, client_of(home) as client:
        token = await client.begin_session()
        screens = {path for path in await paths_of(home, "GET") if not path.startswith(("/api", "/areas"))}
        screens -= {ENDLESS, "/metrics", "/healthz", "/openapi.json"}
        assert screens > OPEN
        for path in sorted(screens):
            asks = 'name="pin"' in (await client.send("GET", path)).text
            assert asks is (path not in OPEN or path == "/pin"), path
        before = await home.contents()
        form = {"token": token, "device_code": home.device_code, "version": NEW, "go": "on"}
        for path in set(await paths_of(home, "POST")) - {"/pin"}:
            assert 'name="pin"' in (await client.send("POST", path, form)).text, path
        assert await home.contents() == before

        unlocked = await client.send("POST", "/pin", {"token": token, "pin": PIN, "onward": "/register"})
        assert (unlocked.status, unlocked.headers["Location"]) == (303, "/register")
        assert 'name="pin"' not in (await client.send("GET", "/register")).text
        async with client_of(home) as other:
            assert 'name="pin"' in (await other.send("GET", "/register")).text, (
                "unlocked for one browser only"
            )


async def test_guessing_the_pin_is_slowed_down(tmp_path: Path, open_panel: OpenPanel) -> None:
    clock = TestClock()
    async with home_in(tmp_path, clock=clock, panel={"pin": PIN}) as home, open_panel(home) as person:
        await person.open("/register")
        for guess in ("0000", "1111", "", "46494648", "464946491"):
            await type_pin(person, guess)
            await person.see("暗証番号が違います。")
        await type_pin(person, PIN)
        await person.see("入力の誤りが続いたため受け付けできません。600秒後に")
        async with open_panel(home) as other:
            await other.open("/register")
            await type_pin(other, PIN)
            await other.see("入力の誤りが続いたため受け付けできません。")
        clock.pass_time(seconds=599)
        await type_pin(person, PIN)
        await person.see("1秒後に")
        clock.pass_time(seconds=1)
        await type_pin(person, PIN)
        await person.is_at("/register")
        await person.see("ご登録の注意を確認し")


async def test_the_session_is_the_browsers_own(home: Home) -> None:
    async with client_of(home) as client:
        for path in ("/", "/settings?lang=en", "/settings?screen=monitor"):
            async with client.http.get(f"{home.url}{path}") as answer:
                cookies = answer.headers.getall("Set-Cookie")
            assert any(each.startswith("panel-") for each in cookies)
            for cookie in cookies:
                assert "; HttpOnly" in cookie
                assert "; SameSite=Strict" in cookie
                assert "domain" not in cookie.lower()
        chosen = await client.send(
            "GET", "/", Cookie=f"panel-{home.program.gateway.identity.gateway_id}=chosen-by-somebody"
        )
        assert "chosen-by-somebody" not in chosen.headers["Set-Cookie"], "a session is not fixed from outside"


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/nothing-here",
        "",
    ],
)
async def test_the_pin_page_leads_nowhere_else(tmp_path: Path, onward: str) -> None:
    async with home_in(tmp_path, panel={"pin": PIN}) as home, client_of(home) as client:
        token = await client.begin_session()
        answer = await client.send("POST", "/pin", {"token": token, "pin": PIN, "onward": onward})
        assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_every_linked_phone_hears_of_a_code_issued_at_the_panel(person: Person) -> None:
    home = person.home
    await person.register()
    async with aiohttp.ClientSession() as http:
        cloud = Served(home.cloud, TestClock(), http)
        tokens = [await cloud.person(name) for name in ("papa", "mama")]
        for token in tokens:
            code = await person.issue_link_code()
            asked: dict[str, Any] = {"request_id": request_id(), "nickname": "スマホ"}
            asked |= {"device_code": home.device_code, "link_code": code}
            asked["consent"] = APP_CONSENT.model_dump(mode="json")
            assert (await cloud.post("/api/v1/links", asked, token)).status in (200, 201)
        heard = [len((await cloud.get("/api/v1/events", token)).document["events"]) for token in tokens]
        await person.issue_link_code()
        for token, before in zip(tokens, heard, strict=True):
            events = (await cloud.get("/api/v1/events", token)).document["events"]
            assert len(events) == before + 1
            assert events[0]["kind"] == "link_code_issued"
            assert events[0]["gateway_id"] == home.program.gateway.identity.gateway_id


async def test_a_default_start_listens_on_this_machine_only(tmp_path: Path) -> None:
    settings = read_settings(
        Settings, "emulator", None, {"gateway.folder": tmp_path, "http.port": 0}, environment={}
    )
    async with emulator.program.running(settings) as program:
        hosts = [ipaddress.ip_address(urlsplit(url).hostname or "") for url in program.urls]
    assert hosts
    assert all(host.is_loopback for host in hosts)
