"""Opening the app: the introduction, what the device is, and that each address leads to where a person stands."""

from typing import get_args

import pytest

from phone_client.settings import App
from phone_client.standing import Place
from phone_client.web import login, looking, menu, opening, phones, registering, top, users
from phone_client.web.whereabouts import HOME_OF
from protocol.phones import Platform
from protocol.problems import (
    ACCOUNT_DELETED,
    PHONE_MOVED,
    PHONE_REMOVED,
    SESSION_ENDED,
    Kind,
    Problem,
)
from tests.phone_client.cloud_double import LINK
from tests.phone_client.person import World
from tests.phone_client.web.hand import DESK, WORDS, Hand, hand_at

pytestmark = pytest.mark.adapters

SCREENS = [
    screen
    for room in (opening, login, looking, registering, users, phones, top, menu)
    for screen in room.SCREENS
]


@pytest.mark.req("S-APP-13", "S-APP-06", "S-ADD-03", "S-CHG-07")
async def test_a_fresh_install_lands_on_the_introduction_once(hand: Hand) -> None:
    await hand.look("/")
    assert hand.at == "/introduction"
    assert hand.world.cloud.requests == []
    assert not (await hand.world.memory()).login
    assert hand.ways_on() == ["使い始める"]
    await hand.tap("/introduction")
    assert hand.at == "/login"
    for path in ("/", "/introduction"):
        await hand.look(path)
        assert hand.at == "/login"


@pytest.mark.req("S-GEN-01", "S-GEN-08", "S-GEN-09", "S-APP-01", "S-APP-02", "S-APP-03", "S-APP-04")
async def test_the_introduction_says_what_to_check_and_what_it_costs(hand: Hand) -> None:
    await hand.look("/")
    assert hand.says(
        "機能紹介を確認して、「使い始める」をタップしてください。",
        "使い始める",
        "操作を始める前にご確認ください。",
        "スマートフォンは必ず無線LAN（Wi-Fi）でAiSEGと同じルーターに接続してください。",
        "手順10でエラー画面が表示されます。",
        "AiSEGのファームウェアを最新バージョンに更新してください。",
        "本サービスの利用は無料です。",
        "無料でダウンロードできます。",
        "通信料はお客様のご負担となります。",
        "別途通信料が発生いたします。",
        "AppleIDが必要になる場合がございます。",
    )


@pytest.mark.parametrize("place", get_args(Place))
async def test_each_address_shows_its_screen_or_leads_to_where_one_stands(hand: Hand, place: Place) -> None:
    await hand.stand_at(place)
    for screen in SCREENS:
        await hand.look(screen.path)
        assert hand.status == 200, f"{screen.path}: {hand.page}"
        if place not in screen.at:
            assert hand.at == HOME_OF[place], screen.path
        assert hand.says(WORDS["band"])
    assert all(each.startswith("GET ") for each in hand.world.cloud.routes()), "looking changes nothing"


@pytest.mark.parametrize(("platform", "version"), [("android", "5.1"), ("ios", "15.8")])
@pytest.mark.req("S-GEN-10", "S-GEN-11", "S-GEN-22")
async def test_an_older_system_is_refused_with_the_help_desk(
    world: World, platform: Platform, version: str
) -> None:
    async with hand_at(world, app=App(platform=platform, os_version=version)) as hand:
        for path in ("/", "/introduction", "/login"):
            await hand.look(path)
            assert hand.at == "/unsupported"
        assert version in hand.alert
        assert hand.says(*DESK)
        assert hand.ways_on() == []
        await hand.look("/help")
        assert hand.says(*DESK)
    assert world.cloud.requests == []


@pytest.mark.parametrize(
    ("platform", "version", "unverified"),
    [("android", "6.0", False), ("android", "14", False), ("android", "15", True), ("ios", "16.0", False), ("ios", "17.2", False), ("ios", "18", True)],
)  # fmt: skip
@pytest.mark.req("S-GEN-10", "S-GEN-11")
async def test_a_newer_system_passes_with_a_notice(
    world: World, platform: Platform, version: str, unverified: bool
) -> None:
    async with hand_at(world, app=App(platform=platform, os_version=version)) as hand:
        for home, path in (("/introduction", "/"), ("/about", "/about")):
            await hand.look(path)
            assert hand.at == home
            assert hand.says("動作は確認されていません") == unverified
        await hand.look("/")
        await hand.tap("/introduction")
        assert hand.at == "/login"
        assert hand.says("動作は確認されていません") == unverified


@pytest.mark.req("S-GEN-05", "S-GEN-06", "S-GEN-04")
async def test_a_tablet_is_told_once_and_goes_on(world: World) -> None:
    async with hand_at(world, app=App(form_factor="tablet")) as hand:
        await hand.look("/login")
        assert hand.at == "/tablet"
        assert hand.says(
            "文字ずれや画面切れなどの現象が発生する可能性があります。また端末により利用できない場合もあります。"
        )
        await hand.tap("/tablet")
        assert hand.at == "/introduction"
    async with hand_at(world, app=App(form_factor="tablet")) as hand:
        await hand.look("/")
        assert hand.at == "/introduction"


@pytest.mark.req("S-DEL-12", "S-CHG-14")
@pytest.mark.parametrize("kind", [PHONE_MOVED, PHONE_REMOVED, ACCOUNT_DELETED, SESSION_ENDED])
async def test_a_session_ended_from_afar_leads_back_to_the_start_which_says_why(
    hand: Hand, kind: Kind
) -> None:
    await hand.stand_at("timeline")
    for route in ("GET /api/v1/links/current", "GET /api/v1/users"):
        hand.world.cloud.answers[route] = Problem(kind)
    await hand.look("/users")
    assert (hand.at, hand.alert) == ("/login", kind.ja)
    await hand.look("/?lang=en")
    assert (hand.at, hand.alert) == ("/login", kind.en)


async def test_where_the_link_has_gone_the_way_begins_at_the_search(hand: Hand) -> None:
    await hand.stand_at("timeline")
    hand.link(None)
    await hand.look("/timeline")
    assert hand.at == "/start"


@pytest.mark.req("S-GEN-22")
async def test_without_the_cloud_one_stays_where_one_is_and_can_try_again(hand: Hand) -> None:
    await hand.stand_at("timeline")
    hand.world.cloud.answers["GET /api/v1/links/current"] = None
    await hand.look("/")
    assert (hand.at, hand.status, hand.alert) == ("/timeline", 503, "サーバーに接続できません")
    assert hand.says(*DESK)
    assert hand.ways_on() == ["もう一度試す"]
    assert not hand.says("操作が完了したかどうかは確認できません。")
    hand.link(LINK)
    await hand.look("/timeline")
    assert hand.status == 200


async def test_english_is_one_tap_away_and_stays(hand: Hand) -> None:
    await hand.look("/")
    await hand.look("/introduction?lang=en")
    assert hand.says("Read what it does, then tap “Start”.")
    await hand.tap("/introduction")
    assert hand.says("To the CLUB Panasonic login screen")
    await hand.look("/login?lang=ja")
    assert hand.says("CLUB Panasonic ログイン画面へ")
