"""The operator's console: who is there and what they measure, the catalogue, and how a release is published."""

import asyncio
import html
import re
from typing import Any, get_args
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from sqlalchemy import insert

from cloud.arrivals import Arrival
from cloud.instants import to_ms
from cloud.registry.console import PAGE_SIZE
from cloud.registry.events import note_event
from cloud.store.schema import gateways
from protocol.cloud_api import EventKind
from protocol.telemetry import Notice, Status
from tests.cloud.actors import Gateway, another_gateway, sample
from tests.cloud.api.test_api import contents, mqtt
from tests.cloud.serving import Answer, Served

pytestmark = pytest.mark.adapters

FORM = {
    "model": "MKN702",
    "version": "2.11",
    "text_ja": "表示を改善しました。",
    "text_en": "A clearer display.",
}


PATHS = ("/console", "/console/accounts", "/console/events", "/console/releases")


async def publish(
    cloud: Served, form: dict[str, str] = FORM, query: str = "", headers: dict[str, str] | None = None
) -> Answer:
    how: dict[str, Any] = {"data": form, "headers": headers, "allow_redirects": False}
    return await cloud.ask("POST", f"/console/releases{query}", **how)


@pytest.mark.req("S-GEN-16")
async def test_a_published_release_is_the_latest_and_in_the_table(cloud: Served) -> None:
    done = await publish(cloud)
    assert (done.status, done.headers["Location"]) == (303, "/console/releases")
    page = (await cloud.get("/console/releases")).text
    assert "2.11" in page
    assert "表示を改善しました。" in page
    assert "2026-11-22 12:00:00" in page
    assert "A clearer display." in (await cloud.get("/console/releases?lang=en")).text
    assert (await cloud.get("/api/v1/firmware/MKN702")).document["latest"] == "2.11"


async def test_the_language_is_kept(cloud: Served) -> None:
    assert (await publish(cloud, query="?lang=en")).headers["Location"] == "/console/releases?lang=en"


async def test_registered_gateways_of_that_model_are_told(cloud: Served, gateway: Gateway) -> None:
    other = another_gateway()
    other.model = "MKN700"
    passwords = [(await cloud.register(each)).document["mqtt_password"] for each in (gateway, other)]
    async with mqtt(cloud, gateway, passwords[0]) as ours, mqtt(cloud, other, passwords[1]) as theirs:
        for each, client in ((gateway, ours), (other, theirs)):
            await client.subscribe(f"aiseg/{each.gateway_id}/1/notice", qos=1)
        await publish(cloud)
        await publish(cloud, FORM | {"model": "MKN700", "version": "3.0"})
        for each, client, version in ((gateway, ours, "2.11"), (other, theirs, "3.0")):
            notice = Notice.model_validate_json(bytes((await anext(client.messages)).payload))
            assert notice == Notice(
                kind="firmware_available", gateway_id=each.gateway_id, at=cloud.clock.now(), firmware=version
            )


@pytest.mark.req("S-GEN-14")
@pytest.mark.parametrize(
    ("change", "status", "ja", "en"),
    [
        ({"version": "2.10"}, 409, "より新しいバージョン", "must be newer"),
        ({"version": "new"}, 400, "数字を「.」で区切って", "numbers with dots"),
        ({"text_ja": " "}, 400, "日本語の更新内容は1～2000文字", "the Japanese text has 1 to 2000"),
        ({"text_en": "x" * 2001}, 400, "英語の更新内容は1～2000文字", "the English text has 1 to 2000"),
        ({"model": "MKN704"}, 400, "対応するAiSEGは", "Only the models"),
    ],
)
async def test_a_refusal_is_in_words_and_keeps_what_was_typed(
    cloud: Served, change: dict[str, str], status: int, ja: str, en: str
) -> None:
    before = await contents(cloud)
    for query, words in (("", ja), ("?lang=en", en)):
        page = await publish(cloud, FORM | change, query)
        assert page.status == status
        assert words in page.text
        assert 'role="alert"' in page.text
        if "text_ja" not in change:
            assert FORM["text_ja"] in page.text
    assert await contents(cloud) == before


@pytest.mark.parametrize("form", [{}, {"model": "MKN702"}])
async def test_an_empty_form_publishes_nothing(cloud: Served, form: dict[str, str]) -> None:
    before = await contents(cloud)
    assert (await publish(cloud, form)).status == 400
    assert await contents(cloud) == before


async def test_another_sites_form_publishes_nothing(cloud: Served) -> None:
    before = await contents(cloud)
    for header, value in (
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ):
        assert (await publish(cloud, headers={header: value})).status == 403
    assert await contents(cloud) == before


async def test_what_was_typed_is_text_on_the_page(cloud: Served) -> None:
    markup = "<script>alert(1)</script>\"'&"
    await publish(cloud, FORM | {"text_ja": markup, "text_en": markup})
    refused = await publish(cloud, FORM | {"text_ja": markup, "version": '2.11"><b>'})
    for page in (refused, await cloud.get("/console/releases"), await cloud.get("/console/releases?lang=en")):
        assert "<script>" not in page.text
        assert "<b>" not in page.text
        assert "&lt;script&gt;" in page.text


