"""From the terms to the registered phone: what is asked, what is shown before the end, what a refusal keeps."""

import pytest

from phone_client.web.taps import Tap
from protocol.codes import in_fours, with_check_digit
from protocol.problems import (
    ACCOUNTS_FULL,
    CODE_MALFORMED,
    DEVICE_CODE_MALFORMED,
    LINK_CODE_EXPIRED,
    LINK_REFUSED,
    NICKNAME_UNUSABLE,
    OTHER_GATEWAY,
    PERMIT_REFUSED,
    TOO_MANY_TRIES,
    Kind,
    Problem,
)
from protocol.rules import APP_TERMS_VERSION
from tests.phone_client.cloud_double import GRANDMOTHER, LINK, NOW, PERMIT, PREVIEW
from tests.phone_client.gateway_double import GATEWAY_ID, GatewayDouble, announced
from tests.phone_client.person import DEVICE_CODE, LINK_CODE
from tests.phone_client.web.hand import DESK, Hand
from tests.phone_client.web.test_looking import OTHER_ID, search

pytestmark = pytest.mark.adapters

PREVIEWS, LINKS, REMOVALS = (f"POST /api/v1/{each}" for each in ("link-previews", "links", "users/removals"))
TYPED = {"nickname": "お父さん", "device_code": DEVICE_CODE, "link_code": in_fours(LINK_CODE)}
CHANGING = (PREVIEWS, LINKS, REMOVALS)


async def agree(hand: Hand) -> None:
    await hand.look("/terms")
    await hand.tap("/terms")
    assert hand.at == "/register"


async def type_codes(hand: Hand, **other: str) -> None:
    """Come to the form without a search, and send it."""
    await hand.stand_at("search")
    await agree(hand)
    await hand.tap("/register", **(TYPED | other))


def sent(hand: Hand) -> list[str]:
    return [route for route in hand.world.cloud.routes() if route in CHANGING]


@pytest.mark.req("S-BIND-01", "S-BIND-02", "S-DISC-06")
async def test_the_form_comes_after_the_terms(hand: Hand) -> None:
    await hand.stand_at("search")
    for path in ("/register", "/confirm", "/users"):
        await hand.look(path)
        assert hand.at == "/terms"
    assert hand.says("スマートHEMSサービスのご利用規約をご確認ください。", f"版 {APP_TERMS_VERSION}")
    assert hand.ways_on() == ["同意する", "戻る"]
    await hand.send("/register", {"token": hand.token(), **TYPED})
    assert hand.at == "/terms"
    await hand.send("/confirm", {"token": hand.token()})
    assert hand.at == "/terms"
    assert sent(hand) == []


@pytest.mark.req("S-BIND-03", "S-BIND-05", "S-BIND-06", "S-UI-04", "S-DISC-07")
async def test_the_form_asks_for_three_values_in_the_manuals_order(hand: Hand) -> None:
    await hand.stand_at("search")
    await agree(hand)
    assert hand.says(
        "ニックネーム",
        "任意のニックネームを入れてください。",
        "(例:お父さん)",
        "機器コード",
        "AiSEGの側面に記載されている機器コードを入力してください。",
        "連携コード",
        "AiSEGでの操作で取得した連携コードを入力し、[登録]をタップしてください。",
        "連携コードは、AiSEG画面から発行する必要があります。",
        "登録",
    )
    marks = [hand.page.index(f">{mark}<") for mark in "⑪⑫⑬"]
    assert marks == sorted(marks)
    assert [hand.value_of(name) for name in TYPED] == ["", "", ""]


@pytest.mark.req("S-BIND-05", "S-DISC-11")
async def test_the_code_that_the_panel_shows_is_filled_in_and_may_be_changed(hand: Hand) -> None:
    other = with_check_digit("98765432109")
    await hand.stand_at("search")
    async with announced(GatewayDouble(shown_link_code=LINK_CODE)) as gateway:
        await search(hand)
        await hand.tap("/search/result", gateway_id=GATEWAY_ID)
        await agree(hand)
        assert hand.value_of("device_code") == "", "never from the search"
        assert hand.value_of("link_code") == in_fours(LINK_CODE)
        assert hand.says("AiSEG画面に表示中の連携コードを読み取りました。")
        await hand.tap("/register", **(TYPED | {"link_code": other}))
        assert all(DEVICE_CODE not in each and other not in each for each in gateway.requests)
    (preview,) = hand.world.cloud.bodies(PREVIEWS)
    assert preview["link_code"] == other


