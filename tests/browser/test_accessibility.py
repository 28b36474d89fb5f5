"""WCAG 2.2 AA on every screen, in both languages and at both sizes; and the panel by keyboard, by touch, by ear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Locator, Route, expect

from emulator.panel.view import HERE, Language, Words, read_words
from protocol.rules import TOKYO
from tests.browser.conftest import OpenPanel
from tests.browser.home import PANEL_SIZE, PHONE_SIZE, Home, home_in
from tests.browser.person import FAMILY, PLACE, Person
from tests.browser.phone_person import PhonePerson
from tests.cloud.serving import TestClock
from tests.emulator.clocks import ManualClock
from tests.support.waiting import until

NEW = "2.11"
PIN = "4649"
AXE = Axe()
WORDS: dict[Language, Words] = {"ja": read_words("ja"), "en": read_words("en")}
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
SMALL_TARGETS = """(_, least) => [...document.querySelectorAll(
    "main a, main button, main select, main input:not([type=hidden], [type=checkbox], [type=radio]), main label:is(.tick, .pick), header a"
  )].filter(each => each.checkVisibility() && each.getBoundingClientRect().height < least)
    .map(each => `${each.outerHTML.slice(0, 90)} is ${each.getBoundingClientRect().height} px high`)"""
TARGET_PX = 44
PIECES = {"base", "parts", "icons"}

FIRMWARE_SCREENS = {
    "home", "menu", "settings", "help", "notices", "messages", "firmware", "message", "update", "update_confirm",
    "update_progress", "busy", "monitor_off", "update_first", "stale",
}  # fmt: skip
SERVICE_SCREENS = {
    "service", "device_code", "status_unregistered", "status_registered", "register_cautions", "register_steps", "terms",
    "register_confirmation_code", "register_confirmation", "register_settings", "register_check", "register_done",
    "link_code",
}  # fmt: skip
DEAD_ENDS = {"pin", "family", "no_connection", "status_unknown", "refused"}
MAY_SCROLL = {"help", "no_connection", "status_unknown", "refused", "update_progress: failed"}
"""Dead ends and help tell more than fits on the panel's 600 px; nothing is to be done at their end."""


def test_every_screen_is_walked_to() -> None:
    templates = {each.stem for each in (HERE / "templates").glob("*.html")}
    assert templates - PIECES == FIRMWARE_SCREENS | SERVICE_SCREENS | DEAD_ENDS


@dataclass
class Eye:
    """Walks the panel in one language without reading it, and looks closely at each screen on the way."""

    person: Person
    language: Language
    words: Words
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.person.open(path)

    async def tap(self, name: str) -> None:
        await self.person.tap(self.words[name])

    async def go(self) -> None:
        """Tap the one button that leads on."""
        await self.person.page.locator("main button.go").click()

    async def type(self, name: str, text: str) -> None:
        await self.person.page.get_by_label(self.words[name]).fill(text)
        await self.go()

    async def look(self, screen: str, word: str, *, alert: bool = False) -> None:
        """See that this is the `screen` that says `word`, then look for faults at both sizes; `alert`: it must be heard."""
        page = self.person.page
        self.seen.add(screen.partition(":")[0])
        await expect(page.get_by_text(self.words[word].split("{")[0]).first).to_be_attached()
        await expect(page.locator("html")).to_have_attribute("lang", self.language)
        if alert:
            await expect(page.locator("[role=alert]:not([hidden])")).not_to_be_empty()
        await page.evaluate(AXE.axe_script)
        for size in (PANEL_SIZE, PHONE_SIZE):
            await page.set_viewport_size({"width": size["width"], "height": size["height"]})
            here = f"{screen} ({self.language}, {size['width']} px)"
            for fault in (await page.evaluate("rules => axe.run(rules)", RULES))["violations"]:
                where = [" ".join(node["target"]) for node in fault["nodes"]]
                self.faults.append(f"{here}: {fault['id']} ({fault['help']}): {where}")
            await self._measure(here, page.locator("html"), screen, size)
        await page.set_viewport_size({"width": PANEL_SIZE["width"], "height": PANEL_SIZE["height"]})

    async def _measure(self, here: str, root: Locator, screen: str, size: dict[str, int]) -> None:
        width, height = await root.evaluate("root => [root.scrollWidth, root.scrollHeight]")
        if width > size["width"]:
            self.faults.append(f"{here}: {width} px wide")
        if (
            size == PANEL_SIZE
            and height > size["height"]
            and not {screen, screen.partition(":")[0]} & MAY_SCROLL
        ):
            self.faults.append(f"{here}: {height} px high")
        self.faults += [f"{here}: {each}" for each in await root.evaluate(SMALL_TARGETS, TARGET_PX)]


