"""新規登録 in a browser, page by page (manual p9–p11)."""

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Route, expect

from protocol.rules import TOKYO
from tests.browser.conftest import OpenPanel
from tests.browser.home import Home, home_in
from tests.browser.person import FAMILY, PLACE, Person
from tests.emulator.clocks import ManualClock
from tests.support.waiting import until

WARNING = "すでにサーバーサービス登録済みの方が、再度登録をされると、今までの蓄積データが上書きされ、消えてしまいます。"
PAGES = (
    "steps",
    "terms",
    "device-code",
    "confirmation-code",
    "confirmation",
    "settings",
    "check",
    "done",
)


@pytest.mark.req("S-REG-01", "S-REG-02", "S-REG-03", "S-REG-04", "S-REG-05", "S-FLOW-01")
async def test_the_first_pages_are_the_manuals(person: Person) -> None:
    await person.open("/service")
    await person.tap("新規登録 いいえ … サーバーサービスを新規登録する")
    await person.see(WARNING)
    await person.see("インターネット回線")
    await person.see("ご登録の注意を確認し、[了解] をタップしてください。")
    await expect(person.page.get_by_role("button")).to_have_text(["了解", "戻る"])
    await person.tap("了解")
    await person.see("手順のご説明を確認し、[次へ] をタップしてください。")
    await person.tap("次へ")
    await person.see("サーバーサービスご利用規約を確認し、")
    await person.tap("同意し次へ")
    await person.is_at("/register/device-code")


@pytest.mark.req(
    "S-REG-09", "S-REG-10", "S-REG-11", "S-REG-12", "S-REG-13", "S-REG-14", "S-REG-26", "S-UI-04"
)
async def test_the_confirmation_code_is_shown_hidden_and_typed(person: Person) -> None:
    page, code = person.page, person.page.locator("[data-confirmation-code]")
    await person.go_to("confirmation-code")
    await person.see("確認コードを控えてください。")
    await person.see("(次の画面で入力が必要になります。)")
    shown = await code.inner_text()
    assert len(shown) == 6
    assert shown.isascii()
    assert shown.isdigit()
    assert await page.locator(".mark").all_inner_texts() == ["①", "②"]
    await person.tap("次へ")
    assert shown not in await page.content()
    assert await page.locator(".mark").all_inner_texts() == ["③", "④"]
    for _ in range(3):  # 戻る shows the same code, however often
        await person.tap("戻る")
        await expect(code).to_have_text(shown)
        await person.tap("次へ")
    onward = page.get_by_role("button", name="次へ")
    for typed in ("", shown[:5], shown + "1", "12345a"):
        await page.get_by_label("確認コード").fill(typed)
        await expect(onward).to_be_disabled()
    wrong = f"{(int(shown) + 1) % 10**6:06}"
    await person.type_confirmation_code(wrong)
    await expect(page.get_by_role("alert")).to_contain_text("確認コードが違います（あと9回入力できます）")
    await person.is_at("/register/confirmation")
    assert await person.home.registrations() == []
    full_width = shown.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    await person.type_confirmation_code(f"{full_width[:3]} {full_width[3:]}")
    await person.is_at("/register/settings")


@pytest.mark.req("S-REG-13")
async def test_ten_wrong_confirmation_codes_end_the_run(person: Person) -> None:
    await person.go_to("confirmation")
    wrong = f"{(int(person.confirmation_code) + 1) % 10**6:06}"
    for _ in range(10):
        await person.type_confirmation_code(wrong)
    await person.see("確認コードの誤りが続きました。新規登録を最初からやり直してください。")
    await person.open("/register/confirmation")
    await person.is_at("/register")
    assert await person.home.registrations() == []


@pytest.mark.req("S-REG-06", "S-ST-08")
async def test_the_device_code_must_be_this_boxs(person: Person) -> None:
    await person.go_to("device-code")
    await expect(person.page.get_by_label("機器コード")).to_have_value("")
    await person.type_device_code("1234567890")
    await expect(person.page.get_by_role("alert")).to_contain_text("機器コードが違います")
    await person.open("/register/confirmation-code")
    await person.is_at("/register/device-code")


@pytest.mark.req("S-REG-15", "S-REG-16", "S-REG-17", "S-REG-18", "S-REG-19", "S-UI-04")
async def test_the_answers_depend_on_each_other_and_are_all_needed(person: Person) -> None:
    page = person.page
    area, municipality = page.get_by_label("地域"), page.get_by_label("市町村")
    await person.go_to("settings")
    await person.see("※全項目必須になります。")
    await person.see("都道府県 - 地域 - 市町村の順でお選び下さい。")
    assert await page.locator(".mark").all_inner_texts() == ["⑤", "⑥"]
    await expect(page.get_by_label("都道府県").locator("option")).to_have_count(48)
    await expect(area).to_be_disabled()
    await expect(municipality).to_be_disabled()
    await page.select_option("[name=prefecture]", "東京都")
    await expect(area).to_be_enabled()
    await expect(municipality).to_be_disabled()
    await page.select_option("[name=area]", "東京地方")
    await page.select_option("[name=municipality]", "千代田区")
    await page.select_option("[name=prefecture]", "北海道")
    await expect(municipality).to_be_disabled()
    assert await page.locator("[name=municipality] option").count() == 1
    await person.tap("次へ")
    missing = "全項目必須になります。未入力：地域、市町村、世帯人数、建物種別、利用エネルギー"
    await expect(page.get_by_role("alert")).to_have_text(missing)
    await expect(page.get_by_label("都道府県")).to_have_value("北海道")
    await person.open("/register/check")
    await person.is_at("/register/settings")
    for left_out in PLACE | FAMILY:
        await person.choose_answers()
        await page.select_option(f"[name={left_out}]", "")
        await person.tap("次へ")
        await expect(page.get_by_role("alert")).to_contain_text("未入力")
    await person.answer()
    await person.is_at("/register/check")


