"""パスワードを忘れた方はこちら: nothing tells who has an account, and the new password ends what the old one had begun."""

import asyncio

import pytest

from tests.cloud.actors import PASSWORD
from tests.cloud.club.browsing import (
    APP,
    Browser,
    browser_at,
    log_in,
    mailed_url,
    member,
    redeem,
    sign_up,
)
from tests.cloud.club.test_login import compared
from tests.cloud.club.test_two_step import set_up
from tests.cloud.serving import Served

pytestmark = pytest.mark.adapters

FATHER = "father@example.jp"
NEW = "another password 2"


async def mails(cloud: Served) -> int:
    return len(await asyncio.to_thread(cloud.cloud.registry.inbox))


async def ask(browser: Browser, email: str = FATHER) -> None:
    await browser.look("/password")
    await browser.tap(email=email)


@pytest.mark.req("S-APP-12")
async def test_from_the_link_to_the_new_password(cloud: Served, browser: Browser) -> None:
    await member(browser, FATHER)
    await browser.look(APP)
    assert '<a href="/password">パスワードを忘れた方はこちら</a>' in browser.page
    await ask(browser)
    assert browser.at == "/password/sent"
    await browser.look(await mailed_url(cloud))
    assert browser.path == "/password/new"
    await browser.tap(password="short")
    assert "8文字以上" in browser.trouble
    await browser.tap(password=NEW)
    assert browser.at == "/password/changed"
    assert 'href="/authorize?' in browser.page, "the way back to the app is kept"
    await log_in(browser, FATHER)
    assert browser.status == 403
    await log_in(browser, FATHER, password=NEW)
    assert (await redeem(cloud, browser.told_app()["code"])).status == 201


@pytest.mark.req("S-APP-12")
async def test_an_unknown_address_is_answered_alike(cloud: Served, browser: Browser) -> None:
    await member(browser, FATHER)
    before, pages = await mails(cloud), []
    for email in (FATHER, "nobody@example.jp"):
        await ask(browser, email)
        pages.append(f"{browser.status} {browser.path} {compared(browser.page)}")
    assert pages[0] == pages[1]
    assert await mails(cloud) == before + 1
    await ask(browser, "no address")
    assert browser.trouble == "メールアドレスの形式が正しくありません。"


async def test_the_mailed_url_works_once_and_tells_its_token_to_nobody(
    cloud: Served, browser: Browser
) -> None:
    await member(browser, FATHER)
    await ask(browser)
    url = await mailed_url(cloud)
    token = url.partition("=")[2]
    async with browser_at(cloud) as scanner:
        await scanner.look(url)
        async with scanner.client.head(url, allow_redirects=False) as answer:
            assert answer.headers["Referrer-Policy"] == "no-referrer"
    await browser.look(url)
    assert token not in browser.page
    await browser.tap(password=NEW)
    await browser.look(url)
    await browser.tap(password="yet another password")
    assert browser.status == 404
    assert browser.says("1度だけ使えます")
    assert browser.says('href="/password"')
    await log_in(browser, FATHER, password=NEW)
    assert browser.told_app()["code"]
    await browser.look("/password/new")
    assert browser.at == "/password"


async def test_after_an_hour_it_is_over(cloud: Served, browser: Browser) -> None:
    await member(browser, FATHER)
    await ask(browser)
    url = await mailed_url(cloud)
    cloud.clock.pass_time(hours=1)
    await browser.look(url)
    await browser.tap(password=NEW)
    assert browser.status == 410
    await log_in(browser, FATHER)
    assert browser.told_app()["code"], "the password is the same"


async def test_a_new_password_keeps_two_step_verification(cloud: Served, browser: Browser) -> None:
    await set_up(browser)
    await ask(browser)
    await browser.look(await mailed_url(cloud))
    await browser.tap(password=NEW)
    await log_in(browser, FATHER, password=NEW)
    assert browser.at == "/code"


async def test_a_sign_up_that_stands_open_leads_to_no_app_any_more(cloud: Served, browser: Browser) -> None:
    await sign_up(browser, FATHER)
    async with browser_at(cloud) as other:
        await log_in(other, FATHER, "/login")
        await other.tap("skip")
        await browser.look("/two-step")  # the visit knows now that it need not ask
        await browser.look("/sign-up/done")
        await ask(other)
        await other.look(await mailed_url(cloud))
        await other.tap(password=NEW)
    await browser.tap()
    assert not browser.left_for
    assert browser.status == 403


async def test_whoever_was_logged_in_here_or_in_the_app_is_out(cloud: Served, browser: Browser) -> None:
    await member(browser, FATHER)
    await log_in(browser, FATHER)
    session = (await redeem(cloud, browser.told_app()["code"])).document
    await log_in(browser, FATHER, "/login")
    async with browser_at(cloud) as other:
        await ask(other)
        await other.look(await mailed_url(cloud))
        await other.tap(password=NEW)
    before = await mails(cloud)
    form = {"token": browser.token(), "go": "newsletters", "newsletter_club": "on"}
    await browser.send("/account", form)
    assert browser.status == 401
    assert browser.says("ログアウトしました")
    await browser.look("/account")
    assert browser.at == "/login"
    assert (await cloud.get("/api/v1/links/current", session["token"])).status == 401
    assert await mails(cloud) == before
    assert PASSWORD not in browser.page
