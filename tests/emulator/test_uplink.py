import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from emulator.gateway import Gateway
from emulator.uplink import Uplink
from protocol.problems import BROKER_LOGIN_REFUSED, PUBLISH_DENIED, Problem, UnreachableError
from protocol.telemetry import Notice
from tests.emulator.answers import register, show_link_code
from tests.emulator.clocks import ManualClock
from tests.emulator.cloud_double import CloudDouble
from tests.emulator.conftest import gateway_in
from tests.emulator.mosquitto import Mosquitto, listening
from tests.support.waiting import until

pytestmark = pytest.mark.adapters


@pytest.fixture
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mosquitto]:
    """Yield a Mosquitto that is not started yet."""
    each = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    yield each
    await each.kill()


@pytest.fixture
async def registered(broker: Mosquitto, cloud: CloudDouble, gateway: Gateway) -> Gateway:
    """Return a gateway that the broker will let in."""
    cloud.mqtt_port = broker.port
    registration = await register(gateway)
    broker.admit_gateway(registration.gateway_id, registration.mqtt_password)
    return gateway


@asynccontextmanager
async def uplink_of(gateway: Gateway, clock: ManualClock, receipt_s: float = 10.0) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(Uplink(gateway, clock, receipt_s).run())
        try:
            yield
        finally:
            task.cancel()


async def measure(gateway: Gateway, clock: ManualClock, samples: int) -> None:
    for _ in range(samples):
        await gateway.measure(clock.now())
        await clock.jump(10)


async def is_empty(gateway: Gateway) -> bool:
    return (await gateway.outbox()).samples == 0


async def test_every_sample_arrives_and_its_receipt_empties_the_outbox(
    registered: Gateway, broker: Mosquitto, clock: ManualClock
) -> None:
    await measure(registered, clock, 250)
    kept = await registered.unsent(250)
    await broker.start()
    async with listening(broker.port) as ingest, uplink_of(registered, clock):
        await until(lambda: is_empty(registered), "the receipts")
        await measure(registered, clock, 1)
        await until(lambda: is_empty(registered), "the last receipt")
        assert registered.uplink.connected
        assert list(ingest.stored[1].values())[:250] == kept
        assert list(ingest.stored[1]) == list(range(1, 252))
        assert ingest.messages == 4
        assert ingest.oldest == [1, 101, 201, 251]


async def test_the_status_is_retained_and_the_farewell_says_offline(
    registered: Gateway, broker: Mosquitto, clock: ManualClock
) -> None:
    await broker.start()
    async with uplink_of(registered, clock):
        await until(lambda: registered.uplink.connected, "the session")
        async with listening(broker.port) as latecomer:
            await until(latecomer.online, "the retained status")
    async with listening(broker.port) as latecomer:
        await until(lambda: latecomer.statuses, "the retained farewell")
        assert not latecomer.online()
        assert latecomer.statuses[-1][1].firmware == "2.10"


@pytest.mark.req("S-TEL-05")
async def test_a_broker_killed_and_restarted_loses_and_doubles_nothing(
    registered: Gateway, broker: Mosquitto, clock: ManualClock
) -> None:
    await broker.start()
    async with listening(broker.port) as ingest, uplink_of(registered, clock):
        for _ in range(4):
            await measure(registered, clock, 7)
            await until(lambda: ingest.stored[1], "samples to flow")
            await measure(registered, clock, 2)
            await broker.kill()
            await measure(registered, clock, 20)
            await until(lambda: not registered.uplink.connected, "the loss to be noticed")
            assert isinstance(registered.uplink.trouble, UnreachableError)
            await broker.start()
            await until(lambda: registered.uplink.connected, "the reconnection", within_s=20)
        await until(lambda: is_empty(registered), "the receipts", within_s=20)
    assert sorted(ingest.stored[1]) == list(range(1, 117))
    assert not ingest.changed
    assert registered.uplink.denied == 0


@pytest.mark.req("S-TEL-05")
async def test_an_overflowed_outbox_says_what_it_still_holds(
    tmp_path: Path, cloud: CloudDouble, broker: Mosquitto, clock: ManualClock
) -> None:
    cloud.mqtt_port = broker.port
    async with gateway_in(tmp_path, cloud.url, clock, outbox_samples=5) as gateway:
        registration = await register(gateway)
        broker.admit_gateway(registration.gateway_id, registration.mqtt_password)
        await measure(gateway, clock, 12)
        await broker.start()
        async with listening(broker.port) as ingest, uplink_of(gateway, clock):
            await until(lambda: is_empty(gateway), "the receipt")
            assert sorted(ingest.stored[1]) == [8, 9, 10, 11, 12]
            assert ingest.oldest == [8]


