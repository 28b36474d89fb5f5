"""The gateway as a process: how it starts, how it ends, what survives."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulator.identity import IDENTITY_FILE
from emulator.store import STORE_FILE
from tests.emulator.cloud_double import CloudDouble
from tests.emulator.mosquitto import Mosquitto, listening
from tests.support.waiting import until

pytestmark = pytest.mark.journeys

ENVIRONMENT = {
    **os.environ,
    "LANG": "C.UTF-8",
    "LC_ALL": "",
    "AISEG_EMULATOR__TELEMETRY__INTERVAL_S": "0.05",
    "AISEG_EMULATOR__HOUSEHOLD__SEED": "process",
}


def arguments(folder: Path, cloud_url: str, http: str = "127.0.0.1:0") -> list[str]:
    options = {"--state": folder, "--cloud": cloud_url, "--http": http}
    return ["-m", "emulator", "--json", *(str(part) for option in options.items() for part in option)]


@dataclass
class Process:
    label: dict[str, Any]
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return str(self.label["panel"][0]).rstrip("/")

    async def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), 10)

    async def register(self) -> None:
        form = {"device_code": self.label["device_code"], "replacing": "0"}
        async with aiohttp.ClientSession() as http, http.post(f"{self.url}/register", data=form) as answer:
            assert answer.status == 200


@asynccontextmanager
async def emulator(folder: Path, cloud_url: str = "http://127.0.0.1:1") -> AsyncIterator[Process]:
    """Start the emulator with its standard input closed, and wait for its label."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments(folder, cloud_url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    try:
        assert process.stdout
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        yield Process(json.loads(line), process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def refusal(*command: str, language: str = "C.UTF-8") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT | {"LANG": language},
    )
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode is not None
    assert b"Traceback" not in err
    assert not out
    return process.returncode, err.decode()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_starts_prints_its_label_and_ends_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    async with emulator(tmp_path) as program:
        assert program.label["txt"]["model"] == "MKN702"
        async with aiohttp.ClientSession() as http, http.get(f"{program.url}/api/v1/device") as answer:
            assert (await answer.json())["gateway_id"] == program.label["gateway_id"]
        assert await program.end(how) == 0


async def test_its_identity_outlives_it(tmp_path: Path) -> None:
    labels = []
    for _ in range(2):
        async with emulator(tmp_path) as program:
            labels.append((program.label["gateway_id"], program.label["device_code"]))
            await program.end(signal.SIGKILL)
    assert labels[0] == labels[1]


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, sentence = await refusal(*arguments(tmp_path, "http://127.0.0.1:1", http=address))
    assert code == 1
    assert f"http://{address} is taken" in sentence


async def test_a_second_process_on_one_folder_is_refused_in_the_persons_language(tmp_path: Path) -> None:
    async with emulator(tmp_path) as first:
        code, sentence = await refusal(*arguments(tmp_path, "http://127.0.0.1:1"), language="ja_JP.UTF-8")
        assert code == 1
        assert "別のプロセスが使用中です" in sentence
        assert first.process.returncode is None


@pytest.mark.parametrize("name", [IDENTITY_FILE, STORE_FILE])
async def test_a_damaged_file_is_told_and_kept(tmp_path: Path, name: str) -> None:
    damaged = b"damaged " * 1000
    (tmp_path / name).write_bytes(damaged)
    code, sentence = await refusal(*arguments(tmp_path, "http://127.0.0.1:1"))
    assert code == 1
    assert name in sentence
    assert (tmp_path / name).read_bytes() == damaged


async def test_wrong_settings_are_usage_errors(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[gateway]\nmodel = "MKN713"\n', "utf-8")
    code, sentence = await refusal("-m", "emulator", "--config", str(file))
    assert code == 2
    assert "gateway.model" in sentence
    assert (await refusal("-m", "emulator", "--http", "here"))[0] == 2


@pytest.fixture
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mosquitto]:
    each = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    yield each
    await each.kill()


@pytest.mark.req("S-TEL-05")
async def test_killed_between_measuring_and_receipt_it_loses_and_doubles_nothing(
    tmp_path: Path, cloud: CloudDouble, broker: Mosquitto
) -> None:
    cloud.mqtt_port = broker.port
    async with emulator(tmp_path, cloud.url) as program:
        await program.register()
        assert cloud.registration
        broker.admit_gateway(cloud.registration.gateway_id, cloud.registration.mqtt_password)
        await until(lambda: _outbox(program), "samples to wait")
        await program.end(signal.SIGKILL)
    await broker.start()
    async with listening(broker.port) as ingest:
        for _ in range(2):
            async with emulator(tmp_path, cloud.url) as program:
                before = len(ingest.stored[1])
                await until(lambda: len(ingest.stored[1]) > before + 5, "samples to flow", within_s=20)  # noqa: B023
                await program.end(signal.SIGKILL)
        await until(lambda: ingest.statuses and not ingest.online(), "the last will")
        async with emulator(tmp_path, cloud.url) as program:
            await until(ingest.online, "the return", within_s=20)
            await until(lambda: _is_drained(program), "the last receipts", within_s=20)
            assert await program.end(signal.SIGTERM) == 0
        await until(lambda: not ingest.online(), "the farewell")
    assert sorted(ingest.stored[1]) == list(range(1, len(ingest.stored[1]) + 1))
    assert len(ingest.stored[1]) > 10
    assert not ingest.changed


async def _outbox(program: Process) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{program.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("aiseg_outbox_samples ")))


async def _is_drained(program: Process) -> bool:
    return await _outbox(program) <= 1
