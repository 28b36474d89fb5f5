import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from chassis.clock import SystemClock
from chassis.settings import read_settings
from emulator.program import Running, running
from emulator.settings import Settings
from protocol.device_api import Device, Firmware, ShownLinkCode
from protocol.telemetry import Sample
from tests.emulator.answers import register, show_link_code
from tests.emulator.cloud_double import CloudDouble
from tests.support.waiting import until

pytestmark = pytest.mark.adapters


@pytest.fixture
async def program(tmp_path: Path, cloud: CloudDouble) -> AsyncIterator[Running]:
    options = {"gateway.folder": tmp_path, "cloud.url": cloud.url, "http.port": 0}
    async with running(read_settings(Settings, "emulator", options=options)) as each:
        await until(each.gateway.newest, "the first sample")
        yield each


@pytest.fixture
async def browser(program: Running) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(program.urls[0]) as session:
        yield session


async def read(browser: aiohttp.ClientSession, path: str) -> str:
    async with browser.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


async def refused(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    return answer.status, (await answer.json())["code"]


async def test_the_gateway_says_what_it_is(program: Running, browser: aiohttp.ClientSession) -> None:
    device = Device.model_validate_json(await read(browser, "/api/v1/device"))
    assert device == program.gateway.device().model_copy(update={"uptime_s": device.uptime_s})
    assert device.name == f"AiSEG MKN702 ({program.gateway.identity.gateway_id[-6:]})"


@pytest.mark.req("S-FW-01")
async def test_firmware_and_energy_are_the_contracts(browser: aiohttp.ClientSession) -> None:
    firmware = Firmware.model_validate_json(await read(browser, "/api/v1/firmware"))
    assert firmware.verdict == "up_to_date"
    sample = Sample.model_validate_json(await read(browser, "/api/v1/energy"))
    assert sample.imbalance_w() == 0


@pytest.mark.req("S-FW-16")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_but_the_panel_can_start_an_update(
    program: Running, browser: aiohttp.ClientSession, cloud: CloudDouble, method: str
) -> None:
    cloud.latest = "2.11"
    for path in ("/api/v1/firmware", "/api/v1/firmware/update", "/api/v1/device"):
        async with browser.request(method, path, json={"version": "2.11"}) as answer:
            assert answer.status in (404, 405)
    operations = json.loads(await read(browser, "/openapi.json"))["paths"]
    assert {verb for verbs in operations.values() for verb in verbs} == {"get"}
    assert not program.gateway.updates.busy


async def test_the_link_code_is_readable_only_while_it_is_shown(
    program: Running, browser: aiohttp.ClientSession
) -> None:
    gateway = program.gateway
    async with browser.get("/api/v1/link-code") as answer:
        assert await refused(answer) == (404, "link_code_not_shown")
    await register(gateway)
    issued = await show_link_code(gateway)
    async with browser.get("/api/v1/link-code") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        shown = ShownLinkCode.model_validate_json(await answer.text())
    assert shown.link_code == issued.link_code
    gateway.hide_link_code()
    async with browser.get("/api/v1/link-code") as answer:
        assert await refused(answer) == (404, "link_code_not_shown")


async def test_the_link_code_can_be_switched_off(tmp_path: Path, cloud: CloudDouble) -> None:
    options = {"gateway.folder": tmp_path, "cloud.url": cloud.url, "http.port": 0, "http.link_code": False}
    async with (
        running(read_settings(Settings, "emulator", options=options)) as program,
        aiohttp.ClientSession(program.urls[0]) as browser,
    ):
        await register(program.gateway)
        await show_link_code(program.gateway)
        async with browser.get("/api/v1/link-code") as answer:
            assert await refused(answer) == (404, "not_found")
        assert "/api/v1/link-code" not in await read(browser, "/openapi.json")


async def test_readiness_description_and_metrics(browser: aiohttp.ClientSession) -> None:
    assert await read(browser, "/healthz") == '{"ready":true}'
    description = await read(browser, "/openapi.json")
    for path in ("device", "firmware", "energy", "link-code"):
        assert f'"/api/v1/{path}"' in description
    metrics = await read(browser, "/metrics")
    assert "\naiseg_registered 0\n" in metrics
    assert "\naiseg_outbox_samples 0\n" in metrics


@pytest.mark.req("S-DISC-14")
async def test_no_answer_holds_the_device_code(program: Running, browser: aiohttp.ClientSession) -> None:
    for path in ("/api/v1/device", "/api/v1/energy", "/api/v1/firmware", "/metrics", "/", "/register"):
        assert program.gateway.identity.device_code not in await read(browser, path)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing", (404, "not_found")),
        ("GET", "/static/../pages.py", (404, "not_found")),
        ("POST", "/api/v1/device", (405, "method_not_allowed")),
        ("PUT", "/link-code", (405, "method_not_allowed")),
    ],
)
async def test_what_is_not_there_is_a_problem_document(
    browser: aiohttp.ClientSession, method: str, path: str, expected: tuple[int, str]
) -> None:
    async with browser.request(method, path) as answer:
        assert await refused(answer) == expected


async def test_a_large_form_is_refused(browser: aiohttp.ClientSession) -> None:
    async with browser.post("/register", data={"device_code": "1" * 100_000}) as answer:
        assert await refused(answer) == (413, "too_large")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example", "Origin": "http://127.0.0.1.evil.example"},
        {"Host": "evil.example", "X-Forwarded-Host": "127.0.0.1", "X-Forwarded-For": "127.0.0.1"},
        {"Host": "[::1"},
    ],
)
async def test_a_foreign_page_changes_nothing(
    program: Running, browser: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    gateway = program.gateway
    await register(gateway)
    await show_link_code(gateway)
    forms = {
        "/register/check": {"replacing": "1"},
        "/app-settings": {"device_code": gateway.identity.device_code},
        "/link-code": {},
    }
    for path, form in forms.items():
        async with browser.post(path, data=form, headers=headers) as answer:
            assert await refused(answer) == (403, "foreign_origin")
    assert gateway.registration
    assert gateway.registration.epoch == 1
    assert gateway.shown_link_code(SystemClock().now()) is not None


async def test_a_foreign_name_reads_nothing(browser: aiohttp.ClientSession) -> None:
    for path in ("/", "/api/v1/link-code", "/api/v1/device", "/static/panel.css"):
        async with browser.get(path, headers={"Host": "rebound.example"}) as answer:
            assert await refused(answer) == (403, "foreign_origin")


async def test_its_own_names_are_welcome(program: Running, browser: aiohttp.ClientSession) -> None:
    own = program.gateway.advertisement().host_name.rstrip(".")
    for host in ("localhost:1", "192.0.2.7", "[::1]:80", own, own.upper()):
        async with browser.get("/healthz", headers={"Host": host}) as answer:
            assert answer.status == 200, host


async def test_every_answer_is_guarded(browser: aiohttp.ClientSession) -> None:
    for path in ("/", "/api/v1/device", "/nothing", "/static/panel.js"):
        async with browser.get(path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_event_stream_tells_at_once_and_at_every_change(
    program: Running, browser: aiohttp.ClientSession
) -> None:
    async with browser.get("/events") as stream:
        await until(lambda: _says(stream, b'"registered": "no"'), "the first event")
        await register(program.gateway)
        await until(lambda: _says(stream, b'"registered": "yes"'), "the event")


async def _says(stream: aiohttp.ClientResponse, fact: bytes) -> bool:
    return fact in await stream.content.readline()
