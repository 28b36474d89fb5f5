import asyncio
from pathlib import Path

import pytest

from protocol.cloud_api import SignUp
from tests.cloud.actors import Gateway
from tests.cloud.serving import Served, served, settings_in

pytestmark = pytest.mark.adapters

BAND = "非公式エミュレーター"


async def accounts(cloud: Served) -> int:
    """Return how many confirmed accounts there are."""
    return (await asyncio.to_thread(cloud.cloud.registry.overview, cloud.clock.now())).accounts


async def test_every_page_says_what_it_is_in_both_languages(cloud: Served) -> None:
    for path in ("/", "/inbox", "/verify?token=x", "/console"):
        page = await cloud.get(path)
        assert page.status == 200
        assert BAND in page.text
        assert '<html lang="ja">' in page.text
        switch = f"{path}{'&amp;' if '?' in path else '?'}lang=en"
        assert f'href="{switch}"' in page.text
        english = await cloud.get(switch.replace("&amp;", "&"))
        assert "Independent emulator" in english.text
        assert '<html lang="en">' in english.text


async def test_pages_load_nothing_from_elsewhere_and_no_script(cloud: Served) -> None:
    for path in ("/", "/inbox", "/verify?token=x", "/console"):
        page = (await cloud.get(path)).text
        assert "<script" not in page
        assert "style=" not in page
        assert 'src="' not in page
    assert (await cloud.get("/static/site.css")).headers["Content-Type"].startswith("text/css")


async def test_the_inbox_has_the_newest_mail_first_with_its_url_to_click(cloud: Served) -> None:
    await cloud.sign_up("father@example.jp")
    token = await cloud.sign_up("mother@example.jp")
    page = (await cloud.get("/inbox")).text
    assert page.index("mother@example.jp") < page.index("father@example.jp")
    assert f'<a href="{cloud.cloud.public_url}/verify?token={token}"' in page
    assert "2026-11-22 12:00:00 JST" in page


async def test_what_people_type_is_text_on_a_page(cloud: Served) -> None:
    asked = SignUp(email="<b>x</b>@example.jp", password="long enough", terms_accepted=True)
    await cloud.post("/api/v1/accounts", asked.model_dump())
    page = (await cloud.get("/inbox")).text
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert '"><i>' not in (await cloud.get('/verify?token="><i>')).text


async def test_without_an_inbox_there_is_none(tmp_path: Path) -> None:
    async with served(settings_in(tmp_path, site={"inbox": False})) as cloud:
        assert (await cloud.get("/inbox")).status == 404
        assert "/inbox" not in (await cloud.get("/")).text


@pytest.mark.req("S-ACC-11", "S-ACC-09", "S-ACC-06")
async def test_only_pressing_continue_confirms(cloud: Served) -> None:
    token = await cloud.sign_up("father@example.jp")
    assert (await cloud.ask("HEAD", f"/verify?token={token}")).status == 200
    page = await cloud.get(f"/verify?token={token}")
    assert "続ける" in page.text
    assert f'value="{token}"' in page.text
    assert await accounts(cloud) == 0
    done = await cloud.ask(
        "POST", "/verify", data={"token": token}, headers={"Origin": cloud.cloud.public_url}
    )
    assert "CLUB Panasonicへの登録が完了しました。" in done.text
    assert await accounts(cloud) == 1
    again = await cloud.ask("POST", "/verify", data={"token": token})
    assert "すでに確認済み" in again.text


@pytest.mark.req("S-ACC-05")
async def test_an_expired_url_says_so_and_confirms_nothing(cloud: Served) -> None:
    token = await cloud.sign_up("father@example.jp")
    cloud.clock.pass_time(hours=1)
    page = await cloud.ask("POST", "/verify", data={"token": token})
    assert page.status == 410
    assert "有効期限" in page.text
    assert await accounts(cloud) == 0


@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token": "x" * 43}, {"other": "1"}])
async def test_an_invalid_url_says_so(cloud: Served, form: dict[str, str]) -> None:
    page = await cloud.ask("POST", "/verify?lang=en", data=form)
    assert page.status == 404
    assert "not valid" in page.text


async def test_another_sites_form_confirms_nothing(cloud: Served) -> None:
    token = await cloud.sign_up("father@example.jp")
    foreign = {"Origin": "http://evil.example"}
    assert (await cloud.ask("POST", "/verify", data={"token": token}, headers=foreign)).status == 403
    assert await accounts(cloud) == 0


async def test_the_console_lists_gateways(cloud: Served, gateway: Gateway) -> None:
    assert "登録されているAiSEGはありません" in (await cloud.get("/console")).text
    await cloud.register(gateway)
    await cloud.person("father")
    page = (await cloud.get("/console?lang=en")).text
    assert gateway.gateway_id in page
    assert "MKN702" in page
    assert "offline" in page
    assert gateway.device_code not in page


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"token=\xff"),
        ("application/x-www-form-urlencoded; charset=foo", b"token=x"),
        ("multipart/form-data", b"token"),
    ],
)
async def test_a_form_that_is_none_is_refused_in_words(cloud: Served, kind: str, body: bytes) -> None:
    page = await cloud.ask("POST", "/verify", data=body, headers={"Content-Type": kind})
    assert page.status in (400, 404)
    assert "Traceback" not in page.text
