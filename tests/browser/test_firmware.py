"""STEP1 in a browser: the firmware, from the notice to the restart (manual p3–p5)."""

import asyncio
import logging
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Error, expect
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from protocol.discovery import SERVICE_TYPE
from tests.browser.conftest import OpenPanel
from tests.browser.home import MODEL, TEXT_JA, Home, home_in
from tests.browser.person import Person
from tests.emulator.maker import Maker
from tests.support.waiting import until

OLD, NEW, NEWER = "2.10", "2.11", "2.12"
DONE = "こちらで、AiSEGのファームウェアの更新が完了しました。"
CAME_BACK = "AiSEGが再起動しました。ページの再読み込みを行ってください。"
WAIT = "更新が完了するまで10分ほどお待ちください。"
BUSY = "ファームウェアを更新しています。更新が完了するまでお待ちください。"
STALE = "この画面は古くなっています。ページの再読み込みを行ってください。"
QUICKER = {"update_s": 0.6, "apply_s": 0.3}


def refuses(url: str) -> bool:
    """Say whether nobody listens at `url`: a connection is refused, not just slow."""
    where = urlsplit(url)
    with socket.socket() as knocking:
        return knocking.connect_ex((where.hostname, where.port)) != 0


async def read_the_notice(person: Person) -> None:
    """Tap from the home screen to 更新内容, as the manual's p4."""
    await person.open("/")
    await person.page.get_by_role("main").get_by_role("link", name=re.compile("^メニュー")).click()
    await person.tap_tile("お知らせ")
    await person.tap_tile("メッセージ")
    await person.tap("詳細")
    await person.tap("更新内容")


async def start_update(person: Person) -> None:
    """Tap all the way to 了解 (p4 and p5)."""
    await read_the_notice(person)
    await person.tap("更新する")
    await person.tap("了解")
    await person.is_at("/update/progress")


async def percent_seen(person: Person) -> list[float]:
    """Watch the bar until the page of the update is another one; return where it stood."""
    seen: list[float] = []

    async def over() -> bool:
        with suppress(Error):  # asked just when the page loads itself anew
            bars = person.page.locator("[data-bar]")
            seen.extend(await bars.evaluate_all("bars => bars.map(bar => bar.value)"))
        return await person.page.get_by_text("更新が反映されるまでに少しお時間がかかります。").count() > 0

    await until(over, "the bar's end")
    return seen


async def is_restarted(home: Home, version: str) -> None:
    """Wait until the gateway was away and serves again, with `version`."""
    await until(lambda: refuses(home.url), "HTTP to be refused")
    await home.program.serves()
    assert home.firmware == version


async def verdict(home: Home) -> str:
    async with aiohttp.ClientSession() as http, http.get(f"{home.url}/api/v1/firmware") as answer:
        return str((await answer.json())["verdict"])


class Heard:
    """Whether one gateway's name was there, by its mDNS announcements: `added`, `removed`, in turns.

    python-zeroconf adds a name again for each type that leads to it, also when the subtype is heard in a later packet.
    """

    def __init__(self, zeroconf: AsyncZeroconf, name: str) -> None:
        self._zeroconf, self._name = zeroconf, f"{name}.{SERVICE_TYPE}"
        self.changes: list[str] = []

    def note(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        change = state_change.name.lower()
        if name == self._name and change != "updated" and self.changes[-1:] != [change]:
            self.changes.append(change)

    async def firmware(self) -> str:
        info = AsyncServiceInfo(SERVICE_TYPE, self._name)
        assert await info.async_request(self._zeroconf.zeroconf, 3000)
        return str(info.decoded_properties["fw"])


@asynccontextmanager
async def hearing(home: Home) -> AsyncIterator[Heard]:
    zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    name = await until(lambda: home.program.gateway.announcement.name, "the announcement")
    heard = Heard(zeroconf, name)
    browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE_TYPE, handlers=[heard.note])
    try:
        await until(lambda: heard.changes, "its name on the network")
        yield heard
    finally:
        await browser.async_cancel()
        await zeroconf.async_close()


