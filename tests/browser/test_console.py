"""The operator's console in a browser: accessible in both languages, wide and narrow, light and dark; and it moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from cloud.arrivals import Arrival
from tests.browser.home import PHONE_SIZE
from tests.browser.test_accessibility import AXE, RULES, languages
from tests.cloud.actors import Gateway, sample
from tests.cloud.serving import Served, served, settings_in
from tests.cloud.site.test_console import furnish

WIDE_SIZE = {"width": 1280, "height": 900}


@asynccontextmanager
async def console_of(browser: Browser, folder: Path) -> AsyncIterator[tuple[Page, Served, Gateway]]:
    """Open a browser at a cloud with one gateway, used by one account, with axe let in."""
    gateway = Gateway()
    async with served(settings_in(folder)) as cloud:
        await furnish(cloud, gateway)
        context = await browser.new_context(base_url=cloud.cloud.public_url, bypass_csp=True)
        yield await context.new_page(), cloud, gateway
        await context.close()


async def faults(page: Page, size: dict[str, int]) -> list[str]:
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})
    await page.emulate_media(color_scheme="dark" if size is WIDE_SIZE else "light")
    found = (await page.evaluate("rules => axe.run(rules)", RULES))["violations"]
    wide = await page.evaluate("document.documentElement.scrollWidth")
    told = [f"{page.url}: {each['id']} {[node['target'] for node in each['nodes']]}" for each in found]
    return told + ([f"{page.url}: {wide} px wide"] if wide > size["width"] else [])


@languages
async def test_every_page_is_accessible(browser: Browser, tmp_path: Path, language: str) -> None:
    async with console_of(browser, tmp_path) as (page, _, gateway):
        pages = ("", "/accounts", "/events", "/releases", f"/gateways/{gateway.gateway_id}")
        found: list[str] = []
        for path in ("/", *(f"/console{each}" for each in pages)):
            await page.goto(f"{path}?lang={language}")
            await page.evaluate(AXE.axe_script)
            for size in (WIDE_SIZE, PHONE_SIZE):
                found += await faults(page, size)
        assert not found, "\n".join(found)


@pytest.mark.req("S-TEL-06", "S-BIND-07")
async def test_what_gateways_measure_comes_by_itself(browser: Browser, tmp_path: Path) -> None:
    async with console_of(browser, tmp_path) as (page, cloud, gateway):
        await page.goto("/console?lang=en")
        row = page.get_by_role("row").filter(has_text=gateway.gateway_id)
        await expect(row).to_contain_text("2.31")
        await expect(row).to_contain_text("online")
        await page.get_by_label("Gateway id, e-mail or nickname").fill("fa")
        cloud.clock.pass_time(seconds=31)
        arrival = Arrival(gateway.gateway_id, 1, None, (sample(2, cloud.clock.now(), 1500),))
        await asyncio.to_thread(cloud.cloud.registry.accept_samples, [arrival], cloud.clock.now())
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(row).to_contain_text("1.50")
        cloud.clock.pass_time(seconds=31)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(row).to_contain_text("offline")
        await expect(page.get_by_label("Gateway id, e-mail or nickname")).to_have_value("fa")


async def test_a_table_stays_a_table_on_a_narrow_screen(browser: Browser, tmp_path: Path) -> None:
    async with console_of(browser, tmp_path) as (page, _, gateway):
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.goto("/console?lang=en")
        row = page.get_by_role("table", name="AiSEG").get_by_role("row").filter(has_text=gateway.gateway_id)
        await expect(row.get_by_role("cell")).to_have_count(8)
        await expect(page.get_by_role("columnheader")).to_have_count(9)
