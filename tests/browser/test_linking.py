"""アプリ設定 and the link code's screen in a browser (manual p12–p14)."""

from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import expect

from protocol.rules import TOKYO
from tests.browser.conftest import OpenPanel
from tests.browser.home import Home, home_in
from tests.browser.person import FAMILY, Person
from tests.cloud.serving import TestClock
from tests.emulator.clocks import ManualClock


async def read_over_the_lan(home: Home) -> tuple[int, str]:
    """Ask the device API for the link code, as a phone does."""
    async with aiohttp.ClientSession() as phone, phone.get(f"{home.url}/api/v1/link-code") as answer:
        return answer.status, str((await answer.json()).get("link_code", ""))


@pytest.mark.req(
    "S-LC-01", "S-LC-02", "S-LC-03", "S-LC-06", "S-LC-08", "S-LC-11", "S-LC-14", "S-LC-15", "S-UI-04"
)
async def test_the_way_to_a_link_code_is_the_manuals(person: Person) -> None:
    await person.register()
    await person.open("/")
    for label in ("メニュー", "設定", "サーバーサービス", "アプリ設定 はい … アプリ用連携コードを発行する"):
        await person.tap(label)
    for _ in range(2):  # the device code is asked for every time
        await expect(person.page.get_by_label("機器コード")).to_have_value("")
        await person.type_device_code("1234567890")
        await expect(person.page.get_by_role("alert")).to_contain_text("機器コードが違います")
        await person.type_device_code()
        await person.see("サーバーサービスご利用規約を確認し、")
        await person.tap("同意し次へ")
        code = (
            await person.read_link_code()
        )  # 家族の情報 is known from the registration: that page is skipped
        await person.see("連携コードを控えてください。")
        await person.see("発行して1時間のみ有効です。")
        assert await person.page.locator(".mark").all_inner_texts() == ["③", "④"]
        size = await person.page.locator(".code").evaluate(
            "place => parseFloat(getComputedStyle(place).fontSize)"
        )
        assert size >= 48
        groups = await person.page.locator(".groups span").all_inner_texts()
        assert groups == [code[:4], code[4:8], code[8:]]
        await expect(person.page.get_by_role("img", name="連携コードのQRコード")).to_be_visible()
        await person.tap("終了")
        await person.is_at("/service")
        await person.see("こちらで、AiSEGでの操作が完了しました。")
        await person.see("手順2: アプリのダウンロード・初期登録をする")
        await person.page.reload()
        await person.sees_not("こちらで、AiSEGでの操作が完了しました。")
        await person.open("/app-settings")


@pytest.mark.req("S-LC-21", "S-LC-14")
async def test_a_finished_code_is_never_shown_again(person: Person) -> None:
    await person.register()
    code = await person.issue_link_code()
    await person.page.reload()
    assert await person.read_link_code() == code
    assert await read_over_the_lan(person.home) == (200, code)
    await person.tap("終了")
    await person.is_at("/service")
    assert await read_over_the_lan(person.home) == (404, "")
    await person.page.go_back()
    await expect(person.page.locator(".groups")).to_have_count(0)
    assert code[:4] not in await person.page.content()
    await person.open("/link-code")
    await person.is_at("/app-settings")


async def test_another_browser_does_not_get_to_see_the_code(home: Home, open_panel: OpenPanel) -> None:
    async with open_panel(home) as person, open_panel(home) as other:
        await person.register()
        code = await person.issue_link_code()
        await other.open("/link-code")
        await other.is_at("/app-settings")
        await other.open("/app-settings/terms")
        await other.is_at("/app-settings")
        assert code[:4] not in await other.page.content()


@pytest.mark.req("S-LC-18", "S-LC-20")
async def test_a_newer_code_blanks_the_older_ones_screen(home: Home, open_panel: OpenPanel) -> None:
    async with open_panel(home) as person, open_panel(home) as other:
        await person.register()
        first = await person.issue_link_code()
        second = await other.issue_link_code()
        assert first != second
        await expect(person.page.locator(".groups")).to_have_count(0)  # by itself, as the older one is void
        await person.see("この連携コードの表示は終了しました")
        await person.page.reload()
        await person.is_at("/app-settings")
        assert second[:4] not in await person.page.content()
        assert await read_over_the_lan(home) == (200, second)


@pytest.mark.req("S-LC-02", "S-LC-21")
async def test_after_a_code_from_the_wizard_the_next_needs_the_device_code_again(person: Person) -> None:
    await person.register()
    await person.page.get_by_role("button", name="連携コードを発行する").dblclick()
    code = await person.read_link_code()
    await person.open("/")
    await person.open("/register/done")
    await person.is_at("/register")
    assert await read_over_the_lan(person.home) == (200, code)
    await person.open("/link-code")
    assert await person.read_link_code() == code


