"""CLUB Panasonic ID in a real browser: what a person does there, with and without JavaScript, by keyboard and by ear."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from cloud.club.view import HERE, Language, Words, read_words
from tests.browser.club import NUMBER, App, Guest, app_of
from tests.browser.conftest import watch
from tests.browser.test_accessibility import AXE, RULES
from tests.cloud.actors import PASSWORD
from tests.cloud.serving import Served, served, settings_in

FATHER = "father@example.jp"
NEW_PASSWORD = "another password 2"
WORDS: dict[Language, Words] = {"ja": read_words("ja"), "en": read_words("en")}
INBOX = {"ja": {"inbox": "受信箱"}, "en": {"inbox": "Inbox"}}
OpenClub = Callable[..., AbstractAsyncContextManager[Guest]]


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(settings_in(tmp_path)) as each:
        yield each


@pytest.fixture
async def app(cloud: Served) -> AsyncIterator[App]:
    async with app_of(cloud) as each:
        yield each


@pytest.fixture
def open_club(browser: Browser, cloud: Served, app: App) -> OpenClub:
    """Return what opens another browser at the club, with options of a browser context."""

    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[Guest]:
        size = {"width": 390, "height": 844}
        context = await browser.new_context(base_url=cloud.cloud.club_url, **{"viewport": size, **options})
        page = await context.new_page()
        broken = watch(page)
        yield Guest(page, cloud, app)
        await context.close()
        assert not broken

    return opened


@pytest.fixture
async def guest(open_club: OpenClub) -> AsyncIterator[Guest]:
    async with open_club() as each:
        yield each


with_and_without_a_script = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@with_and_without_a_script
@pytest.mark.req(
    "S-APP-08", "S-ACC-01", "S-ACC-04", "S-ACC-09", "S-2FA-03", "S-2FA-04", "S-2FA-08", "S-2FA-10"
)
async def test_sign_up_to_the_app_and_log_in_with_a_code(open_club: OpenClub, app: App, script: bool) -> None:
    async with open_club(java_script_enabled=script) as guest:
        await guest.open(app.login)
        await guest.sign_up(FATHER)
        await guest.see("1時間以内にメールに記載されているURLをタップしてください。")
        await guest.open_mail()
        await guest.is_at("/verify")
        await guest.tap("続ける")
        await guest.see("CLUB Panasonicへの登録が完了しました。")
        await guest.tap("続ける")
        await guest.see("2段階認証設定のお願い")
        await guest.type("電話番号", NUMBER)
        await guest.tap("続ける")
        await guest.see("以下の番号にテキストメッセージが送信されました。")
        await guest.type("メッセージに記載の認証コード", await guest.read_code())
        await guest.tap("続ける")
        await guest.is_back_at_the_app()
        assert app.emails == [FATHER]

        await guest.open(app.login)
        await guest.log_in(FATHER, "wrong")
        await guest.is_told("メールアドレスまたはパスワードが違う")
        await guest.log_in(FATHER)
        await guest.type("メッセージに記載の認証コード", await guest.read_code())
        await guest.tap("続ける")
        await guest.is_back_at_the_app()
        assert app.emails == [FATHER, FATHER]
        assert all(set(each) == {"code", "state"} for each in app.heard)


@with_and_without_a_script
@pytest.mark.req("S-APP-10", "S-APP-12", "S-ADD-04", "S-DEL-06")
async def test_a_forgotten_password_and_leaving(open_club: OpenClub, app: App, script: bool) -> None:
    async with open_club(java_script_enabled=script) as guest:
        await guest.become_member(FATHER)
        await guest.open(app.login)
        await guest.tap("パスワードを忘れた方はこちら")
        await guest.type("メールアドレス(ログインID)", FATHER)
        await guest.tap("メールを送信する")
        await guest.open_mail()
        await guest.type("新しいパスワード", NEW_PASSWORD)
        await guest.tap("パスワードを変更する")
        await guest.see("パスワードを変更しました。")
        await guest.tap("ログイン画面へ")
        await guest.log_in(FATHER, NEW_PASSWORD)
        await guest.is_back_at_the_app()
        assert app.emails == [FATHER]

        await guest.open("/account")
        await guest.log_in(FATHER, NEW_PASSWORD)
        await guest.is_back_at_the_app()
        await guest.open("/login")
        await guest.log_in(FATHER, NEW_PASSWORD)
        await guest.see("ご登録情報の変更と退会")
        await guest.tap("退会する")
        await guest.type("確認のため、現在のパスワード", NEW_PASSWORD)
        await guest.tap("退会する")
        await guest.is_told("チェックを入れてください")
        await guest.tick("消去されることを確認しました")
        await guest.type("確認のため、現在のパスワード", NEW_PASSWORD)
        await guest.tap("退会する")
        await guest.see("退会手続きが完了しました。")


@pytest.mark.req("S-APP-11")
async def test_a_social_account_leads_back_to_the_app(guest: Guest, app: App) -> None:
    await guest.open(app.login)
    await guest.tap("LINEでログイン")
    await guest.type("アカウント名", "taro")
    await guest.type("このアカウントのメールアドレス", FATHER)
    await guest.tap("続ける")
    await guest.tick("利用規約に同意する")
    await guest.tap("確定")
    await guest.open_mail()
    await guest.tap("続ける")
    await guest.tap("続ける")
    await guest.tap("スキップ")
    await guest.is_back_at_the_app()
    await guest.open(app.login)
    await guest.tap("LINEでログイン")
    await guest.type("アカウント名", "taro")
    await guest.tap("続ける")
    await guest.is_back_at_the_app()
    assert app.emails == [FATHER, FATHER]


async def test_a_page_of_the_browser_keeps_its_visit_on_the_way_from_the_app(guest: Guest, app: App) -> None:
    """The app lives at another site than the club: a cookie that is Strict would not come along."""
    await guest.become_member(FATHER)
    elsewhere = app.url.replace("127.0.0.1", "localhost")
    await guest.open(elsewhere)
    await guest.page.evaluate("url => { location.href = url }", f"{guest.cloud.cloud.club_url}/account")
    await guest.see(FATHER)


async def test_another_sites_page_in_the_same_browser_does_nothing(guest: Guest, app: App) -> None:
    await guest.become_member(FATHER)
    for host in ("127.0.0.1", "localhost"):
        await guest.open(app.url.replace("127.0.0.1", host))
        form = f"""<form method="post" action="{guest.cloud.cloud.club_url}/account/leave">
            <input name="sure" value="on"><input name="password" value="{PASSWORD}"></form>"""
        async with guest.page.expect_response(lambda got: got.request.method == "POST") as sent:
            await guest.page.evaluate(
                "form => { document.body.innerHTML = form; document.forms[0].submit() }", form
            )
        assert (await sent.value).status == 403
        await guest.is_at("/account/leave")
    assert await asyncio.to_thread(guest.cloud.cloud.registry.visitor_with, FATHER)


@pytest.mark.req("S-UI-03")
async def test_by_keyboard_enter_presses_what_leads_on(guest: Guest, app: App) -> None:
    await guest.become_member(FATHER)
    await guest.open(app.login)
    page = guest.page
    await page.locator("[name=email]").focus()
    await page.keyboard.type(FATHER)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await guest.is_back_at_the_app()
    await guest.open("/login")
    await guest.log_in(FATHER)
    await guest.open("/account/two-step")
    await guest.type("確認のため、現在のパスワード", PASSWORD)
    await guest.type("電話番号", NUMBER)
    await page.keyboard.press("Enter")
    await guest.see("以下の番号にテキストメッセージが送信されました。")
    await page.get_by_label("メッセージに記載の認証コード").fill(await guest.read_code())
    await page.keyboard.press("Enter")
    await guest.see("設定済み")


async def test_a_password_can_be_seen_and_is_hidden_again_when_sent(guest: Guest, app: App) -> None:
    await guest.open(app.login)
    password = guest.page.locator("[name=password]")
    await guest.type("パスワード", "wrong")
    await guest.tick("パスワードを表示")
    await expect(password).to_have_attribute("type", "text")
    await guest.tap("ログインする")
    await guest.is_told("メールアドレスまたはパスワードが違う")
    await expect(password).to_have_attribute("type", "password")
    await expect(password).to_have_value("")


async def test_a_double_tap_sends_once(guest: Guest, app: App) -> None:
    await guest.become_member(FATHER)
    await guest.open(app.login)
    await guest.type("メールアドレス(ログインID)", FATHER)
    await guest.type("パスワード", PASSWORD)
    await guest.page.get_by_role("button", name="ログインする").dblclick()
    await guest.is_back_at_the_app()
    assert len(app.heard) == 1


async def test_after_a_restart_the_page_says_so_and_leads_back_to_the_apps_login(
    guest: Guest, app: App
) -> None:
    await guest.open(app.login)
    await guest.page.context.clear_cookies()
    await guest.log_in(FATHER)
    await guest.is_told("この画面は古くなっています。")
    await guest.tap("再読み込み")
    await expect(guest.page).to_have_url(app.login)


async def test_the_inbox_fills_by_itself_and_keeps_the_readers_place(guest: Guest) -> None:
    registry, now = guest.cloud.cloud.registry, guest.cloud.clock.now()
    for number in range(12):
        await guest.cloud.sign_up(f"person{number}@example.jp")
    page = guest.page
    await guest.open(f"{guest.cloud.cloud.public_url}/inbox")
    read = page.locator("[data-message]").nth(6)
    await read.scroll_into_view_if_needed()
    before = await read.bounding_box()
    text = await read.inner_text()
    assert before
    await guest.cloud.sign_up("newest@example.jp")
    visitor = await _first_account(guest)
    await asyncio.to_thread(registry.begin_two_step, visitor, NUMBER, now)
    await expect(page.locator("[data-message]")).to_have_count(15)
    await expect(page.get_by_role("status")).to_have_text("新しいメッセージが届きました。")
    moved = page.locator("[data-message]").nth(9)
    assert await moved.inner_text() == text
    after = await moved.bounding_box()
    assert after
    assert abs(after["y"] - before["y"]) < 2, "what is being read stays where it is"
    await page.evaluate("scrollTo(0, 0)")
    await guest.cloud.sign_up("last@example.jp")
    await expect(page.locator("[data-message]").first).to_contain_text("last@example.jp")
    assert await page.evaluate("scrollY") == 0, "who is at the top sees the newest"


async def _first_account(guest: Guest) -> int:
    token = await guest.cloud.sign_up("member@example.jp")
    registry = guest.cloud.cloud.registry
    await asyncio.to_thread(registry.verify, token, guest.cloud.clock.now())
    visitor = await asyncio.to_thread(registry.visitor_with, "member@example.jp")
    assert visitor
    return visitor.account_id


@dataclass
class Eye:
    """Walks the club in one language without reading it, and looks closely at each page on the way."""

    guest: Guest
    language: Language
    words: Words
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.guest.open(path)

    async def go(self, **fields: str) -> None:
        """Fill in by the fields' names, and tap the first button."""
        await self.press("main form button", **fields)

    async def press(self, button: str, **fields: str) -> None:
        page = self.guest.page
        for name, value in fields.items():
            field = page.locator(f"[name={name}]")
            await (field.check() if value == "on" else field.fill(value))
        await page.locator(button).first.click()

    async def look(self, name: str, word: str, *, alert: bool = False) -> None:
        """See that this is the page that says `word`, then look for faults, wide in daylight and narrow at night."""
        page = self.guest.page
        self.seen.add(name.partition(":")[0])
        await expect(page.get_by_text(self.words[word].split("{")[0]).first).to_be_attached()
        await expect(page.locator("html")).to_have_attribute("lang", self.language)
        if alert:
            await expect(page.locator("[role=alert]")).not_to_be_empty()
        await page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
        await page.evaluate(AXE.axe_script)
        for width, scheme in ((1024, "light"), (320, "dark")):
            await page.set_viewport_size({"width": width, "height": 700})
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            here = f"{name} ({self.language}, {width} px, {scheme})"
            for fault in (await page.evaluate("rules => axe.run(rules)", RULES))["violations"]:
                where = [" ".join(node["target"]) for node in fault["nodes"]]
                self.faults.append(f"{here}: {fault['id']} ({fault['help']}): {where}")
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                self.faults.append(f"{here}: {wide} px wide")


