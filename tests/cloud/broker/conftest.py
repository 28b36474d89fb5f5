from collections.abc import AsyncIterator

import pytest_asyncio

from cloud.broker import Broker, Login, hash_password
from cloud.broker.embedded import EmbeddedBroker
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


@pytest_asyncio.fixture
async def broker() -> AsyncIterator[Broker]:
    broker = EmbeddedBroker("127.0.0.1", 0)
    async with broker.serving(LOGINS):
        yield broker
