"""Kill -9 of broker, cloud and emulator, in turn, during telemetry: no sample lost, none doubled."""

import asyncio
import shutil
import sqlite3
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chassis.clock import SystemClock
from tests.emulator.answers import register
from tests.emulator.conftest import gateway_in
from tests.support.ports import free_port
from tests.support.programs import Program, start
from tests.support.waiting import until

INTERVAL_S = 0.05
MORE = 20


@dataclass
class Household:
    """Cloud and emulator as processes over one folder, with what they have on disk."""

    folder: Path
    broker: str
    http_port: int = field(default_factory=free_port)
    mqtt_port: int = field(default_factory=free_port)
    panel_port: int = field(default_factory=free_port)

    async def start_cloud(self) -> Program:
        file = self.folder / "cloud.toml"
        file.write_text(
            f'[http]\nport = {self.http_port}\n[mqtt]\nbroker = "{self.broker}"\nport = {self.mqtt_port}\n'
            f'[store]\nfolder = "{self.folder}/cloud"\n',
            "utf-8",
        )
        return await start("cloud", "--config", str(file))

    async def start_emulator(self) -> Program:
        return await start(
            "emulator",
            *("--state", str(self.folder / "gateway")),
            *("--http", f"127.0.0.1:{self.panel_port}"),
            *("--cloud", f"http://127.0.0.1:{self.http_port}"),
            environment={"AISEG_EMULATOR__TELEMETRY__INTERVAL_S": str(INTERVAL_S)},
        )

    async def register(self) -> None:
        """Register the gateway, which is not running."""
        folder, url = self.folder / "gateway", f"http://127.0.0.1:{self.http_port}"
        await asyncio.to_thread(folder.mkdir, mode=0o700)
        async with gateway_in(folder, url, SystemClock()) as gateway:
            await register(gateway)

    async def stored(self) -> list[int]:
        """Return the sequence numbers in the cloud's store."""
        return await self._numbers("cloud/cloud.sqlite3", "SELECT seq FROM samples ORDER BY seq")

    async def waiting(self) -> list[int]:
        """Return the sequence numbers in the gateway's outbox."""
        return await self._numbers("gateway/gateway.sqlite3", "SELECT seq FROM outbox ORDER BY seq")

    async def measured(self) -> list[int]:
        """Return how many samples the gateway has measured, by its own count."""
        query = "SELECT json_extract(household, '$.seq') FROM gateway"
        return await self._numbers("gateway/gateway.sqlite3", query)

    async def instants(self) -> list[int]:
        """Return when the stored samples were measured, each instant once."""
        return await self._numbers("cloud/cloud.sqlite3", "SELECT DISTINCT measured_at FROM samples")

    async def _numbers(self, file: str, query: str) -> list[int]:
        def read() -> list[int]:
            with closing(sqlite3.connect(self.folder / file, timeout=10)) as database:
                return [seq for (seq,) in database.execute(query)]

        return await asyncio.to_thread(read)

    async def goes_on(self) -> int:
        """Wait until the cloud has stored a good many samples more than now; return how many it has."""
        before = len(await self.stored())

        async def more() -> int:
            count = len(await self.stored())
            return count if count >= before + MORE else 0

        return await until(more, f"{MORE} more samples after {before}", within_s=45)

    async def waits_for(self, count: int) -> None:
        """Wait until the gateway keeps `count` samples that nobody has stored."""

        async def enough() -> bool:
            return len(await self.waiting()) >= count

        await until(enough, f"{count} samples in the outbox", within_s=45)


@pytest.fixture
def household(tmp_path: Path, request: pytest.FixtureRequest) -> Household:
    if request.param == "mosquitto" and not shutil.which("mosquitto", path="/usr/sbin:/usr/bin"):
        pytest.skip("mosquitto is not installed")
    return Household(tmp_path, request.param)


@pytest.mark.timeout(240)
@pytest.mark.req("S-TEL-01", "S-TEL-05")
@pytest.mark.parametrize("household", ["embedded", "mosquitto"], indirect=True)
async def test_nothing_is_lost_or_doubled_whoever_is_killed(household: Household) -> None:
    async with AsyncExitStack() as running:

        async def keep(program: Program) -> Program:
            running.push_async_callback(program.stop)
            return program

        cloud = await keep(await household.start_cloud())
        await household.register()
        emulator = await keep(await household.start_emulator())
        await household.goes_on()
        if household.broker == "mosquitto":
            (broker,) = cloud.children("mosquitto")
            broker.kill()
            await household.goes_on()
        await cloud.kill()
        waiting = len(await household.waiting())
        await household.waits_for(waiting + MORE)
        cloud = await keep(await household.start_cloud())
        await household.goes_on()
        await emulator.kill()
        emulator = await keep(await household.start_emulator())
        await household.goes_on()
        assert await emulator.stop() == 0
        assert await cloud.stop() == 0
        (measured,) = await household.measured()
        assert {*await household.stored(), *await household.waiting()} == set(range(1, measured + 1)), "lost"
        assert len(await household.instants()) == len(await household.stored()), "doubled"
