"""2段階認証: the prompt, the code, and who is asked for one (manual p19)."""

import asyncio
import re
from pathlib import Path

import pytest

from cloud.club.taps import VIA_PROXY
from protocol.rules import SMS_CODE_TRIES, SMS_PER_NUMBER_AND_HOUR
from tests.cloud.actors import PASSWORD
from tests.cloud.club.browsing import (
    APP,
    NUMBER,
    Browser,
    authorize,
    browser_at,
    log_in,
    mailed_code,
    member,
    redeem,
    sign_up,
    texted_code,
)
from tests.cloud.serving import Served, served, settings_in

pytestmark = pytest.mark.adapters

FATHER = "father@example.jp"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


async def texts(cloud: Served) -> int:
    return len(await asyncio.to_thread(cloud.cloud.registry.texts))


async def is_on(cloud: Served) -> bool:
    visitor = await asyncio.to_thread(cloud.cloud.registry.visitor_with, FATHER)
    assert visitor
    return visitor.needs_code


async def set_up(browser: Browser) -> None:
    """Sign up and turn two-step verification on; end at the app."""
    await sign_up(browser, FATHER)
    await browser.tap()
    await browser.tap(number=NUMBER)
    await browser.tap(code=await texted_code(browser.cloud))
    assert browser.told_app()["code"]


@pytest.mark.req("S-2FA-01", "S-2FA-02")
async def test_the_prompt_comes_once_and_can_be_skipped(cloud: Served, browser: Browser) -> None:
    await sign_up(browser, FATHER)
    await browser.tap()
    assert browser.at == "/two-step"
    for text in ("2段階認証設定のお願い", "電話番号", ">続ける</button>", ">スキップ</button>"):
        assert browser.says(text)
    await browser.tap("skip")
    assert (await redeem(cloud, browser.told_app()["code"])).status == 201
    assert not await is_on(cloud)
    await log_in(browser, FATHER)
    assert browser.told_app()["code"], "it does not come again"


@pytest.mark.req("S-2FA-01")
async def test_who_left_the_prompt_is_asked_at_the_next_login(browser: Browser) -> None:
    await sign_up(browser, FATHER)
    await log_in(browser, FATHER)
    assert browser.at == "/two-step"


@pytest.mark.req("S-2FA-01")
async def test_once_answered_the_prompt_changes_no_number(cloud: Served, browser: Browser) -> None:
    """A browser that was left open must not lock its owner out; on the account page it takes the password."""
    await sign_up(browser, FATHER, "/login")
    await browser.tap()
    form = {"token": browser.token(), "go": "on", "number": "080-2345-6789"}
    await browser.tap(number=NUMBER)
    await browser.tap(code=await texted_code(cloud))
    assert browser.at == "/account"
    await browser.look("/two-step")
    assert browser.at == "/account"
    before = await texts(cloud)
    await browser.send("/two-step", form)
    assert browser.at == "/account"
    assert await texts(cloud) == before


@pytest.mark.req("S-2FA-03", "S-2FA-04", "S-2FA-05", "S-2FA-07")
async def test_a_right_code_turns_it_on(cloud: Served, browser: Browser) -> None:
    await sign_up(browser, FATHER)
    await browser.tap()
    await browser.tap(number=NUMBER)
    assert browser.at == "/code"
    assert await texts(cloud) == 1
    assert browser.says("以下の番号にテキストメッセージが送信されました。")
    assert browser.says("6桁の認証コードを入力する (半角数字のみ)")
    assert browser.says(
        "VPN やプロキシーサービス等をご利用の場合、認証コードの入力ををお願いする場合がございます。"
    )
    shown = re.search(r'class="sent-to">([^<]+)<', browser.page)
    assert shown
    assert re.sub(r"\D", "", shown[1]) == "5678", "masked but for the last four"
    code = await texted_code(cloud)
    for typed, trouble in (
        (code.translate(FULL_WIDTH), "6桁の半角数字のみ"),
        (code[:5], "6桁の半角数字のみ"),
        (f"{code}0", "6桁の半角数字のみ"),
        ("", "6桁の半角数字のみ"),
        (f"{(int(code) + 1) % 10**6:06}", "認証コードが違います"),
    ):
        await browser.tap(code=typed)
        assert trouble in browser.trouble
        assert not await is_on(cloud)
    await browser.tap(code=code)
    assert (await redeem(cloud, browser.told_app()["code"])).status == 201
    assert await is_on(cloud)


async def test_a_number_that_is_none_is_told(cloud: Served, browser: Browser) -> None:
    await sign_up(browser, FATHER)
    await browser.tap()
    for number in ("", "12", "not a number", "０９"):
        await browser.tap(number=number)
        assert browser.status == 400
        assert browser.trouble == "携帯電話番号の形式が正しくありません。"
        assert f'value="{number}"' in browser.page
    assert await texts(cloud) == 0


@pytest.mark.req("S-2FA-06", "S-2FA-09")
async def test_help_for_a_code_that_does_not_come(cloud: Served, browser: Browser) -> None:
    await sign_up(browser, FATHER)
    await browser.tap()
    await browser.tap(number="080-2345-6789")
    assert browser.says("認証コードが届かない場合")
    assert browser.says(f"1つの認証コードは{SMS_CODE_TRIES}回まで")
    first = await texted_code(cloud)
    await browser.tap("again")
    assert browser.says("認証コードを再送信しました。")
    await browser.tap(code=first)
    assert browser.status == 403, "the code before is void"
    assert re.search(r'<a class="button quiet" href="/two-step">電話番号を変更する</a>', browser.page)
    await browser.look("/two-step")
    await browser.tap(number=NUMBER)
    assert "5678" in browser.page
    await browser.tap(code=await texted_code(cloud))
    assert browser.told_app()["code"]


