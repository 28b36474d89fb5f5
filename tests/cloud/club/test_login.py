"""The login page: two tabs, an app or none behind it, and what it tells nobody."""

import re
from pathlib import Path

import pytest

from protocol.rules import LOGIN_FREE_FAILURES
from tests.cloud.actors import PASSWORD
from tests.cloud.club.browsing import (
    APP,
    STATE,
    VERIFIER,
    Browser,
    authorize,
    browser_at,
    log_in,
    member,
    redeem,
)
from tests.cloud.serving import Served, served, settings_in

pytestmark = pytest.mark.adapters

FATHER = "father@example.jp"


def compared(page: str) -> str:
    """Return a page without what differs from browser to browser."""
    return re.sub(r'name="token" value="[\w-]+"', "", page)


@pytest.mark.req("S-APP-07", "S-APP-08", "S-APP-15", "S-ADD-04")
@pytest.mark.parametrize("path", [APP, "/login"])
async def test_the_page_has_two_tabs_the_left_one_to_log_in(browser: Browser, path: str) -> None:
    await browser.look(path)
    assert browser.status == 200
    tabs = re.search(r"<nav class=\"tabs\".*?</nav>", browser.page)
    assert tabs
    assert re.findall(r">([^<]+)</a>", tabs[0]) == ["ログイン", "新規登録"]
    assert re.search(r'aria-current="page">ログイン<', browser.page)
    assert browser.says("メールアドレス(ログインID)")
    assert browser.says(">ログインする</button>")
    assert browser.says("パスワードを忘れた方はこちら")


@pytest.mark.req("S-APP-08", "S-GEN-20")
async def test_the_right_tab_signs_up_and_says_first_which_mails_must_come_through(browser: Browser) -> None:
    await browser.look(f"{APP}&tab=signup")
    assert re.search(r'aria-current="page">新規登録<', browser.page)
    assert browser.page.index("panasonic.jp") < browser.page.index('name="email"')
    assert browser.page.index("panasonic.com") < browser.page.index('name="email"')
    assert browser.says("ここに入力いただいたメールアドレスが CLUB Panasonic IDになります。")
    assert browser.says(">新規登録を続ける</button>")


@pytest.mark.req("S-2FA-08", "S-APP-10", "S-ADD-04")
async def test_a_login_ends_at_the_app_with_a_code_that_buys_a_session(
    cloud: Served, browser: Browser
) -> None:
    async with browser_at(cloud) as other:
        await member(other, FATHER)
    await log_in(browser, FATHER)
    told = browser.told_app()
    assert set(told) == {"code", "state"}
    assert told["state"] == STATE
    assert (await redeem(cloud, told["code"], code_verifier=VERIFIER[::-1])).status == 403
    session = await redeem(cloud, told["code"])
    assert session.status == 201
    assert session.document["email"] == FATHER
    assert (await redeem(cloud, told["code"])).status == 403, "a code is good once"


@pytest.mark.req("S-2FA-08")
async def test_the_password_is_in_no_address_and_the_club_forgets_who_went_to_the_app(
    cloud: Served, browser: Browser
) -> None:
    await member(browser, FATHER)
    await log_in(browser, FATHER)
    assert PASSWORD not in browser.left_for
    await browser.look("/account")
    assert browser.at == "/authorize", "it takes a login again"


async def test_a_login_without_an_app_ends_at_the_account(browser: Browser) -> None:
    await member(browser, FATHER)
    await browser.tap("log-out")
    await log_in(browser, FATHER, "/login")
    assert browser.at == "/account"


@pytest.mark.req("S-2FA-08")
@pytest.mark.parametrize("changed", [{"client_id": "x"}, {"redirect_uri": "http://evil.example/"}])
async def test_a_wrong_app_is_told_nothing_and_the_person_what_to_do(
    browser: Browser, changed: dict[str, str]
) -> None:
    for method in ("look", "send"):
        if method == "look":
            await browser.look(authorize(**changed))
        else:
            await browser.look("/login")
            await browser.send(authorize(**changed), {"token": browser.token(), "go": "log-in"})
        assert browser.status == 400
        assert not browser.left_for
        assert browser.says("アプリに戻って")
        assert browser.says("0120-081-701")