async def test_without_a_receipt_the_samples_are_sent_again_and_people_are_told(
    registered: Gateway, broker: Mosquitto, clock: ManualClock
) -> None:
    await broker.start()
    async with listening(broker.port) as ingest, uplink_of(registered, clock, receipt_s=0.1):
        ingest.silent = True
        await measure(registered, clock, 3)
        trouble = await until(lambda: registered.uplink.trouble, "the missing receipt to show")
        assert isinstance(trouble, UnreachableError)
        assert "receipt" in trouble.reason
        assert registered.uplink.connected
        assert not await is_empty(registered)
        ingest.silent = False
        await until(lambda: is_empty(registered), "the receipt")
        await until(lambda: registered.uplink.trouble is None, "the trouble to end")
    assert sorted(ingest.stored[1]) == [1, 2, 3]


async def test_a_denied_publish_is_shown_and_counted_and_the_samples_stay(
    cloud: CloudDouble, gateway: Gateway, broker: Mosquitto, clock: ManualClock
) -> None:
    cloud.mqtt_port = broker.port
    registration = await register(gateway)
    mine = f"aiseg/{registration.gateway_id}/1"
    broker.admit(
        registration.gateway_id,
        registration.mqtt_password,
        f"topic write {mine}/status",
        f"topic read {mine}/receipt",
    )
    await broker.start()
    await measure(gateway, clock, 3)
    async with listening(broker.port) as ingest, uplink_of(gateway, clock):
        trouble = await until(lambda: gateway.uplink.trouble, "the denial to show")
        assert isinstance(trouble, Problem)
        assert trouble.kind is PUBLISH_DENIED
        assert f"{mine}/telemetry" in trouble.sentence("ja")
        await until(lambda: gateway.uplink.denied >= 2, "the next try")
        assert gateway.uplink.trouble, "a connection alone is no reason to call it mended"
        assert (await gateway.outbox()).samples == 3
        assert not ingest.stored


async def test_a_refused_login_is_shown_and_a_new_registration_is_tried_at_once(
    registered: Gateway, broker: Mosquitto, clock: ManualClock
) -> None:
    broker.admit(registered.identity.gateway_id, "another password")
    await broker.start()
    async with listening(broker.port) as ingest, uplink_of(registered, clock):
        trouble = await until(lambda: registered.uplink.trouble, "the refusal to show")
        assert isinstance(trouble, Problem)
        assert trouble.kind is BROKER_LOGIN_REFUSED
        again = await register(registered)
        broker.admit_gateway(again.gateway_id, again.mqtt_password, again.epoch)
        broker.reload()
        await measure(registered, clock, 1)
        await until(lambda: ingest.stored[2], "the new epoch's first sample", within_s=20)


@pytest.mark.req("S-TEL-02")
async def test_a_new_registration_moves_to_the_new_epochs_topics(
    registered: Gateway, broker: Mosquitto, clock: ManualClock
) -> None:
    await broker.start()
    async with listening(broker.port) as ingest, uplink_of(registered, clock):
        await measure(registered, clock, 2)
        await until(lambda: is_empty(registered), "the old epoch's receipts")
        again = await register(registered)
        broker.admit_gateway(again.gateway_id, again.mqtt_password, again.epoch)
        broker.reload()
        await measure(registered, clock, 1)
        await until(lambda: ingest.stored[2], "the new epoch's first sample", within_s=20)
    assert list(ingest.stored[1]) == [1, 2]
    assert list(ingest.stored[2]) == [1]
    assert (1, False) in [(epoch, status.online) for epoch, status in ingest.statuses]


async def test_an_unregistered_gateway_connects_to_nobody(gateway: Gateway, clock: ManualClock) -> None:
    async with uplink_of(gateway, clock):
        await measure(gateway, clock, 2)
        assert gateway.uplink.trouble is None
        assert not gateway.uplink.connected


@pytest.mark.req("S-LC-17")
async def test_a_code_that_has_made_a_link_leaves_the_screen(
    registered: Gateway, broker: Mosquitto, clock: ManualClock
) -> None:
    await broker.start()
    await show_link_code(registered)
    registration = registered.registration
    assert registration
    async with listening(broker.port) as ingest, uplink_of(registered, clock):
        await measure(registered, clock, 1)
        await until(lambda: is_empty(registered), "the receipt")
        notice = Notice(
            kind="linked", gateway_id=registration.gateway_id, at=clock.now(), nickname="お父さん"
        )
        await ingest.tell(
            f"aiseg/{registration.gateway_id}/{registration.epoch}/notice", notice.model_dump_json()
        )
        await measure(registered, clock, 1)
        await until(lambda: registered.shown_link_code(clock.now()) is None, "the code gone")
