"""A further phone, a change of phone, a lost one: a nickname or a code, and the limit of two."""

import pytest

from protocol.cloud_api import Link, OwnPhone, User, Users
from protocol.codes import in_fours
from protocol.problems import (
    CHANGE_CODE_EXPIRED,
    CHANGE_CODE_MALFORMED,
    CHANGE_REFUSED,
    NICKNAME_TAKEN,
    NICKNAME_UNUSABLE,
    PHONE_REGISTERED,
    PHONE_UNKNOWN,
    PHONES_FULL,
    Kind,
    Problem,
)
from tests.phone_client.cloud_double import CHANGE_CODE, FATHER, LINK, UNREGISTERED
from tests.phone_client.web.hand import DESK, Hand

pytestmark = pytest.mark.adapters

PHONES, MOVES, REPLACEMENTS, CODES = (
    f"POST /api/v1/{each}" for each in ("phones", "phones/moves", "phones/replacements", "change-codes")
)
MOTHER = OwnPhone(phone_id="phone-id-of-mother", nickname="お母さん")
FULL = UNREGISTERED.model_copy(update={"phones": (FATHER, MOTHER)})
THREE_WAYS = [
    "スマートフォンの追加登録 1台目と同じCLUB Panasonic IDで2台目を登録する",
    "スマートフォンの機種変更 機種変更前のスマートフォンで発行した機種変更コードを入力する",
    "なくしたスマートフォンと入れ替える 機種変更コードを発行できないとき、アプリを入れ直したとき",
]


def sent(hand: Hand) -> list[str]:
    return [route for route in hand.world.cloud.routes() if route.startswith("POST ")]


def registered(hand: Hand) -> Link:
    """Let the cloud tell that this phone has its slot now."""
    hand.link(LINK)
    return LINK


@pytest.mark.req("S-ADD-06", "S-ADD-07", "S-ADD-08", "S-ADD-09", "S-ADD-10")
async def test_a_further_phone_needs_a_nickname_only(hand: Hand) -> None:
    await hand.stand_at("phone")
    await hand.look("/")
    assert hand.at == "/phone"
    assert hand.ways_on() == THREE_WAYS
    await hand.tap("/phone")
    assert hand.at == "/nickname"
    assert hand.says(
        "1台目と違うニックネームを入力して、登録を押してください。",
        "スマートフォンの任意のニックネームを、10文字以内で入力してください。",
        "ヘルプ",
    )
    assert hand.ways_on() == ["ヘルプ", "登録", "戻る"]
    registered(hand)
    await hand.tap("/nickname", nickname="お母さん")
    assert hand.at == "/timeline"
    assert hand.says("こちらで、CLUB Panasonic IDへの2台目のスマートフォンの登録が完了しました。")
    (request,) = hand.world.cloud.bodies(PHONES)
    assert set(request) == {"request_id", "nickname"}
    assert sent(hand) == [PHONES]


@pytest.mark.req("S-ADD-06", "S-ADD-07")
@pytest.mark.parametrize("kind", [NICKNAME_TAKEN, NICKNAME_UNUSABLE])
async def test_a_nickname_that_is_refused_stays_in_its_field(hand: Hand, kind: Kind) -> None:
    hand.world.cloud.answers[PHONES] = Problem(kind)
    await hand.stand_at("phone")
    await hand.look("/nickname")
    await hand.tap("/nickname", nickname="お父さん")
    assert (hand.status, hand.alert) == (kind.status, kind.ja)
    assert hand.value_of("nickname") == "お父さん"


@pytest.mark.req("S-ADD-05", "S-CHG-13", "S-UI-02", "S-GEN-22")
async def test_the_third_phone_is_told_the_limit_and_has_the_other_ways(hand: Hand) -> None:
    await hand.stand_at("phone")
    hand.link(FULL)
    await hand.look("/phone")
    await hand.tap("/phone")
    assert (hand.at, hand.status, hand.alert) == ("/phone", 409, "上限に達しています")
    assert hand.ways_on() == ["スマートフォンの追加登録", *THREE_WAYS[1:]]
    assert hand.says(*DESK)
    await hand.look("/nickname")
    assert hand.at == "/phone"
    assert PHONES not in sent(hand)
    for way in ("/change/redeem", "/replace"):
        await hand.look(way)
        assert hand.at == way


@pytest.mark.req("S-ADD-05", "S-ADD-11")
async def test_who_loses_the_race_for_the_last_slot_is_told_the_limit(hand: Hand) -> None:
    hand.world.cloud.answers[PHONES] = Problem(PHONES_FULL)
    await hand.stand_at("phone")
    await hand.look("/nickname")
    hand.link(FULL)
    await hand.tap("/nickname", nickname="むすめ")
    assert (hand.status, hand.alert) == (409, "上限に達しています")
    assert hand.ways_on() == ["スマートフォンの追加登録", *THREE_WAYS[1:]]


async def test_a_phone_that_has_been_registered_meanwhile_comes_to_the_top(hand: Hand) -> None:
    hand.world.cloud.answers[PHONES] = Problem(PHONE_REGISTERED)
    await hand.stand_at("phone")
    await hand.look("/nickname")
    registered(hand)
    await hand.tap("/nickname", nickname="むすめ")
    assert hand.at == "/timeline"