@pytest.mark.req("S-REG-17")
async def test_who_chooses_before_the_script_has_come_gets_the_list_all_the_same(person: Person) -> None:
    come = asyncio.Event()

    async def late(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await person.go_to("confirmation")
    await person.page.route("**/panel.js*", late)
    await person.page.get_by_label("確認コード").fill(person.confirmation_code)
    await person.page.get_by_role("button", name="次へ").click(no_wait_after=True)
    await person.page.select_option("[name=prefecture]", "東京都")
    await expect(person.page.get_by_label("地域")).to_be_disabled()
    come.set()
    await expect(person.page.get_by_label("地域")).to_be_enabled()


@pytest.mark.req("S-REG-18")
async def test_a_forged_form_cannot_put_a_town_into_another_area(person: Person) -> None:
    await person.go_to("settings")
    await person.choose_answers()
    await person.page.locator("[name=municipality]").evaluate(
        "list => { list.add(new Option('千代田区', '千代田区')); list.value = '千代田区'; }"
    )
    await person.tap("次へ")
    await expect(person.page.get_by_role("alert")).to_contain_text("市町村")
    await person.open("/register/check")
    await person.is_at("/register/settings")


@pytest.mark.req("S-REG-20", "S-REG-21", "S-REG-22", "S-REG-23", "S-REG-24", "S-REG-25", "S-REG-37")
async def test_the_check_page_then_decide_and_the_link_code(person: Person) -> None:
    await person.go_to("check")
    rows = [
        tuple(await row.locator("th, td").all_inner_texts()) for row in await person.page.locator("tr").all()
    ]
    assert rows == [
        ("機器コード", person.home.device_code),
        ("確認コード", person.confirmation_code),
        ("地域", "大阪府-大阪府-門真市"),
        ("世帯人数", "4人"),
        ("建物種別", "戸建て"),
        ("利用エネルギー", "電気・ガス併用"),
    ]
    assert await person.home.registrations() == []
    assert not person.home.program.gateway.device().registered
    await person.tap("決定")
    await person.see("サーバーサービスに登録しました。")
    assert await person.home.registrations() == [1]
    await person.tap("連携コードを発行する")
    await person.see("連携コードを控えてください。")
    await person.see("スマートフォンアプリで入力が必要になります。")
    await person.see("発行して1時間のみ有効です。")
    code = await person.read_link_code()
    assert await person.page.locator(".mark").all_inner_texts() == ["⑦", "⑧"]
    await expect(person.page.get_by_role("timer")).to_have_text("59:59")
    await person.tap("了解")
    await person.is_at("/service")
    await person.see("こちらで、AiSEGでの操作が完了しました。")
    await person.see("手順2: アプリのダウンロード・初期登録をする")
    await person.page.go_back()
    assert code[:4] not in await person.page.content()


@pytest.mark.req("S-REG-35")
async def test_going_back_keeps_what_was_typed(person: Person) -> None:
    await person.go_to("check")
    for page in ("settings", "confirmation", "confirmation-code", "device-code", "terms", "steps"):
        await person.tap("戻る")
        await person.is_at(f"/register/{page}")
        if page == "settings":
            for name, value in (PLACE | FAMILY).items():
                await expect(person.page.locator(f"[name={name}]")).to_have_value(value)
            await person.page.select_option("[name=household_size]", "5")
        if page == "device-code":
            await expect(person.page.get_by_label("機器コード")).to_have_value(person.home.device_code)
    for label in ("次へ", "同意し次へ", "次へ", "次へ"):
        await person.tap(label)
    await person.type_confirmation_code()
    await expect(person.page.locator("[name=household_size]")).to_have_value("5")
    await person.tap("次へ")
    await person.see("5人")


@pytest.mark.req("S-REG-30")
async def test_a_later_page_asked_for_directly_leads_to_the_first_missing_one(person: Person) -> None:
    for page in PAGES:
        await person.open(f"/register/{page}")
        await person.is_at("/register")
    await person.go_to("terms")
    for page in PAGES[2:]:
        await person.open(f"/register/{page}")
        await person.is_at("/register/terms")
    assert await person.home.registrations() == []


@pytest.mark.req("S-REG-31", "S-REG-21")
async def test_leaving_before_decide_leaves_everything_as_it_was(person: Person) -> None:
    before = await person.home.contents()
    await person.go_to("check")
    await person.open("/")
    assert await person.home.contents() == before
    person.home.program.restart()
    await until(lambda: not person.home.program.is_up, "the restart")
    await until(lambda: person.home.program.is_up, "the gateway to be back")
    await person.open("/register/check")
    await person.is_at("/register")
    assert await person.home.contents() == before
    assert not person.home.program.gateway.device().registered


@pytest.mark.req("S-REG-27", "S-REG-28", "S-REG-32")
async def test_registering_again_names_what_is_erased_and_erases_it_only_when_that_is_ticked(
    person: Person,
) -> None:
    home, page = person.home, person.page
    await person.register()
    await until(lambda: stored(home), "samples at the cloud")
    await person.go_to("check")
    await person.see("消去されるデータ")
    text = await page.locator("section.warning").inner_text()
    assert datetime.now(TOKYO).strftime("%Y-%m-%d") in text  # noqa: TID251
    assert "件" in text
    await person.tap("決定")
    await expect(page.get_by_role("alert")).to_contain_text(
        "蓄積データが消えることを確認してチェックを入れて"
    )
    assert await home.registrations() == [1]
    await page.get_by_role("checkbox").check()
    await page.get_by_role("button", name="決定").dblclick()
    await person.is_at("/register/done")
    assert await home.registrations() == [2]
    registration = home.program.gateway.registration
    assert registration
    assert registration.epoch == 2


async def stored(home: Home) -> int:
    overview = await asyncio.to_thread(home.cloud.registry.overview, datetime.now(TOKYO))  # noqa: TID251
    return overview.gateways[0].stored_up_to


@pytest.mark.req("S-REG-32")
async def test_decide_in_two_browsers_at_once_registers_one_run_and_refuses_the_other(
    home: Home, open_panel: OpenPanel
) -> None:
    async with open_panel(home) as first, open_panel(home) as second:
        await first.go_to("check")
        await second.go_to("check")
        await second.decide()
        await second.is_at("/register/done")
        await first.decide()
        await first.see("最初からやり直してください。")
    assert await home.registrations() == [1]


@pytest.mark.req("S-REG-07", "S-REG-08", "S-REG-36", "S-REG-34", "S-GEN-16")
@pytest.mark.parametrize(
    ("purchased_on", "goes_on"),
    [
        (None, False),
        (date(2016, 6, 20), False),
        (datetime(2016, 6, 20, 23, 59, 59, tzinfo=TOKYO), False),
        (datetime(2016, 6, 21, 0, 0, 0, tzinfo=TOKYO), True),
    ],
)
async def test_a_box_bought_early_with_old_firmware_is_sent_to_the_update(
    tmp_path: Path, open_panel: OpenPanel, purchased_on: Any, goes_on: bool
) -> None:
    async with home_in(tmp_path, gateway={"purchased_on": purchased_on}) as home, open_panel(home) as person:
        await home.publish("2.11")
        await person.go_to("device-code")
        await person.type_device_code()
        if not goes_on:
            await person.see("先にファームウェアを更新してください。")
            await person.tap("STEP1: AiSEGのファームウェアを最新にする")
            await person.is_at("/messages")
            assert await home.registrations() == []
            return
        for take in (
            person.note_confirmation_code,
            person.type_confirmation_code,
            person.answer,
            person.decide,
        ):
            await take()
        await person.is_at("/register/done")
        await person.tap("連携コードを発行する")
        await person.see("先にファームウェアを更新してください。")
        assert await home.registrations() == [1]
        assert home.program.gateway.shown_link_code(datetime.now(TOKYO)) is None  # noqa: TID251


async def test_a_person_who_was_away_for_half_an_hour_starts_anew(
    tmp_path: Path, open_panel: OpenPanel
) -> None:
    clock = ManualClock()
    async with home_in(tmp_path, clock=clock) as home, open_panel(home) as person:
        await person.go_to("settings")
        await clock.jump(timedelta(minutes=30).total_seconds())
        await person.page.reload()
        await person.is_at("/register")


async def test_it_works_without_javascript_and_in_english(home: Home, open_panel: OpenPanel) -> None:
    async with open_panel(home, java_script_enabled=False) as person:
        page = person.page
        await person.open("/register?lang=en")
        await person.tap("OK")
        await person.tap("Next")
        await person.tap("Agree and go on")
        await page.get_by_label("Device code").fill(home.device_code)
        await person.tap("Next")
        code = await page.locator("[data-confirmation-code]").inner_text()
        await person.tap("Next")
        await page.get_by_label("Confirmation code").fill(code)
        await person.tap("Next")
        for name, value in PLACE.items():
            await page.select_option(f"[name={name}]", value)
            await person.tap("Show the choices")
        for name, value in FAMILY.items():
            await page.select_option(f"[name={name}]", value)
        await person.tap("Next")
        await person.tap("Register")
        await person.see("Registered for the server service.")
        await person.tap("Issue a link code")
        assert '<meta http-equiv="refresh" content="3600">' in await page.content()
        await person.tap("OK")
        await person.is_at("/service")
    assert await home.registrations() == [1]
