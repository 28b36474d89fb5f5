"""新規登録: terms, newsletters, the mail and its URL (manual p17-p19)."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from cloud.store.schema import accounts
from protocol.rules import EMAIL_URL_LIFE, MAILS_PER_ADDRESS_AND_HOUR
from tests.cloud.actors import PASSWORD
from tests.cloud.club.browsing import (
    APP,
    Browser,
    begin_sign_up,
    browser_at,
    log_in,
    mailed_url,
    member,
    redeem,
    sign_up,
)
from tests.cloud.club.test_login import compared
from tests.cloud.serving import Served

pytestmark = pytest.mark.adapters

FATHER = "father@example.jp"
SIGN_UP = f"{APP}&tab=signup"


async def confirmed(cloud: Served) -> int:
    """Return how many confirmed accounts there are."""

    def count() -> int:
        with cloud.cloud.registry.store.reading() as store:
            return store.scalar(select(func.count()).where(accounts.c.verified_at.is_not(None))) or 0

    return await asyncio.to_thread(count)


async def mails(cloud: Served) -> int:
    return len(await asyncio.to_thread(cloud.cloud.registry.inbox))


@pytest.mark.req("S-APP-08", "S-APP-09", "S-ACC-01", "S-ACC-04", "S-ACC-09", "S-2FA-01", "S-2FA-02")
async def test_from_the_tab_to_the_app(cloud: Served, browser: Browser) -> None:
    await browser.look(SIGN_UP)
    await browser.tap("sign-up", email=" Father@Example.JP ", password=PASSWORD)
    assert browser.at == "/sign-up/terms"
    assert browser.says("利用規約に同意する")
    assert browser.says(">確定</button>")
    await browser.tap(terms="on")
    assert browser.at == "/sign-up/mail"
    assert browser.says("1時間以内にメールに記載されているURLをタップしてください。")
    assert browser.says(FATHER)
    await browser.look(await mailed_url(cloud))
    assert browser.says(">続ける</button>")
    await browser.tap()
    assert browser.at == "/sign-up/done"
    assert browser.says("CLUB Panasonicへの登録が完了しました。")
    assert await confirmed(cloud) == 1
    await browser.tap()
    assert browser.at == "/two-step"
    await browser.tap("skip")
    session = await redeem(cloud, browser.told_app()["code"])
    assert session.document["email"] == FATHER


@pytest.mark.req("S-ACC-02")
async def test_without_the_tick_nothing_is_sent(cloud: Served, browser: Browser) -> None:
    await browser.look(SIGN_UP)
    await browser.tap("sign-up", email=FATHER, password=PASSWORD)
    await browser.tap(newsletter_energy="on")
    assert browser.status == 400
    assert browser.trouble == "「利用規約に同意する」にチェックを入れてください。"
    assert re.search(r'name="newsletter_energy" value="on" checked', browser.page), "what was ticked is kept"
    assert await mails(cloud) == 0
    await browser.tap(terms="on")
    assert await mails(cloud) == 1


@pytest.mark.req("S-ACC-01", "S-ACC-03")
@pytest.mark.parametrize("chosen", [(), ("energy",), ("club", "energy", "campaign")])
async def test_newsletters_are_none_at_first_and_kept_as_chosen(
    cloud: Served, browser: Browser, chosen: tuple[str, ...]
) -> None:
    await browser.look(SIGN_UP)
    await browser.tap("sign-up", email=FATHER, password=PASSWORD)
    assert "checked" not in browser.page
    await browser.tap(terms="on", **{f"newsletter_{each}": "on" for each in chosen}, newsletter_x="on")
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    visitor = await asyncio.to_thread(cloud.cloud.registry.visitor_with, FATHER)
    assert visitor
    profile = await asyncio.to_thread(cloud.cloud.registry.profile, visitor.account_id)
    assert profile.newsletters == chosen


UNUSABLE = [
    ("father", PASSWORD, "メールアドレスの形式"),
    ("", PASSWORD, "メールアドレスの形式"),
    (f"{'a' * 250}@example.jp", PASSWORD, "メールアドレスの形式"),
    (FATHER, "short", "8文字以上"),
    (FATHER, "", "8文字以上"),
    (FATHER, "password1", "推測されやすい"),
    (FATHER, FATHER, "推測されやすい"),
    (FATHER, "long 1234" * 60, "256文字以内"),
]


@pytest.mark.req("S-ACC-12", "S-APP-08")
async def test_what_cannot_be_used_is_told_before_the_terms(cloud: Served, browser: Browser) -> None:
    for email, password, trouble in UNUSABLE:
        await browser.look(SIGN_UP)
        await browser.tap("sign-up", email=email, password=password)
        assert browser.status == 400
        assert trouble in browser.trouble
        assert browser.says(f'name="email" value="{email}"'), "what was typed is kept"
        assert not re.search(r'name="password"[^>]*value=', browser.page), "but for the password"
        await browser.look("/sign-up/terms")
        assert browser.at == "/authorize", "the terms come after a usable address"
    assert await mails(cloud) == 0


@pytest.mark.req("S-ACC-12")
async def test_any_characters_make_a_password(browser: Browser) -> None:
    for number, password in enumerate(
        ("日本語のパスワード", PASSWORD * 4, "  spaces count  ", "🔑🗝🔒🔓🔏🔐🛡🚪")
    ):
        email = f"person{number}@example.jp"
        await begin_sign_up(browser, email, password=password)
        await browser.look(await mailed_url(browser.cloud))
        await browser.tap()
        await log_in(browser, email, "/login", password=password)
        assert browser.at == "/two-step", password


@pytest.mark.req("S-ACC-10")
async def test_an_address_with_an_account_is_answered_like_a_fresh_one(
    cloud: Served, browser: Browser
) -> None:
    async with browser_at(cloud) as other:
        await member(other, FATHER)
    pages: list[list[str]] = []
    for email in (FATHER, "fresh@example.jp"):
        seen = []
        await browser.look(SIGN_UP)
        for step in ({"email": email, "password": PASSWORD}, {"terms": "on"}, {}):
            await browser.tap("sign-up", **step)
            seen.append(f"{browser.status} {browser.at} {compared(browser.page)}".replace(email, "X"))
        pages.append(seen)
    assert pages[0] == pages[1]
    texts = [
        mail.subject
        for mail in await asyncio.to_thread(cloud.cloud.registry.inbox)
        if mail.recipient == FATHER
    ]
    assert "登録済み" in texts[0], "its owner is told"


@pytest.mark.req("S-ACC-11", "S-ACC-06")
async def test_only_continue_confirms_and_the_token_leaves_the_address(
    cloud: Served, browser: Browser
) -> None:
    await begin_sign_up(browser, FATHER)
    url = await mailed_url(cloud)
    async with browser_at(cloud) as scanner:
        for _ in range(3):
            await scanner.look(url)
            async with scanner.client.head(url) as answer:
                assert answer.status < 400
    assert await confirmed(cloud) == 0
    async with browser.client.get(url, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/verify"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
    await browser.look(url)
    assert browser.path == "/verify"
    token = url.partition("=")[2]
    assert token not in browser.page
    assert 'src="http' not in browser.page
    await browser.tap()
    assert await confirmed(cloud) == 1
    await browser.look(url)
    await browser.tap()
    assert browser.says("このメールアドレスはすでに確認済みです。")
    assert await confirmed(cloud) == 1


async def test_another_persons_sign_up_with_the_address_lets_nobody_in(
    cloud: Served, browser: Browser
) -> None:
    """It has the other's password: whoever is let in there would fill the other's account (T-25)."""
    await begin_sign_up(browser, FATHER)
    async with browser_at(cloud) as other:
        await begin_sign_up(other, FATHER, password="the other's password 2")
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    assert browser.at == "/sign-up/done"
    assert await confirmed(cloud) == 1
    await browser.look("/account")
    assert browser.at == "/authorize"


@pytest.mark.req("S-ACC-09", "S-ACC-13")
async def test_a_url_that_was_mailed_again_lets_in_where_it_was_signed_up(
    cloud: Served, browser: Browser
) -> None:
    await begin_sign_up(browser, FATHER, "/login")
    await browser.look("/sign-up/mail")
    await browser.tap("again")
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    await browser.tap()
    assert browser.at == "/two-step"


@pytest.mark.req("S-ACC-09")
async def test_another_browser_confirms_but_is_not_logged_in(cloud: Served, browser: Browser) -> None:
    """Whoever can open a mail has not typed the password; and a mailed URL must log nobody in to a stranger's account."""
    await begin_sign_up(browser, FATHER)
    async with browser_at(cloud) as mailer:
        await mailer.look(await mailed_url(cloud))
        await mailer.tap()
        assert mailer.says("CLUB Panasonicへの登録が完了しました。")
        assert mailer.says("アプリに戻ってログインしてください。")
        await mailer.tap()
        assert mailer.at == "/login"
        await mailer.look("/account")
        assert mailer.at == "/login"
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    assert browser.says("すでに確認済み")
    await browser.tap()
    assert browser.at == "/authorize", "and the first browser logs in, back to its app"


