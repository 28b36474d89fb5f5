"""After a refusal the ways back and reload are open: no browser asks whether what was typed is to be sent again."""

from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPhone
from tests.browser.home import Home
from tests.browser.person import Person

EMAIL = "father@example.jp"


async def reloads_and_comes_back(page: Page, path: str) -> None:
    """Reload the page that refuses, go on to `path`, and come back; the browser's own error page has no heading."""
    heading = await page.get_by_role("heading", level=1).inner_text()
    at = page.url
    assert await page.get_by_role("alert").count() == 1
    await page.reload()
    assert await page.get_by_role("alert").count() == 0, "nothing was sent again"
    await page.goto(path)
    await page.go_back()
    await expect(page).to_have_url(at)
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)


async def test_at_the_panel(person: Person) -> None:
    await person.go_to("device-code")
    await person.type_device_code("1111111111")
    await expect(person.page.get_by_role("alert")).to_contain_text("機器コードが違います")
    await reloads_and_comes_back(person.page, "/")


async def test_at_the_phone_and_at_the_club(home: Home, open_phone: OpenPhone) -> None:
    await home.open_account(EMAIL)
    async with open_phone(home) as holder:
        await holder.open()
        await holder.tap("使い始める")
        await holder.tap("CLUB Panasonic ログイン画面へ")
        await holder.page.locator("[name=email]").fill(EMAIL)
        await holder.page.locator("[name=password]").fill("not the password")
        await holder.tap("ログインする")
        await holder.is_told("メールアドレスまたはパスワードが違う")
        await reloads_and_comes_back(holder.page, f"{holder.url}/login")
        await holder.log_in(EMAIL)
        await holder.open("/terms")
        await holder.tap("同意する")
        await holder.tap("登録")
        await holder.is_told("機器コードは10桁の数字です。")
        await reloads_and_comes_back(holder.page, "/menu")
