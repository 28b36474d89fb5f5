"""A person at the club without JavaScript, by HTTP: keeps the cookie, sends each page's token back with its form."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp

from cloud.pepper import s256
from tests.cloud.actors import PASSWORD
from tests.cloud.serving import Answer, Served

CALLBACK = "http://127.0.0.1:8082/login/callback"
VERIFIER = "verifier-of-a-test-that-is-long-enough-for-rfc7636"
STATE = "state of the app"
NUMBER = "090-1234-5678"


def asked(**changed: str | None) -> dict[str, str]:
    """Return what an app asks for; `changed` differs, and None is left out."""
    values: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "aiseg-app",
        "redirect_uri": CALLBACK,
        "state": STATE,
        "code_challenge": s256(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (values | changed).items() if value is not None}


def authorize(**changed: str | None) -> str:
    """Return the path at which an app sends a browser to the club."""
    return f"/authorize?{urlencode(asked(**changed))}"


APP = authorize()


@dataclass
class Browser:
    """One browser, one cookie jar. `page`, `status`, `headers` and `path` are those of the last answer."""

    cloud: Served
    client: aiohttp.ClientSession
    status: int = 0
    page: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    left_for: str = ""
    """Where the club has sent it away to."""

    async def look(self, path: str, **how: Any) -> None:
        """Open an address of the club, or a whole one of it."""
        await self._go("GET", path, **how)

    async def tap(self, go: str = "on", **fields: str) -> None:
        """Send a form of the page that is open, by the button `go`."""
        await self.send(self.path_of_form(), {"token": self.token(), "go": go} | fields)

    async def send(self, path: str, form: Mapping[str, str], **headers: str) -> None:
        """Send a form that need not be on the page."""
        await self._go("POST", path, data=form, headers=headers)

    def token(self) -> str:
        return _one(r'name="token" value="([\w-]+)"', self.page)

    def path_of_form(self) -> str:
        return html.unescape(_one(r'<form [^>]*action="([^"]+)"', self.page))

    def says(self, text: str) -> bool:
        return text in html.unescape(self.page)

    @property
    def at(self) -> str:
        """The path of the page, without its query."""
        return urlsplit(self.path).path

    @property
    def trouble(self) -> str:
        """What the page complains about."""
        return html.unescape(_one(r'role="alert"[^>]*>([^<]*)<', self.page))

    def told_app(self) -> dict[str, str]:
        """Return what the app hears in the address that the browser was sent to."""
        assert self.left_for, f"still at {self.path}: {self.page}"
        assert self.left_for.startswith(CALLBACK)
        return dict(parse_qsl(urlsplit(self.left_for).query))

    async def _go(self, method: str, path: str, **how: Any) -> None:
        self.left_for = ""
        club = self.cloud.cloud.club_url
        for _ in range(10):
            path = path.removeprefix(club)
            async with self.client.request(method, f"{club}{path}", allow_redirects=False, **how) as answer:
                self.status, self.headers, self.path = answer.status, answer.headers, path
                self.page = await answer.text()
            if answer.status != 303:
                return
            method, path, how = "GET", answer.headers["Location"], {}
            if not path.startswith("/"):
                self.left_for = path
                return
        raise AssertionError(f"sent around in circles, at last to {path}")


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not on the page: {text}"
    return found[1]


@asynccontextmanager
async def browser_at(cloud: Served) -> AsyncIterator[Browser]:
    """Open another browser."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address instead of a name
    async with aiohttp.ClientSession(cookie_jar=jar) as client:
        yield Browser(cloud, client)


async def mailed_url(cloud: Served) -> str:
    """Return the URL in the newest mail."""
    return _one(r"(http://\S+)", await _newest_mail(cloud))


async def mailed_code(cloud: Served) -> str:
    return _one(r"(?<!\d)(\d{6})(?!\d)", await _newest_mail(cloud))


async def texted_code(cloud: Served) -> str:
    """Return the code in the newest SMS."""
    texts = await asyncio.to_thread(cloud.cloud.registry.texts)
    return _one(r"(?<!\d)(\d{6})(?!\d)", texts[0].body)


async def _newest_mail(cloud: Served) -> str:
    return (await asyncio.to_thread(cloud.cloud.registry.inbox))[0].body


async def begin_sign_up(browser: Browser, email: str, path: str = APP, password: str = PASSWORD) -> None:
    """Go through 新規登録 until the mail is on its way."""
    await browser.look(f"{path}{'&' if '?' in path else '?'}tab=signup")
    await browser.tap("sign-up", email=email, password=password)
    await browser.tap(terms="on")
    assert browser.at == "/sign-up/mail", browser.page


async def sign_up(browser: Browser, email: str, path: str = APP) -> None:
    """Go through 新規登録 until it says that this is done."""
    await begin_sign_up(browser, email, path)
    await browser.look(await mailed_url(browser.cloud))
    await browser.tap()
    assert browser.at == "/sign-up/done", browser.page


async def log_in(browser: Browser, email: str, path: str = APP, password: str = PASSWORD) -> None:
    """Type address and password on the login page, whatever comes of it."""
    await browser.look(path)
    await browser.tap("log-in", email=email, password=password)


async def member(browser: Browser, email: str) -> None:
    """Have an account that was asked for two-step verification, and be at its page."""
    await sign_up(browser, email, "/login")
    await browser.tap()
    await browser.tap("skip")
    assert browser.at == "/account", browser.page


async def redeem(cloud: Served, code: str, **changed: str) -> Answer:
    """Ask for a session by an authorization code, as the app does."""
    asked = {"code": code, "code_verifier": VERIFIER, "redirect_uri": CALLBACK}
    asked |= {"installation_id": "installation-of-a-test"}
    return await cloud.post("/api/v1/sessions/authorized", asked | changed)