@pytest.mark.req(
    "S-FW-02", "S-FW-03", "S-FW-04", "S-FW-05", "S-FW-07", "S-FW-08", "S-FW-09", "S-FW-10", "S-FW-11", "S-FW-13"
)  # fmt: skip
async def test_from_the_menu_to_the_new_version(person: Person) -> None:
    home = person.home
    await home.publish(NEW)
    await read_the_notice(person)
    await person.see(TEXT_JA)
    await person.see("更新内容を確認したら、「更新する」をタップしてください。")
    await person.tap("更新する")
    await person.is_at("/update/confirm")
    await person.see("ファームウェアを更新します。よろしければ「了解」をタップしてください。")
    assert home.program.gateway.updates.progress() is None, "reading installs nothing"

    await person.tap("了解")
    await person.see(WAIT)
    await person.see(f"{OLD} → {NEW}")
    seen = await percent_seen(person)
    assert seen == sorted(seen)
    assert len(set(seen)) >= 3, "it rises while one looks"
    assert home.firmware == OLD
    assert not refuses(home.url), "the old page still answers"
    await person.see("パソコンなどで操作をしているお客様はページの再読み込みを行ってください。")
    await person.sees_not("AiSEGの専用モニターで操作をしているお客様は電源を入れ直してください。")
    await person.see("AiSEGが再起動しますので、しばらくしてからAiSEGの画面を表示してください。")

    await is_restarted(home, NEW)
    await person.see(CAME_BACK)
    await person.sees_not(DONE)
    await person.page.locator("[data-came-back]").get_by_role("link", name="再読み込み").click()
    await person.see(DONE)
    await person.see(f"ファームウェア {NEW}")
    await person.open("/")
    await expect(person.page.locator("aside")).to_contain_text(NEW)


@pytest.mark.req("S-FW-06", "S-FW-14", "S-FW-15")
async def test_it_goes_away_and_comes_back_with_everything_it_had(
    tmp_path: Path, open_panel: OpenPanel
) -> None:
    async with home_in(tmp_path, firmware={"restart_s": 2.0}) as home, open_panel(home) as person:
        await person.register()
        before = home.program.gateway
        await until(lambda: is_online(home), "the broker")
        async with hearing(home) as heard:
            assert await heard.firmware() == OLD
            await home.publish(NEW)
            await start_update(person)
            await until(lambda: refuses(home.url), "HTTP to be refused")
            await until(lambda: is_away(home), "the farewell to the broker", within_s=1.5)
            await until(lambda: heard.changes[-1] == "removed", "the goodbye", within_s=1.5)
            await home.program.serves()
            await until(lambda: heard.changes == ["added", "removed", "added"], "the second announcement")
            assert await heard.firmware() == NEW
        await until(lambda: is_online(home), "its return to the broker")
        assert [each.firmware for each in (await home.overview()).gateways] == [NEW]
        after = home.program.gateway
        assert after is not before
        assert after.registration == before.registration
        assert after.identity.gateway_id == before.identity.gateway_id
        assert await home.registrations() == [1]

        assert await verdict(home) == "up_to_date"
        await person.open("/messages")
        await person.see("お知らせはございません。ファームウェアは最新です。")
        await expect(person.page.get_by_role("link", name="詳細")).to_have_count(0)
        await person.open("/update/confirm")
        await person.is_at("/messages")
        await person.open("/status")
        await person.type_device_code(then="了解")
        await person.see("サーバーサービスに登録されています。")


async def is_online(home: Home) -> bool:
    return [each.online for each in (await home.overview()).gateways] == [True]


async def is_away(home: Home) -> bool:
    return [each.online for each in (await home.overview()).gateways] == [False]


@pytest.mark.req("S-FW-12")
async def test_the_dedicated_monitor_asks_for_its_power(home: Home, open_panel: OpenPanel) -> None:
    await home.publish(NEW)
    async with open_panel(home) as person:
        await person.open("/settings?screen=monitor")
        await start_update(person)
        await person.see("AiSEGの専用モニターで操作をしているお客様は電源を入れ直してください。")
        await person.sees_not("パソコンなどで操作をしているお客様はページの再読み込みを行ってください。")
        await person.page.get_by_role("main").get_by_role("link", name="電源", exact=True).click()
        await person.is_at("/monitor/off")
        await is_restarted(home, NEW)
        await person.tap("電源を入れる")
        await person.is_at("/")
        await expect(person.page.locator("aside")).to_contain_text(NEW)


