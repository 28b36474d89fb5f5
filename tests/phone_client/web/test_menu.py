"""The menu and what it leads to: お知らせ, help, the firmware popup, アカウント削除, ログアウト."""

from typing import get_args

import pytest

from phone_client.standing import Place
from protocol.cloud_api import Event, EventKind, Events
from protocol.problems import ACCOUNT_DELETED, Problem
from tests.phone_client.cloud_double import EMAIL, LINK, NOW, OUTDATED
from tests.phone_client.web.hand import DESK, WORDS, Hand

pytestmark = pytest.mark.adapters

DELETION = "DELETE /api/v1/links/current"
LOGOUT = "DELETE /api/v1/sessions/current"
ALWAYS = ["使いかた・お問い合わせ", "このアプリについて"]
LOGGED_IN = ["ログアウト", *ALWAYS]
LINKED = ["アカウント削除", *LOGGED_IN]
REGISTERED = ["タイムライン", "お知らせ", "登録済みのユーザー", "スマートフォンの機種変更", *LINKED]
MENUS: dict[Place, list[str]] = {
    "introduction": ALWAYS, "login": ALWAYS, "search": LOGGED_IN, "phone": LINKED, "firmware": REGISTERED, "timeline": REGISTERED
}  # fmt: skip


@pytest.mark.req("S-FLOW-07", "S-CHG-02", "S-DEL-01", "S-OUT-01")
@pytest.mark.parametrize("place", get_args(Place))
async def test_the_menu_at_the_upper_left_offers_what_can_be_done(hand: Hand, place: Place) -> None:
    await hand.stand_at(place)
    await hand.look("/help")
    bar = hand.page.partition('<header class="bar">')[2].partition("</header>")[0]
    assert bar.index('href="/menu"') < bar.index("<h1>")
    await hand.look("/menu")
    assert hand.ways_on() == MENUS[place]
    assert hand.says(EMAIL) == (place not in ("introduction", "login"))


@pytest.mark.req("S-GEN-22", "S-GEN-23")
async def test_help_has_the_desk_as_text(hand: Hand) -> None:
    await hand.look("/help")
    assert hand.says(*DESK)
    assert "tel:" not in hand.page, "nobody is to call it from an emulator by a tap"


async def test_notices_tell_what_has_happened_the_newest_first(hand: Hand) -> None:
    await hand.stand_at("timeline")
    kinds = get_args(EventKind)
    events = tuple(Event(kind=kind, gateway_id=LINK.gateway_id, at=NOW) for kind in kinds)
    hand.world.cloud.answers["GET /api/v1/events"] = Events(events=events)
    await hand.look("/notices")
    assert hand.says(*(WORDS[f"event_{kind}"] for kind in kinds))
    assert hand.says("2026-11-22 14:00", LINK.gateway_id[-6:])
    hand.world.cloud.answers["GET /api/v1/events"] = Events(events=())
    await hand.look("/notices")
    assert hand.says("お知らせはありません。")


@pytest.mark.req("S-BIND-17", "S-BIND-18")
async def test_old_firmware_is_said_instead_of_the_top_screen_until_it_is_new(hand: Hand) -> None:
    await hand.stand_at("firmware")
    for _ in range(2):  # at every start
        await hand.look("/")
        assert hand.at == "/firmware"
        assert hand.says("お使いのAiSEGのファームウェアバージョンが最新ではありません。", "2.9", "2.10")
        assert hand.ways_on() == ["詳細", "もう一度確認する"]
    await hand.look("/timeline")
    assert hand.at == "/firmware"
    assert "GET /api/v1/timeline" not in hand.world.cloud.routes()
    await hand.look("/firmware/guide")
    assert hand.says("AiSEGのファームウェアは、AiSEG画面から更新する必要があります。", "「更新する」をタップ")
    hand.link(LINK)
    await hand.look("/firmware")
    assert hand.at == "/timeline"


@pytest.mark.req("S-BIND-17")
async def test_firmware_that_grows_old_meanwhile_is_said_at_the_next_look(hand: Hand) -> None:
    await hand.stand_at("timeline")
    hand.link(OUTDATED)
    await hand.look("/timeline")
    assert hand.at == "/firmware"


