"""The manual's part 2, panel and phone side by side: found, not found, and who is registered already (p16-p21, p30)."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenPhone
from tests.browser.home import Home
from tests.browser.person import Person
from tests.browser.phone_person import PhonePerson
from tests.cloud.actors import PASSWORD

FATHER, MOTHER = "father@example.jp", "mother@example.jp"


async def sign_up(holder: PhonePerson, email: str) -> None:
    """新規登録 at the club, the mail, and back to the app (manual p17-p19)."""
    await holder.tap("CLUB Panasonic ログイン画面へ")
    await holder.tap("新規登録")
    await holder.page.locator("[name=email]").fill(email)
    await holder.page.locator("[name=password]").fill(PASSWORD)
    await holder.tap("新規登録を続ける")
    await holder.page.get_by_label("利用規約に同意する").check()
    await holder.tap("確定")
    await holder.see(email)
    await holder.page.goto(await holder.home.mailed_url(email))
    await holder.tap("続ける")
    await holder.see("CLUB Panasonicへの登録が完了しました。")
    await holder.tap("続ける")
    await holder.tap("スキップ")


@pytest.mark.req(
    "S-APP-06", "S-APP-07", "S-APP-08", "S-DISC-01", "S-BIND-02", "S-BIND-05", "S-BIND-06", "S-BIND-07", "S-GEN-01", "S-FLOW-04"
)  # fmt: skip
async def test_with_the_panel_beside_it_the_phone_reads_the_code_and_is_registered(
    person: Person, open_phone: OpenPhone
) -> None:
    async with open_phone(person.home) as holder:
        await person.register()
        code = await person.issue_link_code()
        await holder.open()
        await holder.tap("使い始める")
        await sign_up(holder, FATHER)
        await holder.is_at("/start")
        await holder.search()
        await holder.see("AiSEGが見つかりました")
        await holder.see(person.home.program.gateway.identity.gateway_id[-6:])
        await holder.tap("次へ")
        await holder.tap("同意する")
        field = holder.page.get_by_label("連携コード")
        await expect(field).to_have_value(f"{code[:4]} {code[4:8]} {code[8:]}")
        await expect(holder.page.get_by_label("機器コード")).to_have_value("")
        await holder.page.get_by_label("ニックネーム").fill("お父さん")
        await holder.page.get_by_label("機器コード").fill(person.home.device_code)
        await holder.tap("登録")
        await holder.see("大阪府-大阪府-門真市")
        await holder.see("登録済みのユーザーはいません。")
        await holder.tap("登録を完了する")
        await holder.is_at("/timeline")
        await holder.see("こちらで、スマートフォンでの操作が完了しました。")
        await holder.open()
        await holder.is_at("/timeline")


@pytest.mark.req(
    "S-DISC-04", "S-DISC-05", "S-DISC-06", "S-DISC-08", "S-FAR-01", "S-FAR-02", "S-FLOW-03", "S-BIND-04", "S-GEN-22", "S-GEN-23"
)  # fmt: skip
async def test_a_phone_that_finds_nothing_is_told_why_and_registered_by_hand(
    home: Home, open_phone: OpenPhone
) -> None:
    await home.open_account(FATHER)
    code = await home.show_link_code()
    home.program.announcer.mute()
    async with open_phone(home, limit_s=2.5) as holder:
        await holder.log_in(FATHER)
        await holder.choose("AISEGをお持ちの方")
        await holder.see("AiSEGを検索しています")
        await expect(holder.page.get_by_role("timer")).to_contain_text("1")  # it goes on by itself
        await expect(holder.page.get_by_role("status")).to_contain_text("で検索しています")
        await holder.is_at("/search/result")
        await holder.is_told("AiSEGが見つかりませんでした")
        await holder.see("ゲスト用Wi-Fiやプライバシーセパレーター")
        ways = (
            holder.page.locator("main")
            .get_by_role("button")
            .or_(holder.page.locator("main").get_by_role("link"))
        )
        assert await ways.all_inner_texts() == ["再度、AiSEGを検索する", "連携コードを入力する"]
        await holder.see("0120-081-701")
        await holder.tap("再度、AiSEGを検索する")
        await holder.see("AiSEGを検索しています")
        await holder.tap("連携コードを入力する")  # no need to wait
        await holder.tap("同意する")
        for label, text in (
            ("ニックネーム", "十一文字になるニックネーム"),
            ("機器コード", home.device_code),
            ("連携コード", code),
        ):
            await holder.page.get_by_label(label).fill(text)
        await holder.tap("登録")
        await holder.is_told("ニックネームは1～10文字で入力してください。")
        await holder.page.get_by_label("ニックネーム").fill("お父さん")
        await holder.tap("登録")
        await holder.tap("登録を完了する")
        await holder.is_at("/timeline")
        assert await home.nicknames() == ["お父さん"]


@pytest.mark.req("S-BIND-15", "S-BIND-16", "S-CHG-14", "S-ADD-01")
async def test_a_newcomer_sees_who_is_registered_and_may_remove_them(
    home: Home, open_phone: OpenPhone
) -> None:
    for email in (FATHER, MOTHER):
        await home.open_account(email)
    async with open_phone(home) as father, open_phone(home, "another") as mother:
        await father.register(FATHER, "前の住人")
        await mother.log_in(MOTHER)
        await mother.open("/terms")
        await mother.type_codes("お母さん", await home.show_link_code())
        await mother.see("すでに登録済みのユーザー")
        await mother.see("前の住人")
        assert FATHER not in await mother.page.content()
        await mother.tap("前の住人 を削除")
        await mother.see("「前の住人」の登録を削除します。")
        await mother.tap("キャンセル")
        await mother.is_at("/confirm")
        assert await home.nicknames() == ["前の住人"]
        await mother.tap("前の住人 を削除")
        await mother.tap("OK")
        await mother.see("登録済みのユーザーはいません。")
        await mother.tap("登録を完了する")
        await mother.is_at("/timeline")
        assert await home.nicknames() == ["お母さん"]
        await father.open()
        await father.is_told("このスマートフォンの登録は削除されました。")
        await father.is_at("/login")
        mails = await asyncio.to_thread(home.cloud.registry.inbox)
        assert [mail.recipient for mail in mails].count(FATHER) == 2, "the address confirmed, and the removal"


@pytest.mark.req("S-UI-03", "S-DISC-01", "S-BIND-07", "S-ADD-05")
async def test_without_javascript_everything_works_and_looks_again_by_itself(
    home: Home, open_phone: OpenPhone
) -> None:
    await home.open_account(FATHER)
    await home.show_link_code()
    async with open_phone(home, java_script_enabled=False) as holder:
        await holder.log_in(FATHER)
        await holder.choose("AISEGをお持ちの方")
        await holder.is_at("/search/result")
        await holder.tap("次へ")
        await holder.type_codes("お父さん")
        await holder.tap("登録を完了する")
        await holder.see("こちらで、スマートフォンでの操作が完了しました。")
        await holder.use_menu("ログアウト")
        await holder.see("ログアウトしました")
