"""AISEGをお持ちの方: the search in the background, and each thing it can end with."""

import asyncio
import json

import pytest

from phone_client.searching.advice import ADVICE, CAUSES, Words
from phone_client.searching.diagnosis import Diagnosis
from phone_client.settings import Search
from phone_client.web.view import Language, View
from phone_client.wording import read_wording
from protocol.discovery import DEFAULT_PORT
from tests.phone_client.gateway_double import GATEWAY_ID, GatewayDouble, announced, serving
from tests.phone_client.person import World
from tests.phone_client.web.hand import DESK, Hand, hand_at
from tests.support.waiting import until

pytestmark = pytest.mark.adapters

TWO_WAYS = ["再度、AiSEGを検索する", "連携コードを入力する"]
TOLD = "調べた内容"
HARDER = ["探し方を広げる", "1つずつ確認する"]
"""What unfolds, and the button in it."""
OTHER_ID = "0123456789ac"


async def search(hand: Hand) -> None:
    """Tap AISEGをお持ちの方 and wait for the end."""
    await hand.look("/start")
    await hand.tap("/search")
    await ended(hand)


async def ended(hand: Hand) -> None:
    async def is_over() -> bool:
        await hand.look("/search")
        return hand.at != "/search"

    await until(is_over, "the end of the search")


@pytest.mark.req("S-DISC-01", "S-FLOW-02", "S-APP-02")
async def test_the_button_starts_the_search_and_looking_does_not(hand: Hand) -> None:
    await hand.stand_at("search")
    for path in ("/search", "/search/result", "/start"):
        await hand.look(path)
        assert hand.at == "/start"
    assert hand.ways_on() == ["AISEGをお持ちの方 同じルーターのAiSEGを検索します", "AISEGをお持ちでない方"]
    assert hand.says("スマートフォンは必ず無線LAN（Wi-Fi）でAiSEGと同じルーターに接続してください。")
    await hand.tap("/search")
    assert hand.at == "/search"
    assert hand.says("AiSEGを検索しています")
    await ended(hand)


async def test_people_without_an_aiseg_have_a_page_of_their_own(hand: Hand) -> None:
    await hand.stand_at("search")
    await hand.look("/without")
    assert hand.says("AiSEGのある住宅")
    assert hand.ways_on() == ["戻る"]


@pytest.mark.req("S-DISC-04", "S-DISC-06")
async def test_the_code_can_be_typed_from_the_first_second(hand: Hand) -> None:
    await hand.stand_at("search")
    await hand.look("/start")
    await hand.tap("/search")
    assert (hand.at, hand.ways_on()) == ("/search", ["連携コードを入力する"])
    assert 'content="2"' in hand.page, "without a script the page looks again by itself"
    await hand.look("/terms")
    assert hand.at == "/terms"


async def test_the_search_survives_a_reload_and_there_is_one_at_a_time(world: World) -> None:
    async with hand_at(world, search=Search(limit_s=3)) as hand:
        await hand.stand_at("search")
        await hand.look("/start")
        await hand.tap("/search")
        assert (await newest_news(hand))["seconds"] == 0

        async def goes_on() -> bool:
            return (await newest_news(hand))["seconds"] == 1

        await until(goes_on, "a second of the search")
        await hand.look("/start")
        await hand.tap("/search")  # a second tap joins the first
        assert hand.at == "/search"
        assert (await newest_news(hand))["seconds"] != 0


async def newest_news(hand: Hand) -> dict[str, object]:
    """Return the first that who looks on is told."""
    async with hand.client.get(f"{hand.url}/events") as answer:
        line = await answer.content.readline()
    news: dict[str, object] = json.loads(line.removeprefix(b"data: "))
    return news


async def test_who_looks_on_is_told_what_is_tried_until_it_is_over(hand: Hand) -> None:
    await hand.stand_at("search")
    await hand.look("/start")
    await hand.tap("/search")
    news = []
    async with hand.client.get(f"{hand.url}/events") as answer:
        assert answer.content_type == "text/event-stream"
        async for line in answer.content:
            if line.startswith(b"data: "):
                news.append(json.loads(line[6:]))
    assert [each["over"] for each in news] == [False] * (len(news) - 1) + [True]
    assert "127.0.0.1" in news[-1]["tried"]
    assert all(each["seconds"] in (0, 1) for each in news)


@pytest.mark.req("S-DISC-01", "S-DISC-05")
async def test_one_that_is_found_leads_to_the_terms(hand: Hand) -> None:
    await hand.stand_at("search")
    await search(hand)
    assert hand.alert == "AiSEGが見つかりませんでした"
    async with announced(GatewayDouble()):
        await hand.tap("/search")  # as often as one likes
        await ended(hand)
        assert hand.says("AiSEGが見つかりました", "AiSEG MKN702", GATEWAY_ID[-6:])
        assert hand.ways_on() == ["次へ"]
    await hand.tap("/search/result", gateway_id=GATEWAY_ID)
    assert hand.at == "/terms"


