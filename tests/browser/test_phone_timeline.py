"""The timeline as people look at it: every tab with its table open, accessible and narrow; and it moves by itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest
from playwright.async_api import Browser, expect

from phone_client.settings import App
from phone_client.web.view import Language
from protocol.cloud_api import By, Event, Events
from tests.browser.test_accessibility import languages
from tests.browser.test_phone_accessibility import Eye, eye_at
from tests.phone_client.cloud_double import LINK
from tests.phone_client.timelines import MIDNIGHT, SAMPLE, Flow, timeline

FLOWS: Sequence[Flow | None] = [(0, 400, 100, 0), *[None] * 9, (3000, 1200, 0, 1000), (500, 600, 90, 0)]
HAPPENED = Events(events=(Event(kind="firmware_updated", gateway_id="0123456789ab", at=MIDNIGHT),))


async def open_timeline(eye: Eye, by: By) -> None:
    """Stand at the timeline, with a gap and an event."""
    eye.cloud.answers["GET /api/v1/timeline"] = timeline(by, FLOWS)
    eye.cloud.answers["GET /api/v1/events"] = HAPPENED
    await eye.tell(LINK)
    await eye.open(f"/timeline?by={by}")


@languages
@pytest.mark.req("S-CHG-11")
async def test_every_tab_with_its_table(browser: Browser, tmp_path: Path, language: Language) -> None:
    async with eye_at(browser, tmp_path, language, App()) as eye:
        for by in get_args(By):
            await open_timeline(eye, by)
            await expect(eye.page.get_by_role("heading", level=1)).to_have_text(eye.words["timeline"])
            for each in await eye.page.locator("summary").all():
                await each.click()
            await expect(eye.page.get_by_role("table").first).to_be_visible()
            await eye.look(f"timeline by {by}", "no_data")


@pytest.mark.req("S-BIND-07", "S-TEL-06")
async def test_what_is_newest_comes_by_itself_and_leaves_the_rest_alone(
    browser: Browser, tmp_path: Path
) -> None:
    async with eye_at(browser, tmp_path, "ja", App()) as eye:
        await open_timeline(eye, "ten_minutes")
        tiles, standing = eye.page.locator("#tiles"), eye.page.get_by_role("status")
        await expect(tiles).to_contain_text("2.31 kW")
        await expect(standing).to_have_text("オンライン")
        await eye.page.locator("summary").first.click()
        newest = SAMPLE.model_copy(update={"generation_w": 1234})
        flows = [*FLOWS, (70, 60, 0, 0)]
        eye.cloud.answers["GET /api/v1/timeline"] = timeline(
            "ten_minutes", flows, online=False, newest=newest
        )
        await eye.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(tiles).to_contain_text("1.23 kW")
        await expect(standing).to_have_text("オフライン")
        await expect(eye.page.locator("#power-rows tr").last).to_contain_text("02:00")
        await expect(eye.page.locator("details").first).to_have_attribute("open", "")
