"""A person in front of the panel: taps what has a name, types into what has a label."""

from dataclasses import dataclass

from playwright.async_api import Page, expect

from protocol.codes import has_check_digit
from tests.browser.home import Home

PLACE = {"prefecture": "大阪府", "area": "大阪府", "municipality": "門真市"}
FAMILY = {"household_size": "4", "building_type": "detached", "energy_used": "electricity_and_gas"}


@dataclass
class Person:
    """Taps and types in Japanese, as the manual says."""

    page: Page
    home: Home
    confirmation_code: str = ""
    """As written down from the wizard's page."""

    async def open(self, path: str) -> None:
        await self.page.goto(path)

    async def tap(self, name: str) -> None:
        """Tap the button or link of this name."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        await button.or_(link).first.click()

    async def tap_tile(self, label: str) -> None:
        """Tap the tile of a menu; it says more than its label."""
        tile = self.page.get_by_role("link").filter(has=self.page.locator(".label", has_text=label))
        await tile.first.click()

    async def see(self, text: str) -> None:
        """See that the screen says so."""
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def sees_not(self, text: str) -> None:
        await expect(self.page.get_by_text(text)).to_have_count(0)

    async def is_at(self, path: str) -> None:
        await expect(self.page).to_have_url(f"{self.home.url}{path}")

    async def type_device_code(self, code: str | None = None, then: str = "次へ") -> None:
        await self.page.get_by_label("機器コード").fill(code or self.home.device_code)
        await self.tap(then)

    async def choose_answers(self) -> None:
        """Choose the manual's example on 設定値."""
        for name, value in (PLACE | FAMILY).items():
            await expect(self.page.locator(f"[name={name}] option[value='{value}']")).to_have_count(1)
            await self.page.select_option(f"[name={name}]", value)

    async def go_to(self, page: str) -> None:
        """Walk 新規登録 from its first page to `page`, as the manual says."""
        await self.open("/register")
        steps = {
            "cautions": lambda: self.tap("了解"),
            "steps": lambda: self.tap("次へ"),
            "terms": lambda: self.tap("同意し次へ"),
            "device-code": self.type_device_code,
            "confirmation-code": self.note_confirmation_code,
            "confirmation": self.type_confirmation_code,
            "settings": self.answer,
            "check": self.decide,
        }
        for name, take in steps.items():
            if name == page:
                break
            await take()
        await self.is_at(f"/register/{page}")

    async def register(self) -> None:
        """Register, as the manual says."""
        await self.go_to("done")
        await self.see("サーバーサービスに登録しました。")

    async def issue_link_code(self) -> str:
        """Have a link code shown by アプリ設定 and return it, without spaces."""
        await self.open("/app-settings")
        await self.type_device_code()
        await self.tap("同意し次へ")
        return await self.read_link_code()

    async def read_link_code(self) -> str:
        await self.is_at("/link-code")
        code = (await self.page.locator(".groups").inner_text()).replace(" ", "")
        assert len(code) == 12
        assert has_check_digit(code)
        return code

    async def note_confirmation_code(self) -> None:
        """Write the confirmation code down and go on."""
        self.confirmation_code = await self.page.locator("[data-confirmation-code]").inner_text()
        await self.tap("次へ")

    async def type_confirmation_code(self, code: str | None = None) -> None:
        await self.page.get_by_label("確認コード").fill(code or self.confirmation_code)
        await self.tap("次へ")

    async def answer(self) -> None:
        await self.choose_answers()
        await self.tap("次へ")

    async def decide(self) -> None:
        """Tap 決定; where something is at stake, agree that it is erased."""
        tick = self.page.get_by_role("checkbox")
        if await tick.count():
            await tick.check()
        await self.tap("決定")