async def go_to_the_second_dialog(hand: Hand) -> None:
    await hand.stand_at("timeline")
    await hand.look("/delete/confirm")
    assert hand.at == "/delete"
    assert hand.says("全削除確認", "「スマートHEMSサービスアプリ」からは、CLUB Panasonicの退会はできません。")
    assert hand.ways_on() == ["キャンセル", "OK"]
    await hand.tap("/delete")
    assert hand.at == "/delete/confirm"
    assert hand.says("本当に退会してよろしいですか?")
    assert hand.ways_on() == ["キャンセル", "OK"]
    assert DELETION not in hand.world.cloud.routes()


@pytest.mark.req("S-DEL-01", "S-DEL-02", "S-DEL-03", "S-DEL-04", "S-DEL-06", "S-UI-02")
async def test_two_ok_delete_the_account_and_the_page_says_what_stays(hand: Hand) -> None:
    await go_to_the_second_dialog(hand)
    await hand.tap("/delete/confirm")
    assert hand.at == "/deleted"
    assert hand.says("削除しました。")
    assert hand.world.cloud.routes().count(DELETION) == 1
    assert hand.says(
        "CLUB Panasonicの退会はできません。", "「ご登録情報の変更と退会」にて「退会する」のボタン"
    )
    assert hand.ways_on() == ["ご登録情報の変更と退会", "トップ画面へ"]
    assert 'href="http://127.0.0.1:8083/account"' in hand.page
    await hand.look("/")
    assert hand.at == "/login"
    await hand.stand_at("search")
    await hand.look("/deleted")
    assert hand.at == "/start"


@pytest.mark.req("S-DEL-07")
async def test_cancel_at_either_dialog_changes_nothing(hand: Hand) -> None:
    await hand.stand_at("timeline")
    before = await hand.world.contents()
    await hand.look("/delete")
    await hand.tap("/delete", "back")
    assert hand.at == "/menu"
    await go_to_the_second_dialog(hand)
    await hand.tap("/delete/confirm", "back")
    assert hand.at == "/menu"
    await hand.look("/delete/confirm")
    assert hand.at == "/delete"
    assert DELETION not in hand.world.cloud.routes()
    assert (await hand.world.memory()).link == LINK
    assert before


@pytest.mark.req("S-DEL-07", "S-DEL-02")
async def test_the_second_ok_counts_after_the_first_only(hand: Hand) -> None:
    await hand.stand_at("timeline")
    await hand.look("/delete")
    await hand.send("/delete/confirm", {"token": hand.token(), "go": "on"})
    assert hand.at == "/delete"
    assert DELETION not in hand.world.cloud.routes()


@pytest.mark.req("S-DEL-15")
async def test_an_answer_that_was_lost_is_no_deletion_and_a_retry_completes_it(hand: Hand) -> None:
    hand.world.cloud.answers[DELETION] = None
    await go_to_the_second_dialog(hand)
    await hand.tap("/delete/confirm")
    assert (hand.status, hand.alert) == (503, "サーバーに接続できません")
    assert hand.says("操作が完了したかどうかは確認できません。")
    assert not hand.says("削除しました。")
    await hand.look("/deleted")
    assert hand.at == "/timeline"
    hand.world.cloud.answers[DELETION] = Problem(ACCOUNT_DELETED)  # it had been done
    await hand.look("/delete/confirm")
    await hand.tap("/delete/confirm")
    assert hand.at == "/deleted"
    assert hand.says("削除しました。")


@pytest.mark.req("S-OUT-01", "S-OUT-02", "S-OUT-03", "S-UI-02")
async def test_logout_asks_nothing_and_says_that_it_is_done(hand: Hand) -> None:
    await hand.stand_at("timeline")
    await hand.look("/menu")
    await hand.tap("/logged-out")
    assert hand.at == "/logged-out"
    assert hand.says("ログアウトしました")
    assert hand.world.cloud.routes().count(LOGOUT) == 1
    assert (await hand.world.memory()).login is None
    await hand.look("/timeline")
    assert hand.at == "/login"
    assert hand.alert == "", "it was this person's own wish"


@pytest.mark.req("S-OUT-05")
async def test_logout_without_network_clears_the_phone(hand: Hand) -> None:
    await hand.stand_at("timeline")
    hand.world.cloud.answers[LOGOUT] = None
    await hand.look("/menu")
    await hand.tap("/logged-out")
    assert hand.says("ログアウトしました")
    assert (await hand.world.memory()).login is None


async def test_nothing_was_done_where_nothing_was_tapped(hand: Hand) -> None:
    await hand.stand_at("login")
    for path in ("/deleted", "/logged-out"):
        await hand.look(path)
        assert hand.at == "/login"
