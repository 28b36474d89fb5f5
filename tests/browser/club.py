"""A person at the CLUB Panasonic ID site, and an app that waits for the browser to come back."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from aiohttp import web
from playwright.async_api import Page, expect

from cloud.pepper import s256
from tests.cloud.actors import PASSWORD
from tests.cloud.serving import Served

VERIFIER = "verifier-of-a-test-that-is-long-enough-for-rfc7636"
NUMBER = "090-1234-5678"


@dataclass
class App:
    """Hears what the browser brings, and buys a session with it, as the real one does."""

    cloud: Served
    url: str = ""
    heard: list[dict[str, str]] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    """Whom it had a session of."""

    @property
    def login(self) -> str:
        """Where it sends a browser."""
        asked = {
            "response_type": "code",
            "client_id": "aiseg-app",
            "redirect_uri": self.url,
            "state": "a state",
        }
        asked |= {"code_challenge": s256(VERIFIER), "code_challenge_method": "S256"}
        return f"{self.cloud.cloud.club_url}/authorize?{urlencode(asked)}"

    async def _come_back(self, request: web.Request) -> web.Response:
        self.heard.append(dict(request.query))
        if code := request.query.get("code"):
            asked = {"code": code, "code_verifier": VERIFIER, "redirect_uri": self.url}
            asked |= {"installation_id": "installation-of-a-test"}
            answer = await self.cloud.post("/api/v1/sessions/authorized", asked)
            assert answer.status == 201, answer.text
            self.emails.append(answer.document["email"])
        return web.Response(text="<title>The app</title>", content_type="text/html")


@asynccontextmanager
async def app_of(cloud: Served) -> AsyncIterator[App]:
    """Run an app on this machine."""
    app = App(cloud)
    server = web.Application()
    server.router.add_get("/login/callback", app._come_back)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    app.url = f"http://127.0.0.1:{runner.addresses[0][1]}/login/callback"
    try:
        yield app
    finally:
        await runner.cleanup()


@dataclass
class Guest:
    """Taps and types in Japanese, as the manual says."""

    page: Page
    cloud: Served
    app: App

    async def open(self, path: str) -> None:
        await self.page.goto(path)

    async def tap(self, name: str) -> None:
        """Tap the button or link of this name."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        await button.or_(link).first.click()

    async def type(self, label: str, text: str) -> None:
        """Type into the field whose label begins so."""
        await self.page.get_by_label(re.compile(f"^{re.escape(label)}")).first.fill(text)

    async def tick(self, label: str) -> None:
        await self.page.get_by_label(label).check()

    async def see(self, text: str) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def is_told(self, text: str) -> None:
        await expect(self.page.get_by_role("alert")).to_contain_text(text)

    async def is_at(self, path: str) -> None:
        await expect(self.page).to_have_url(f"{self.cloud.cloud.club_url}{path}")

    async def is_back_at_the_app(self) -> None:
        await expect(self.page).to_have_title("The app")

    async def sign_up(self, email: str) -> None:
        """Go through 新規登録 until the mail is on its way."""
        await self.tap("新規登録")
        await self.type("メールアドレス", email)
        await self.type("パスワード", PASSWORD)
        await self.tap("新規登録を続ける")
        await self.tick("利用規約に同意する")
        await self.tap("確定")
        await self.is_at("/sign-up/mail")

    async def log_in(self, email: str, password: str = PASSWORD) -> None:
        await self.type("メールアドレス(ログインID)", email)
        await self.type("パスワード", password)
        await self.tap("ログインする")

    async def open_mail(self) -> None:
        """Tap the URL in the newest mail of the inbox."""
        await self.open(f"{self.cloud.cloud.public_url}/inbox")
        await self.page.locator("[data-message^=mail] .body a").first.click()
        await expect(self.page).to_have_url(re.compile(re.escape(self.cloud.cloud.club_url)))

    async def read_code(self) -> str:
        """Read the code in the newest SMS, in another tab."""
        tab = await self.page.context.new_page()
        await tab.goto(f"{self.cloud.cloud.public_url}/inbox")
        body = await tab.locator("[data-message^=sms] .body").first.inner_text()
        await tab.close()
        found = re.search(r"(?<!\d)\d{6}(?!\d)", body)
        assert found
        return found[0]

    async def become_member(self, email: str) -> None:
        """Sign up without an app, and be at the account page."""
        await self.open("/login")
        await self.sign_up(email)
        await self.open_mail()
        await self.tap("続ける")
        await self.tap("続ける")
        await self.tap("スキップ")
        await self.is_at("/account")
