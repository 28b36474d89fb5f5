"""サーバーサービス and 登録状況確認 in a browser (manual p6–p8)."""

import pytest
from playwright.async_api import expect

from tests.browser.person import Person

WARNING = "すでにサーバーサービス登録済みの方が、再度登録をされると、今までの蓄積データが上書きされ、消えてしまいます。"


@pytest.mark.req("S-FLOW-06", "S-ST-01", "S-ST-02", "S-ST-03")
async def test_the_service_menu_answers_the_three_questions(person: Person) -> None:
    await person.open("/")
    for label in ("メニュー", "設定", "サーバーサービス"):
        await person.tap(label)
    await person.see("サーバーサービスに登録していますか？")
    await person.see(WARNING)
    labels = await person.page.locator(".tile .label").all_inner_texts()
    assert labels == ["アプリ設定", "新規登録", "登録状況確認"]
    for answer, path in (("はい", "/app-settings"), ("いいえ", "/register"), ("わからない", "/status")):
        await person.open("/service")
        await person.page.get_by_role("link", name=answer).click()
        await person.is_at(path)


@pytest.mark.req("S-ST-01", "S-ST-04", "S-ST-06", "S-ST-08", "S-ST-10")
async def test_an_unregistered_box_is_told_so_and_offered_registration(person: Person) -> None:
    await person.open("/status")
    await person.see(WARNING)
    await person.see("AiSEGの側面に記載されている機器コードを入力してください。")
    await expect(person.page.get_by_label("機器コード")).to_have_value("")
    assert person.home.device_code not in await person.page.content()
    await person.type_device_code("1234567890", "了解")
    await expect(person.page.get_by_role("alert")).to_contain_text("あと9回入力できます")
    await expect(person.page.get_by_label("機器コード")).to_have_value("")
    await person.type_device_code(then="了解")
    await person.see("未登録です。サーバーサービスに登録されていません。")
    await person.tap("新規登録")
    await person.is_at("/register")


@pytest.mark.req("S-ST-05", "S-ST-10", "S-UI-04")
async def test_a_registered_box_is_told_so_and_led_on(person: Person) -> None:
    await person.register()
    for label, path in (("了解", "/service"), ("アプリ用連携コードを発行する", "/app-settings")):
        await person.open("/status")
        await person.type_device_code(then="了解")
        await person.see("サーバーサービスに登録されています。")
        assert await person.page.locator(".mark").all_inner_texts() == ["①", "②"]
        await person.sees_not("新規登録")
        await person.tap(label)
        await person.is_at(path)


@pytest.mark.req("S-ST-07", "S-ST-08")
@pytest.mark.parametrize("registered", [False, True])
async def test_cannot_tell_is_a_screen_of_its_own_that_never_offers_registration(
    person: Person, registered: bool
) -> None:
    if registered:
        await person.register()
    before = await person.home.contents()
    await person.home.line.cut()
    await person.open("/status")
    await person.type_device_code(
        "1234567890", "了解"
    )  # judged by the box itself, the cloud is not needed for it
    await expect(person.page.get_by_role("alert")).to_contain_text("機器コードが違います")
    await person.type_device_code(then="了解")
    await person.see("確認できません")
    for text in ("未登録です", "新規登録", "登録されています。"):
        await person.sees_not(text)
    assert await person.page.locator("a[href*=register]").count() == 0
    await person.home.line.mend()
    await person.tap("もう一度試す")
    await person.type_device_code(then="了解")
    await person.see("サーバーサービスに登録されています。" if registered else "未登録です。")
    assert await person.home.contents() == before


@pytest.mark.req("S-ST-09")
async def test_checking_changes_nothing(person: Person) -> None:
    await person.register()
    before = await person.home.contents()
    for _ in range(5):
        await person.open("/status")
        await person.type_device_code(then="了解")
        await person.see("サーバーサービスに登録されています。")
    assert await person.home.contents() == before