@pytest.mark.req("S-FW-18")
async def test_two_people_at_once_start_one_update(
    tmp_path: Path, open_panel: OpenPanel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "emulator")
    async with home_in(tmp_path, firmware={"apply_s": 5.0}) as home:  # time for all that the third one opens
        await home.publish(NEW)
        async with open_panel(home) as first, open_panel(home) as second:
            for each in (first, second):
                await each.open("/update/confirm")
            await asyncio.gather(first.tap("了解"), second.tap("了解"))
            for each in (first, second):
                await each.is_at("/update/progress")
                await each.see(f"{OLD} → {NEW}")
            async with open_panel(home) as third:
                for late in ("/messages/firmware", "/update", "/update/confirm"):
                    await third.open(late)
                    await third.is_at("/update/progress")
            await is_restarted(home, NEW)
    assert [text for text in caplog.messages if text.startswith("updating the firmware")] == [
        f"updating the firmware from {OLD} to {NEW}"
    ]


@pytest.mark.req("S-FW-19")
async def test_nothing_else_is_begun_or_ended_meanwhile(tmp_path: Path, open_panel: OpenPanel) -> None:
    async with home_in(tmp_path, firmware={"apply_s": 0.3}) as home:
        async with open_panel(home) as half_way, open_panel(home) as late, open_panel(home) as starter:
            await half_way.go_to("check")
            await late.go_to("device-code")
            await home.publish(NEW)
            before = await home.contents()
            await start_update(starter)
            await home.line.cut()  # it stands still while the others try
            await half_way.tap("決定")
            await half_way.see(BUSY)
            await late.type_device_code()
            await late.see(BUSY)
            await late.open("/app-settings")
            await late.type_device_code()
            await late.see(BUSY)
            await late.tap("更新の状況を見る")
            await late.see(WAIT)
            assert await home.contents() == before
            assert home.program.gateway.registration is None
            await home.line.mend()

            await is_restarted(home, NEW)
            await half_way.open("/register/check")
            await half_way.is_at("/register")
        assert await home.registrations() == []


@pytest.mark.req("S-FW-20")
async def test_another_release_meanwhile_is_to_be_read_first(person: Person) -> None:
    home = person.home
    await home.publish(NEW)
    await read_the_notice(person)
    await person.tap("更新する")
    await home.publish(NEWER, "・もっと新しい内容です。")
    await person.tap("了解")
    await person.see(f"新しいバージョン（{NEWER}）が公開されました。更新内容をもう一度確認してください。")
    assert home.program.gateway.updates.progress() is None
    await person.tap("更新内容")
    await person.see("・もっと新しい内容です。")
    await person.tap("更新する")
    await person.tap("了解")
    await person.see(f"{OLD} → {NEWER}")


@pytest.mark.req("S-FW-21")
async def test_a_page_from_before_the_restart_does_nothing(person: Person) -> None:
    home = person.home
    await home.publish(NEW)
    await person.open("/update/confirm")
    home.program.restart()
    await is_restarted(home, OLD)
    async with person.page.expect_response(re.compile("/update/confirm$")) as answer:
        await person.tap("了解")
    assert (await answer.value).status == 409
    await person.see(STALE)
    assert home.program.gateway.updates.progress() is None
    await person.tap("再読み込み")
    await person.tap("了解")
    await person.see(f"{OLD} → {NEW}")


@pytest.mark.req("S-FW-22")
async def test_a_release_of_another_maker_is_refused_in_words(tmp_path: Path, open_panel: OpenPanel) -> None:
    async with home_in(tmp_path, gateway={"release_key": Maker().key}) as home, open_panel(home) as person:
        await home.publish(NEW)
        await person.open("/messages")
        await person.see(
            "ファームウェアを更新できませんでした（署名が正しくありません）。現在のファームウェアで動作を続けます。"
        )
        await expect(person.page.get_by_role("link", name="詳細")).to_have_count(0)
        assert (home.firmware, home.program.gateway.updates.progress()) == (OLD, None)
        await person.open("/")
        await expect(person.page.locator("aside")).to_contain_text(OLD)


