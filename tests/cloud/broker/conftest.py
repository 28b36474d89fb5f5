import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cloud.broker import Broker
from cloud.broker.embedded import EmbeddedBroker
from cloud.broker.mosquitto import MosquittoBroker
from cloud.logins import Login, hash_password
from tests.cloud.broker.peer import PASSWORD

ALICE, BOB = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
HASH = hash_password(PASSWORD)


def gateway(gateway_id: str, epoch: int = 1, password_hash: str = HASH) -> Login:
    topic = f"aiseg/{gateway_id}/{epoch}"
    return Login(
        gateway_id,
        password_hash,
        may_write=(f"{topic}/telemetry", f"{topic}/status"),
        may_read=(f"{topic}/receipt", f"{topic}/notice"),
        gateway=True,
    )


LOGINS = (
    gateway(ALICE),
    gateway(BOB),
    Login("ingest", HASH, may_write=("#",), may_read=("#",)),
    Login("watcher", HASH, may_write=(), may_read=("aiseg/#",)),
)


def make(kind: str, folder: Path, port: int = 0) -> EmbeddedBroker | MosquittoBroker:
    if kind == "embedded":
        return EmbeddedBroker("127.0.0.1", port)
    if not shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin"):
        pytest.skip("mosquitto is not installed: sudo apt-get install mosquitto")
    return MosquittoBroker("127.0.0.1", port, folder)


@pytest_asyncio.fixture(params=["embedded", "mosquitto"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    broker = make(request.param, tmp_path)
    async with broker.serving(LOGINS):
        yield broker