PIECES = {"base", "parts", "entrance"}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_page_is_for_everybody(open_club: OpenClub, app: App, language: Language) -> None:
    async with open_club(bypass_csp=True) as guest:
        eye = Eye(guest, language, {**WORDS[language], **INBOX[language]})
        await look_at_sign_up(eye, f"{app.login}&lang={language}")
        await look_at_login(eye)
        await look_at_passwords(eye)
        await look_at_the_account(eye)
        await look_at_dead_ends(eye)
        assert not eye.faults, "\n".join(eye.faults)
        assert eye.seen == {each.stem for each in (HERE / "templates").glob("*.html")} - PIECES | {"inbox"}


async def look_at_sign_up(eye: Eye, login: str) -> None:
    await eye.open(login)
    await eye.look("login", "log_in_now")
    await eye.press("[value=line]")
    await eye.look("social", "social_lead")
    await eye.go()
    await eye.look("social: missing", "social_lead", alert=True)
    await eye.open(f"{login}&tab=signup")
    await eye.look("sign_up", "domains")
    await eye.go(email=FATHER, password="short")
    await eye.look("sign_up: refused", "domains", alert=True)
    await eye.go(email=FATHER, password=PASSWORD)
    await eye.look("terms", "terms_accept")
    await eye.go()
    await eye.look("terms: not accepted", "terms_accept", alert=True)
    await eye.go(terms="on")
    await eye.look("mail", "mail_lead")
    await eye.press("[value=again]")
    await eye.look("mail: again", "mail_sent_again")
    await eye.open("/verify?token=wrong")
    await eye.go()
    await eye.look("verify_over", "verify_over_lead", alert=True)
    await eye.guest.open_mail()
    await eye.look("verify", "verify_lead")
    await eye.go()
    await eye.look("done", "done")
    await eye.go()
    await eye.look("two_step", "two_step_lead")
    await eye.go(number="12")
    await eye.look("two_step: refused", "two_step_lead", alert=True)
    await eye.go(number=NUMBER)
    await eye.look("code", "code_hint")
    await eye.go(code="１２３４５６")
    await eye.look("code: refused", "code_hint", alert=True)
    await eye.go(code=await eye.guest.read_code())
    await eye.guest.is_back_at_the_app()