async def test_signing_up_with_somebodys_address_logs_in_nobody(cloud: Served, browser: Browser) -> None:
    """An old URL of the owner's, found somewhere, does not help whoever has signed up with the address anew."""
    async with browser_at(cloud) as owner:
        await sign_up(owner, FATHER)
        url = (await asyncio.to_thread(cloud.cloud.registry.inbox))[0].body.split("\n")
    old = next(line for line in url if line.startswith("http"))
    await begin_sign_up(browser, FATHER)
    await browser.look(old)
    await browser.tap()
    assert browser.says("すでに確認済み")
    await browser.look("/account")
    assert browser.at == "/authorize"


async def test_a_confirmed_address_does_not_let_whoever_is_logged_in_go_on_as_somebody_else(
    cloud: Served, browser: Browser
) -> None:
    await member(browser, "mother@example.jp")
    async with browser_at(cloud) as other:
        await begin_sign_up(other, FATHER)
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    assert browser.says("アプリに戻ってログインしてください。")
    await browser.tap()
    assert browser.at == "/login"


@pytest.mark.req("S-ACC-05")
async def test_after_an_hour_the_url_has_expired_and_can_be_sent_again(
    cloud: Served, browser: Browser
) -> None:
    await begin_sign_up(browser, FATHER)
    url = await mailed_url(cloud)
    cloud.clock.pass_time(milliseconds=EMAIL_URL_LIFE / timedelta(milliseconds=1) - 1)
    await browser.look(url)
    cloud.clock.pass_time(milliseconds=1)
    await browser.tap()
    assert browser.status == 410
    assert "有効期限" in browser.trouble
    assert await confirmed(cloud) == 0
    assert browser.says("メールを再送信する")
    await browser.tap(email=FATHER)
    assert browser.at == "/sign-up/mail"
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    assert browser.says("CLUB Panasonicへの登録が完了しました。")


