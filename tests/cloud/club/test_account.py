"""ご登録情報の変更と退会 (manual p28)."""

import asyncio

import pytest

from tests.cloud.actors import PASSWORD, Gateway
from tests.cloud.club.browsing import (
    NUMBER,
    Browser,
    browser_at,
    log_in,
    member,
    redeem,
    sign_up,
    texted_code,
)
from tests.cloud.serving import Served

pytestmark = pytest.mark.adapters

FATHER = "father@example.jp"


async def is_there(cloud: Served) -> bool:
    return await asyncio.to_thread(cloud.cloud.registry.visitor_with, FATHER) is not None


@pytest.mark.req("S-DEL-04", "S-DEL-06")
async def test_leaving_takes_the_password_again_and_a_tick(cloud: Served, browser: Browser) -> None:
    await member(browser, FATHER)
    assert browser.says("ご登録情報の変更と退会")
    assert browser.says("「スマートHEMSサービスアプリ」からは、CLUB Panasonicの退会はできません。")
    assert '<a class="button quiet" href="/account/leave">退会する</a>' in browser.page
    await browser.look("/account/leave")
    assert browser.says("次のものはすべて消去され、元に戻せません。")
    for fields, trouble in (
        ({"password": PASSWORD}, "チェックを入れてください"),
        ({"sure": "on", "password": ""}, "パスワードが違います。"),
        ({"sure": "on", "password": "wrong"}, "パスワードが違います。"),
    ):
        await browser.tap(**fields)
        assert browser.status in (400, 403)
        assert trouble in browser.trouble
        assert await is_there(cloud)
    await browser.tap(sure="on", password=PASSWORD)
    assert browser.at == "/left"
    assert browser.says("退会しました")
    assert not await is_there(cloud)
    await browser.look("/account")
    assert browser.at == "/login"
    await log_in(browser, FATHER, "/login")
    assert browser.status == 403
    await sign_up(browser, FATHER)
    assert await is_there(cloud), "the address is free again"


@pytest.mark.req("S-DEL-06", "S-DEL-09")
async def test_whoever_leaves_takes_their_phones_along_and_nothing_else(
    cloud: Served, browser: Browser, gateway: Gateway
) -> None:
    await cloud.register(gateway)
    await member(browser, FATHER)
    await log_in(browser, FATHER)
    token = (await redeem(cloud, browser.told_app()["code"])).document["token"]
    assert (await cloud.link(token, gateway, await cloud.issue(gateway))).status == 201
    mother = await cloud.person("mother")
    assert (await cloud.link(mother, gateway, await cloud.issue(gateway))).status == 201
    await log_in(browser, FATHER, "/login")
    assert browser.says(gateway.model)
    assert browser.says("お父さん")
    assert gateway.device_code not in browser.page
    await browser.look("/account/leave")
    await browser.tap(sure="on", password=PASSWORD)
    assert browser.at == "/left"
    gone = await cloud.get("/api/v1/links/current", token)
    assert (gone.status, gone.document["code"]) == (401, "account_deleted")
    assert (await cloud.get("/api/v1/links/current", mother)).status == 200


@pytest.mark.req("S-ACC-03")
async def test_newsletters_can_be_changed(cloud: Served, browser: Browser) -> None:
    await member(browser, FATHER)
    await browser.tap("newsletters", newsletter_energy="on")
    assert browser.says("変更を保存しました。")
    assert 'name="newsletter_energy" value="on" checked' in browser.page
    await browser.tap("newsletters")
    assert " checked" not in browser.page


@pytest.mark.req("S-2FA-02")
async def test_two_step_verification_can_be_turned_on_later_changed_and_off(
    cloud: Served, browser: Browser
) -> None:
    await member(browser, FATHER)
    assert browser.says("設定されていません")
    await browser.look("/account/two-step")
    await browser.tap(number=NUMBER, password="wrong")
    assert browser.trouble == "パスワードが違います。"
    assert await asyncio.to_thread(cloud.cloud.registry.texts) == []
    await browser.tap(number=NUMBER, password=PASSWORD)
    assert 'href="/account/two-step">電話番号を変更する</a>' in browser.page
    await browser.tap(code=await texted_code(cloud))
    assert browser.at == "/account"
    assert browser.says("設定済み")
    assert "5678" in browser.page
    assert "1234" not in browser.page
    await browser.look("/account/two-step")
    await browser.tap("off", password="wrong")
    assert browser.status == 403
    await browser.tap(number="080-8765-4321", password=PASSWORD)
    await browser.tap(code=await texted_code(cloud))
    assert "4321" in browser.page
    await browser.look("/account/two-step")
    await browser.tap("off", password=PASSWORD)
    assert browser.at == "/account"
    assert browser.says("設定されていません")


async def test_a_deleted_account_is_logged_out_here_too(cloud: Served, browser: Browser) -> None:
    await member(browser, FATHER)
    async with browser_at(cloud) as other:
        await log_in(other, FATHER, "/login")
        await other.look("/account/leave")
        await other.tap(sure="on", password=PASSWORD)
    await browser.look("/account")
    assert browser.status == 401
    assert browser.says("ログアウトしました")
    assert FATHER not in browser.page
    await browser.look("/account")
    assert browser.at == "/login"


async def test_logging_out_ends_it_and_an_absence_too(cloud: Served, browser: Browser) -> None:
    await member(browser, FATHER)
    await browser.tap("log-out")
    await browser.look("/account")
    assert browser.at == "/login"
    await log_in(browser, FATHER, "/login")
    cloud.clock.pass_time(hours=1)
    await browser.look("/account")
    assert browser.at == "/login"
    await browser.look("/")
    assert browser.at == "/login"


async def test_pages_for_members_are_for_nobody_else(browser: Browser) -> None:
    await browser.look("/login")
    token = browser.token()
    for path in ("/account", "/account/two-step", "/account/leave", "/two-step"):
        await browser.look(path)
        assert browser.at == "/login", path
        await browser.send(path, {"token": token, "go": "skip", "sure": "on", "number": NUMBER})
        assert browser.at == "/login", path


@pytest.mark.req("S-GEN-22", "S-GEN-23", "S-ACC-08", "S-2FA-06")
async def test_help_has_every_remedy_and_the_desk(browser: Browser) -> None:
    await browser.look("/help")
    for text in (
        "メールが届かないお客様へ",
        "認証コードが届かない場合",
        "パスワードを忘れた方はこちら",
        "住宅エネルギーマネジメントシステム ご相談窓口",
        "0120-081-701",
        "365日／9:00～18:00",
        "06-6780-2099",
        "携帯電話からもご利用になれます。",
    ):
        assert browser.says(text), text
    assert "tel:" not in browser.page