@pytest.mark.req("S-FW-22", "S-FW-10")
async def test_a_damaged_image_is_not_installed_and_a_whole_one_is_later(
    tmp_path: Path, open_panel: OpenPanel
) -> None:
    async with home_in(tmp_path, firmware=QUICKER) as home, open_panel(home) as person:
        await home.publish(NEW)
        image = await asyncio.to_thread(home.cloud.registry.image, MODEL, NEW)
        whole = await asyncio.to_thread(image.read_bytes)
        await asyncio.to_thread(image.write_bytes, whole[:-1] + bytes([whole[-1] ^ 1]))
        await start_update(person)
        await person.see("更新できませんでした")
        await person.see("データが壊れています")
        await person.see("現在のファームウェアで動作を続けています。")
        assert home.firmware == OLD
        assert not home.program.gateway.updates.busy
        await asyncio.to_thread(image.write_bytes, whole)
        await person.tap("もう一度試す")
        await start_update(person)
        await is_restarted(home, NEW)


@pytest.mark.req("S-FW-10", "S-GEN-03")
async def test_a_line_that_stays_cut_ends_in_a_failure_and_not_in_waiting(
    tmp_path: Path, open_panel: OpenPanel
) -> None:
    async with home_in(tmp_path, firmware=QUICKER) as home, open_panel(home) as person:
        await home.publish(NEW)
        await person.open("/update/confirm")
        await person.tap("了解")
        await until(
            lambda: (update := home.program.gateway.updates.progress()) and update.progress_pct, "a part"
        )
        await home.line.cut()
        await person.see("更新できませんでした")
        await expect(person.page.locator(".trouble")).to_contain_text("接続できません")
        await person.see("0120-081-701")
        assert home.firmware == OLD
        await home.line.mend()
        await person.tap("もう一度試す")
        await start_update(person)
        await is_restarted(home, NEW)


@pytest.mark.req("S-FW-01", "S-FLOW-05")
async def test_the_question_has_three_answers(person: Person) -> None:
    home = person.home
    await home.line.cut()
    home.program.gateway.updates.look_again()
    await person.open("/settings")
    await person.tap_tile("ファームウェア")
    await person.see("AiSEGのファームウェアは最新ですか？")
    answer = person.page.locator(".verdict")
    await expect(answer).to_have_text(re.compile("^わからない"))
    await expect(answer).not_to_contain_text("最新です")
    await expect(person.page.get_by_role("link", name="STEP2へ進む")).to_have_count(0)
    assert await verdict(home) == "unknown"
    await home.line.mend()
    await person.tap("AiSEGのファームウェアを最新にする")
    await person.is_at("/messages")

    await person.open("/firmware")
    await expect(answer).to_have_text("はい（最新です）")
    await person.tap("STEP2へ進む")
    await person.is_at("/service")

    await home.publish(NEW)
    await person.open("/firmware")
    await expect(answer).to_have_text("いいえ（更新があります）")
    await person.tap("AiSEGのファームウェアを最新にする")
    await person.tap("詳細")


@pytest.mark.req("S-FW-07")
async def test_markup_in_a_release_is_text_on_the_page(person: Person) -> None:
    text = "<script>alert(1)</script>\n<img src=x onerror=alert(2)> & {{ 7 * 7 }}"
    person.page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    await person.home.publish(NEW, text, text)
    for language in ("ja", "en"):
        await person.open(f"/update?lang={language}")
        paper = person.page.get_by_role("region")
        await expect(paper).to_have_text(text)
        await expect(paper.locator("script, img")).to_have_count(0)


@pytest.mark.req("S-FW-16")
async def test_only_the_panel_starts_an_update(person: Person) -> None:
    """No address of the device API or of the cloud takes anything that could be a start."""
    home = person.home
    await home.publish(NEW)
    async with aiohttp.ClientSession() as http:
        for url in (home.url, home.cloud.public_url):
            async with http.get(f"{url}/openapi.json") as answer:
                described = (await answer.json())["paths"]
            for path in [path for path in described if "firmware" in path or "update" in path]:
                assert set(described[path]) == {"get"}, f"{path} takes more than questions"
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            async with http.request(method, f"{home.url}/api/v1/firmware", json={"version": NEW}) as answer:
                assert answer.status == 405
    assert home.program.gateway.updates.progress() is None
