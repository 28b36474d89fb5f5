"""A firmware update from the maker's release to the restart, with everything real; and the power cut at any moment of it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from zeroconf import ServiceStateChange

import cloud.program
import cloud.settings
import emulator.program
import emulator.settings
from chassis.clock import SystemClock
from cloud.registry.console import GatewayLine
from protocol.device_api import Device, Firmware
from protocol.problems import ALREADY_LATEST, Problem
from tests.emulator.answers import register
from tests.emulator.cloud_double import CloudDouble
from tests.emulator.listener import Listener, listening
from tests.support.programs import start
from tests.support.waiting import until

TEXTS = {"text_ja": "表示を改善しました。", "text_en": "The display is better."}


@dataclass
class World:
    centre: cloud.program.Running
    box: emulator.program.Running

    async def seen_by_the_cloud(self) -> GatewayLine:
        """Return the gateway's line of the operator's table."""
        (line,) = (await asyncio.to_thread(self.centre.registry.overview, SystemClock().now())).gateways
        return line

    async def publish(self, version: str) -> None:
        """Publish a release at the operator's console."""
        url, form = f"{self.centre.public_url}/console/releases", {"model": "MKN702", "version": version}
        async with aiohttp.ClientSession() as http, http.post(url, data=form | TEXTS) as answer:
            assert answer.status < 400, await answer.text()

    async def says(self, path: str) -> str | None:
        """Return what the gateway answers over HTTP, None when the connection is refused."""
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.get(f"{self.box.urls[0]}/api/v1/{path}") as answer,
            ):
                return await answer.text()
        except aiohttp.ClientConnectorError:
            return None


@asynccontextmanager
async def world_in(folder: Path) -> AsyncIterator[World]:
    centre = cloud.settings.Settings(
        http=cloud.settings.Http(port=0),
        mqtt=cloud.settings.Mqtt(port=0),
        store=cloud.settings.Store(folder=folder / "cloud"),
    )
    async with cloud.program.running(centre) as running:
        box = emulator.settings.Settings(
            gateway=emulator.settings.Gateway(folder=folder / "gateway"),
            firmware=emulator.settings.Firmware(update_s=1, apply_s=0.5, restart_s=2),
            cloud=emulator.settings.Cloud(url=running.public_url),
            network=emulator.settings.Network(interfaces=("127.0.0.1",)),
            http=emulator.settings.Http(port=0),
            telemetry=emulator.settings.Telemetry(interval_s=0.2),
        )
        async with emulator.program.running(box) as gateway:
            yield World(running, gateway)


async def announced(listener: Listener, name: str) -> str | None:
    """Return the version in what is announced."""
    return (await listener.resolve(name)).decoded_properties["fw"]


@pytest.mark.req("S-FW-05", "S-FW-11", "S-FW-14", "S-FW-15", "S-DISC-12")
async def test_an_update_restarts_the_gateway_once_and_everybody_sees_the_new_version(
    tmp_path: Path,
) -> None:
    async with world_in(tmp_path) as world, listening() as listener:
        first, name = world.box.gateway, world.box.gateway.device().name
        registration = await register(first)
        await until(lambda: name in listener.found(), "the announcement")
        assert await announced(listener, name) == "2.10"
        await until(lambda: _is_online(world, "2.10"), "the gateway online")
        assert await first.updates.offer() is None

        await world.publish("2.11")
        offer = await until(first.updates.offer, "the notice of the cloud")
        assert offer
        assert (offer.version, offer.text_ja) == ("2.11", TEXTS["text_ja"])
        await first.start_update("2.11")
        await until(lambda: (each := first.updates.progress()) and each.state == "applying", "applying")
        device = Device.model_validate_json(str(await world.says("device")))
        assert (device.firmware, device.busy) == ("2.10", True)

        listener.changes.clear()
        await until(lambda: _refuses(world), "HTTP closed")
        await until(lambda: (ServiceStateChange.Removed, name) in listener.changes, "the goodbye")
        await until(lambda: _is_offline(world), "the farewell")
        assert await _refuses(world)
        assert not world.box.is_up

        await until(lambda: world.box.is_up, "the new boot")
        firmware = Firmware.model_validate_json(str(await world.says("firmware")))
        assert (firmware.installed, firmware.latest, firmware.verdict) == ("2.11", "2.11", "up_to_date")
        await until(lambda: name in listener.found(), "the new announcement")
        assert await announced(listener, name) == "2.11"
        await until(lambda: _is_online(world, "2.11"), "the gateway online")

        second = world.box.gateway
        assert second is not first
        assert second.registration == registration
        assert await second.updates.offer() is None
        with pytest.raises(Problem) as caught:
            await second.start_update("2.11")
        assert caught.value.kind is ALREADY_LATEST
        await until(lambda: _has_all(world), "every sample, none lost by the restart")
        assert [change for change, each in listener.changes if each == name].count(
            ServiceStateChange.Removed
        ) == 1, "it restarted once"


async def _refuses(world: World) -> bool:
    return await world.says("device") is None


async def _is_online(world: World, version: str) -> bool:
    line = await world.seen_by_the_cloud()
    return line.online and line.firmware == version


async def _is_offline(world: World) -> bool:
    return not (await world.seen_by_the_cloud()).online


async def _has_all(world: World) -> bool:
    newest = world.box.gateway.newest()
    outbox = await world.box.gateway.outbox()
    stored = (await world.seen_by_the_cloud()).stored_up_to
    return newest is not None and outbox.samples == 0 and stored >= newest.seq > 5


OLD_AT = ("downloading 0", "downloading 30", "downloading 60", "downloading 94", "verifying")
NEW_AT = ("applying", "restarting", "down", "up")
EITHER_AT = ("installing",)


@pytest.mark.req("S-FW-17")
async def test_power_cut_at_any_moment_boots_the_old_or_the_new_version_whole(tmp_path: Path) -> None:
    cloud, moments, few = CloudDouble(latest="2.11"), OLD_AT + EITHER_AT + NEW_AT, asyncio.Semaphore(4)
    async with cloud.serving() as url:

        async def cut(moment: str) -> str:
            folder = tmp_path / moment.replace(" ", "-")
            async with few:
                await _update_and_die(folder, url, moment)
                return await _boots(folder, url)

        boots = dict(zip(moments, await asyncio.gather(*map(cut, moments)), strict=True))
    assert {boots[moment] for moment in OLD_AT} == {"2.10"}, boots
    assert {boots[moment] for moment in NEW_AT} == {"2.11"}, boots
    assert set(boots.values()) == {"2.10", "2.11"}


async def _update_and_die(folder: Path, url: str, moment: str) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.updating", str(folder), url, moment,
        stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        _, said = await program.communicate()
    assert program.returncode == -signal.SIGKILL, said.decode()


async def _boots(folder: Path, url: str) -> str:
    """Start the gateway as a person would; return the version it says it has on its label and over HTTP."""
    program = await start("emulator", "--state", str(folder), "--cloud", url, "--http", "127.0.0.1:0")
    try:
        version = str(program.hello["txt"]["fw"])
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{program.hello['panel'][0]}api/v1/device") as answer,
        ):
            device = Device.model_validate_json(await answer.text())
        assert (device.firmware, device.busy) == (version, False)
    finally:
        assert await program.stop() == 0
    return version
