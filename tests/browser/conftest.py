"""Panel and phone as a person meets them: a real browser, a live gateway, the real cloud, and the line between them."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.home import PANEL_SIZE, PHONE_SIZE, Home, home_in
from tests.browser.person import Person
from tests.browser.phone_person import PhonePerson

CHROMIUM = "/usr/bin/chromium-headless-shell"  # without the windows and bars that nobody sees here
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
OpenPhone = Callable[..., AbstractAsyncContextManager[PhonePerson]]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one browser for all tests of this process; yield the address it is driven from."""
    if not shutil.which(CHROMIUM):
        pytest.skip("chromium-headless-shell is not installed")
    options = tmp_path_factory.mktemp("chromium") / "options.json"
    options.write_text(json.dumps({"executablePath": CHROMIUM, "args": ARGUMENTS}), "utf-8")
    server = [*compute_driver_executable(), "launch-server", "--browser=chromium", f"--config={options}"]
    ends_with_us = ["setpriv", "--pdeathsig", "TERM"]
    with subprocess.Popen([*ends_with_us, *server], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Yield the browser; what a test opens in it is this test's own and closed at its end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect(chromium)
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
            broken = watch(page)
            yield Person(page, home)
            assert not broken

    return opened


@pytest.fixture
def open_phone(browser: Browser) -> OpenPhone:
    """Return what gives somebody a phone of this home: by name, what it says of itself, and options of a browser context."""

    @asynccontextmanager
    async def opened(
        home: Home,
        name: str = "phone",
        app: dict[str, str] | None = None,
        limit_s: float = 5.0,
        **options: Any,
    ) -> AsyncIterator[PhonePerson]:
        async with AsyncExitStack() as stack:
            phone = await stack.enter_async_context(home.phone(name, limit_s, **(app or {})))
            context = await browser.new_context(base_url=phone.url, **{"viewport": PHONE_SIZE, **options})
            stack.push_async_callback(context.close)
            page = await context.new_page()
            broken = watch(page)
            yield PhonePerson(page, home, phone.url.rstrip("/"))
            assert not broken

    return opened


def watch(page: Page) -> list[str]:
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