@pytest.mark.req("S-2FA-08")
async def test_an_app_that_asks_wrongly_is_told_so(browser: Browser) -> None:
    await browser.look(authorize(code_challenge_method="plain"))
    assert browser.told_app() == {"error": "invalid_request", "state": STATE}
    await browser.look("/login")
    wrong = authorize(response_type="token")
    await browser.send(
        wrong, {"token": browser.token(), "go": "log-in", "email": FATHER, "password": PASSWORD}
    )
    assert browser.told_app() == {"error": "unsupported_response_type", "state": STATE}


async def test_one_can_go_back_to_the_app_without_logging_in(browser: Browser) -> None:
    await browser.look(APP)
    assert "error=access_denied" in browser.page
    await browser.look("/login")
    assert "access_denied" not in browser.page


async def test_apps_elsewhere_are_those_that_were_set(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, club={"port": 0, "redirects": ["http://192.0.2.7:8082"]})
    async with served(settings) as cloud, browser_at(cloud) as browser:
        await browser.look(authorize(redirect_uri="http://192.0.2.7:8082/login/callback"))
        assert browser.status == 200
        policy = browser.headers["Content-Security-Policy"]
        assert "form-action 'self' http://192.0.2.7:8082;" in policy
        await browser.look(authorize(redirect_uri="http://192.0.2.8:8082/login/callback"))
        assert browser.status == 400


@pytest.mark.req("S-ADD-04", "S-ACC-07")
async def test_unknown_wrong_and_unconfirmed_look_the_same(cloud: Served, browser: Browser) -> None:
    async with browser_at(cloud) as other:
        await member(other, FATHER)
        await other.look(f"{APP}&tab=signup")
        await other.tap("sign-up", email="mother@example.jp", password=PASSWORD)
        await other.tap(terms="on")
    pages = []
    for email, password in (
        (FATHER, "not the password"),
        ("nobody@example.jp", PASSWORD),
        ("mother@example.jp", PASSWORD),
        ("no address", PASSWORD),
    ):
        await log_in(browser, email, password=password)
        assert browser.status == 403
        assert "メールアドレスまたはパスワードが違う" in browser.trouble
        assert password not in browser.page
        pages.append(compared(browser.page).replace(email, "X"))
    assert len(set(pages)) == 1
    await browser.look("/account")
    assert browser.at == "/authorize"


async def test_many_wrong_passwords_are_slowed_down_in_words(cloud: Served, browser: Browser) -> None:
    for _ in range(LOGIN_FREE_FAILURES + 1):
        await log_in(browser, FATHER, password="wrong")
    await log_in(browser, FATHER, password="wrong")
    assert browser.status == 429
    assert "秒後に" in browser.trouble
    assert browser.says("パスワードを忘れた方はこちら"), "a way on"


@pytest.mark.req("S-GEN-22")
async def test_a_form_from_before_a_restart_says_so_and_leads_back_to_where_one_was(browser: Browser) -> None:
    await browser.look(APP)
    await browser.send(APP, {"token": "of another time", "go": "log-in", "email": FATHER})
    assert browser.status == 409
    assert browser.says("ページの再読み込み")
    assert "redirect_uri=http" in re.findall(r'<a class="button" href="([^"]+)"', browser.page)[0]
    assert FATHER not in browser.page


async def test_after_a_long_absence_the_page_is_too_old(cloud: Served, browser: Browser) -> None:
    await browser.look(APP)
    cloud.clock.pass_time(hours=1)
    await browser.tap("log-in", email=FATHER, password=PASSWORD)
    assert browser.status == 409
    await log_in(browser, FATHER)
    assert browser.status == 403, "loaded again, it is judged"


async def test_a_login_gives_the_visit_a_new_key(browser: Browser) -> None:
    """Whoever had put a key of their own into this browser is not logged in with it (session fixation)."""
    await member(browser, FATHER)
    await browser.tap("log-out")
    await browser.look("/login")
    before = {each.key: each.value for each in browser.client.cookie_jar}
    await browser.tap("log-in", email=FATHER, password=PASSWORD)
    after = {each.key: each.value for each in browser.client.cookie_jar}
    (name,) = before.keys() & after.keys()
    assert before[name] != after[name]
    async with browser_at(browser.cloud) as thief:
        await thief.look("/account", headers={"Cookie": f"{name}={before[name]}"})
        assert thief.at == "/login"


@pytest.mark.parametrize(("path", "language"), [("/login", "ja"), ("/login?lang=en", "en")])
async def test_the_language_is_kept(browser: Browser, path: str, language: str) -> None:
    await browser.look(path)
    await browser.look("/help")
    assert f'<html lang="{language}">' in browser.page
