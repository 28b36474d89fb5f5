"""アカウント削除 and ログアウト, with a second phone of the same ID looking on (p28-p29)."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenPhone
from tests.browser.home import Home

FATHER = "father@example.jp"
DELETION = "DELETE /api/v1/links/current"


@pytest.mark.req(
    "S-DEL-01", "S-DEL-02", "S-DEL-03", "S-DEL-05", "S-DEL-06", "S-DEL-07", "S-DEL-08", "S-DEL-12", "S-DEL-15"
)
async def test_deletion_asks_twice_and_the_other_phone_is_told(home: Home, open_phone: OpenPhone) -> None:
    await home.open_account(FATHER)
    async with open_phone(home) as first, open_phone(home, "second") as second:
        await first.register(FATHER, "お父さん")
        await second.log_in(FATHER)
        await second.choose("スマートフォンの追加登録")
        await second.page.get_by_label("ニックネーム").fill("仕事用")
        await second.tap("登録")
        await second.is_at("/timeline")

        await first.use_menu("アカウント削除")
        await expect(first.page.get_by_role("dialog", name="全削除確認")).to_be_visible()
        await first.tap("キャンセル")
        await first.tap("アカウント削除")
        await first.tap("OK")
        await expect(first.page.get_by_role("dialog", name="本当に退会してよろしいですか?")).to_be_visible()
        await first.tap("キャンセル")
        assert await home.nicknames() == ["お父さん", "仕事用"]

        await first.tap("アカウント削除")
        await first.tap("OK")
        await home.line.cut()
        await first.tap("OK")
        await first.is_told("サーバーに接続できません")
        await expect(first.page.get_by_text("削除しました。")).to_have_count(0)
        await home.line.mend()
        assert await home.nicknames() == ["お父さん", "仕事用"]
        await first.tap("もう一度試す")
        await first.tap("OK")
        await first.is_at("/deleted")
        await first.see("削除しました。")
        assert await home.nicknames() == []
        link = first.page.get_by_role("link", name="ご登録情報の変更と退会")
        await expect(link).to_have_attribute("href", re.compile(f"^{re.escape(home.cloud.club_url)}/account"))

        await second.open("/users")
        await second.is_at("/login")
        await second.is_told("アカウントは削除されました。")
        await second.log_in(FATHER)
        await second.is_at("/start")


@pytest.mark.req("S-OUT-01", "S-OUT-02", "S-OUT-03", "S-OUT-04")
async def test_logout_and_login_again_need_no_code_and_no_nickname(home: Home, open_phone: OpenPhone) -> None:
    await home.open_account(FATHER)
    async with open_phone(home) as holder:
        await holder.register(FATHER, "お父さん")
        await holder.use_menu("ログアウト")
        await holder.is_at("/logged-out")
        await holder.see("ログアウトしました")
        await holder.open("/timeline")
        await holder.is_at("/login")
        await holder.log_in(FATHER)
        await holder.is_at("/timeline")
        assert await home.nicknames() == ["お父さん"]
