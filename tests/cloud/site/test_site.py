import asyncio
import re
from pathlib import Path

import pytest

from protocol.cloud_api import SignUp
from tests.cloud.serving import Served, served, settings_in

pytestmark = pytest.mark.adapters

BAND = "非公式エミュレーター"


async def test_every_page_says_what_it_is_in_both_languages(cloud: Served) -> None:
    for path in ("/", "/inbox", "/console"):
        page = await cloud.get(path)
        assert page.status == 200
        assert BAND in page.text
        assert '<html lang="ja">' in page.text
        assert f'href="{path}?lang=en"' in page.text
        english = await cloud.get(f"{path}?lang=en")
        assert "Independent emulator" in english.text
        assert '<html lang="en">' in english.text


async def test_pages_load_nothing_from_elsewhere(cloud: Served) -> None:
    for path in ("/", "/inbox", "/console"):
        page = (await cloud.get(path)).text
        assert "style=" not in page
        loaded = re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"', page)
        assert all(each.startswith("/static/") for each in loaded)
    assert (await cloud.get("/static/site.css")).headers["Content-Type"].startswith("text/css")


async def test_the_inbox_has_the_newest_mail_first_with_its_url_to_click(cloud: Served) -> None:
    await cloud.sign_up("father@example.jp")
    token = await cloud.sign_up("mother@example.jp")
    page = (await cloud.get("/inbox")).text
    assert page.index("mother@example.jp") < page.index("father@example.jp")
    assert f'<a href="{cloud.cloud.club_url}/verify?token={token}"' in page
    assert "2026-11-22 12:00:00 JST" in page


@pytest.mark.req("S-2FA-11", "S-GEN-21")
async def test_sms_stand_among_the_mails_by_their_time(cloud: Served) -> None:
    await cloud.person("father")
    registry = cloud.cloud.registry
    visitor = await asyncio.to_thread(registry.visitor_with, "father@example.jp")
    assert visitor
    cloud.clock.pass_time(minutes=1)
    await asyncio.to_thread(registry.begin_two_step, visitor.account_id, "090-1234-5678", cloud.clock.now())
    cloud.clock.pass_time(minutes=1)
    await cloud.sign_up("mother@example.jp")
    page = (await cloud.get("/inbox")).text
    assert page.index("mother@example.jp") < page.index("+819012345678") < page.index("father@example.jp")
    assert len(re.findall(r'data-message="mail-', page)) == 2
    assert len(re.findall(r'data-message="sms-', page)) == 1
    (sent,) = await asyncio.to_thread(registry.texts)
    assert sent.body in page


async def test_what_people_type_is_text_on_a_page(cloud: Served) -> None:
    asked = SignUp(email="x&amp'b@example.jp", password="long enough", terms_accepted=True)
    await cloud.post("/api/v1/accounts", asked.model_dump())
    page = (await cloud.get("/inbox")).text
    assert "x&amp'b" not in page
    assert "x&amp;amp&#39;b@example.jp" in page


async def test_confirming_is_the_clubs(cloud: Served) -> None:
    token = await cloud.sign_up("father@example.jp")
    assert (await cloud.get(f"/verify?token={token}")).status == 404
    assert (await cloud.ask("POST", "/verify", data={"token": token})).status == 404


async def test_without_an_inbox_there_is_none(tmp_path: Path) -> None:
    async with served(settings_in(tmp_path, site={"inbox": False})) as cloud:
        assert (await cloud.get("/inbox")).status == 404
        assert "/inbox" not in (await cloud.get("/")).text


async def test_the_front_page_points_to_the_club_in_its_language(cloud: Served) -> None:
    assert f'href="{cloud.cloud.club_url}/"' in (await cloud.get("/")).text
    assert f'href="{cloud.cloud.club_url}/?lang=en"' in (await cloud.get("/?lang=en")).text
    assert (await cloud.ask("GET", "/", allow_redirects=False)).status == 200
