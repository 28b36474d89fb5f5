"""A person who holds a phone: taps what has a name, types into what has a label, and logs in at the club."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Page, expect

from tests.browser.home import Home
from tests.cloud.actors import PASSWORD


@dataclass
class PhonePerson:
    """Taps and types in Japanese, as the manual says; `url` is the phone's."""

    page: Page
    home: Home
    url: str

    async def open(self, path: str = "/") -> None:
        await self.page.goto(path)

    async def tap(self, name: str) -> None:
        """Tap the button or link of this name."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        await button.or_(link).first.click()

    async def choose(self, label: str) -> None:
        """Tap the way on that begins with this label; it says more."""
        way = self.page.get_by_role("button", name=label).or_(self.page.get_by_role("link", name=label))
        await way.first.click()

    async def see(self, text: str) -> None:
        """See that the screen says so."""
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def is_told(self, text: str) -> None:
        """Hear the page complain."""
        await expect(self.page.get_by_role("alert")).to_contain_text(text)

    async def is_at(self, path: str) -> None:
        await expect(self.page).to_have_url(f"{self.url}{path}", timeout=15_000)

    async def use_menu(self, entry: str) -> None:
        """Tap the menu at the upper left, and an entry of it."""
        await self.tap("メニュー")
        await self.is_at("/menu")
        await self.tap(entry)

    async def log_in(self, email: str) -> None:
        """Start a fresh app, or one that was logged out, and log in at the club (manual p17, p24)."""
        await self.open()
        if urlsplit(self.page.url).path == "/introduction":
            await self.tap("使い始める")
        await self.is_at("/login")
        await self.tap("CLUB Panasonic ログイン画面へ")
        await self.page.locator("[name=email]").fill(email)
        await self.page.locator("[name=password]").fill(PASSWORD)
        await self.tap("ログインする")
        asked = "/two-step"  # 2段階認証設定のお願い, once
        await self.page.wait_for_url(lambda url: url.endswith(asked) or url.startswith(self.url))
        if self.page.url.endswith(asked):
            await self.tap("スキップ")
            await self.page.wait_for_url(f"{self.url}/**")

    async def search(self) -> None:
        """AISEGをお持ちの方, until the search has ended."""
        await self.choose("AISEGをお持ちの方")
        await self.is_at("/search/result")

    async def type_codes(self, nickname: str, link_code: str | None = None) -> None:
        """From the terms to the check page; without `link_code`, with the one that was filled in."""
        await self.tap("同意する")
        await self.page.get_by_label("ニックネーム").fill(nickname)
        await self.page.get_by_label("機器コード").fill(self.home.device_code)
        if link_code:
            await self.page.get_by_label("連携コード").fill(link_code)
        await self.tap("登録")
        await self.is_at("/confirm")

    async def register(self, email: str, nickname: str) -> None:
        """Log in and register with this home's AiSEG, the code typed by hand."""
        await self.log_in(email)
        await self.open("/terms")
        await self.type_codes(nickname, await self.home.show_link_code())
        await self.tap("登録を完了する")
        await self.is_at("/timeline")
