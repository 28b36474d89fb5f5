"""The panel as a person meets it: a real browser, a live gateway, the real cloud, and the line between them."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.home import PANEL_SIZE, Home, home_in
from tests.browser.person import Person

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenHome = Callable[..., AbstractAsyncContextManager[Home]]
OpenPanel = Callable[..., AbstractAsyncContextManager[Person]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not shutil.which(CHROMIUM):
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """Yield a household with the machine's own clock."""
    async with home_in(tmp_path) as each:
        yield each


@pytest.fixture
def open_panel(browser: Browser) -> OpenPanel:
    """Return what opens another browser at the panel of a home, with options of a browser context."""

    @asynccontextmanager
    async def opened(home: Home, **options: Any) -> AsyncIterator[Person]:
        context = await browser.new_context(base_url=home.url, **{"viewport": PANEL_SIZE, **options})
        async with AsyncExitStack() as stack:
            stack.push_async_callback(context.close)
            page = await context.new_page()
            broken = _watch(page)
            yield Person(page, home)
            assert not broken

    return opened


def _watch(page: Page) -> list[str]:
    """Return a list that fills with what no page may do: break its own security policy, or throw."""
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda line: broken.append(line.text) if "Content Security" in line.text else None)
    return broken


@pytest.fixture
async def person(home: Home, open_panel: OpenPanel) -> AsyncIterator[Person]:
    """Yield a person in front of the panel."""
    async with open_panel(home) as each:
        yield each
