"""The gateway as a process: how it starts, how it ends, what survives."""

import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from chassis.clock import SystemClock
from emulator.identity import IDENTITY_FILE
from emulator.store import STORE_FILE
from tests.emulator.answers import register
from tests.emulator.cloud_double import CloudDouble
from tests.emulator.conftest import gateway_in
from tests.emulator.mosquitto import Mosquitto, listening
from tests.support.programs import Program, run, running
from tests.support.waiting import until

pytestmark = pytest.mark.journeys

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "LC_ALL": "",
    "AISEG_EMULATOR__TELEMETRY__INTERVAL_S": "0.05",
    "AISEG_EMULATOR__HOUSEHOLD__SEED": "process",
}
FREE_PORT = {"AISEG_EMULATOR__HTTP__PORT": "0"}
NO_CLOUD = "http://127.0.0.1:1"


def arguments(folder: Path, cloud_url: str = NO_CLOUD, http: str = "127.0.0.1:0") -> list[str]:
    return ["emulator", "--state", str(folder), "--cloud", cloud_url, "--http", http]


def url_of(program: Program) -> str:
    return str(program.hello["panel"][0]).rstrip("/")


async def refusal(*command: str, language: str = "C.UTF-8") -> tuple[int, str]:
    code, out, err = await run(*command, environment=ENVIRONMENT | {"LANG": language})
    assert not out
    assert "Traceback" not in err
    return code, err


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_starts_prints_its_label_and_ends_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    async with running(*arguments(tmp_path), environment=ENVIRONMENT) as program:
        assert program.hello["txt"]["model"] == "MKN702"
        async with aiohttp.ClientSession() as http, http.get(f"{url_of(program)}/api/v1/device") as answer:
            assert (await answer.json())["gateway_id"] == program.hello["gateway_id"]
        assert await program.stop(how) == 0


async def test_its_identity_outlives_it(tmp_path: Path) -> None:
    labels = []
    for _ in range(2):
        async with running(*arguments(tmp_path), environment=ENVIRONMENT) as program:
            labels.append((program.hello["gateway_id"], program.hello["device_code"]))
            await program.kill()
    assert labels[0] == labels[1]


async def test_a_network_interface_that_is_missing_is_told_and_lived_without(tmp_path: Path) -> None:
    environment = ENVIRONMENT | {"AISEG_EMULATOR__NETWORK__INTERFACES": "lo,wlan77"}
    async with running("emulator", "--state", str(tmp_path), environment=environment | FREE_PORT) as program:
        async with aiohttp.ClientSession() as http, http.get(f"{url_of(program)}/healthz") as answer:
            assert answer.status == 200
        assert await program.stop() == 0


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, sentence = await refusal(*arguments(tmp_path, http=address))
    assert code == 1
    assert f"{address} is taken" in sentence


async def test_a_second_process_on_one_folder_is_refused_in_the_persons_language(tmp_path: Path) -> None:
    async with running(*arguments(tmp_path), environment=ENVIRONMENT) as first:
        code, sentence = await refusal(*arguments(tmp_path), language="ja_JP.UTF-8")
        assert code == 1
        assert "別のプロセスが使用中です" in sentence
        assert await first.stop() == 0


@pytest.mark.parametrize("name", [IDENTITY_FILE, STORE_FILE])
async def test_a_damaged_file_is_told_and_kept(tmp_path: Path, name: str) -> None:
    damaged = b"damaged " * 1000
    (tmp_path / name).write_bytes(damaged)
    code, sentence = await refusal(*arguments(tmp_path))
    assert code == 1
    assert name in sentence
    assert (tmp_path / name).read_bytes() == damaged


async def test_wrong_settings_are_usage_errors(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[gateway]\nmodel = "MKN713"\n', "utf-8")
    code, sentence = await refusal("emulator", "--config", str(file))
    assert code == 2
    assert "gateway.model" in sentence
    assert (await refusal("emulator", "--http", "here"))[0] == 2


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
    async with gateway_in(tmp_path, cloud.url, SystemClock()) as gateway:
        registration = await register(gateway)
    broker.admit_gateway(registration.gateway_id, registration.mqtt_password)
    async with running(*arguments(tmp_path, cloud.url), environment=ENVIRONMENT) as program:
        await until(lambda: _outbox(program), "samples to wait")
        await program.kill()
    await broker.start()
    async with listening(broker.port) as ingest:
        for _ in range(2):
            async with running(*arguments(tmp_path, cloud.url), environment=ENVIRONMENT) as program:
                before = len(ingest.stored[1])
                await until(lambda: len(ingest.stored[1]) > before + 5, "samples to flow", within_s=20)  # noqa: B023
                await program.kill()
        await until(lambda: ingest.statuses and not ingest.online(), "the last will")
        async with running(*arguments(tmp_path, cloud.url), environment=ENVIRONMENT) as program:
            await until(ingest.online, "the return", within_s=20)
            await until(lambda: _is_drained(program), "the last receipts", within_s=20)
            assert await program.stop() == 0
        await until(lambda: not ingest.online(), "the farewell")
    assert sorted(ingest.stored[1]) == list(range(1, len(ingest.stored[1]) + 1))
    assert len(ingest.stored[1]) > 10
    assert not ingest.changed


async def _outbox(program: Program) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{url_of(program)}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("aiseg_outbox_samples ")))


async def _is_drained(program: Program) -> bool:
    return await _outbox(program) <= 1