async def look_at_login(eye: Eye) -> None:
    await eye.open("/verify")
    await eye.look("verify: lost", "verify_lost")
    await eye.open("/login")
    await eye.go(email=FATHER, password="wrong")
    await eye.look("login: refused", "log_in_now", alert=True)
    await eye.go(email=FATHER, password=PASSWORD)
    await eye.look("code: login", "code_change_later")
    await eye.press("[value=again]")
    await eye.look("code: again", "code_sent_again")
    await eye.go(code=await eye.guest.read_code())
    await eye.look("account", "leave_only_here")
    await eye.open(f"{eye.guest.cloud.cloud.public_url}/inbox?lang={eye.language}")
    await expect(eye.guest.page.locator("[data-message^=sms]")).to_have_count(3)
    await eye.look("inbox", "inbox")


async def look_at_passwords(eye: Eye) -> None:
    await eye.open("/password")
    await eye.look("password", "password_reset_lead")
    await eye.go(email="no address")
    await eye.look("password: refused", "password_reset_lead", alert=True)
    await eye.go(email=FATHER)
    await eye.look("password_sent", "password_sent_lead")
    await eye.open("/password/new?token=wrong")
    await eye.look("password_new", "password_new")
    await eye.go(password="short")
    await eye.look("password_over", "password_over_lead", alert=True)
    await eye.guest.open_mail()
    await eye.go(password="short")
    await eye.look("password_new: refused", "password_new", alert=True)
    await eye.go(password=NEW_PASSWORD)
    await eye.look("password_changed", "password_changed")


