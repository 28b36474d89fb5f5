"""The programs people use: `mosquitto_sub` and `mosquitto_pub`, against our own endpoint."""

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cloud.broker.embedded import EmbeddedBroker
from tests.cloud.broker.conftest import ALICE, LOGINS
from tests.cloud.broker.peer import PASSWORD, client
from tests.cloud.broker.test_broker import STATUS, TELEMETRY

pytestmark = [
    pytest.mark.adapters,
    pytest.mark.skipif(
        not shutil.which("mosquitto_sub"),
        reason="mosquitto_sub is missing: sudo apt-get install mosquitto-clients",
    ),
]


@pytest_asyncio.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker("127.0.0.1", 0)
    async with broker.serving(LOGINS):
        yield broker


async def start(broker: EmbeddedBroker, program: str, *arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    address = ("-h", broker.host, "-p", str(broker.port), "-P", PASSWORD)
    return await asyncio.create_subprocess_exec(program, *address, *arguments, stdout=pipe, stderr=pipe)


async def test_mosquitto_sub_watches(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice:
        await alice.publish(STATUS, b"kept", retain=True)
        watching = await start(
            broker,
            "mosquitto_sub",
            *["-V", "5", "-u", "watcher", "-q", "1", "-t", "aiseg/#", "-v", "-C", "2", "-W", "20"],
        )
        assert watching.stdout
        assert await watching.stdout.readline() == f"{STATUS} kept\n".encode()
        await alice.publish(TELEMETRY, b"live")
        assert await watching.stdout.readline() == f"{TELEMETRY} live\n".encode()
        assert await watching.wait() == 0


async def test_mosquitto_pub_writes_many(broker: EmbeddedBroker) -> None:
    async with client(broker, "ingest") as ingest:
        await ingest.subscribe("aiseg/#")
        options = (
            "-V",
            "5",
            "-u",
            ALICE,
            "-i",
            ALICE,
            "-q",
            "1",
            "-t",
            TELEMETRY,
            "-m",
            "x",
            "--repeat",
            "50",
        )
        writing = await start(broker, "mosquitto_pub", *options)
        for _ in range(50):
            assert (await ingest.message()).payload == b"x"
        assert await writing.wait() == 0


@pytest.mark.parametrize("version", ["mqttv31", "mqttv311"])
async def test_an_old_version_is_told_that_it_is_the_version(broker: EmbeddedBroker, version: str) -> None:
    watching = await start(
        broker, "mosquitto_sub", "-V", version, "-u", "watcher", "-t", "aiseg/#", "-W", "20"
    )
    _, said = await watching.communicate()
    assert watching.returncode != 0
    assert b"unacceptable protocol version" in said