async def test_every_field_has_a_label_and_every_table_a_heading(cloud: Served, gateway: Gateway) -> None:
    await cloud.register(gateway)
    fields = {
        "/console": {"search", "state"},
        "/console/accounts": {"search"},
        "/console/releases": set(FORM),
    }
    for path in (*PATHS, f"/console/gateways/{gateway.gateway_id}"):
        page = (await cloud.get(path)).text
        named = set(re.findall(r'<(?:input|select|textarea) id="(\w+)"', page))
        assert named == fields.get(path, set())
        assert set(re.findall(r'<label for="(\w+)"', page)) == named
        headings = set(re.findall(r'<h2 id="(\w+)"', page))
        assert set(re.findall(r'<table[^>]* aria-labelledby="(\w+)"', page)) <= headings
        assert page.count("<table") == len(re.findall(r"<table[^>]* aria-labelledby", page))


async def furnish(cloud: Served, gateway: Gateway) -> None:
    """Have a gateway that father uses and that has sent a sample."""
    await cloud.register(gateway)
    await cloud.link(await cloud.person("father"), gateway, await cloud.issue(gateway))
    status = Status(online=True, firmware="2.11", at=cloud.clock.now())
    registry = cloud.cloud.registry
    await asyncio.to_thread(registry.accept_status, gateway.gateway_id, 1, status, cloud.clock.now())
    arrival = Arrival(gateway.gateway_id, 1, None, (sample(1, cloud.clock.now()),))
    await asyncio.to_thread(registry.accept_samples, [arrival], cloud.clock.now())


@pytest.mark.req("S-TEL-06", "S-BIND-07")
async def test_gateways_show_their_newest_sample_and_whether_they_are_online(
    cloud: Served, gateway: Gateway
) -> None:
    assert "登録されているAiSEGはありません" in (await cloud.get("/console")).text
    await furnish(cloud, gateway)
    for path in ("/console?lang=en", f"/console/gateways/{gateway.gateway_id}?lang=en"):
        page = (await cloud.get(path)).text
        for said in (
            gateway.gateway_id,
            "MKN702",
            "2.11",
            "● online",
            "2.31",
            "0.64",
            "1.67",
            "export",
            "72%",
        ):
            assert said in page, (path, said)
        assert gateway.device_code not in page
    cloud.clock.pass_time(seconds=31)
    assert "○ offline" in (await cloud.get("/console?lang=en")).text
    assert "該当するAiSEGはありません" in (await cloud.get("/console?state=online")).text


async def test_accounts_seats_and_events_say_who_uses_what(cloud: Served, gateway: Gateway) -> None:
    await furnish(cloud, gateway)
    accounts = (await cloud.get("/console/accounts")).text
    for said in (
        "father@example.jp",
        "2026-11-22 12:00",
        "○ オフ",
        gateway.gateway_id,
        "枠 1",
        "お父さん",
        "Android 14",
    ):
        assert said in accounts, said
    view = (await cloud.get(f"/console/gateways/{gateway.gateway_id}")).text
    assert view.count("空き") == 4  # three accounts, and father's second phone
    assert "お父さん" in view
    for page in (view, (await cloud.get("/console/events")).text):
        for said in ("ファームウェアの更新", "連携", "father@example.jp"):
            assert said in page, said


async def test_every_event_has_words(cloud: Served, gateway: Gateway) -> None:
    await cloud.register(gateway)
    await cloud.person("father")
    kinds: tuple[EventKind, ...] = get_args(EventKind)

    def note() -> None:
        with cloud.cloud.registry.store.writing() as store:
            for kind in kinds:
                note_event(store, [1], gateway.gateway_id, kind, to_ms(cloud.clock.now()))

    await asyncio.to_thread(note)
    for lang in ("ja", "en"):
        page = (await cloud.get(f"/console/events?lang={lang}")).text
        told = re.findall(r'scope="row"[^>]*>\s*([^<]+?)\s*</th>', page)
        assert len(set(told)) == len(kinds)


async def test_a_search_and_the_language_stay_on_every_page(cloud: Served) -> None:
    def register() -> None:
        with cloud.cloud.registry.store.writing() as store:
            for number in range(PAGE_SIZE * 2 + 1):
                gateway = another_gateway(number)
                store.execute(
                    insert(gateways).values(
                        gateway_id=gateway.gateway_id,
                        device_code=gateway.device_code,
                        public_key=str(number),
                        model="MKN702",
                        firmware="2.10",
                        epoch=1,
                        registered_at=number,
                        run_id="-",
                        mqtt_password_hash="-",
                        stored_up_to=0,
                        says_online=False,
                    )
                )

    await asyncio.to_thread(register)
    page = (await cloud.get("/console?lang=en&search=0&state=offline&page=2")).text
    ways = {html.unescape(each) for each in re.findall(r'href="(/console\?[^"]*page=[^"]*)" rel="', page)}
    assert {tuple(sorted(parse_qsl(urlsplit(each).query))) for each in ways} == {
        (("lang", "en"), ("page", number), ("search", "0"), ("state", "offline")) for number in ("1", "3")
    }
    assert 'value="0"' in page
    assert '<option value="offline" selected>' in page
    for nonsense in ("page=x", "page=-1", "page=" + "9" * 50, "page=٣", "state=x", "search=" + "x" * 5000):
        assert (await cloud.get(f"/console?{nonsense}")).status == 200


async def test_what_people_type_is_text_on_every_page(cloud: Served) -> None:
    for path in ("/console", "/console/accounts"):
        page = (await cloud.get(path + "?search=" + quote('"><b>x</b>'))).text
        assert "<b>" not in page
        assert "&lt;b&gt;" in page


async def test_a_gateway_that_is_not_registered_has_no_page(cloud: Served) -> None:
    for gateway_id in ("f" * 12, quote("<b>"), "0123456789AB"):
        assert (await cloud.get(f"/console/gateways/{gateway_id}")).status == 404
