"""A person at a terminal, the real cloud, a live gateway: part 2 of the manual, read and typed."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, select

from cloud.store.schema import accounts, links, phones
from phone_client.phone import Phone
from phone_client.settings import App, Cloud, Search, Settings, Store
from phone_client.wording import read_wording
from protocol.codes import in_fours, with_check_digit
from protocol.problems import NOT_LOGGED_IN, PHONE_MOVED, Problem
from protocol.registering import Consent
from protocol.rules import SERVICE_TERMS_VERSION
from tests.browser.home import Home, home_in
from tests.support.tapping import register_and_show_link_code
from tests.support.terminal import Terminal, terminal

pytestmark = [pytest.mark.journeys, pytest.mark.timeout(180)]

PASSWORD = "correct horse battery"
FATHER, MOTHER = "father@example.com", "mother@example.com"
WRONG_CODE = with_check_digit("98765432109")


@dataclass
class Family:
    """A household whose AiSEG is registered, and the phones of its people."""

    home: Home
    folder: Path

    @property
    def cloud(self) -> str:
        return self.home.line.url

    def phone(self, name: str) -> Phone:
        return Phone(
            Settings(
                app=App(),
                search=Search(limit_s=3.0),
                cloud=Cloud(url=self.cloud),
                store=Store(folder=self.folder / name),
            )
        )

    async def link_code(self) -> str:
        """Issue a link code at the panel and leave it on the screen."""
        gateway = self.home.program.gateway
        await gateway.prepare_link_code(self.home.device_code)
        now = datetime.now(UTC)  # noqa: TID251
        shown = await gateway.show_link_code(
            Consent(terms_version=SERVICE_TERMS_VERSION, agreed_at=now), None
        )
        return shown.link_code

    async def mailed_url(self, email: str) -> str:
        mails = await asyncio.to_thread(self.home.cloud.registry.inbox)
        bodies = [mail.body for mail in mails if mail.recipient == email]
        (url, *_) = [found[0] for body in bodies if (found := re.search(r"https?://\S+/verify\S+", body))]
        return url

    async def linked_phone(self, name: str, email: str, nickname: str) -> None:
        """Have a phone with a new account linked already."""
        async with self.phone(name) as phone:
            await phone.use()
            await phone.sign_up(email, PASSWORD, terms_accepted=True)
            await phone.verify(await self.mailed_url(email))
            await phone.log_in(email, PASSWORD)
            await phone.link(nickname, self.home.device_code, await self.link_code())

    async def known_phone(self, name: str, email: str) -> None:
        """Have a phone that is logged in, and no more."""
        async with self.phone(name) as phone:
            await phone.use()
            await phone.log_in(email, PASSWORD)

    async def rows(self, column: Column[Any]) -> list[Any]:
        """Return what the cloud has stored in a column."""
        return await asyncio.to_thread(_rows, self.home, column)

    async def nicknames(self) -> list[str]:
        """Return who uses the AiSEG, as the first account sees it."""
        async with self.phone("father") as phone:
            return sorted(user.nickname for user in (await phone.users()).users)

    @asynccontextmanager
    async def at(
        self, name: str, *words: str, language: str = "ja", **settings: str
    ) -> AsyncIterator[Terminal]:
        state = self.folder / name
        async with terminal(state, *words, cloud=self.cloud, language=language, **settings) as person:
            yield person


def _rows(home: Home, column: Column[Any]) -> list[Any]:
    with home.cloud.registry.store.reading() as store:
        return list(store.scalars(select(column)))


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    async with home_in(tmp_path / "home") as home:
        await asyncio.to_thread(register_and_show_link_code, home.url, home.device_code)
        yield Family(home, tmp_path)


async def log_in(person: Terminal, email: str) -> None:
    await person.chooses("ログイン")
    await person.answers("メールアドレス(ログインID)", email)
    await person.answers("パスワード", PASSWORD)
    await person.sees(f"{email} でログインしました。")


@pytest.mark.req(
    "S-APP-03", "S-APP-06", "S-APP-10", "S-APP-13", "S-GEN-08", "S-DISC-01", "S-BIND-03", "S-BIND-05",
    "S-BIND-06", "S-BIND-07", "S-DEL-07", "S-FLOW-07", "S-OUT-01", "S-OUT-02", "S-UI-02",
)  # fmt: skip
async def test_from_the_first_start_to_the_timeline_and_out_again(family: Family) -> None:
    async with family.at("father") as person:
        await person.sees("機能紹介", "無料でダウンロードできます", "通信料はお客様のご負担となります")
        await person.chooses("使い始める")
        await person.chooses("新規登録")
        await person.sees("「panasonic.jp」「panasonic.com」")
        await person.answers("メールアドレス(ログインID)", FATHER)
        await person.answers("パスワード", PASSWORD)
        await person.chooses("利用規約に同意する")
        await person.answers("メールのURL", "http://127.0.0.1/verify?token=wrong")
        await person.sees("このURLは無効です")
        await person.chooses("もう一度試す")
        await person.answers("メールのURL", await family.mailed_url(FATHER))
        await person.sees("CLUB Panasonicへの登録が完了しました。", f"{FATHER} でログインしました。")
        await person.chooses("AISEGをお持ちの方")
        await person.sees("同じルーターに接続してください。", "AiSEG MKN702")
        await person.sees("スマートHEMSサービスのご利用規約をご確認ください。")
        await person.chooses("同意する")
        await person.sees("(例:お父さん)")
        await person.answers("ニックネーム", "お父さん")
        await person.answers("機器コード", "123")
        await person.sees("10桁の数字")
        await person.answers("機器コード", family.home.device_code)
        await person.sees("AiSEG画面に表示中の連携コードを読み取りました。")
        await person.answers("連携コード [", "")
        await person.sees("大阪府-大阪府-門真市")
        await person.chooses("登録を完了する")
        await person.sees("こちらで、スマートフォンでの操作が完了しました。", "スマートフォンの機種変更")
        await person.chooses("アカウント削除")
        await person.sees("全削除確認", "CLUB Panasonicの退会はできません。")
        await person.chooses("キャンセル")
        await person.chooses("アカウント削除")
        await person.sees("全削除確認")
        await person.chooses("OK")
        await person.sees("本当に退会してよろしいですか?")
        await person.chooses("キャンセル")
        assert await family.nicknames() == ["お父さん"]
        await person.chooses("ログアウト")
        await person.sees("ログアウトしました\n")
        assert await person.ends() == 0
    assert PASSWORD not in person.text
    async with family.at("father") as person:
        await log_in(person, FATHER)
        await person.sees("スマートフォンの機種変更")
        assert "機能紹介" not in person.text
        await person.chooses("終了")
        assert await person.ends() == 0


async def test_who_has_no_url_can_have_the_mail_sent_again_or_go_back(family: Family) -> None:
    async with family.at("father") as person:
        await person.chooses("使い始める")
        await person.chooses("新規登録")
        await person.answers("メールアドレス(ログインID)", FATHER)
        await person.answers("パスワード", PASSWORD)
        await person.chooses("利用規約に同意する")
        await person.answers("メールのURL", "none has come")
        first = await family.mailed_url(FATHER)
        await person.chooses("メールを再送信する")
        await person.answers("メールのURL", first)
        await person.sees("もう一度メールを送信してください。")
        await person.chooses("戻る")
        await person.chooses("終了")
        assert await person.ends() == 0


@pytest.mark.req(
    "S-DISC-02", "S-DISC-04", "S-DISC-05", "S-DISC-06", "S-DISC-08", "S-FAR-01", "S-FAR-02", "S-FAR-03",
    "S-BIND-15", "S-BIND-16",
)  # fmt: skip
async def test_another_account_far_from_home_types_the_code_and_removes_a_user(family: Family) -> None:
    await family.linked_phone("father", FATHER, "お父さん")
    await family.known_phone("old", FATHER)
    async with family.phone("old") as phone:
        await phone.add_phone("前の電話")
    async with family.phone("mother") as phone:
        await phone.sign_up(MOTHER, PASSWORD, terms_accepted=True)
        await phone.verify(await family.mailed_url(MOTHER))
    code = await family.link_code()
    family.home.program.announcer.mute()
    await family.known_phone("mother", MOTHER)
    en = await asyncio.to_thread(read_wording, "en")
    async with family.at("mother", "start", language="en") as person:
        await person.chooses(en["own_aiseg"])
        await person.sees(en["not_found"], "same router")
        await person.chooses(en["search_again"])
        await person.sees(en["not_found"])
        before = person.text
        await person.chooses(en["type_code"])
        await person.chooses(en["agree"])
        await person.answers(en["nickname"], "お母さん")
        await person.answers(en["device_code"], family.home.device_code)
        await person.answers(en["link_code"], "1234 5678 9012")
        await person.sees("not a link code")
        await person.answers(en["link_code"], WRONG_CODE)
        await person.sees("The device code or the link code is wrong")
        assert await family.nicknames() == ["お父さん", "前の電話"]
        await person.chooses(en["retry"])
        await person.answers(f"{en['nickname']} [お母さん]", "")
        await person.answers(f"{en['device_code']} [{family.home.device_code}]", "")
        await person.answers(f"{en['link_code']} [", in_fours(code))
        await person.sees(en["users_before"], "お父さん", "前の電話")
        await person.chooses(en["remove_of"].format(nickname="前の電話"))
        await person.chooses(en["ok"])
        await person.chooses(en["finish"])
        await person.sees("Linked to AiSEG MKN702")
        await person.chooses("Leave")
        assert await person.ends() == 0
    assert await family.nicknames() == ["お母さん", "お父さん"]
    choices = re.findall(r"(\d)\) (.*)\r", before.rsplit(en["not_found"], 1)[0])
    assert choices[-2:] == [("1", en["search_again"]), ("2", en["type_code"])]


@pytest.mark.req(
    "S-ADD-02", "S-ADD-03", "S-ADD-04", "S-ADD-05", "S-ADD-06", "S-ADD-07", "S-ADD-08", "S-ADD-10",
    "S-ADD-12", "S-CHG-01", "S-CHG-07", "S-CHG-08", "S-CHG-09", "S-CHG-10", "S-CHG-11", "S-CHG-12",
    "S-CHG-13", "S-CHG-14", "S-CHG-19", "S-UI-02",
)  # fmt: skip
async def test_a_second_phone_and_a_third_that_can_only_take_its_place(family: Family) -> None:
    await family.linked_phone("father", FATHER, "お父さん")
    family.home.program.announcer.mute()
    async with family.at("second") as person:
        await person.chooses("使い始める")
        await log_in(person, FATHER)
        await person.sees("1台／2台")
        await person.chooses("スマートフォンの追加登録")
        await person.sees("10文字以内で入力してください。")
        await person.answers("ニックネーム", "お父さん")
        await person.sees("1台目と違うニックネームを入力してください。")
        await person.chooses("スマートフォンの追加登録")
        await person.answers("ニックネーム", "あいうえおかきくけこさ")
        await person.sees("ニックネームは1～10文字")
        await person.chooses("スマートフォンの追加登録")
        await person.answers("ニックネーム", "お母さん")
        await person.sees("2台目のスマートフォンの登録が完了しました。")
        await person.chooses("スマートフォンの機種変更")
        await person.chooses("機種変更コード発行")
        await person.sees("機種変更コード  ")
        await person.sees("こちらで、機種変更前のスマートフォンでの操作が完了しました。")
        await person.chooses("終了")
        assert await person.ends() == 0
    issued = re.findall(r"機種変更コード  (\d{4} \d{4} \d{4})", person.text)
    async with family.at("third") as person:
        await person.chooses("使い始める")
        await log_in(person, FATHER)
        await person.sees("2台／2台")
        await person.chooses("スマートフォンの追加登録")
        await person.sees("上限に達しています\n")
        assert await family.nicknames() == ["お母さん", "お父さん"]
        await person.chooses("スマートフォンの機種変更")
        await person.answers("機種変更コード", WRONG_CODE)
        await person.sees("機種変更コードが違います。")
        await person.chooses("スマートフォンの機種変更")
        await person.answers("機種変更コード", issued[0])
        await person.sees("新しいスマートフォンから", "スマートフォン: お父さん, お母さん")
        await person.chooses("終了")
        assert await person.ends() == 0
    assert "ニックネーム" not in person.text
    assert await family.nicknames() == ["お母さん", "お父さん"]
    async with family.phone("second") as phone:
        with pytest.raises(Problem) as refused:
            await phone.current_link()
        assert refused.value.kind is PHONE_MOVED
    async with family.at("second") as person:
        await person.sees("別のスマートフォンに移されました（機種変更）。")
        await person.chooses("終了")
        assert await person.ends() == 0


@pytest.mark.req(
    "S-DEL-01", "S-DEL-02", "S-DEL-03", "S-DEL-04", "S-DEL-05", "S-DEL-06", "S-DEL-12", "S-UI-02"
)
async def test_a_deletion_takes_every_phone_of_the_account_and_leaves_the_id(family: Family) -> None:
    await family.linked_phone("father", FATHER, "お父さん")
    await family.known_phone("second", FATHER)
    async with family.phone("second") as phone:
        await phone.add_phone("お母さん")
    async with family.at("father", "delete") as person:
        await person.sees("全削除確認", "CLUB Panasonicの退会はできません。", "退会する")
        await person.chooses("OK")
        await person.sees("本当に退会してよろしいですか?")
        await person.chooses("OK")
        await person.sees("削除しました。\n")
        assert await person.ends() == 0
    assert await family.rows(links.c.account_id) == await family.rows(phones.c.slot) == []
    assert len(await family.home.registrations()) == 1
    async with family.at("second", "timeline") as person:
        await person.sees("アカウントは削除されました。")
        assert await person.ends() == 1
    async with family.at("second") as person:
        await person.sees("アカウントは削除されました。")
        await log_in(person, FATHER)
        await person.chooses("終了")
        assert await person.ends() == 0
    assert "AISEGをお持ちの方" in person.text


@pytest.mark.req("S-BIND-17", "S-BIND-18")
async def test_old_firmware_shows_its_popup_until_it_is_new(family: Family) -> None:
    await family.linked_phone("father", FATHER, "お父さん")
    await family.home.publish("2.11")
    async with family.at("father") as person:
        await person.sees("お使いのAiSEGのファームウェアバージョンが最新ではありません。")
        await person.chooses("詳細")
        await person.sees("ファームウェア更新方法", "AiSEG画面の「メニュー」をタップします。")
        await person.chooses("もう一度確認する")
        await person.sees("お使いのAiSEGのファームウェアバージョンが最新ではありません。")
        await person.chooses("終了")
        assert await person.ends() == 0
    assert "スマートフォンの機種変更" not in person.text


@pytest.mark.req("S-2FA-07", "S-2FA-09")
async def test_a_login_with_two_steps_asks_for_the_code(family: Family) -> None:
    await family.linked_phone("father", FATHER, "お父さん")
    registry, now = family.home.cloud.registry, datetime.now(UTC)  # noqa: TID251

    def last_code() -> str:
        found = re.search(r"\d{6}", registry.texts()[0].body)
        assert found
        return found[0]

    (account_id,) = await family.rows(accounts.c.account_id)
    begun = await asyncio.to_thread(registry.begin_two_step, account_id, "090-1234-4567", now)
    await asyncio.to_thread(registry.answer_code, begun.challenge, await asyncio.to_thread(last_code), now)
    async with family.at("new", "login", "--email", FATHER) as person:
        await person.answers("パスワード", PASSWORD)
        await person.sees("メッセージが送信されました。")
        await person.answers("認証コード", "１２３４５６")
        await person.sees("6桁の半角数字のみ")
        right = await asyncio.to_thread(last_code)
        await person.answers("認証コード", "".join(str((int(digit) + 1) % 10) for digit in right))
        await person.sees("認証コードが違います（あと4回")
        await person.answers("認証コード", right)
        await person.sees(f"{FATHER} でログインしました。")
        assert await person.ends() == 0


@pytest.mark.req("S-OUT-03", "S-OUT-04", "S-OUT-05")
async def test_a_log_out_without_a_line_is_made_good_when_it_is_back(family: Family) -> None:
    await family.linked_phone("father", FATHER, "お父さん")
    async with family.phone("father") as phone, family.phone("thief") as thief:
        stolen = await phone._file.recall()
        await thief._file.edit(lambda _: stolen)
        await family.home.line.cut()
        await phone.log_out()
        assert (await phone.standing()).place == "login"
        await family.home.line.mend()
        assert (await thief.current_link()).nickname == "お父さん"
        await phone.log_in(FATHER, PASSWORD)
        assert (await phone.standing()).place == "timeline"
        with pytest.raises(Problem) as refused:
            await thief.current_link()
        assert refused.value.kind is NOT_LOGGED_IN


@pytest.mark.req("S-GEN-05", "S-GEN-06", "S-GEN-10", "S-GEN-11")
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_tablets_and_other_systems_are_told(tmp_path: Path, language: str) -> None:
    tablet, use, leave = {
        "ja": (("文字ずれや画面切れ", "端末により利用できない場合"), "使い始める", "終了"),
        "en": (("text may be displaced", "cannot be used"), "Start", "Leave"),
    }[language]
    settings = {"APP__FORM_FACTOR": "tablet", "APP__PLATFORM": "ios", "APP__OS_VERSION": "18"}
    cloud = "http://127.0.0.1:9"
    async with terminal(tmp_path, cloud=cloud, language=language, **settings) as person:
        await person.sees("iOS 18", *tablet)
        await person.chooses("OK")
        await person.chooses(use)
        await person.chooses(leave)
        assert await person.ends() == 0
    async with terminal(tmp_path, cloud=cloud, language=language, **settings) as person:
        await person.chooses(leave)
        assert await person.ends() == 0
    assert tablet[0] not in person.text
    too_old = {"APP__PLATFORM": "ios", "APP__OS_VERSION": "15.8"}
    async with terminal(tmp_path, cloud=cloud, language=language, **too_old) as person:
        await person.sees("iOS 16", "iOS 15.8")
        assert await person.ends() == 1


@pytest.mark.req("S-DISC-06")
async def test_ctrl_c_is_clean_at_every_prompt(family: Family) -> None:
    await family.linked_phone("father", FATHER, "お父さん")
    await family.known_phone("second", FATHER)
    for name, words, prompts in (
        ("new", (), ("> ",)),
        ("new", ("signup",), ("メールアドレス(ログインID): ",)),
        ("new", ("login", "--email", FATHER), ("パスワード: ",)),
        ("father", ("link",), ("ニックネーム: ",)),
        ("father", ("link", "--nickname", "x"), ("機器コード: ",)),
        ("father", ("delete",), ("全削除確認", "> ")),
        ("second", ("add",), ("ニックネーム: ",)),
        ("second", ("change-code", "redeem"), ("機種変更コード: ",)),
        ("second", ("replace",), ("> ",)),
    ):
        async with family.at(name, *words) as person:
            await person.sees(*prompts)
            assert await person.is_interrupted() == 130
            assert person.text.endswith("\n")
    assert await family.nicknames() == ["お父さん"]


async def test_ctrl_c_in_the_search_leads_to_typing_the_code(family: Family) -> None:
    await family.linked_phone("father", FATHER, "お父さん")
    family.home.program.announcer.mute()
    async with family.phone("mother") as phone:
        await phone.sign_up(MOTHER, PASSWORD, terms_accepted=True)
        await phone.verify(await family.mailed_url(MOTHER))
    await family.known_phone("mother", MOTHER)
    async with family.at("mother", SEARCH__LIMIT_S="60") as person:
        await person.chooses("AISEGをお持ちの方")
        await person.sees("(Ctrl-C: 連携コードを入力する)")
        await person.interrupts()
        await person.chooses("同意する")
        await person.sees("ニックネーム")
        assert await person.is_interrupted() == 130
