"""The operator's console: the catalogue, and how a release is published."""

import re
from typing import Any

import pytest

from protocol.telemetry import Notice
from tests.cloud.actors import Gateway, another_gateway
from tests.cloud.api.test_api import contents, mqtt
from tests.cloud.serving import Answer, Served

pytestmark = pytest.mark.adapters

FORM = {
    "model": "MKN702",
    "version": "2.11",
    "text_ja": "表示を改善しました。",
    "text_en": "A clearer display.",
}


async def publish(
    cloud: Served, form: dict[str, str] = FORM, query: str = "", headers: dict[str, str] | None = None
) -> Answer:
    how: dict[str, Any] = {"data": form, "headers": headers, "allow_redirects": False}
    return await cloud.ask("POST", f"/console/releases{query}", **how)


@pytest.mark.req("S-GEN-16")
async def test_a_published_release_is_the_latest_and_in_the_table(cloud: Served) -> None:
    done = await publish(cloud)
    assert (done.status, done.headers["Location"]) == (303, "/console")
    page = (await cloud.get("/console")).text
    assert "2.11" in page
    assert "表示を改善しました。" in page
    assert "2026-11-22 12:00:00" in page
    assert "A clearer display." in (await cloud.get("/console?lang=en")).text
    assert (await cloud.get("/api/v1/firmware/MKN702")).document["latest"] == "2.11"


async def test_the_language_is_kept(cloud: Served) -> None:
    assert (await publish(cloud, query="?lang=en")).headers["Location"] == "/console?lang=en"


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
    for page in (refused, await cloud.get("/console"), await cloud.get("/console?lang=en")):
        assert "<script" not in page.text
        assert "<b>" not in page.text
        assert "&lt;script&gt;" in page.text


async def test_every_field_has_a_label_and_every_table_a_heading(cloud: Served) -> None:
    page = (await cloud.get("/console")).text
    named = set(re.findall(r'<(?:input|select|textarea) id="(\w+)"', page))
    assert named == set(FORM)
    assert set(re.findall(r'<label for="(\w+)"', page)) == named
    assert set(re.findall(r'<h2 id="(\w+)"', page)) == set(re.findall(r'aria-labelledby="(\w+)"', page))