@pytest.mark.req("S-DISC-09")
async def test_of_several_a_person_picks_one(hand: Hand) -> None:
    await hand.stand_at("search")
    async with announced(GatewayDouble()), announced(GatewayDouble(gateway_id=OTHER_ID, model="MKN700")):
        await search(hand)
    assert hand.says("2台のAiSEGが見つかりました")
    assert sorted(hand.ways_on()) == [f"AiSEG MKN700 {OTHER_ID[-6:]}", f"AiSEG MKN702 {GATEWAY_ID[-6:]}"]
    await hand.tap("/search/result", gateway_id="ffffffffffff")
    assert hand.status == 409
    await hand.look("/search/result")
    await hand.tap("/search/result", gateway_id=OTHER_ID)
    assert hand.at == "/terms"


@pytest.mark.req("S-DISC-12")
async def test_one_that_updates_is_shown_as_busy_and_cannot_be_picked(hand: Hand) -> None:
    await hand.stand_at("search")
    async with announced(GatewayDouble(busy=True)):
        await search(hand)
    assert hand.alert == "AiSEGは更新中または再起動中です"
    assert hand.says(ADVICE["gateway_busy"].ja)
    assert hand.ways_on() == [TOLD, *TWO_WAYS]
    await hand.send("/search/result", {"token": hand.token(), "gateway_id": GATEWAY_ID})
    assert hand.status == 409
    await hand.look("/register")
    assert hand.at == "/terms"


@pytest.mark.req("S-DISC-04", "S-DISC-05", "S-DISC-08", "S-FAR-02", "S-APP-01", "S-GEN-22", "S-GEN-23")
async def test_not_found_says_why_and_has_exactly_two_ways_on(hand: Hand) -> None:
    await hand.stand_at("search")
    await search(hand)
    assert (hand.at, hand.alert) == ("/search/result", "AiSEGが見つかりませんでした")
    assert hand.says(
        "スマートフォンが無線LAN（Wi-Fi）でAiSEGと同じルーターに接続されていることを確認し",
        "考えられる原因",
        ADVICE["multicast_blocked_or_isolated"].ja,
        "調べた内容",
        "127.0.0.1",
        "multicast_blocked_or_isolated",
        *DESK,
    )
    assert hand.ways_on() == [TOLD, *HARDER, *TWO_WAYS]
    await hand.look("/search/result?lang=en")
    assert hand.says("No AiSEG was found", ADVICE["multicast_blocked_or_isolated"].en, "mDNS packets")


@pytest.mark.req("S-DISC-08", "S-DISC-13", "S-DISC-15")
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_diagnosis_is_told_and_some_have_a_headline_of_their_own(language: Language) -> None:
    view, words = View(), read_wording(language)
    headlines = {
        "gateway_busy": words["not_found_busy"],
        "permission_denied": words["not_found_denied"],
        "no_network": words["not_found_offline"],
    }
    facts = {"words": words, "language": language, "other_language": "/search/result?lang=en", "token": "t"}
    for code, advice in ADVICE.items():
        evidence = (Words("evidence in English", "日本語の根拠"),)
        diagnosis = Diagnosis(code, evidence, advice, ("gateway_firewalled",))
        page = view.render("not_found.html", diagnosis=diagnosis, can_look_harder=True, **facts)
        assert headlines.get(code, words["not_found"]) in page
        assert words["not_found_lead"] in page
        assert advice.say(language).replace("'", "&#39;") in page
        assert ("日本語の根拠" if language == "ja" else "evidence in English") in page
        assert CAUSES["gateway_firewalled"].say(language).replace("'", "&#39;") in page
        assert words["look_harder_lead"] in page
    assert headlines["permission_denied"] != headlines["no_network"] != words["not_found"]


@pytest.mark.req("S-DISC-04", "S-DISC-15")
async def test_only_the_button_looks_harder_and_it_finds_what_mdns_did_not(world: World) -> None:
    async with (
        hand_at(world, search=Search(limit_s=3)) as hand,
        serving(GatewayDouble(port=DEFAULT_PORT)) as gateway,
    ):
        await hand.stand_at("search")
        await search(hand)
        assert hand.alert == "AiSEGが見つかりませんでした"
        assert hand.says("次のどれであるかは、ここからは区別できません", *HARDER)
        await hand.tap("/search")
        await ended(hand)
        assert gateway.requests == [], "neither the search nor its repetition has tried any address"
        await hand.tap("/search", "harder")
        await ended(hand)
        assert hand.says("AiSEGが見つかりました", ADVICE["mdns_blocked"].ja, GATEWAY_ID[-6:])
        await hand.tap("/search/result", gateway_id=GATEWAY_ID)
        assert hand.at == "/terms"


async def test_who_has_looked_harder_in_vain_is_not_asked_to_do_so_again(world: World) -> None:
    async with hand_at(world, search=Search(limit_s=3)) as hand:
        await hand.stand_at("search")
        await search(hand)
        await hand.tap("/search", "harder")
        await ended(hand)
        assert hand.says("127.0.0.1/32 の1個のアドレスに1つずつ確認しました。")
        assert hand.ways_on() == [TOLD, *TWO_WAYS]


async def test_a_search_ends_with_the_program(world: World) -> None:
    before = asyncio.all_tasks()
    async with hand_at(world, search=Search(limit_s=60)) as hand:
        await hand.stand_at("search")
        await hand.look("/start")
        await hand.tap("/search")
        assert hand.at == "/search"
    assert asyncio.all_tasks() == before