@asynccontextmanager
async def eye_at(home: Home, open_panel: OpenPanel, language: Language) -> AsyncIterator[Eye]:
    """Open the panel with axe let in (its script is injected, which our policy forbids)."""
    async with open_panel(home, bypass_csp=True) as person:
        await person.open(f"/?lang={language}")
        eye = Eye(person, language, WORDS[language])
        yield eye
        assert not eye.faults, "\n".join(eye.faults)


languages = pytest.mark.parametrize("language", ["ja", "en"])


@languages
@pytest.mark.timeout(150)
@pytest.mark.req("S-UI-03")
async def test_home_menus_and_the_firmware(tmp_path: Path, open_panel: OpenPanel, language: Language) -> None:
    async with (
        home_in(tmp_path, firmware={"update_s": 1.2, "apply_s": 1.0}) as home,
        eye_at(home, open_panel, language) as eye,
    ):
        await eye.look("home", "power_flow")
        for path, screen, word in (
            ("/menu", "menu", "notices"),
            ("/settings", "settings", "service"),
            ("/help", "help", "help_first"),
            ("/notices", "notices", "messages"),
            ("/messages", "messages: none", "messages_none"),
            ("/firmware", "firmware: latest", "verdict_up_to_date"),
            ("/update/progress", "update_progress: none", "update_done"),
        ):
            await eye.open(path)
            await eye.look(screen, word)
        await eye.open("/?screen=monitor")
        await eye.look("home: monitor", "power")
        await eye.open("/monitor/off?screen=browser")
        await eye.look("monitor_off", "power_on")

        await home.line.cut()
        home.program.gateway.updates.look_again()
        await eye.open("/firmware")
        await eye.look("firmware: unknown", "verdict_unknown")
        await home.line.mend()
        await home.publish(NEW)
        await eye.open("/firmware")
        await eye.look("firmware: old", "verdict_update_available")
        await eye.open("/app-settings")
        for path, screen, word in (
            ("/notices", "notices: one", "messages"),
            ("/messages", "messages", "detail"),
            ("/messages/firmware", "message", "content"),
            ("/update", "update", "update_lead"),
            ("/update/confirm", "update_confirm", "update_confirm"),
        ):
            await eye.open(path)
            await eye.look(screen, word)
        await home.publish("2.12")
        await eye.go()
        await eye.look("message: changed", "content", alert=True)
        await look_at_an_update(eye, home)


async def look_at_an_update(eye: Eye, home: Home) -> None:
    await eye.open("/register")
    await eye.go()
    await eye.go()
    await eye.go()
    await eye.type("device_code", home.device_code)
    await eye.look("update_first", "update_first", alert=True)
    await eye.open("/update/confirm")
    old_token = await eye.person.page.locator("[name=token]").first.get_attribute("value")
    await eye.go()
    await until(lambda: (update := home.program.gateway.updates.progress()) and update.progress_pct, "a part")
    await home.line.cut()  # it stands still as long as one looks
    await eye.look("update_progress: downloading", "update_wait")
    await eye.open("/app-settings")
    await eye.type("device_code", home.device_code)
    await eye.look("busy", "busy_lead", alert=True)
    await until(lambda: home.program.gateway.updates.trouble, "the hard stop")
    await eye.open("/update/progress")
    await eye.look("update_progress: failed", "update_failed", alert=True)
    await home.line.mend()
    await eye.open("/update/confirm")
    await eye.go()
    await expect(eye.person.page.get_by_text(eye.words["update_browser"])).to_be_visible()
    await eye.look("update_progress: applying", "update_applying_lead")
    await expect(eye.person.page.locator("[data-came-back]")).to_be_visible(timeout=15_000)
    await eye.look("update_progress: came back", "came_back")
    await eye.open("/register")
    await eye.person.page.locator("[name=token]").evaluate(
        "(field, token) => (field.value = token)", old_token
    )
    await eye.go()
    await eye.look("stale", "stale", alert=True)


