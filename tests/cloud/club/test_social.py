"""ソーシャルアカウント: a pretended provider; who one is there is told by its name for the person, never by an address."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.cloud.club.browsing import (
    APP,
    NUMBER,
    Browser,
    browser_at,
    log_in,
    mailed_url,
    member,
    redeem,
    sign_up,
    texted_code,
)
from tests.cloud.serving import Served, served, settings_in

pytestmark = pytest.mark.adapters

FATHER = "father@example.jp"


async def come_from(browser: Browser, provider: str, subject: str, email: str = "", tab: str = "") -> None:
    await browser.look(f"{APP}{tab}")
    await browser.tap(provider)
    assert browser.at == f"/social/{provider}"
    await browser.tap(subject=subject, email=email)


@pytest.mark.req("S-APP-11")
async def test_the_buttons_stand_below_on_both_tabs(browser: Browser) -> None:
    for tab, button in (("", "LINEでログイン"), ("&tab=signup", "LINEで登録")):
        await browser.look(f"{APP}{tab}")
        assert browser.says(button)
        assert browser.page.index('name="password"') < browser.page.index('value="line"')


@pytest.mark.req("S-APP-11")
async def test_somebody_new_signs_up_and_comes_back_without_a_password(
    cloud: Served, browser: Browser
) -> None:
    await come_from(browser, "line", "taro", FATHER, "&tab=signup")
    assert browser.at == "/sign-up/terms"
    await browser.tap(terms="on")
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    await browser.tap()
    await browser.tap("skip")
    assert (await redeem(cloud, browser.told_app()["code"])).document["email"] == FATHER
    async with browser_at(cloud) as other:
        await come_from(other, "line", "taro")
        assert (await redeem(cloud, other.told_app()["code"])).document["email"] == FATHER


@pytest.mark.req("S-APP-11")
async def test_an_address_or_another_providers_name_takes_over_no_account(
    cloud: Served, browser: Browser
) -> None:
    await member(browser, FATHER)
    await come_from(browser, "line", "taro", FATHER)
    assert browser.at == "/sign-up/terms"
    await browser.tap(terms="on")
    mail = (await asyncio.to_thread(cloud.cloud.registry.inbox))[0]
    assert "登録済み" in mail.subject
    assert "http" not in mail.body
    await come_from(browser, "line", "taro", FATHER)
    assert browser.at == "/sign-up/terms", "taro is nobody yet"
    await come_from(browser, "other", "taro", "taro@example.jp")
    assert browser.at == "/sign-up/terms"
    await log_in(browser, FATHER)
    assert browser.told_app()["code"], "the owner's password is what it was"


async def test_a_name_and_for_somebody_new_an_address_are_needed(browser: Browser) -> None:
    for subject, email, trouble in (
        ("", FATHER, "アカウント名"),
        ("   ", FATHER, "アカウント名"),
        ("a" * 65, FATHER, "アカウント名"),
        ("bell\a", FATHER, "アカウント名"),
        ("taro", "", "メールアドレスの形式"),
    ):
        await come_from(browser, "line", subject, email)
        assert browser.status == 400
        assert trouble in browser.trouble


@pytest.mark.req("S-APP-11")
async def test_where_mails_are_not_for_everybody_nobody_can_pretend(tmp_path: Path) -> None:
    """Where the inbox is closed, a made-up name must not open an account."""
    async with served(settings_in(tmp_path, site={"inbox": False})) as cloud, browser_at(cloud) as browser:
        await browser.look(APP)
        assert 'value="line"' not in browser.page
        await browser.tap("line")
        assert browser.status == 403, "it is a login without an address"
        await browser.look("/social/line")
        assert browser.status == 404
        await browser.look("/help")
        assert not re.search(r"/inbox", browser.page)


@pytest.mark.req("S-2FA-10")
async def test_a_code_of_another_account_answers_for_no_login(cloud: Served, browser: Browser) -> None:
    await come_from(browser, "line", "taro", FATHER, "&tab=signup")
    await browser.tap(terms="on")
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    await browser.tap()
    await browser.tap(number=NUMBER)
    await browser.tap(code=await texted_code(cloud))
    async with browser_at(cloud) as thief:
        await sign_up(thief, "thief@example.jp")
        await thief.tap()
        assert thief.at == "/two-step"
        form = {"token": thief.token(), "go": "on", "number": "080-2345-6789"}
        await thief.look("/social/line")
        await thief.tap(subject="taro")
        assert thief.at == "/code"
        await thief.send("/two-step", form)
        await thief.look("/code")
        assert "5678" in thief.page, "it is still the father's code that is waited for"
        await thief.look("/account")
        assert thief.at == "/authorize", "nobody is logged in meanwhile"