async def test_a_double_tap_on_the_last_button_shows_the_one_code_it_issued(person: Person) -> None:
    await person.register()
    await person.open("/app-settings")
    await person.type_device_code()
    await person.page.get_by_role("button", name="同意し次へ").dblclick()
    code = await person.read_link_code()
    assert await read_over_the_lan(person.home) == (200, code)


@pytest.mark.req("S-LC-20")
async def test_the_code_counts_down_and_is_blank_at_0(tmp_path: Path, open_panel: OpenPanel) -> None:
    clock = ManualClock()
    async with home_in(tmp_path, clock=clock) as home, open_panel(home) as person:
        await person.register()
        code = await person.issue_link_code()
        await clock.jump(1200)
        await person.page.reload()
        await expect(person.page.get_by_role("timer")).to_have_text("39:59")
        await clock.jump(1140)
        await person.page.reload()
        await expect(person.page.get_by_role("timer")).to_have_text("20:59")
        await clock.jump(1257)
        await person.page.reload()
        await expect(person.page.get_by_role("timer")).to_have_text("00:02")
        await person.see("連携コードの有効期限が切れました。")
        await expect(person.page.locator(".groups")).to_have_count(0)
        assert code[:4] not in await person.page.inner_text("main")
        await clock.jump(3)
        assert await read_over_the_lan(home) == (404, "")
        await person.page.reload()
        await person.is_at("/app-settings")


@pytest.mark.req("S-LC-16", "S-GEN-02")
async def test_an_unregistered_box_offers_registration(person: Person) -> None:
    await person.open("/app-settings")
    await person.type_device_code()
    await person.see("未登録です。")
    await expect(person.page.get_by_role("alert")).to_contain_text("サーバーサービスに登録されていません")
    await person.tap("新規登録")
    await person.is_at("/register")
    assert await read_over_the_lan(person.home) == (404, "")


@pytest.mark.req("S-LC-04", "S-LC-05", "S-GEN-16", "S-FW-05")
async def test_old_firmware_gets_the_update_first_screen_and_no_code(person: Person) -> None:
    await person.register()
    await person.home.publish("2.11")
    before = await person.home.contents()
    await person.open("/app-settings")
    await person.type_device_code()
    await person.see("最新のファームウェアをお使いでない場合は、先にファームウェアを更新してください。")
    await person.tap("STEP1: AiSEGのファームウェアを最新にする")
    await person.see("ファームウェア更新のお知らせがございます。")
    await person.open("/app-settings/terms")
    await person.is_at("/app-settings")
    assert await read_over_the_lan(person.home) == (404, "")
    assert await person.home.contents() == before


@pytest.mark.req("S-LC-07", "S-LC-08", "S-LC-09", "S-LC-10", "S-LC-15", "S-REG-33")
@pytest.mark.parametrize(
    ("registered_at", "asked"),
    [
        (datetime(2015, 12, 20, 23, 59, 59, tzinfo=TOKYO), True),
        (datetime(2015, 12, 21, 0, 0, 0, tzinfo=TOKYO), False),
    ],
)
async def test_family_information_is_asked_of_those_registered_before_the_cut_off(
    tmp_path: Path, open_panel: OpenPanel, registered_at: datetime, asked: bool
) -> None:
    clock = TestClock()
    clock.instant = registered_at
    async with home_in(tmp_path, cloud_clock=clock) as home, open_panel(home) as person:
        await person.register()
        await person.open("/app-settings")
        await person.type_device_code()
        await person.tap("同意し次へ")
        if asked:
            await person.see("ご家族の情報を入力してください。")
            assert await person.page.locator(".mark").all_inner_texts() == ["①", "②"]
            await person.tap("次へ")
            await expect(person.page.get_by_role("alert")).to_contain_text(
                "未入力：世帯人数、建物種別、利用エネルギー"
            )
            assert await read_over_the_lan(home) == (404, "")
            for name, value in FAMILY.items():
                await person.page.select_option(f"[name={name}]", value)
            await person.tap("次へ")
        await person.read_link_code()


@pytest.mark.req("S-LC-25")
async def test_the_eleventh_code_within_an_hour_is_refused_in_words(person: Person) -> None:
    await person.register()
    for _ in range(10):
        await person.issue_link_code()
    await person.open("/app-settings")
    await person.type_device_code()
    await person.tap("同意し次へ")
    await person.see("連携コードの発行回数が上限に達しました。")
    await person.see("0120-081-701")