async def look_at_the_account(eye: Eye) -> None:
    await eye.open("/login")
    await eye.go(email=FATHER, password=NEW_PASSWORD)
    await eye.go(code=await eye.guest.read_code())
    await eye.press("[value=newsletters]")
    await eye.look("account: saved", "account_saved")
    await eye.open("/account/two-step")
    await eye.look("account_two_step", "two_step_turn_off_lead")
    await eye.go(number=NUMBER, password="wrong")
    await eye.look("account_two_step: refused", "password_wrong", alert=True)
    await eye.open("/account/leave")
    await eye.look("leave", "leave_lead")
    await eye.go()
    await eye.look("leave: not sure", "leave_not_sure", alert=True)
    await eye.go(sure="on", password=NEW_PASSWORD)
    await eye.look("left", "left_lead")


async def look_at_dead_ends(eye: Eye) -> None:
    await eye.open("/help")
    await eye.look("help", "help_password")
    await eye.open("/authorize?client_id=somebody")
    await eye.look("refused", "refused_lead", alert=True)
    await eye.open("/login")
    await eye.guest.page.context.clear_cookies(name=re.compile("^club-[0-9]"))
    await eye.go()
    await eye.look("stale", "stale_lead", alert=True)
    await look_at_the_end_of_a_login(eye)


async def look_at_the_end_of_a_login(eye: Eye) -> None:
    """Have the account deleted elsewhere while its page is open."""
    registry, now = eye.guest.cloud.cloud.registry, eye.guest.cloud.clock.now()
    token = await eye.guest.cloud.sign_up("mother@example.jp")
    await asyncio.to_thread(registry.verify, token, now)
    await eye.open("/login")
    await eye.go(email="mother@example.jp", password=PASSWORD)
    await eye.look("two_step: again", "two_step_lead")
    visitor = await asyncio.to_thread(registry.visitor_with, "mother@example.jp")
    assert visitor
    await asyncio.to_thread(registry.begin_two_step, visitor.account_id, NUMBER, now)
    await asyncio.to_thread(registry.withdraw, visitor.account_id, PASSWORD, now)
    await eye.open("/account")
    await eye.look("ended", "ended_lead", alert=True)