@languages
@pytest.mark.timeout(150)
@pytest.mark.req("S-UI-03")
async def test_registration_status_and_link_code(
    home: Home, open_panel: OpenPanel, language: Language
) -> None:
    async with eye_at(home, open_panel, language) as eye:
        await eye.open("/service")
        await eye.look("service", "service_question")
        await look_at_status(eye, "status_unregistered", "status_unregistered")
        await look_at_registration(eye)
        await eye.go()
        await eye.look("link_code", "note_code")
        home.program.gateway.hide_link_code()
        await expect(eye.person.page.locator(".groups")).to_have_count(0)
        await eye.look("link_code: ended", "code_ended")
        await expect(
            eye.person.page.get_by_role("status").filter(has_text=eye.words["code_ended"])
        ).to_be_visible()
        await eye.go()
        await eye.look("service: finished", "operations_done")
        await look_at_status(eye, "status_registered", "status_registered")
        await look_at_erasure(eye)
        assert eye.seen == SERVICE_SCREENS


async def look_at_status(eye: Eye, screen: str, word: str) -> None:
    await eye.open("/status?screen=monitor")
    await eye.look("device_code: keypad", "device_code_lead")
    await eye.open("/status?screen=browser")
    await eye.look("device_code: status", "device_code_lead")
    await eye.type("device_code", "0000000000")
    await eye.look("device_code: wrong", "device_code_lead", alert=True)
    await eye.type("device_code", eye.person.home.device_code)
    await eye.look(screen, word)


async def look_at_registration(eye: Eye) -> None:
    page = eye.person.page
    await eye.open("/register")
    for screen, word in (
        ("register_cautions", "cautions_lead"),
        ("register_steps", "steps_title"),
        ("terms", "terms_lead"),
    ):
        await eye.look(screen, word)
        await eye.go()
    await eye.look("device_code", "device_code_lead")
    await eye.type("device_code", "0000000000")
    await eye.look("device_code: wrong", "device_code_lead", alert=True)
    await eye.type("device_code", eye.person.home.device_code)
    await eye.look("register_confirmation_code", "confirmation_note")
    code = await page.locator("[data-confirmation-code]").inner_text()
    await eye.go()
    await eye.look("register_confirmation", "confirmation_lead")
    await eye.type("confirmation_code", f"{(int(code) + 1) % 1_000_000:06}")
    await eye.look("register_confirmation: wrong", "confirmation_lead", alert=True)
    await eye.type("confirmation_code", code)
    await eye.look("register_settings", "answers_all")
    await eye.go()
    await eye.look("register_settings: missing", "answers_all", alert=True)
    await eye.person.choose_answers()
    await eye.look("register_settings: filled in", "answers_all")
    await eye.go()
    await eye.look("register_check", "check_lead")
    await eye.go()
    await eye.look("register_done", "registered")


async def look_at_erasure(eye: Eye) -> None:
    await eye.open("/register")
    for _ in range(3):
        await eye.go()
    await eye.type("device_code", eye.person.home.device_code)
    code = await eye.person.page.locator("[data-confirmation-code]").inner_text()
    await eye.go()
    await eye.type("confirmation_code", code)
    await eye.person.choose_answers()
    await eye.go()
    await eye.look("register_check: at stake", "erase_title")
    await eye.go()
    await eye.look("register_check: not agreed", "erase_title", alert=True)


