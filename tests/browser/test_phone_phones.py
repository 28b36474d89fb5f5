"""A second phone, a third one, a change of phone and a lost one, each in a browser of its own (p23-p27)."""

import pytest

from protocol.codes import has_check_digit
from tests.browser.conftest import OpenPhone
from tests.browser.home import Home
from tests.browser.phone_person import PhonePerson

FATHER = "father@example.jp"


async def issue_change_code(holder: PhonePerson) -> str:
    """Menu → スマートフォンの機種変更 → 機種変更コード発行 (manual p25); return what is shown."""
    await holder.use_menu("スマートフォンの機種変更")
    await holder.tap("機種変更コード発行")
    await holder.is_at("/change/code")
    code = (await holder.page.locator(".code").inner_text()).strip()
    assert has_check_digit(code.replace(" ", ""))
    return code


@pytest.mark.req(
    "S-ADD-03", "S-ADD-04", "S-ADD-05", "S-ADD-06", "S-ADD-08", "S-ADD-10", "S-CHG-13", "S-ADD-13"
)
async def test_a_second_phone_needs_a_nickname_and_a_third_finds_the_limit(
    home: Home, open_phone: OpenPhone
) -> None:
    await home.open_account(FATHER)
    async with (
        open_phone(home) as first,
        open_phone(home, "second") as second,
        open_phone(home, "third") as third,
    ):
        await first.register(FATHER, "お父さん")
        await second.log_in(FATHER)
        await second.is_at("/phone")
        await second.choose("スマートフォンの追加登録")
        await second.page.get_by_label("ニックネーム").fill("お父さん")
        await second.tap("登録")
        await second.is_told("1台目と違うニックネームを入力してください。")
        await second.page.get_by_label("ニックネーム").fill("仕事用")
        await second.tap("登録")
        await second.is_at("/timeline")
        await second.see("こちらで、CLUB Panasonic IDへの2台目のスマートフォンの登録が完了しました。")
        assert await home.nicknames() == ["お父さん", "仕事用"]

        await third.log_in(FATHER)
        await third.choose("スマートフォンの追加登録")
        await third.is_told("上限に達しています")
        await third.is_at("/phone")
        await third.open("/nickname")
        await third.is_at("/phone")
        assert await home.nicknames() == ["お父さん", "仕事用"]

        await first.use_menu("お知らせ")
        await first.see("スマートフォンが追加登録されました")


@pytest.mark.req("S-CHG-02", "S-CHG-03", "S-CHG-04", "S-CHG-07", "S-CHG-08", "S-CHG-09", "S-CHG-10", "S-CHG-11", "S-CHG-13", "S-CHG-14", "S-CHG-19", "S-CHG-24")  # fmt: skip
async def test_a_new_phone_takes_over_and_the_old_one_is_told(home: Home, open_phone: OpenPhone) -> None:
    await home.open_account(FATHER)
    async with open_phone(home) as old, open_phone(home, "new") as new:
        await old.register(FATHER, "お父さん")
        code = await issue_change_code(old)
        await old.see("機種変更前のスマートフォンからアプリを削除してください。")
        await old.tap("控えました")
        await old.page.go_back()
        await old.is_at("/change")
        assert code[:4] not in await old.page.content()

        await new.log_in(FATHER)
        await new.choose("スマートフォンの機種変更")
        await new.page.get_by_label("機種変更コード").fill(f"{code[:-1]}{(int(code[-1]) + 1) % 10}")
        await new.tap("実行")
        await new.is_told("機種変更コードの形式が正しくありません。")
        await new.page.get_by_label("機種変更コード").fill(code)
        await new.tap("実行")
        await new.is_at("/timeline")
        await new.see("新しいスマートフォンから、専用アプリ「スマートHEMSサービス」をご利用いただけます。")
        assert await home.nicknames() == ["お父さん"]

        await old.open("/timeline")
        await old.is_at("/login")
        await old.is_told("このスマートフォンの登録は、別のスマートフォンに移されました（機種変更）。")


@pytest.mark.req("S-CHG-20")
async def test_a_lost_phone_is_replaced_without_a_code(home: Home, open_phone: OpenPhone) -> None:
    await home.open_account(FATHER)
    async with open_phone(home) as lost, open_phone(home, "new") as new:
        await lost.register(FATHER, "お父さん")
        await new.log_in(FATHER)
        await new.choose("なくしたスマートフォンと入れ替える")
        await new.tap("入れ替える")  # nothing is chosen: the page stays
        await new.is_told("未入力：入れ替えるスマートフォン")
        await new.page.get_by_label("お父さん").check()
        await new.tap("入れ替える")
        await new.is_at("/timeline")
        assert await home.nicknames() == ["お父さん"]
        await lost.open()
        await lost.is_told("このスマートフォンの登録は、別のスマートフォンに移されました")