@pytest.mark.req("S-DISC-06")
async def test_by_hand_nothing_is_read_from_an_aiseg_nearby(hand: Hand) -> None:
    await hand.stand_at("search")
    async with announced(GatewayDouble(shown_link_code=LINK_CODE)):
        await search(hand)
        await agree(hand)
        assert hand.value_of("link_code") == ""


@pytest.mark.req("S-BIND-06", "S-BIND-07", "S-BIND-15", "S-FAR-01")
async def test_which_aiseg_and_who_uses_it_is_seen_before_the_end(hand: Hand) -> None:
    hand.world.cloud.answers[PREVIEWS] = PREVIEW.model_copy(update={"users": (GRANDMOTHER,)})
    await type_codes(hand)
    assert hand.at == "/confirm"
    assert hand.says("AiSEG MKN702", LINK.gateway_id[-6:], "大阪府-大阪府-門真市", "お父さん")
    assert hand.says("すでに登録済みのユーザー", "不要な登録は画面にしたがって削除", GRANDMOTHER.nickname)
    assert sent(hand) == [PREVIEWS]
    hand.link(LINK)
    await hand.tap("/confirm")
    assert hand.at == "/timeline"
    assert hand.says("こちらで、スマートフォンでの操作が完了しました。")
    (request,) = hand.world.cloud.bodies(LINKS)
    assert {name: request[name] for name in TYPED} == TYPED | {"link_code": LINK_CODE}
    assert request["consent"] == {
        "terms_version": APP_TERMS_VERSION,
        "agreed_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
    }
    await hand.look("/timeline")
    assert not hand.says("こちらで、スマートフォンでの操作が完了しました。")


@pytest.mark.req("S-DISC-10")
async def test_codes_of_another_aiseg_than_the_one_found_are_said_before_the_end(hand: Hand) -> None:
    await hand.stand_at("search")
    async with announced(GatewayDouble(gateway_id=OTHER_ID)):
        await search(hand)
    await hand.tap("/search/result", gateway_id=OTHER_ID)
    await agree(hand)
    await hand.tap("/register", **TYPED)
    assert (
        hand.alert
        == f"見つかったAiSEG（{OTHER_ID[-6:]}）とは別のAiSEGです。入力された機器コードのAiSEGに登録されます。"
    )
    assert LINKS not in sent(hand)
    hand.link(LINK)
    await hand.tap("/confirm")
    assert hand.world.cloud.bodies(LINKS)[0]["device_code"] == DEVICE_CODE


@pytest.mark.req("S-BIND-08", "S-BIND-09", "S-BIND-13", "S-BIND-21")
@pytest.mark.parametrize("kind", [LINK_REFUSED, LINK_CODE_EXPIRED, NICKNAME_UNUSABLE, TOO_MANY_TRIES])
@pytest.mark.parametrize("route", [PREVIEWS, LINKS])
async def test_a_refusal_leads_back_to_the_form_as_it_was_filled_in(
    hand: Hand, kind: Kind, route: str
) -> None:
    problem = Problem(kind, retry_after_s=30)
    hand.world.cloud.answers[route] = problem
    await type_codes(hand)
    if route == LINKS:
        await hand.tap("/confirm")
    assert (hand.status, hand.alert) == (kind.status, problem.sentence("ja"))
    assert {name: hand.value_of(name) for name in TYPED} == TYPED
    await hand.look("/confirm")
    assert hand.at == "/register"


@pytest.mark.req("S-LC-24")
@pytest.mark.parametrize(
    ("wrong", "kind"),
    [({"link_code": "1234 5678 9012"}, CODE_MALFORMED), ({"device_code": "12345"}, DEVICE_CODE_MALFORMED)],
)
async def test_what_cannot_be_a_code_is_refused_before_anything_is_sent(
    hand: Hand, wrong: dict[str, str], kind: Kind
) -> None:
    await type_codes(hand, **wrong)
    assert hand.alert == kind.ja
    assert sent(hand) == []