@languages
@pytest.mark.timeout(150)
@pytest.mark.req("S-UI-03")
async def test_dead_ends_the_pin_and_the_familys_page(
    tmp_path: Path, open_panel: OpenPanel, language: Language
) -> None:
    clock = TestClock()
    clock.instant = datetime(2015, 12, 1, 12, 0, tzinfo=TOKYO)
    async with (
        home_in(tmp_path, cloud_clock=clock, panel={"pin": PIN}) as home,
        eye_at(home, open_panel, language) as eye,
    ):
        await eye.open("/register")
        await eye.look("pin", "pin_lead")
        await eye.type("pin", "0000")
        await eye.look("pin: wrong", "pin_lead", alert=True)
        await eye.type("pin", PIN)
        await expect(eye.person.page).to_have_url(f"{home.url}/register")
        for _ in range(3):
            await eye.go()
        await home.line.cut()
        await eye.type("device_code", home.device_code)
        await eye.look("no_connection", "no_connection_lead", alert=True)
        await eye.open("/status")
        await eye.type("device_code", home.device_code)
        await eye.look("status_unknown", "status_unknown_lead", alert=True)
        await home.line.mend()

        await eye.open("/register/device-code")
        await eye.type("device_code", home.device_code)
        code = await eye.person.page.locator("[data-confirmation-code]").inner_text()
        await eye.go()
        await eye.type("confirmation_code", code)
        await eye.person.choose_answers()
        await eye.go()
        await eye.go()
        await expect(eye.person.page.get_by_text(eye.words["registered"])).to_be_visible()
        await eye.go()  # refused: registered when ご家族の情報 was not asked for yet
        await eye.look("refused", "refused", alert=True)
        await eye.open("/app-settings")
        await eye.type("device_code", home.device_code)
        await eye.go()
        await eye.look("family", "family_title")
        await eye.go()
        await eye.look("family: missing", "family_title", alert=True)
        assert eye.seen == DEAD_ENDS


@dataclass
class Keys:
    """A person who has a keyboard and nothing else."""

    person: Person | PhonePerson

    async def tab_to(self, wanted: Locator) -> None:
        """Press Tab until it is focused; whatever is on the way shows that it is."""
        page = self.person.page
        await expect(wanted).to_be_enabled()
        for _ in range(40):
            if await wanted.evaluate("wanted => wanted === document.activeElement"):
                outline = await wanted.evaluate("wanted => getComputedStyle(wanted).outlineStyle")
                assert outline != "none", "one sees where one is"
                return
            await page.keyboard.press("Tab")
        pytest.fail(f"{wanted} cannot be reached with Tab")

    async def press(self, name: str, key: str = "Enter") -> None:
        button = self.person.page.get_by_role("button", name=name, exact=True)
        await self.tab_to(button.or_(self.person.page.get_by_role("link", name=name, exact=True)).first)
        await self.person.page.keyboard.press(key)

    async def type(self, label: str, text: str) -> None:
        await self.tab_to(self.person.page.get_by_label(label))
        await self.person.page.keyboard.type(text)

    async def choose(self, name: str, value: str) -> None:
        """Go down a list with the arrow key, as fast as it takes, until `value` is chosen."""
        field = self.person.page.locator(f"[name={name}]")
        await self.tab_to(field)
        wanted = field.locator(f"option[value='{value}']")
        await expect(wanted).to_have_count(1)
        steps = await wanted.evaluate("option => option.index - option.parentElement.selectedIndex")
        for _ in range(steps):
            await self.person.page.keyboard.press("ArrowDown")
        await expect(field).to_have_value(value)


@pytest.mark.req("S-UI-03")
async def test_registration_and_link_code_by_keyboard_alone(person: Person) -> None:
    keys = Keys(person)
    await person.open("/")
    await keys.press("メニュー")
    await person.is_at("/menu")
    for tile, leads_to in (("設定", "/settings"), ("サーバーサービス", "/service")):
        await keys.press(tile)
        await person.is_at(leads_to)
    await keys.press("新規登録 いいえ … サーバーサービスを新規登録する")
    await keys.press("了解", "Space")
    await person.is_at("/register/steps")
    await keys.press("次へ")
    await keys.press("同意し次へ", "Space")
    await person.is_at("/register/device-code")
    await keys.type("機器コード", person.home.device_code)
    await person.page.keyboard.press("Enter")  # Enter in the field is 次へ and not 戻る
    await person.is_at("/register/confirmation-code")
    code = await person.page.locator("[data-confirmation-code]").inner_text()
    await keys.press("次へ")
    await keys.type("確認コード", code)
    await keys.press("次へ")
    await person.is_at("/register/settings")
    for name, value in (PLACE | FAMILY).items():
        await keys.choose(name, value)
    await keys.press("次へ")
    await expect(person.page.get_by_role("row", name="門真市")).to_be_visible()
    await keys.press("決定", "Space")
    await person.is_at("/register/done")
    assert await person.home.registrations() == [1]
    await keys.press("連携コードを発行する")
    await person.read_link_code()
    await keys.press("了解")
    await person.is_at("/service")

    await keys.press("アプリ設定 はい … アプリ用連携コードを発行する")
    await keys.type("機器コード", person.home.device_code)
    await keys.press("次へ")
    await keys.press("同意し次へ")
    await person.read_link_code()
    await keys.press("終了")
    await person.is_at("/service")