@pytest.mark.req("S-ACC-05")
async def test_an_hour_minus_a_millisecond_is_in_time(cloud: Served, browser: Browser) -> None:
    await begin_sign_up(browser, FATHER)
    cloud.clock.pass_time(milliseconds=EMAIL_URL_LIFE / timedelta(milliseconds=1) - 1)
    await browser.look(await mailed_url(cloud))
    await browser.tap()
    assert await confirmed(cloud) == 1


@pytest.mark.req("S-ACC-08", "S-ACC-13")
async def test_help_for_a_mail_that_does_not_come(cloud: Served, browser: Browser) -> None:
    await begin_sign_up(browser, FATHER)
    first = await mailed_url(cloud)
    assert browser.says("メールが届かないお客様へ")
    assert browser.says("「panasonic.jp」「panasonic.com」からのメールを受信できるように設定していただくか、")
    assert browser.says("違うメールアドレスで登録してください。")
    assert browser.says(f"1時間に{MAILS_PER_ADDRESS_AND_HOUR}通まで")
    await browser.tap("again")
    assert browser.says("メールを再送信しました。")
    await browser.look(first)
    await browser.tap()
    assert browser.status == 404, "the URL before is void"
    await browser.look("/sign-up/mail")
    for _ in range(MAILS_PER_ADDRESS_AND_HOUR - 2):
        await browser.tap("again")
        assert browser.status == 200
    before = await mails(cloud)
    await browser.tap("again")
    assert browser.status == 429
    assert "送信回数が上限に達しました" in browser.trouble
    assert await mails(cloud) == before


@pytest.mark.req("S-ACC-08", "S-ACC-14")
async def test_another_address_works_while_the_first_is_unconfirmed(cloud: Served, browser: Browser) -> None:
    await begin_sign_up(browser, "mistyped@example.jp")
    other = re.findall(r'<a href="([^"]+)" class="button quiet">違うメールアドレスで登録する<', browser.page)
    await sign_up(browser, FATHER, other[0].replace("&amp;", "&").replace("&tab=signup", ""))
    assert browser.says(FATHER)
    await browser.tap()
    await browser.tap("skip")
    assert (await redeem(cloud, browser.told_app()["code"])).document["email"] == FATHER


async def test_an_unknown_address_is_sent_again_to_as_if_it_were_known(
    cloud: Served, browser: Browser
) -> None:
    await browser.look("/verify?token=unknown")
    await browser.tap()
    assert browser.status == 404
    for email in ("", "no address"):
        await browser.tap(email=email)
        assert browser.trouble == "メールアドレスの形式が正しくありません。"
    await browser.tap(email="nobody@example.jp")
    assert browser.status == 200
    assert browser.says("メールを再送信しました。")
    assert await mails(cloud) == 0


@pytest.mark.parametrize("path", ["/sign-up/terms", "/sign-up/mail", "/sign-up/done"])
async def test_pages_come_in_their_order(browser: Browser, path: str) -> None:
    await browser.look(APP)
    token = browser.token()
    await browser.look(path)
    assert browser.at == "/authorize"
    await browser.send(path, {"token": token, "terms": "on", "email": ""})
    assert browser.at == "/authorize" or browser.status == 400
    assert await mails(browser.cloud) == 0


async def test_without_a_token_the_page_says_where_the_url_is(browser: Browser) -> None:
    await browser.look("/verify")
    assert browser.says("メールに記載されているURLをもう一度タップしてください。")


async def test_a_double_tap_on_confirm_signs_up_once(cloud: Served, browser: Browser) -> None:
    await browser.look(SIGN_UP)
    await browser.tap("sign-up", email=FATHER, password=PASSWORD)
    form = {"token": browser.token(), "terms": "on"}
    for _ in range(2):
        await browser.send("/sign-up/terms", form)
        assert browser.at == "/sign-up/mail"
    assert await mails(cloud) == 1
