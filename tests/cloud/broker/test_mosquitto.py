"""Mosquitto as a child: its life, its files, and the settings it must not be without."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from cloud.broker.embedded import EmbeddedBroker
from cloud.broker.mosquitto import _CONFIGURATION, MosquittoBroker
from cloud.broker.self_test import SelfTest
from protocol.problems import BROKER_UNGUARDED, PORT_TAKEN, PROGRAM_MISSING, STATE_UNWRITABLE, Problem
from tests.cloud.broker.conftest import ALICE, LOGINS, gateway, make
from tests.cloud.broker.peer import client
from tests.cloud.broker.test_broker import KEPT, TELEMETRY
from tests.support.waiting import until

pytestmark = pytest.mark.adapters


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncIterator[MosquittoBroker]:
    broker = make("mosquitto", tmp_path / "mosquitto")
    assert isinstance(broker, MosquittoBroker)
    async with broker.serving(LOGINS):
        yield broker


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.name() == "mosquitto"]


def test_the_settings_that_lose_nothing(broker: MosquittoBroker, tmp_path: Path) -> None:
    lines = (tmp_path / "mosquitto" / "mosquitto.conf").read_text().splitlines()
    assert f"listener {broker.port} 127.0.0.1" in lines
    assert {
        "allow_anonymous false",
        "use_username_as_clientid true",
        "set_tcp_nodelay true",
        "max_inflight_messages 1000",
        "max_queued_messages 0",
        "max_packet_size 262144",
        "persistence true",
    } <= set(lines)
    assert any(line.startswith("acl_file ") for line in lines)


def test_secrets_are_ours_alone(broker: MosquittoBroker, tmp_path: Path) -> None:
    folder = tmp_path / "mosquitto"
    assert folder.stat().st_mode & 0o077 == 0
    for name in ("passwords", "access", "mosquitto.conf"):
        assert (folder / name).stat().st_mode & 0o077 == 0
    assert not list(folder.glob("*.new"))


async def test_it_comes_back_when_killed_and_keeps_what_it_had(broker: MosquittoBroker) -> None:
    await broker.admit(gateway("0123456789ab"))
    (child,) = children()
    child.send_signal(signal.SIGKILL)
    await until(lambda: not child.is_running(), "the child gone")

    async def is_back() -> bool:
        try:
            async with client(broker, "0123456789ab"):
                return True
        except OSError:
            return False

    await until(is_back, "mosquitto back, with the login admitted later")


async def test_what_is_queued_survives_a_restart(tmp_path: Path) -> None:
    first = make("mosquitto", tmp_path)
    async with first.serving(LOGINS), client(first, ALICE) as alice:
        async with client(first, "ingest", **KEPT) as ingest:
            await ingest.subscribe("aiseg/#")
            await ingest.goodbye()
        await alice.publish(TELEMETRY, b"1")
    second = make("mosquitto", tmp_path)
    async with second.serving(LOGINS), client(second, "ingest", **KEPT) as ingest:
        assert (await ingest.message()).payload == b"1"


async def test_leaving_ends_it(tmp_path: Path) -> None:
    broker = make("mosquitto", tmp_path)
    async with broker.serving(LOGINS):
        assert children()
    assert not children()


DOOMED = """
import asyncio, pathlib, sys
from cloud.broker.mosquitto import _CONFIGURATION, MosquittoBroker

async def main():
    broker = MosquittoBroker("127.0.0.1", 0, pathlib.Path(sys.argv[1]))
    async with broker.serving(()):
        print(broker.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_it_dies_with_us_and_its_port_can_be_bound_again(tmp_path: Path) -> None:
    make("mosquitto", tmp_path)
    cloud = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DOOMED, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert cloud.stdout
    port = int(await cloud.stdout.readline())
    (child,) = psutil.Process(cloud.pid).children(recursive=True)
    cloud.kill()
    await cloud.wait()
    successor = make("mosquitto", tmp_path, port)
    async with successor.serving(LOGINS), client(successor, ALICE):
        assert successor.port == port
    await until(lambda: not child.is_running(), "the orphan gone")


async def test_a_taken_port_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.broker.mosquitto._PORT_FREE_WITHIN_S", 0.1)
    other = EmbeddedBroker("127.0.0.1", 0)
    async with other.serving(LOGINS):
        with pytest.raises(Problem) as problem:
            await _start(make("mosquitto", tmp_path, other.port))
    assert problem.value.kind == PORT_TAKEN
    assert not children()


async def test_a_missing_program_is_a_problem_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(Problem) as problem:
        await _start(MosquittoBroker("127.0.0.1", 0, tmp_path, binary="mosquitto-that-is-not"))
    assert problem.value.kind == PROGRAM_MISSING
    assert "apt-get install mosquitto" in str(problem.value)


async def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem) as problem:
        await _start(make("mosquitto", tmp_path / "file" / "mosquitto"))
    assert problem.value.kind == STATE_UNWRITABLE


async def test_a_broker_without_enforced_rights_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.broker.mosquitto._CONFIGURATION", _without_rights())
    with pytest.raises(Problem) as problem:
        await _start(make("mosquitto", tmp_path))
    assert problem.value.kind == BROKER_UNGUARDED
    assert not children()


def _without_rights() -> str:
    return "".join(line for line in _CONFIGURATION.splitlines(True) if not line.startswith("acl_file"))


@pytest.mark.parametrize("may_read", [(), ("#",)])
async def test_the_self_test_tells_who_hears_what_it_may_not(may_read: tuple[str, ...]) -> None:
    self_test = SelfTest()
    witness, intruder = self_test.logins()
    broker = EmbeddedBroker("127.0.0.1", 0)
    async with broker.serving((witness, replace(intruder, may_read=may_read))):
        expected = pytest.raises(Problem) if may_read else contextlib.nullcontext()
        with expected:
            await self_test.run(broker.host, broker.port)


async def _start(broker: EmbeddedBroker | MosquittoBroker) -> None:
    async with broker.serving(LOGINS):
        pytest.fail("it started")
