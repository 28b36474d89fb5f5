"""A gateway that restarts: what is there before, meanwhile and afterwards."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from zeroconf import ServiceStateChange

from chassis.folder import held
from chassis.settings import read_settings
from emulator import announcer
from emulator.program import Running, running
from emulator.settings import Settings
from emulator.store import STORE_FILE
from protocol.device_api import Device
from protocol.problems import PORT_TAKEN, STATE_DAMAGED, STATE_IN_USE, Problem
from tests.emulator.answers import register, show_link_code
from tests.emulator.clocks import ManualClock
from tests.emulator.cloud_double import CloudDouble
from tests.emulator.listener import listening
from tests.support.rights import NOT_ALLOWED, may_make_networks
from tests.support.waiting import until

pytestmark = pytest.mark.adapters


@pytest.fixture
def settings(tmp_path: Path, cloud: CloudDouble) -> Settings:
    options = {"gateway.folder": tmp_path, "cloud.url": cloud.url, "http.host": "127.0.0.1", "http.port": 0}
    options |= {"firmware.restart_s": 15}
    return read_settings(Settings, "emulator", options=options)


@pytest.fixture
async def program(settings: Settings, clock: ManualClock) -> AsyncIterator[Running]:
    async with running(settings, clock) as each:
        await until(each.gateway.newest, "the first sample")
        yield each


async def answers_at(url: str) -> Device | None:
    """Return what a gateway says there, None when the connection is refused."""
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{url}/api/v1/device") as answer:
            return Device.model_validate_json(await answer.text())
    except aiohttp.ClientConnectorError:
        return None


async def is_gone(url: str) -> bool:
    return await answers_at(url) is None


async def test_it_is_away_for_its_time_and_comes_back_at_the_same_place(
    program: Running, clock: ManualClock
) -> None:
    before, urls = program.gateway, program.urls
    program.restart()
    await until(lambda: is_gone(urls[0]), "the port to be closed")
    await until(lambda: clock.has_sleeper(15), "the end of the first life")
    assert program.gateway is before
    await clock.jump(14.9)
    assert await is_gone(urls[0])
    await clock.jump(0.1)
    await until(lambda: program.is_up, "the second life")
    assert program.urls == urls
    assert program.gateway is not before
    device = await answers_at(urls[0])
    assert device
    assert device.gateway_id == before.identity.gateway_id
    assert device.uptime_s == 0


async def test_who_hears_the_first_announcement_is_answered(settings: Settings, clock: ManualClock) -> None:
    async with listening() as listener, running(settings, clock) as program:
        name = program.gateway.advertisement().instance_name
        await until(lambda: name in listener.found(), "the announcement", within_s=3)
        assert await answers_at(program.urls[0])
        assert program.gateway.announcement.name == name


@pytest.mark.req("S-FW-15", "S-LC-22")
async def test_what_is_in_the_folder_stays_and_what_is_in_memory_is_forgotten(
    program: Running, clock: ManualClock
) -> None:
    first = program.gateway
    registration = await register(first)
    for _ in range(3):
        await first.measure(clock.now())
    await show_link_code(first)
    waiting = [sample.seq for sample in await first.unsent(100)]
    program.restart()
    await until(lambda: clock.has_sleeper(15), "the end of the first life")
    await clock.jump(15)
    await until(lambda: program.is_up, "the second life")
    assert program.gateway.registration == registration
    assert [sample.seq for sample in await program.gateway.unsent(100)][: len(waiting)] == waiting
    assert program.gateway.shown_link_code(clock.now()) is None


@pytest.mark.req("S-FW-14", "S-DISC-12")
async def test_goodbye_is_said_and_it_is_announced_again(program: Running, clock: ManualClock) -> None:
    async with listening() as listener:
        name = program.gateway.device().name
        await until(lambda: name in listener.found(), "the announcement")
        program.restart()
        await until(lambda: (ServiceStateChange.Removed, name) in listener.changes, "the goodbye")
        assert await is_gone(program.urls[0]), "nothing is announced that is not there"
        listener.changes.clear()
        await until(lambda: clock.has_sleeper(15), "the end of the first life")
        await clock.jump(15)
        await until(lambda: name in listener.found(), "the new announcement")


async def test_nobody_gets_the_folder_meanwhile(program: Running, tmp_path: Path, clock: ManualClock) -> None:
    program.restart()
    await until(lambda: is_gone(program.urls[0]), "the port to be closed")
    with pytest.raises(Problem) as caught:
        async with held(tmp_path):
            pass
    assert caught.value.kind is STATE_IN_USE


async def test_a_folder_that_is_damaged_meanwhile_ends_the_program_with_its_sentence(
    settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    async def live() -> None:
        async with running(settings, clock) as program:
            program.restart()
            await until(lambda: clock.has_sleeper(15), "the end of the first life")
            await asyncio.to_thread((tmp_path / STORE_FILE).write_bytes, b"damaged " * 1000)
            await clock.jump(15)
            await asyncio.Event().wait()

    with pytest.raises(Problem) as caught:
        await live()
    assert caught.value.kind is STATE_DAMAGED


async def test_a_port_that_is_taken_meanwhile_ends_the_program_with_its_sentence(
    settings: Settings, clock: ManualClock
) -> None:
    async def live() -> None:
        async with running(settings, clock) as program:
            program.restart()
            await until(lambda: clock.has_sleeper(15), "the end of the first life")
            place = urlsplit(program.urls[0])
            with socket.create_server((str(place.hostname), int(place.port or 0))):
                await clock.jump(15)
                await asyncio.Event().wait()

    with pytest.raises(Problem) as caught:
        await live()
    assert caught.value.kind is PORT_TAKEN


async def test_leaving_while_it_is_down_ends_at_once(settings: Settings, clock: ManualClock) -> None:
    async with running(settings, clock) as program:
        program.restart()
        await until(lambda: is_gone(program.urls[0]), "the port to be closed")
        program.restart()
    async with held(settings.gateway.folder):
        pass


async def test_the_first_boots_error_comes_out(settings: Settings, tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / STORE_FILE).write_bytes, b"damaged " * 1000)
    with pytest.raises(Problem) as caught:
        async with running(settings):
            raise AssertionError("it does not run")
    assert caught.value.kind is STATE_DAMAGED


@pytest.mark.req("S-FW-11", "S-FW-14")
async def test_an_update_ends_in_a_restart_with_the_new_version(
    program: Running, cloud: CloudDouble, clock: ManualClock
) -> None:
    cloud.latest = "2.11"
    await program.gateway.start_update("2.11")
    await clock.run_until(
        lambda: (update := program.gateway.updates.progress()) and update.state == "applying"
    )
    device = await answers_at(program.urls[0])
    assert device
    assert (device.firmware, device.busy) == ("2.10", True)
    await clock.jump(20)
    await until(lambda: is_gone(program.urls[0]), "the port to be closed")
    await until(lambda: clock.has_sleeper(15), "the end of the first life")
    await clock.jump(15)
    await until(lambda: program.is_up, "the second life")
    device = await answers_at(program.urls[0])
    assert device
    assert (device.firmware, device.busy) == ("2.11", False)
    assert program.gateway.advertisement().firmware == "2.11"
    assert program.gateway.updates.progress() is None


@pytest.mark.skipif(not may_make_networks(), reason=NOT_ALLOWED)
async def test_an_address_that_comes_later_is_served_as_soon_as_the_kernel_tells_of_it(
    tmp_path: Path, cloud: CloudDouble, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcer, "LOOK_EVERY_S", 600.0)
    options = {
        "gateway.folder": tmp_path,
        "cloud.url": cloud.url,
        "http.port": 0,
        "network.interfaces": "late0",
    }
    ip("link", "add", "late0", "type", "veth", "peer", "name", "late1")
    try:
        ip("link", "set", "late1", "up")
        ip("link", "set", "late0", "up")
        ip("address", "add", "198.51.100.1/24", "dev", "late0")
        async with running(read_settings(Settings, "emulator", options=options), clock) as program:
            port = urlsplit(program.urls[0]).port
            await until(lambda: program.gateway.announcement.name, "the announcement")
            ip("address", "add", "198.51.100.2/24", "dev", "late0")
            await until(lambda: answers_at(f"http://198.51.100.2:{port}"), "the new address")
            ip("address", "del", "198.51.100.2/24", "dev", "late0")
            ip("address", "add", "2001:db8::7/64", "dev", "late0")
            await until(lambda: answers_at(f"http://[2001:db8::7]:{port}"), "the new IPv6 address")
    finally:
        ip("link", "delete", "late0")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, timeout=10)
