"""A new registration over the real broker: nothing of the old epoch can be had any more (T-06, T-38, INV-6)."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import mqtt5
import pytest
import pytest_asyncio

from protocol.telemetry import Receipt, Status, write_samples
from tests.cloud.actors import Gateway, sample
from tests.cloud.broker.peer import Peer, client, login, wire
from tests.cloud.serving import Served, served, settings_in
from tests.support.waiting import until

pytestmark = [pytest.mark.adapters, pytest.mark.req("S-REG-27", "S-TEL-02")]

KEPT: dict[str, Any] = {"session_expiry_interval": 600, "clean_start": False}


class Address(NamedTuple):
    host: str
    port: int


@pytest_asyncio.fixture(params=["embedded", "mosquitto"])
async def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    if request.param == "mosquitto" and not shutil.which(
        "mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin"
    ):
        pytest.skip("mosquitto is not installed: sudo apt-get install mosquitto")
    async with served(settings_in(tmp_path, mqtt={"port": 0, "broker": request.param})) as serving:
        yield serving


def broker(cloud: Served) -> Any:
    return Address(cloud.cloud.mqtt_host, cloud.cloud.mqtt_port)


async def registered(cloud: Served, gateway: Gateway) -> str:
    """Register and return the MQTT password."""
    answer = await cloud.register(gateway)
    assert answer.status == 201, answer.text
    return str(answer.document["mqtt_password"])


def topic(gateway: Gateway, epoch: int, channel: str) -> str:
    return f"aiseg/{gateway.gateway_id}/{epoch}/{channel}"


async def lives(cloud: Served, gateway: Gateway, peer: Peer, epoch: int = 1) -> None:
    """Leave a retained status and a retained receipt of this epoch."""
    await peer.subscribe(topic(gateway, epoch, "receipt"), topic(gateway, epoch, "notice"))
    status = Status(online=True, firmware="2.10", at=cloud.clock.now()).model_dump_json().encode()
    await peer.publish(topic(gateway, epoch, "status"), status, retain=True)
    await peer.publish(topic(gateway, epoch, "telemetry"), write_samples([sample(1, cloud.clock.now())]))
    assert Receipt.model_validate_json((await peer.message()).payload).stored_up_to == 1


async def had_by_a_new_subscriber(cloud: Served) -> list[str]:
    password = cloud.cloud.registry.watcher_password
    async with client(broker(cloud), "watcher", password=password) as watcher:
        await watcher.subscribe("#")
        await cloud.cloud.ingest.send("aiseg/end", b"end")
        topics = []
        while (message := await watcher.message()).topic != "aiseg/end":
            topics.append(message.topic)
    return topics


async def test_a_new_subscriber_gets_nothing_old(cloud: Served, gateway: Gateway) -> None:
    password = await registered(cloud, gateway)
    async with client(broker(cloud), gateway.gateway_id, password=password) as peer:
        await lives(cloud, gateway, peer)
        kept = {topic(gateway, 1, "status"), topic(gateway, 1, "receipt")}
        assert set(await had_by_a_new_subscriber(cloud)) == kept, "there is something to lose"
        again = await registered(cloud, gateway)
        await peer.closed()

    async def is_clear() -> bool:
        return await had_by_a_new_subscriber(cloud) == []

    await until(is_clear, "nothing retained")
    async with client(broker(cloud), gateway.gateway_id, password=again) as peer:
        await lives(cloud, gateway, peer, epoch=2)


async def test_the_old_credentials_are_refused_at_once(cloud: Served, gateway: Gateway) -> None:
    old = await registered(cloud, gateway)
    new = await registered(cloud, gateway)
    async with wire(broker(cloud)) as peer:
        refusal = await login(peer, gateway.gateway_id, old)
        assert refusal.reason_code != mqtt5.ConnAckReasonCode.SUCCESS
    async with client(broker(cloud), gateway.gateway_id, password=new) as peer:
        await lives(cloud, gateway, peer, epoch=2)


async def test_what_was_queued_for_the_old_epoch_is_not_delivered_to_the_new(
    cloud: Served, gateway: Gateway
) -> None:
    password = await registered(cloud, gateway)
    name = gateway.gateway_id
    async with client(broker(cloud), name, password=password, **KEPT) as peer:
        await peer.subscribe(topic(gateway, 1, "notice"))
        await peer.goodbye()
    await cloud.cloud.ingest.send(topic(gateway, 1, "notice"), b"old")
    async with client(broker(cloud), name, password=password, **KEPT) as peer:
        assert (await peer.message()).payload == b"old", "it does queue"
        await peer.goodbye()
    await cloud.cloud.ingest.send(topic(gateway, 1, "notice"), b"old")
    again = await registered(cloud, gateway)
    async with client(broker(cloud), name, password=again, **KEPT) as peer:
        assert peer.connack
        assert await peer.hears_nothing()
        await peer.subscribe(topic(gateway, 2, "notice"))
        await cloud.cloud.ingest.send(topic(gateway, 2, "notice"), b"new")
        assert (await peer.message()).payload == b"new"
