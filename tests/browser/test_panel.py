"""The panel as a person meets it: a real browser, a live gateway, a small cloud."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from chassis.settings import read_settings
from emulator.household import TOKYO
from emulator.program import Running, running
from emulator.settings import Settings
from protocol.codes import has_check_digit, shown_link_code
from tests.emulator.clocks import ManualClock
from tests.emulator.cloud_double import CloudDouble
from tests.support.waiting import until

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PANEL_SIZE = {"width": 1024, "height": 600}
WARNING = "すでにサーバーサービス登録済みの方が、再度登録をされると、今までの蓄積データが上書きされ、消えてしまいます。"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not shutil.which(CHROMIUM):
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def cloud() -> AsyncIterator[CloudDouble]:
    double = CloudDouble()
    async with double.serving():
        yield double


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def settings(folder: Path, cloud_url: str) -> Settings:
    options = {"gateway.folder": folder, "cloud.url": cloud_url, "http.host": "127.0.0.1", "http.port": 0}
    return read_settings(Settings, "emulator", options=options)


@pytest.fixture
async def program(tmp_path: Path, cloud: CloudDouble, clock: ManualClock) -> AsyncIterator[Running]:
    async with running(settings(tmp_path, cloud.url), clock) as each:
        await until(each.gateway.newest, "the first sample")
        yield each


@pytest.fixture
async def context(browser: Browser, program: Running) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(base_url=program.urls[0], viewport=PANEL_SIZE)  # type: ignore[arg-type]
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """Yield a page that may not break its own security policy or throw."""
    page = await context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda line: broken.append(line.text) if "Content Security" in line.text else None)
    yield page
    assert not broken


async def register(page: Page, program: Running) -> None:
    await page.goto("/register")
    await page.get_by_label("機器コード").fill(program.gateway.identity.device_code)
    await page.get_by_role("button", name="新規登録").click()
    await expect(page.get_by_text("サーバーサービスに登録しました。")).to_be_visible()


async def issue(page: Page, program: Running) -> str:
    await page.goto("/link-code")
    await page.get_by_label("機器コード").fill(program.gateway.identity.device_code)
    await page.get_by_role("button", name="連携コードを発行する").click()
    await expect(page.locator(".code")).to_be_visible()
    return (await page.locator(".code").inner_text()).strip()


async def test_the_home_screen_fits_and_moves_by_itself(
    page: Page, program: Running, clock: ManualClock
) -> None:
    await page.goto("/")
    await expect(page.get_by_role("heading", level=1)).to_have_text(program.gateway.device().name)
    await expect(page.get_by_text("非公式エミュレーター")).to_be_visible()
    await expect(page.get_by_text("未登録")).to_be_visible()
    for _ in range(3):
        await clock.jump(3600)
        await page.wait_for_function(
            "at => document.querySelector('time').textContent === at",
            arg=clock.now().astimezone(TOKYO).strftime("%H:%M:%S"),
        )
        sample = program.gateway.newest()
        assert sample
        await expect(page.locator("[data-live=house_w]")).to_have_text(f"{sample.consumption_w:,}")
        await expect(page.locator("[data-live=solar_w]")).to_have_text(f"{sample.generation_w:,}")
    height = await page.evaluate("document.documentElement.scrollHeight")
    assert height <= PANEL_SIZE["height"], "the home screen must not scroll on the panel"


@pytest.mark.req("S-REG-01", "S-REG-06")
async def test_registering_warns_asks_the_device_code_and_says_so_when_done(
    page: Page, program: Running, cloud: CloudDouble
) -> None:
    await page.goto("/register")
    await expect(page.get_by_text(WARNING)).to_be_visible()
    await expect(page.get_by_label("機器コード")).to_have_value("")
    await page.get_by_label("機器コード").fill("1234567890")
    await page.get_by_role("button", name="新規登録").click()
    await expect(page.get_by_role("alert")).to_contain_text("機器コードが違います")
    assert not cloud.registrations
    await register(page, program)
    await page.goto("/")
    await expect(page.get_by_text("登録済み")).to_be_visible()


@pytest.mark.req("S-REG-01")
async def test_an_existing_registration_is_erased_only_when_that_is_ticked(
    page: Page, program: Running, cloud: CloudDouble
) -> None:
    await register(page, program)
    await page.goto("/register")
    await page.get_by_label("機器コード").fill(program.gateway.identity.device_code)
    await page.get_by_role("button", name="新規登録").click()
    await expect(page.get_by_role("alert")).to_contain_text("チェックを入れてください")
    assert len(cloud.registrations) == 1
    await page.get_by_label("機器コード").fill(program.gateway.identity.device_code)
    await page.get_by_label("今までの蓄積データが消えることを確認しました").check()
    await page.get_by_role("button", name="新規登録").click()
    await expect(page.get_by_text("サーバーサービスに登録しました。")).to_be_visible()
    assert program.gateway.registration
    assert program.gateway.registration.epoch == 2


@pytest.mark.req("S-LC-16", "S-GEN-02")
async def test_app_settings_of_an_unregistered_gateway_offers_registration(page: Page) -> None:
    await page.goto("/link-code")
    await expect(page.get_by_role("alert")).to_contain_text("サーバーサービスに登録されていません")
    await page.get_by_role("link", name="新規登録へ進む").click()
    await expect(page).to_have_url("/register")


@pytest.mark.req("S-LC-02", "S-LC-11", "S-LC-14", "S-LC-21")
async def test_a_link_code_is_shown_large_until_finished_and_never_again(
    page: Page, program: Running, clock: ManualClock
) -> None:
    await register(page, program)
    code = await issue(page, program)
    shown = program.gateway.shown_link_code(clock.now())
    assert shown
    assert code == shown_link_code(shown.link_code)
    assert has_check_digit(shown.link_code)
    size = await page.locator(".code").evaluate("place => parseFloat(getComputedStyle(place).fontSize)")
    assert size >= 48
    await expect(page.get_by_role("img", name="連携コードのQRコード")).to_be_visible()
    await page.reload()
    await expect(page.locator(".code")).to_have_text(code)
    await page.get_by_role("button", name="終了").click()
    await expect(page).to_have_url("/")
    await page.go_back()
    await expect_no_code(page, code)
    await page.reload()
    await expect_no_code(page, code)
    await page.goto("/link-code")
    await expect_no_code(page, code)


async def expect_no_code(page: Page, code: str) -> None:
    await expect(page.get_by_label("機器コード")).to_have_value("")
    assert code[:4] not in await page.content()


@pytest.mark.req("S-LC-20")
async def test_the_code_counts_down_and_is_blank_at_0(
    page: Page, program: Running, clock: ManualClock
) -> None:
    await register(page, program)
    code = await issue(page, program)
    await clock.jump(3597)
    await page.reload()
    await expect(page.locator(".code")).to_have_text(code)
    await expect(page.get_by_role("timer")).to_have_text("00:02")
    await expect(page.get_by_text("連携コードの有効期限が切れました")).to_be_visible()
    await expect(page.locator(".code")).to_have_count(0)
    assert code.split()[0] not in await page.inner_text("main")
    await clock.jump(3)
    await page.reload()
    await expect(page.get_by_label("機器コード")).to_be_visible()


@pytest.mark.req("S-LC-14")
async def test_finishing_on_one_screen_blanks_the_others(
    context: BrowserContext, page: Page, program: Running
) -> None:
    await register(page, program)
    await issue(page, program)
    other = await context.new_page()
    await other.goto("/link-code")
    await other.get_by_role("button", name="終了").click()
    await expect(page.locator(".code")).to_have_count(0)


@pytest.mark.req("S-GEN-03")
async def test_without_the_cloud_the_panel_says_so_and_works_again_afterwards(
    browser: Browser, tmp_path: Path, clock: ManualClock
) -> None:
    cloud = CloudDouble()
    async with cloud.serving() as url:
        pass
    async with running(settings(tmp_path, url), clock) as program:
        page = await browser.new_page(base_url=program.urls[0])
        await page.goto("/register")
        await page.get_by_label("機器コード").fill(program.gateway.identity.device_code)
        await page.get_by_role("button", name="新規登録").click()
        await expect(page.get_by_role("alert")).to_contain_text("に接続できません")
        assert program.gateway.registration is None
        async with cloud.serving():
            await register(page, program)
        await page.close()
    assert len(cloud.registrations) == 1


async def test_everything_works_without_javascript_and_in_english(browser: Browser, program: Running) -> None:
    context = await browser.new_context(base_url=program.urls[0], java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/")
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_text("unofficial emulator")).to_be_visible()
    await page.get_by_role("link", name="New registration").click()
    await page.get_by_label("Device code").fill(program.gateway.identity.device_code)
    await page.get_by_role("button", name="New registration").click()
    await page.get_by_role("link", name="Go to app settings").click()
    await page.get_by_label("Device code").fill(program.gateway.identity.device_code)
    await page.get_by_role("button", name="Issue a link code").click()
    await expect(page.get_by_text("Write the link code down.")).to_be_visible()
    assert '<meta http-equiv="refresh" content="3601">' in await page.content()
    await page.get_by_role("button", name="Finish").click()
    await expect(page).to_have_url("/")
    await context.close()
