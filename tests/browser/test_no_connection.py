"""The line is cut before each step that asks the cloud: the panel says so, nothing has changed, and it goes on after."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from protocol.rules import TOKYO
from tests.browser.conftest import OpenPanel
from tests.browser.home import Home, home_in
from tests.browser.person import FAMILY, Person
from tests.cloud.serving import TestClock
from tests.support.waiting import until

BOUND_S = 5.0
"""A cut that refuses is known at once."""
TIMEOUT_S = 1.0
"""Of the gateway, where a cut swallows."""

Walk = Callable[[Person], Awaitable[None]]


async def to_the_status_page(person: Person) -> None:
    await person.open("/status")


async def check_status(person: Person) -> None:
    await person.type_device_code(then="了解")


async def to_the_device_code(person: Person) -> None:
    await person.go_to("device-code")


async def type_device_code(person: Person) -> None:
    await person.type_device_code()


async def to_the_check_page(person: Person) -> None:
    await person.go_to("check")


async def decide(person: Person) -> None:
    await person.decide()


async def to_the_done_page(person: Person) -> None:
    await person.register()


async def issue(person: Person) -> None:
    await person.tap("連携コードを発行する")


async def to_app_settings(person: Person) -> None:
    await person.register()
    await person.open("/app-settings")


async def to_the_terms(person: Person) -> None:
    await to_app_settings(person)
    await person.type_device_code()
    await person.is_at("/app-settings/terms")


async def agree(person: Person) -> None:
    await person.tap("同意し次へ")


async def to_the_family(person: Person) -> None:
    await to_the_terms(person)
    await agree(person)
    await person.is_at("/app-settings/family")
    for name, value in FAMILY.items():
        await person.page.select_option(f"[name={name}]", value)


async def go_on(person: Person) -> None:
    await person.tap("次へ")


async def to_the_notices(person: Person) -> None:
    await person.home.publish("2.11")
    await person.open("/notices")


async def read_messages(person: Person) -> None:
    await person.tap_tile("メッセージ")


async def to_the_last_button(person: Person) -> None:
    await person.home.publish("2.11")
    await person.open("/update/confirm")


async def start_update(person: Person) -> None:
    await person.tap("了解")


@dataclass(frozen=True)
class Step:
    """A step that asks the cloud: how one gets there, what one taps, where that leads when the line is good.

    `asks_to_be_seen`: the page that もう一度試す leads to asks the cloud too.
    """

    reach: Walk
    take: Walk
    leads_to: str
    asks_to_be_seen: bool = False


STEPS = {
    "登録状況確認": Step(to_the_status_page, check_status, "/status"),
    "新規登録 機器コード": Step(to_the_device_code, type_device_code, "/register/confirmation-code"),
    "決定": Step(to_the_check_page, decide, "/register/done"),
    "連携コードを発行する": Step(to_the_done_page, issue, "/link-code"),
    "アプリ設定 機器コード": Step(to_app_settings, type_device_code, "/app-settings/terms"),
    "アプリ設定 規約": Step(to_the_terms, agree, "/link-code"),
    "ご家族の情報": Step(to_the_family, go_on, "/link-code"),
    "メッセージ": Step(to_the_notices, read_messages, "/messages", asks_to_be_seen=True),
    "更新する": Step(to_the_last_button, start_update, "/update/progress", asks_to_be_seen=True),
}


@asynccontextmanager
async def household(folder: Path, step: str) -> AsyncIterator[Home]:
    """Run one that, for the page that asks for it, was registered when ご家族の情報 was not asked for yet."""
    clock = TestClock()
    clock.instant = datetime(2015, 12, 1, 12, 0, tzinfo=TOKYO)
    async with home_in(folder, cloud_clock=clock if step == "ご家族の情報" else None) as home:
        yield home


async def state_of(home: Home) -> object:
    """Return what no failed step may change, on either side."""
    gateway = home.program.gateway
    code = gateway.shown_link_code(datetime.now(TOKYO))  # noqa: TID251
    return await home.contents(), gateway.registration, code, gateway.updates.progress()


async def sees_the_desk(person: Person) -> None:
    desk = person.page.locator(".desk")
    for text in (
        "住宅エネルギーマネジメントシステム ご相談窓口",
        "0120-081-701",
        "365日／9:00～18:00",
        "※携帯電話からもご利用になれます。",
        "06-6780-2099",
    ):
        await expect(desk).to_contain_text(text)


async def sees_no_connection(person: Person, step: Step) -> None:
    """See the screen that says so; of the status it says "cannot tell", which leads nowhere (S-ST-07)."""
    says = "確認できません" if step.leads_to == "/status" else "インターネットに接続できません"
    await expect(person.page.get_by_role("alert")).to_have_text(says, timeout=1000 * BOUND_S)
    await expect(person.page.get_by_role("link", name="新規登録")).to_have_count(0)
    await person.sees_not("未登録")
    await sees_the_desk(person)


async def fails_then_works(person: Person, step: Step, *, silent: bool = False) -> None:
    home = person.home
    await step.reach(person)
    before = await state_of(home)
    await home.line.cut(silent=silent)
    home.program.gateway.updates.look_again()  # what is remembered of the latest firmware counts no more
    await step.take(person)
    await sees_no_connection(person, step)
    await person.tap("もう一度試す")
    if step.asks_to_be_seen:
        await sees_no_connection(person, step)
    assert await state_of(home) == before
    await home.line.mend()
    if step.asks_to_be_seen:
        await person.tap("もう一度試す")
    if step.take is not read_messages:
        await step.take(person)
    await person.is_at(step.leads_to)
    await expect(person.page.get_by_role("alert")).to_have_count(0)


@pytest.mark.req("S-GEN-03", "S-GEN-22", "S-GEN-23", "S-ST-07")
@pytest.mark.parametrize("name", STEPS)
async def test_a_cut_line_is_told_changes_nothing_and_mended_the_step_works(
    tmp_path: Path, open_panel: OpenPanel, name: str
) -> None:
    async with household(tmp_path, name) as home, open_panel(home) as person:
        await fails_then_works(person, STEPS[name])


@pytest.mark.req("S-GEN-03")
@pytest.mark.parametrize("name", ["登録状況確認", "決定"])
async def test_a_line_that_swallows_everything_is_given_up_in_time(
    tmp_path: Path, open_panel: OpenPanel, name: str
) -> None:
    async with home_in(tmp_path, cloud={"timeout_s": TIMEOUT_S}) as home, open_panel(home) as person:
        await fails_then_works(person, STEPS[name], silent=True)


@pytest.mark.req("S-GEN-03", "S-REG-35")
async def test_what_was_typed_is_still_there(person: Person) -> None:
    await person.go_to("device-code")
    await person.home.line.cut()
    await person.type_device_code()
    await person.tap("もう一度試す")
    await expect(person.page.get_by_label("機器コード")).to_have_value(person.home.device_code)
    await person.home.line.mend()
    await person.tap("次へ")
    await person.note_confirmation_code()
    await person.type_confirmation_code()
    await person.answer()
    shown = await person.page.get_by_role("table").inner_text()
    await person.home.line.cut()
    await person.decide()
    await person.tap("もう一度試す")
    await expect(person.page.get_by_role("table")).to_be_visible()
    assert await person.page.get_by_role("table").inner_text() == shown


@pytest.mark.req("S-REG-32", "S-GEN-03")
async def test_a_lost_answer_to_the_last_button_registers_once(person: Person) -> None:
    home = person.home
    await person.register()
    await person.go_to("check")
    home.line.lose_answer_to("POST /api/v1/gateways/registrations ")
    await person.decide()
    await expect(person.page.get_by_role("alert")).to_have_text("インターネットに接続できません")
    assert home.line.has_lost_it
    assert await home.registrations() == [2], "the cloud has carried it out"
    registration = home.program.gateway.registration
    assert registration is not None
    assert registration.epoch == 1, "the gateway does not know yet"
    stored = await home.contents()

    await person.tap("もう一度試す")
    await person.decide()
    await person.see("サーバーサービスに登録しました。")
    assert home.program.gateway.registration is not None
    assert home.program.gateway.registration.epoch == 2
    assert await home.registrations() == [2]
    assert await home.contents() == stored, "the same run again has no second effect"
    await until(lambda: home.program.gateway.uplink.connected, "its return to the broker")


@pytest.mark.req("S-GEN-22", "S-GEN-23")
async def test_help_names_the_desk(person: Person) -> None:
    await person.open("/")
    await person.tap("メニュー")
    await person.tap_tile("使いかた・お問い合わせ")
    await sees_the_desk(person)