@pytest.mark.req("S-CHG-09", "S-CHG-10", "S-CHG-11", "S-CHG-21")
async def test_with_the_change_code_the_new_phone_comes_to_the_timeline(hand: Hand) -> None:
    await hand.stand_at("phone")
    hand.link(FULL)
    await hand.look("/change/redeem")
    assert hand.says("機種変更コードを入力して、「実行」をタップしてください。")
    assert hand.ways_on() == ["実行", "戻る"]
    registered(hand)
    await hand.tap("/change/redeem", change_code=in_fours(CHANGE_CODE))
    assert hand.at == "/timeline"
    assert hand.says("新しいスマートフォンから、専用アプリ「スマートHEMSサービス」をご利用いただけます。")
    assert hand.world.cloud.bodies(MOVES)[0]["change_code"] == CHANGE_CODE
    assert sent(hand) == [MOVES]


@pytest.mark.parametrize("kind", [CHANGE_REFUSED, CHANGE_CODE_EXPIRED])
async def test_a_change_code_that_is_refused_says_so_and_asks_again(hand: Hand, kind: Kind) -> None:
    hand.world.cloud.answers[MOVES] = Problem(kind)
    await hand.stand_at("phone")
    await hand.look("/change/redeem")
    await hand.tap("/change/redeem", change_code="1234")
    assert hand.alert == CHANGE_CODE_MALFORMED.ja
    assert sent(hand) == []
    await hand.tap("/change/redeem", change_code=CHANGE_CODE)
    assert (hand.status, hand.alert) == (kind.status, kind.ja)
    assert CHANGE_CODE not in hand.page


async def test_a_lost_phone_is_chosen_and_replaced(hand: Hand) -> None:
    await hand.stand_at("phone")
    hand.link(FULL)
    await hand.look("/replace")
    assert hand.says("すぐに使えなくなります。", "お父さん", "お母さん")
    await hand.tap("/replace")
    assert hand.alert == "全項目必須になります。未入力：入れ替えるスマートフォン"
    assert sent(hand) == []
    registered(hand)
    await hand.tap("/replace", phone_id=MOTHER.phone_id)
    assert hand.at == "/timeline"
    assert hand.world.cloud.bodies(REPLACEMENTS)[0]["phone_id"] == MOTHER.phone_id


async def test_a_lost_phone_that_is_gone_already_is_said(hand: Hand) -> None:
    hand.world.cloud.answers[REPLACEMENTS] = Problem(PHONE_UNKNOWN)
    await hand.stand_at("phone")
    await hand.look("/replace")
    await hand.tap("/replace", phone_id=MOTHER.phone_id)
    assert hand.alert == PHONE_UNKNOWN.ja


@pytest.mark.req("S-CHG-02", "S-CHG-03", "S-CHG-04", "S-CHG-05", "S-CHG-06", "S-CHG-24")
async def test_a_change_code_is_shown_until_it_is_closed_and_never_again(hand: Hand) -> None:
    await hand.stand_at("timeline")
    await hand.look("/menu")
    assert "スマートフォンの機種変更" in hand.ways_on()
    await hand.look("/change")
    assert hand.says("STEP1、STEP2どちらの作業も行ってください。")
    assert CODES not in sent(hand)
    await hand.tap("/change")
    assert hand.at == "/change/code"
    for _ in range(2):
        assert hand.says(
            "機種変更コードを控えてください。", *in_fours(CHANGE_CODE).split(), "有効期限は一週間です。"
        )
        assert hand.says(
            "こちらで、機種変更前のスマートフォンでの操作が完了しました。",
            "機種変更前のスマートフォンからアプリを削除してください。",
            "機種変更後のスマートフォンでの操作",
        )
        assert '<div class="qr" role="img" aria-label="機種変更コードのQRコード">' in hand.page
        await hand.look("/change/code")
    assert hand.headers["Cache-Control"] == "no-store"
    await hand.tap("/change/code")
    assert hand.at == "/timeline"
    await hand.look("/change/code")
    assert hand.at == "/change"
    assert in_fours(CHANGE_CODE)[:4] not in hand.page
    assert sent(hand).count(CODES) == 1
    assert CHANGE_CODE not in await hand.world.contents()


@pytest.mark.req("S-CHG-04")
async def test_a_change_code_leaves_the_screen_with_the_login(hand: Hand) -> None:
    await hand.stand_at("timeline")
    await hand.look("/change")
    await hand.tap("/change")
    await hand.look("/menu")
    await hand.tap("/logged-out")
    await hand.stand_at("timeline")
    await hand.look("/change/code")
    assert hand.at == "/change"


async def test_the_phone_in_hand_is_not_removed_from_the_list(hand: Hand) -> None:
    own = User(phone_id=FATHER.phone_id, nickname="お父さん", own=True)
    namesake = User(phone_id="phone-id-of-a-namesake", nickname="お父さん", own=False)
    hand.world.cloud.answers["GET /api/v1/users"] = Users(users=(own, namesake))
    await hand.stand_at("timeline")
    await hand.look("/users")
    assert hand.page.count('name="phone_id"') == 1
    assert f'value="{namesake.phone_id}"' in hand.page