@pytest.mark.req("S-BIND-10", "S-BIND-12", "S-GEN-22")
@pytest.mark.parametrize("kind", [ACCOUNTS_FULL, OTHER_GATEWAY])
async def test_where_no_typing_helps_the_help_desk_is_shown(hand: Hand, kind: Kind) -> None:
    hand.world.cloud.answers[PREVIEWS] = Problem(kind)
    await type_codes(hand)
    assert (hand.status, hand.alert) == (kind.status, kind.ja)
    assert hand.says(*DESK)
    assert hand.ways_on() == ["トップ画面へ"]


@pytest.mark.req("S-BIND-20")
async def test_after_a_lost_answer_the_same_request_is_sent_again(hand: Hand) -> None:
    hand.world.cloud.answers[LINKS] = [None, LINK]
    await type_codes(hand)
    await hand.tap("/confirm")
    assert (hand.at, hand.status, hand.alert) == ("/confirm", 503, "サーバーに接続できません")
    hand.link(None)
    await hand.look("/confirm")
    assert hand.at == "/confirm"
    hand.link(LINK)
    await hand.tap("/confirm")
    assert hand.at == "/timeline"
    first, second = hand.world.cloud.bodies(LINKS)
    assert first["request_id"] == second["request_id"]


async def begin_removal(hand: Hand) -> None:
    hand.world.cloud.answers[PREVIEWS] = PREVIEW.model_copy(update={"users": (GRANDMOTHER,)})
    await type_codes(hand)
    await hand.tap("/users", phone_id=GRANDMOTHER.phone_id)
    assert hand.at == "/users/remove"
    assert hand.says("「おばあさん」の登録を削除します。")
    assert hand.ways_on() == ["キャンセル", "OK"]


@pytest.mark.req("S-BIND-16")
async def test_a_user_is_removed_after_a_confirmation(hand: Hand) -> None:
    await begin_removal(hand)
    assert REMOVALS not in sent(hand)
    await hand.tap("/users/remove")
    assert hand.at == "/confirm"
    assert hand.says("登録済みのユーザーはいません。")
    assert hand.world.cloud.bodies(REMOVALS) == [{"phone_id": GRANDMOTHER.phone_id, "permit": PERMIT}]


@pytest.mark.req("S-BIND-16", "S-DEL-07")
async def test_a_cancelled_removal_changes_nothing(hand: Hand) -> None:
    await begin_removal(hand)
    await hand.tap("/users/remove", "back")
    assert hand.at == "/confirm"
    assert hand.says(GRANDMOTHER.nickname)
    await hand.send("/users/remove", {"token": hand.token(), "go": "on"})  # the dialog is closed
    assert REMOVALS not in sent(hand)


@pytest.mark.req("S-BIND-16")
async def test_a_list_that_is_too_old_leads_back_to_the_codes(hand: Hand) -> None:
    hand.world.cloud.answers[REMOVALS] = Problem(PERMIT_REFUSED)
    await begin_removal(hand)
    await hand.tap("/users/remove")
    assert hand.alert == PERMIT_REFUSED.ja
    assert hand.value_of("device_code") == DEVICE_CODE


async def test_a_user_who_was_not_listed_cannot_be_removed(hand: Hand) -> None:
    await begin_removal(hand)
    await hand.look("/confirm")
    await hand.tap("/users", phone_id="phone-id-of-a-stranger")
    assert hand.status == 404
    assert REMOVALS not in sent(hand)


@pytest.mark.req("S-BIND-16")
async def test_from_the_menu_users_are_removed_as_an_account_of_the_aiseg(hand: Hand) -> None:
    await hand.stand_at("timeline")
    await hand.look("/users")
    await hand.tap("/users", phone_id=GRANDMOTHER.phone_id)
    await hand.tap("/users/remove")
    assert hand.at == "/users"
    assert hand.world.cloud.bodies(REMOVALS) == [{"phone_id": GRANDMOTHER.phone_id, "permit": None}]


def test_a_tap_tells_no_code_when_it_is_printed() -> None:
    """What was typed or shown stays out of logs, whatever prints a tap."""
    hidden = {name for name, field in Tap.__dataclass_fields__.items() if not field.repr}
    assert {"form", "token"} <= hidden
