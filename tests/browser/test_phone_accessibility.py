"""WCAG 2.2 AA on every screen of the app, in both languages, on a phone and on a laptop, light and dark; and by keyboard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from phone_client.phone import Phone
from phone_client.program import running
from phone_client.settings import App, Cloud, Search, Settings, Store, Ui
from phone_client.web.view import HERE, Language
from phone_client.wording import Wording, read_wording
from protocol.cloud_api import Link, Timeline
from protocol.problems import ACCOUNTS_FULL, NOT_LINKED, PHONE_MOVED, Problem
from tests.browser.conftest import OpenPhone
from tests.browser.home import PHONE_SIZE, Home
from tests.browser.test_accessibility import AXE, RULES, SMALL_TARGETS, TARGET_PX, Keys, languages
from tests.cloud.actors import PASSWORD as CLUB_PASSWORD
from tests.phone_client import cloud_double
from tests.phone_client.cloud_double import (
    CHANGE_CODE,
    EMAIL,
    GRANDMOTHER,
    LINK,
    NOW,
    OUTDATED,
    PREVIEW,
    SESSION,
    TIMELINE,
    UNREGISTERED,
    CloudDouble,
)
from tests.phone_client.gateway_double import GatewayDouble, announced
from tests.phone_client.person import DEVICE_CODE, LINK_CODE, PASSWORD, FixedClock

LAPTOP_SIZE, SMALL_SIZE = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
PIECES = {"base", "parts", "icons", "drawings", "timeline_plot"}
ELSEWHERE = {"door"}
"""The closed door is seen without a browser: `tests/phone_client/web/test_guards.py`."""
FATHER = "father@example.jp"
WORDS: dict[Language, Wording] = {"ja": read_wording("ja"), "en": read_wording("en")}


@dataclass
class Eye:
    """Walks the app in one language and looks closely at each screen on the way."""

    page: Page
    cloud: CloudDouble
    settings: Settings
    language: Language
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def words(self) -> Wording:
        return WORDS[self.language]

    async def open(self, path: str) -> None:
        await self.page.goto(path)

    async def go(self) -> None:
        """Tap the first button of the screen that is not the quiet one."""
        await self.page.locator("main button:not(.quiet)").first.click()

    async def tell(self, link: Link | None) -> None:
        """Let the cloud tell how the link stands, and the phone hear of it."""
        self.cloud.answers["POST /api/v1/sessions"] = SESSION.model_copy(update={"link": link})
        self.cloud.answers["GET /api/v1/links/current"] = link or Problem(NOT_LINKED)
        async with Phone(self.settings) as phone:
            await phone.use()
            await phone.log_in(EMAIL, PASSWORD)

    async def look(self, screen: str, word: str, *, alert: bool = False) -> None:
        """See that this is the `screen` that says `word`, then look for faults as all who may look at it."""
        page = self.page
        self.seen.add(screen.partition(":")[0])
        await expect(page.get_by_text(self.words[word].split("{")[0]).first).to_be_attached()
        await expect(page.locator("html")).to_have_attribute("lang", self.language)
        if alert:
            await expect(page.locator("[role=alert]")).not_to_be_empty()
        await page.evaluate(AXE.axe_script)
        await self._look_closely(screen, PHONE_SIZE, dark=False)
        await self._look_closely(screen, LAPTOP_SIZE, dark=True)
        await self._measure(screen, SMALL_SIZE)

    async def _look_closely(self, screen: str, size: dict[str, int], *, dark: bool) -> None:
        await self.page.emulate_media(color_scheme="dark" if dark else "light")
        await self._measure(screen, size)
        for fault in (await self.page.evaluate("rules => axe.run(rules)", RULES))["violations"]:
            where = [" ".join(node["target"]) for node in fault["nodes"]]
            here = f"{screen} ({self.language}, {size['width']} px)"
            self.faults.append(f"{here}: {fault['id']} ({fault['help']}): {where}")

    async def _measure(self, screen: str, size: dict[str, int]) -> None:
        await self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
        root, here = self.page.locator("html"), f"{screen} ({self.language}, {size['width']} px)"
        wide = await root.evaluate(
            "root => Math.max(root.scrollWidth, root.querySelector('.glass').scrollWidth)"
        )
        if wide > size["width"]:
            self.faults.append(f"{here}: {wide} px wide")
        self.faults += [f"{here}: {each}" for each in await root.evaluate(SMALL_TARGETS, TARGET_PX)]


@asynccontextmanager
async def eye_at(browser: Browser, folder: Path, language: Language, app: App) -> AsyncIterator[Eye]:
    """Open the app with axe let in (its script is injected, which our policy forbids)."""
    async with cloud_double.running() as cloud:
        cloud.answers["GET /api/v1/timeline"] = day()
        settings = Settings(
            app=app,
            search=Search(limit_s=0.5),
            cloud=Cloud(url=cloud.url),
            store=Store(folder=folder),
            ui=Ui(port=0),
        )
        async with running(settings, FixedClock(NOW)) as program:
            context = await browser.new_context(
                base_url=program.url, bypass_csp=True, reduced_motion="reduce"
            )
            page = await context.new_page()
            await page.goto(f"/?lang={language}")
            await page.goto(f"/help?lang={language}")
            eye = Eye(page, cloud, settings, language)
            yield eye
            await context.close()
            assert not eye.faults, "\n".join(eye.faults)


def day() -> Timeline:
    return TIMELINE.model_copy(
        update={
            "by": "ten_minutes",
            "start_at": NOW - timedelta(hours=14),
            "end_at": NOW + timedelta(hours=10),
        }
    )


@languages
@pytest.mark.timeout(180)
@pytest.mark.req("S-UI-03")
async def test_every_screen(browser: Browser, tmp_path: Path, language: Language) -> None:
    seen: set[str] = set()
    async with eye_at(browser, tmp_path / "a", language, App(platform="ios", os_version="15.8")) as eye:
        await eye.open("/")
        await eye.look("unsupported", "unsupported", alert=True)
        seen |= eye.seen
    async with eye_at(browser, tmp_path / "b", language, App(os_version="15", form_factor="tablet")) as eye:
        for walk in (
            look_at_the_start,
            look_at_the_search,
            look_at_registering,
            look_at_phones,
            look_at_the_top,
        ):
            await walk(eye)
        seen |= eye.seen
    templates = {each.stem for each in (HERE / "templates").glob("*.html")}
    assert seen == templates - PIECES - ELSEWHERE


async def look_at_the_start(eye: Eye) -> None:
    await eye.open("/")
    await eye.look("tablet", "tablet_lead")
    await eye.go()
    await eye.look("introduction", "introduction_lead")
    await eye.go()
    await eye.look("login", "to_club")
    await eye.open("/help")
    await eye.look("help", "desk_name")
    await eye.open("/about")
    await eye.look("about", "about_lead")
    club, eye.cloud.answers["GET /api/v1/club"] = eye.cloud.answers["GET /api/v1/club"], None
    await eye.open("/login")
    await eye.look("no_connection", "no_connection_lead", alert=True)
    eye.cloud.answers["GET /api/v1/club"] = club


async def look_at_the_search(eye: Eye) -> None:
    await eye.tell(None)
    await eye.open("/start")
    await eye.look("start", "start_router")
    await eye.open("/without")
    await eye.look("without", "no_aiseg_lead")
    await eye.open("/start")
    await eye.page.route("**/events", lambda route: route.abort())  # it stands still as long as one looks
    await eye.go()
    await eye.look("searching", "type_code_lead")
    await eye.page.unroute("**/events")
    await eye.open("/search")
    await expect(eye.page.get_by_text(eye.words["why"])).to_be_visible()
    await eye.look("not_found", "not_found_lead", alert=True)
    async with announced(GatewayDouble()), announced(GatewayDouble(gateway_id="0123456789ac", busy=True)):
        await eye.go()
        await eye.look("found: several", "pick_lead")


async def look_at_registering(eye: Eye) -> None:
    await eye.open("/terms")
    await eye.look("terms", "terms_lead")
    await eye.go()
    await eye.look("register", "device_code_lead")
    await eye.go()
    await eye.look("register: refused", "device_code_lead", alert=True)
    eye.cloud.answers["POST /api/v1/link-previews"] = [
        Problem(ACCOUNTS_FULL),
        PREVIEW.model_copy(update={"users": (GRANDMOTHER,)}),
    ]
    for screen, word in (("refused", "to_top"), ("confirm", "users_before_lead")):
        await eye.open("/register")
        for name, value in (("nickname", "お父さん"), ("device_code", DEVICE_CODE), ("link_code", LINK_CODE)):
            await eye.page.locator(f"[name={name}]").fill(value)
        await eye.go()
        await eye.look(screen, word)
    await eye.page.locator("[name=phone_id]").click()
    await eye.look("remove", "remove_title")
    await eye.open("/confirm")
    await eye.page.locator("[name=token]").first.evaluate("field => (field.value = 'of an earlier run')")
    await eye.page.locator("[name=phone_id]").click()
    await eye.look("stale", "stale", alert=True)


async def look_at_phones(eye: Eye) -> None:
    await eye.tell(UNREGISTERED)
    await eye.open("/")
    await eye.look("phone", "phone_lead")
    await eye.open("/nickname")
    await eye.look("nickname", "nickname_rule")
    await eye.open("/change/redeem")
    await eye.go()
    await eye.look("redeem: refused", "redeem_lead", alert=True)
    await eye.open("/replace")
    await eye.look("replace", "replace_pick")
    await eye.tell(UNREGISTERED.model_copy(update={"phones": LINK.phones * 2}))
    await eye.open("/phone")
    await eye.page.locator("main button").first.click()  # as quiet as the others, now that it leads nowhere
    await eye.look("phone: full", "full_lead", alert=True)


async def look_at_the_top(eye: Eye) -> None:
    await eye.tell(OUTDATED)
    await eye.open("/")
    await eye.look("firmware", "firmware_old")
    await eye.open("/firmware/guide")
    await eye.look("guide", "guide_lead")
    await eye.tell(LINK)
    for path, word in (("timeline", "timeline"), ("menu", "logout"), ("notices", "event_link_code_issued"), ("users", "users_lead"), ("change", "change_both"), ("delete", "delete_all")):  # fmt: skip
        await eye.open(f"/{path}")
        await eye.look(path, word)
    await eye.open("/change")
    await eye.go()
    await eye.look("change_code", "change_note")
    await expect(eye.page.get_by_text(CHANGE_CODE[:4])).to_be_visible()
    await eye.open("/delete")
    await eye.go()
    await eye.look("delete_sure", "delete_sure")
    await eye.go()
    await eye.look("deleted", "deleted")
    await eye.tell(LINK)
    await eye.open("/menu")
    await eye.page.get_by_role("button", name=eye.words["logout"]).click()
    await eye.look("logged_out", "logged_out_lead")
    await eye.tell(LINK)
    eye.cloud.answers["GET /api/v1/links/current"] = Problem(PHONE_MOVED)
    await eye.open("/")
    await eye.look("login: ended", "ended_lead", alert=True)


@pytest.mark.req("S-UI-03")
async def test_the_way_to_the_timeline_and_out_again_by_keyboard_alone(
    home: Home, open_phone: OpenPhone
) -> None:
    await home.open_account(FATHER)
    await home.show_link_code()
    async with open_phone(home) as holder:
        keys = Keys(holder)
        await holder.open()
        await keys.press("使い始める")
        await holder.is_at("/login")
        await keys.press("CLUB Panasonic ログイン画面へ", "Space")
        await holder.see("ログインする")
        await keys.type("メールアドレス(ログインID)", FATHER)
        await keys.tab_to(holder.page.locator("[name=password]"))
        await holder.page.keyboard.type(CLUB_PASSWORD)
        await holder.page.keyboard.press("Enter")
        await holder.see("スキップ")
        await keys.press("スキップ")
        await holder.is_at("/start")
        await keys.press("AISEGをお持ちの方 同じルーターのAiSEGを検索します")
        await holder.is_at("/search/result")
        for name in ("次へ", "同意する"):
            await keys.press(name)
        await holder.is_at("/register")
        await keys.type("ニックネーム", "お父さん")
        await keys.type("機器コード", home.device_code)
        await holder.page.keyboard.press("Enter")  # Enter in the field is 登録
        await holder.is_at("/confirm")
        await keys.press("登録を完了する", "Space")
        await holder.is_at("/timeline")
        await keys.press("メニュー")
        await keys.press("アカウント削除")
        await holder.is_at("/delete")
        await keys.press("OK")
        await holder.is_at("/delete/confirm")
        await keys.press("キャンセル")
        await holder.is_at("/menu")
        await keys.press("ログアウト")
        await holder.is_at("/logged-out")
        assert await home.nicknames() == ["お父さん"]


@pytest.mark.req("S-UI-03")
async def test_by_touch_a_further_phone_is_registered(home: Home, open_phone: OpenPhone) -> None:
    await home.open_account(FATHER)
    async with open_phone(home) as first, open_phone(home, "second", has_touch=True) as second:
        await first.register(FATHER, "お父さん")
        await second.log_in(FATHER)
        await second.page.get_by_role("button", name="スマートフォンの追加登録").tap()
        await second.page.get_by_label("ニックネーム").tap()
        await second.page.keyboard.type("仕事用")
        await second.page.get_by_role("button", name="登録").tap()
        await second.is_at("/timeline")
        assert await home.nicknames() == ["お父さん", "仕事用"]


async def test_what_people_call_themselves_is_text_on_every_screen(home: Home, open_phone: OpenPhone) -> None:
    markup = "<b>x</b>"
    await home.open_account(FATHER)
    async with open_phone(home) as holder:
        await holder.register(FATHER, markup)
        for path in ("/users", "/menu", "/timeline"):
            await holder.open(path)
            if path != "/timeline":
                await expect(holder.page.get_by_text(markup).first).to_be_visible()
            await expect(holder.page.locator("b", has_text="x").filter(has_not_text="<")).to_have_count(0)
