"""The lab's report: nothing that axe finds, as wide as the screen, in both languages, light and dark; and what it promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from lab.report import write, write_suite
from tests.browser.conftest import watch
from tests.browser.test_accessibility import AXE, RULES
from tests.lab.report.runs import failed, not_played, passed

SIZES = ({"width": 390, "height": 844}, {"width": 1280, "height": 900}, {"width": 320, "height": 640})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    runs = [failed(tmp_path / "fails"), not_played(tmp_path / "not-here"), passed(tmp_path / "passes")]
    for each in runs:
        write(each)
    write_suite(runs, tmp_path)
    return tmp_path


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(bypass_csp=True, reduced_motion="reduce")
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    "report", ["report.html", "fails/report.html", "passes/report.html", "not-here/report.html"]
)
async def test_a_report_is_for_everybody(page: Page, folder: Path, report: str, language: str) -> None:
    await page.goto((folder / report).as_uri())
    await page.locator(f"#in-{language}").check()
    for details in await page.locator("details > summary").all():
        await details.click()
    await page.evaluate(AXE.axe_script)
    for size, scheme in zip(SIZES, ("light", "dark", "light"), strict=True):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{wide} px wide on {size['width']}"
        found = (await page.evaluate("rules => axe.run(rules)", {**RULES, "iframes": False}))["violations"]
        faults = [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]
        assert not faults, f"{size}: " + "\n".join(faults)


async def test_a_language_is_chosen_without_a_script_and_from_the_keyboard(
    browser: Browser, folder: Path
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto((folder / "fails/report.html").as_uri())
    await expect(page.get_by_text("ルーターがmDNSを遮断している").first).to_be_visible()
    await expect(page.get_by_text("The router blocks mDNS").first).to_be_hidden()
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_text("The router blocks mDNS").first).to_be_visible()
    await expect(page.get_by_text("ルーターがmDNSを遮断している").first).to_be_hidden()
    await context.close()


async def test_a_report_asks_nobody_for_anything_and_runs_nothing(browser: Browser, folder: Path) -> None:
    """Neither by itself nor for what is in its pictures: they are shown, and can be neither tapped nor reached by Tab."""
    context = await browser.new_context()
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    broken = watch(page)
    await page.goto((folder / "fails/report.html").as_uri())
    await page.mouse.wheel(0, 20_000)
    screen = page.frame_locator("iframe").nth(1)
    await expect(screen.get_by_role("heading", name="AiSEGが見つかりません")).to_be_attached()
    assert [each for each in asked if not each.startswith(("file:", "about:"))] == []
    assert not broken
    assert await page.locator("iframe").evaluate_all(
        "all => all.every(each => each.inert && each.sandbox.length == 0)"
    )
    await context.close()