@pytest.mark.req("S-UI-03", "S-REG-17")
async def test_arrow_keys_that_pass_over_a_prefecture_leave_nothing_of_it(person: Person) -> None:
    """Each key is a choice, and the answers may come in another order."""
    await person.go_to("settings")
    held, area = asyncio.Event(), person.page.locator("[name=area]")

    async def late(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await person.page.route(f"**/areas?prefecture={quote('北海道')}", late)
    await person.page.select_option("[name=prefecture]", "北海道")
    await person.page.select_option("[name=prefecture]", "兵庫県")
    await expect(area.locator("option")).not_to_have_count(1)
    wanted = await area.locator("option").all_inner_texts()
    async with person.page.expect_response(lambda answer: quote("北海道") in answer.url) as passed:
        held.set()
    await (await passed.value).finished()
    await area.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert await area.locator("option").all_inner_texts() == wanted


@pytest.mark.req("S-UI-03")
async def test_registration_again_needs_the_tick_which_the_keyboard_can_set(person: Person) -> None:
    keys = Keys(person)
    await person.register()
    await person.go_to("check")
    await keys.press("決定")
    await expect(person.page.get_by_role("alert")).to_contain_text("チェックを入れてください")
    assert await person.home.registrations() == [1]
    await keys.tab_to(person.page.get_by_role("checkbox"))
    await person.page.keyboard.press("Space")
    await keys.press("決定")
    await person.is_at("/register/done")
    assert await person.home.registrations() == [2]


@pytest.mark.req("S-UI-03")
@pytest.mark.parametrize("size", [PANEL_SIZE, PHONE_SIZE], ids=["panel", "phone"])
async def test_registration_and_link_code_by_touch(
    home: Home, open_panel: OpenPanel, size: dict[str, int]
) -> None:
    async with open_panel(home, has_touch=True, viewport=size) as person:
        page = person.page

        async def touch(name: str) -> None:
            button = page.get_by_role("button", name=name, exact=True)
            await button.or_(page.get_by_role("link", name=name, exact=True)).first.tap()

        await person.open("/?screen=monitor")
        await touch("メニュー")
        await touch("設定")
        await touch("サーバーサービス")
        await touch("新規登録 いいえ … サーバーサービスを新規登録する")
        for name in ("了解", "次へ", "同意し次へ"):
            await touch(name)
        await expect(page.get_by_role("button", name="次へ")).to_be_disabled()
        await touch("9")
        await touch("一文字消す")
        for digit in f"12{home.device_code}"[:2]:
            await touch(digit)
        await touch("すべて消す")
        for digit in home.device_code:
            await touch(digit)
        await expect(page.get_by_label("機器コード")).to_have_value(home.device_code)
        await touch("次へ")
        code = await page.locator("[data-confirmation-code]").inner_text()
        await touch("次へ")
        for digit in code:
            await touch(digit)
        await touch("次へ")
        await person.choose_answers()
        await touch("次へ")
        await touch("決定")
        await touch("連携コードを発行する")
        await person.read_link_code()
        await touch("了解")
        await person.is_at("/service")
        assert await home.registrations() == [1]


@pytest.mark.req("S-UI-03", "S-LC-20")
async def test_the_countdown_is_told_at_few_moments(tmp_path: Path, open_panel: OpenPanel) -> None:
    clock = ManualClock()
    async with home_in(tmp_path, clock=clock) as home, open_panel(home) as person:
        await person.register()
        await person.issue_link_code()
        timer, voice = person.page.get_by_role("timer"), person.page.locator("[data-say]")
        await expect(voice).to_have_role("status")
        await clock.jump(1200)
        await person.page.reload()
        await expect(timer).to_have_text("39:59")
        assert await voice.inner_text() == "", "the clock moves, and nothing is said of it"
        await clock.jump(599)
        await person.page.reload()
        count: Any = (
            "voice => { voice.dataset.told = 0; new MutationObserver(() => voice.dataset.told++)"
            ".observe(voice, { childList: true }); }"
        )
        await voice.evaluate(count)
        await expect(voice).to_have_text("連携コードの残り時間は約30分です。")
        await expect(timer).to_have_text("29:59")
        await expect(voice).to_have_attribute("data-told", "1")