@pytest.mark.req("S-2FA-09")
async def test_a_code_takes_five_tries_and_ten_minutes(cloud: Served, browser: Browser) -> None:
    await sign_up(browser, FATHER)
    await browser.tap()
    await browser.tap(number=NUMBER)
    code = await texted_code(cloud)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(SMS_CODE_TRIES):
        await browser.tap(code=wrong)
    assert browser.trouble == "この認証コードは使えません。認証コードを再送信してください。"
    await browser.tap(code=code)
    assert browser.status == 410
    await browser.tap("again")
    code = await texted_code(cloud)
    cloud.clock.pass_time(minutes=10)
    await browser.tap(code=code)
    assert browser.status == 410
    await browser.tap("again")
    await browser.tap(code=await texted_code(cloud))
    assert browser.told_app()["code"]


@pytest.mark.req("S-2FA-09")
async def test_so_many_messages_and_no_more(cloud: Served, browser: Browser) -> None:
    await sign_up(browser, FATHER)
    await browser.tap()
    await browser.tap(number=NUMBER)
    for _ in range(SMS_PER_NUMBER_AND_HOUR - 1):
        await browser.tap("again")
        assert browser.status == 200
    await browser.tap("again")
    assert browser.status == 429
    assert "送信回数が上限に達しました" in browser.trouble
    assert await texts(cloud) == SMS_PER_NUMBER_AND_HOUR
    await browser.tap(code=await texted_code(cloud))
    assert browser.told_app()["code"], "the last one is still good"


@pytest.mark.req("S-2FA-10")
async def test_once_it_is_on_each_login_needs_a_code(cloud: Served, browser: Browser) -> None:
    await set_up(browser)
    async with browser_at(cloud) as thief:
        await log_in(thief, FATHER)
        assert thief.at == "/code"
        await thief.look("/account")
        assert thief.at == "/authorize", "the password alone lets nobody in"
        await thief.look("/two-step")
        assert thief.at == "/authorize", "and changes no number"
        await thief.look("/code")
        assert "/two-step" not in thief.page
        assert thief.says("電話番号の変更は、ログイン後に")
        await thief.tap(code="000000" if await texted_code(cloud) != "000000" else "111111")
        assert thief.status == 403
    await log_in(browser, FATHER)
    await browser.tap("again")
    await browser.tap(code=await texted_code(cloud))
    assert (await redeem(cloud, browser.told_app()["code"])).status == 201


@pytest.mark.req("S-2FA-10")
async def test_a_code_is_of_the_browser_that_gave_the_password(cloud: Served, browser: Browser) -> None:
    await set_up(browser)
    await log_in(browser, FATHER)
    async with browser_at(cloud) as other:
        await other.look("/login")
        await other.send("/code", {"token": other.token(), "code": await texted_code(cloud)})
        assert other.at == "/login"
    await browser.tap(code=await texted_code(cloud))
    assert browser.told_app()["code"]


async def test_a_password_changed_meanwhile_ends_a_login_that_waits_for_its_code(
    cloud: Served, browser: Browser
) -> None:
    await set_up(browser)
    await log_in(browser, FATHER)
    registry, now = cloud.cloud.registry, cloud.clock.now()
    await asyncio.to_thread(registry.ask_new_password, FATHER, "", now)
    mail = (await asyncio.to_thread(registry.inbox))[0].body
    token = re.search(r"token=(\S+)", mail)
    assert token
    code = await texted_code(cloud)
    await asyncio.to_thread(registry.set_new_password, token[1], "another password 2", now)
    await browser.tap(code=code)
    assert browser.status in (401, 410)
    await browser.look("/account")
    assert browser.at == "/authorize"


@pytest.mark.req("S-2FA-07")
async def test_our_own_edge_may_say_that_a_visitor_comes_through_a_proxy(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, club={"port": 0, "edge": ["127.0.0.1"]})
    async with served(settings) as cloud, browser_at(cloud) as browser:
        await member(browser, FATHER)
        for header, asks in (({}, False), ({VIA_PROXY: "0"}, False), ({VIA_PROXY: "1"}, True)):
            await browser.look(APP)
            form = {"token": browser.token(), "go": "log-in", "email": FATHER, "password": PASSWORD}
            await browser.send(APP, form, **header)
            assert (browser.at == "/code") is asks
        assert browser.says("以下のメールアドレスにメールが送信されました。"), "no number is stored"
        assert browser.says(FATHER)
        await browser.tap(code=await mailed_code(cloud))
        assert browser.told_app()["code"]


@pytest.mark.req("S-2FA-07")
async def test_nobody_else_may(browser: Browser) -> None:
    await member(browser, FATHER)
    await browser.look(APP)
    form = {"token": browser.token(), "go": "log-in", "email": FATHER, "password": PASSWORD}
    await browser.send(APP, form, **{VIA_PROXY: "1"})
    assert browser.told_app()["code"]


async def test_without_a_code_on_its_way_there_is_no_page_for_it(browser: Browser) -> None:
    await browser.look(authorize())
    await browser.look("/code")
    assert browser.at == "/authorize"
    await member(browser, FATHER)
    await browser.look("/code")
    assert browser.at == "/account"
