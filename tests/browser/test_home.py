"""The panel's home, menus and help in a browser."""

from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import expect

from emulator.gateway import Gateway
from protocol.telemetry import Sample
from tests.browser.conftest import OpenPanel
from tests.browser.home import PANEL_SIZE, home_in
from tests.browser.person import Person
from tests.emulator.clocks import ManualClock
from tests.support.waiting import until


def measured_at(gateway: Gateway, now: datetime) -> Sample | None:
    sample = gateway.newest()
    return sample if sample and sample.measured_at == now else None


async def test_the_home_screen_fits_and_moves_by_itself(tmp_path: Path, open_panel: OpenPanel) -> None:
    clock = ManualClock()
    async with home_in(tmp_path, clock=clock) as home, open_panel(home) as person:
        page, gateway = person.page, home.program.gateway
        await person.open("/")
        await expect(page.get_by_role("heading", level=1)).to_have_text(gateway.device().name)
        await person.see("非公式エミュレーター")
        await expect(page.locator("[data-clock-at]")).to_have_text("12:00")
        await expect(page.locator("dl")).to_contain_text("2.10")
        for _ in range(3):
            await clock.jump(3600)
            sample = await until(partial(measured_at, gateway, clock.now()), "the sample of this hour")
            assert sample
            await expect(page.locator("[data-live=house_w]")).to_have_text(f"{sample.consumption_w:,}")
            await expect(page.locator("[data-live=solar_w]")).to_have_text(f"{sample.generation_w:,}")
        height = await page.locator("html").evaluate("place => place.scrollHeight")
        assert height <= PANEL_SIZE["height"], "the home screen must not scroll on the panel"


@pytest.mark.req("S-FLOW-01", "S-GEN-03")
async def test_the_home_screen_shows_how_it_stands_with_the_line(person: Person) -> None:
    cloud = person.page.locator("[data-state=cloud]")
    await person.open("/")
    await expect(cloud).to_have_text("未接続")
    await expect(person.page.locator("[data-state=registered]")).to_have_text("未登録")
    await person.register()
    await person.open("/")
    await expect(cloud).to_have_text("接続中")
    await expect(person.page.locator("[data-state=registered]")).to_have_text("登録済み")


@pytest.mark.req("S-GEN-22", "S-GEN-23")
async def test_help_names_the_desk_its_numbers_and_hours(person: Person) -> None:
    await person.open("/")
    await person.tap("メニュー")
    await person.tap("使いかた・お問い合わせ")
    for text in (
        "住宅エネルギーマネジメントシステム ご相談窓口",
        "0120-081-701",
        "06-6780-2099",
        "365日／9:00～18:00",
        "※携帯電話からもご利用になれます。",
    ):
        await person.see(text)
    assert await person.page.locator("a[href^='tel:']").count() == 0


async def test_the_language_is_switched_and_remembered(person: Person) -> None:
    await person.open("/service")
    await person.tap("English")
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Server service")
    await expect(person.page.locator("html")).to_have_attribute("lang", "en")
    await person.open("/")
    await person.see("unofficial emulator")
    await person.tap("日本語")
    await person.see("非公式エミュレーター")


async def test_the_dedicated_monitor_has_a_frame_a_power_button_and_keys_for_digits(person: Person) -> None:
    await person.open("/settings")
    await person.tap("AiSEGの専用モニター")
    await person.open("/status")
    for digit in "12345":
        await person.tap(digit)
    await person.tap("一文字消す")
    await expect(person.page.get_by_label("機器コード")).to_have_value("1234")
    await person.tap("電源")
    await person.is_at("/monitor/off")
    await person.tap("電源を入れる")
    await person.is_at("/")


@pytest.mark.req("S-FW-05", "S-FW-06")
async def test_a_new_release_shows_on_the_home_screen_by_itself(person: Person) -> None:
    await person.open("/")
    await expect(person.page.locator(".badge")).to_be_hidden()
    await person.home.publish("2.11")
    await expect(person.page.locator(".badge")).to_have_text("お知らせ 1件")
    await person.tap("メニュー お知らせ 1件")
    await person.tap("お知らせ 1")
    await person.tap("メッセージ 1")
    await person.see("ファームウェア更新のお知らせがございます。")
