"""Ingest behind a real broker, with a store that a test can hold up or break."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path

import mqtt5
import pytest

from chassis.tasks import beside
from cloud.arrivals import Arrival, contiguous, forgotten_up_to
from cloud.broker import Broker
from cloud.broker.embedded import EmbeddedBroker
from cloud.clock import SystemClock
from cloud.ingest import Ingest
from cloud.logins import Login, hash_password
from protocol.problems import UnreachableError
from protocol.telemetry import Battery, Receipt, Sample, Status, write_samples
from tests.cloud.broker.conftest import ALICE, BOB, HASH, LOGINS, make
from tests.cloud.broker.peer import PASSWORD, Peer, client
from tests.support.waiting import until

pytestmark = pytest.mark.adapters

TELEMETRY = f"aiseg/{ALICE}/1/telemetry"
STATUS = f"aiseg/{ALICE}/1/status"
RECEIPT = f"aiseg/{ALICE}/1/receipt"
ONLINE = Status(online=True, firmware="2.10", at=datetime.fromisoformat("2026-11-22T05:00:00Z"))


class MemoryStore:
    """Keeps what the registry would keep; `gate` shut holds up the commit, `deaf` loses the answer after it."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int, int], Sample] = {}
        self.offered = 0
        self.oldest = 1
        self.statuses: list[tuple[str, int, Status]] = []
        self.over: set[tuple[str, int]] = set()
        self.on_commit: Callable[[], None] = lambda: None
        self.gate = threading.Event()
        self.gate.set()
        self.locked = False
        self.waiting = threading.Event()

    def accept_samples(self, arrivals: Sequence[Arrival], now: datetime) -> Mapping[tuple[str, int], int]:
        self.waiting.set()
        assert self.gate.wait(20)
        if self.locked:
            self.locked = False
            raise UnreachableError("the cloud's store", "database is locked")
        for arrival in arrivals:
            self.oldest = max(self.oldest, forgotten_up_to(arrival) + 1)
            for sample in arrival.samples:
                self.offered += 1
                self.kept.setdefault((arrival.gateway_id, arrival.epoch, sample.seq), sample)
        self.on_commit()
        return {(a.gateway_id, a.epoch): contiguous(self.oldest - 1, self.above()) for a in arrivals}

    def above(self) -> list[int]:
        return sorted(number for _, _, number in self.kept if number >= self.oldest)

    def accept_status(self, gateway_id: str, epoch: int, status: Status, now: datetime) -> bool:
        self.statuses.append((gateway_id, epoch, status))
        return True

    def dead_epochs(self, epochs: Collection[tuple[str, int]]) -> Collection[tuple[str, int]]:
        return self.over & set(epochs)


def sample(number: int) -> Sample:
    return Sample(
        seq=number,
        measured_at=datetime.fromisoformat("2026-11-22T05:00:00Z"),
        generation_w=0,
        consumption_w=0,
        grid_import_w=0,
        grid_export_w=0,
        battery=Battery(charge_w=0, discharge_w=0, state_of_charge_pct=50),
        generation_wh=0,
        consumption_wh=0,
        grid_import_wh=0,
        grid_export_wh=0,
        circuits=(),
    )


def payload(*numbers: int) -> bytes:
    return write_samples([sample(number) for number in numbers])


@asynccontextmanager
async def taking_in(broker: Broker, store: MemoryStore) -> AsyncIterator[Ingest]:
    ingest = Ingest(store, SystemClock(), broker.host, broker.port, "ingest", PASSWORD)
    async with beside(ingest.run()):
        await until(lambda: ingest.connected, "ingest connected")
        yield ingest


@asynccontextmanager
async def gateway(broker: Broker) -> AsyncIterator[Peer]:
    async with client(broker, ALICE) as alice:
        await alice.subscribe(RECEIPT)
        yield alice


async def receipt(alice: Peer) -> int:
    message = await alice.message()
    assert message.topic == RECEIPT
    return Receipt.model_validate_json(message.payload).stored_up_to


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def embedded() -> tuple[Broker, AbstractAsyncContextManager[None]]:
    broker = EmbeddedBroker("127.0.0.1", 0)
    return broker, broker.serving(LOGINS)


Make = Callable[..., tuple[Broker, AbstractAsyncContextManager[None]]]


@pytest.fixture(params=["embedded", "mosquitto"])
def broker_of(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    def made(port: int = 0) -> tuple[Broker, AbstractAsyncContextManager[None]]:
        broker = make(request.param, tmp_path, port)
        return broker, broker.serving(LOGINS)

    return made


async def test_samples_are_stored_and_the_gateway_gets_a_retained_receipt(
    broker_of: Make, store: MemoryStore
) -> None:
    broker, serving = broker_of()
    async with serving, taking_in(broker, store), gateway(broker) as alice:
        await alice.publish(TELEMETRY, payload(1, 2))
        assert await receipt(alice) == 2
        assert set(store.kept) == {(ALICE, 1, 1), (ALICE, 1, 2)}
        async with client(broker, "watcher") as watcher:
            await watcher.subscribe(RECEIPT)
            kept = await watcher.message()
            assert (kept.retain, kept.payload) == (True, b'{"v":1,"stored_up_to":2}')


@pytest.mark.req("S-TEL-05")
async def test_a_receipt_stops_at_a_hole_and_passes_what_the_gateway_no_longer_has(
    store: MemoryStore,
) -> None:
    broker, serving = embedded()
    async with serving, taking_in(broker, store), gateway(broker) as alice:
        await alice.publish(TELEMETRY, payload(1))
        assert await receipt(alice) == 1
        await alice.publish(TELEMETRY, payload(5))
        assert await receipt(alice) == 1
        await alice.publish(TELEMETRY, payload(6), user_properties=[("oldest", "5")])
        assert await receipt(alice) == 6


async def test_status_and_will_reach_the_store(broker_of: Make, store: MemoryStore) -> None:
    broker, serving = broker_of()
    offline = ONLINE.model_copy(update={"online": False})
    will = mqtt5.Will(STATUS, payload=offline.model_dump_json().encode(), retain=True)
    async with serving, taking_in(broker, store) as ingest, client(broker, ALICE, will=will) as alice:
        await alice.publish(STATUS, ONLINE.model_dump_json().encode(), retain=True)
        alice.vanish()
        await until(lambda: len(store.statuses) == 2, "both statuses")
        assert store.statuses == [(ALICE, 1, ONLINE), (ALICE, 1, offline)]
        await ingest.send(STATUS, b"", retain=True)
        await ingest.send(STATUS, ONLINE.model_dump_json().encode())
        await until(lambda: len(store.statuses) == 3, "the status after the cleared one")
        assert ingest.malformed == 0


OLD = ALICE, 1
NOTHING_OLD = pytest.mark.req("S-REG-27", "S-TEL-02")


async def retained(broker: Broker) -> list[str]:
    """Return the topics of what a new subscriber to everything is given."""
    async with client(broker, "watcher") as watcher, client(broker, BOB) as bob:
        await watcher.subscribe("aiseg/#")
        await bob.publish(f"aiseg/{BOB}/1/status", b"")  # marks the end
        topics = []
        while (message := await watcher.message()).payload:
            topics.append(message.topic)
    return topics


async def retain(broker: Broker, *topics: str) -> None:
    """Leave something on `topics`, as an ingest of before would have."""
    async with client(broker, "ingest") as before:
        for topic in topics:
            await before.publish(topic, b"old", retain=True)


@NOTHING_OLD
async def test_what_an_old_epoch_left_is_cleared_when_ingest_comes_back(
    broker_of: Make, store: MemoryStore
) -> None:
    """Ingest was away at the very moment of the new registration, so that nobody could clear it then."""
    broker, serving = broker_of()
    new = f"aiseg/{ALICE}/2/receipt"
    async with serving:
        await retain(broker, STATUS, RECEIPT, TELEMETRY, new)
        assert set(await retained(broker)) == {STATUS, RECEIPT, TELEMETRY, new}
        store.over.add(OLD)
        async with taking_in(broker, store) as ingest:

            async def is_clear() -> bool:
                return await retained(broker) == [new]

            await until(is_clear, "only the new epoch's receipt")
            assert ingest.malformed == 0
        assert store.statuses == [], "what was retained is no news"


@NOTHING_OLD
async def test_a_receipt_under_way_when_the_epoch_ends_does_not_stay(
    broker_of: Make, store: MemoryStore
) -> None:
    broker, serving = broker_of()
    store.on_commit = lambda: store.over.add(OLD)
    async with serving, taking_in(broker, store), gateway(broker) as alice:
        await alice.publish(TELEMETRY, payload(1))
        assert await receipt(alice) == 1
        assert (await alice.message()).payload == b"", "taken back"
        assert await retained(broker) == []


@NOTHING_OLD
async def test_a_status_of_an_old_epoch_that_comes_late_does_not_stay(
    broker_of: Make, store: MemoryStore
) -> None:
    broker, serving = broker_of()
    store.over.add(OLD)
    async with serving, taking_in(broker, store), client(broker, "watcher") as watcher:
        await watcher.subscribe(STATUS)
        async with client(broker, ALICE) as alice:
            await alice.publish(STATUS, ONLINE.model_dump_json().encode(), retain=True)
        assert (await watcher.message()).payload
        assert (await watcher.message()).payload == b"", "taken back"
        assert await retained(broker) == []


async def test_what_a_living_epoch_retains_stays(broker_of: Make, store: MemoryStore) -> None:
    broker, serving = broker_of()
    async with serving:
        await retain(broker, STATUS, RECEIPT)
        for _ in range(2):
            async with taking_in(broker, store) as ingest, gateway(broker) as alice:
                assert (await alice.message()).payload == b"old"
                await ingest.send(TELEMETRY, payload(1))
                assert await receipt(alice) == 1
                await retain(broker, RECEIPT)
        assert set(await retained(broker)) == {STATUS, RECEIPT}


async def test_nothing_is_acknowledged_before_the_commit(store: MemoryStore) -> None:
    """Guards our one step into aiomqtt's private parts: an upgrade that breaks it acknowledges too early, or never."""
    broker, serving = embedded()
    store.gate.clear()
    async with serving, gateway(broker) as alice, taking_in(broker, store):
        await alice.publish(TELEMETRY, payload(1))
        await until(store.waiting.is_set, "the store asked to commit")
        async with client(broker, "watcher") as other:
            await other.subscribe("$share/ingest/aiseg/+/+/telemetry")
            await _take_over_from_ingest(broker)
            assert (await other.message()).payload == payload(1)
        store.gate.set()


async def _take_over_from_ingest(broker: Broker) -> None:
    async with client(broker, "ingest", clean_start=True) as intruder:
        await intruder.goodbye()


async def test_what_is_committed_is_acknowledged(broker_of: Make, store: MemoryStore) -> None:
    broker, serving = broker_of()
    async with serving, gateway(broker) as alice:
        async with taking_in(broker, store):
            await alice.publish(TELEMETRY, payload(1))
            assert await receipt(alice) == 1
        async with client(broker, "ingest", clean_start=False) as successor:
            assert successor.connack
            assert successor.connack.session_present
            assert await successor.hears_nothing()


async def test_cancelled_between_commit_and_acknowledgement_loses_and_doubles_nothing(
    broker_of: Make,
    store: MemoryStore,
) -> None:
    broker, serving = broker_of()
    async with serving, gateway(broker) as alice:
        store.gate.clear()
        async with taking_in(broker, store):
            await alice.publish(TELEMETRY, payload(1, 2, 3))
            await until(store.waiting.is_set, "the store asked to commit")
        store.gate.set()
        await until(lambda: store.offered == 3, "the commit nobody heard of")
        async with taking_in(broker, store):
            assert await receipt(alice) == 3
        assert store.offered == 6
        assert len(store.kept) == 3


async def test_a_restarted_broker_is_found_again(broker_of: Make, store: MemoryStore) -> None:
    broker, serving = broker_of()
    async with serving:
        running = taking_in(broker, store)
        ingest = await running.__aenter__()
    await until(lambda: not ingest.connected, "the loss noticed")
    with pytest.raises(UnreachableError):
        await ingest.send(RECEIPT, b"x")
    again, serving = broker_of(broker.port)
    async with serving:
        await until(lambda: ingest.connected, "ingest connected again")
        async with gateway(again) as alice:
            await alice.publish(TELEMETRY, payload(1))
            assert await receipt(alice) == 1
        await running.__aexit__(None, None, None)


async def test_a_refused_login_is_said_once_and_tried_again(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    broker, serving = embedded()
    async with serving:
        ingest = Ingest(store, SystemClock(), broker.host, broker.port, "ingest", "better")
        async with beside(ingest.run()):
            await until(lambda: "ingest has no broker" in caplog.text, "the refusal noticed")
            await broker.admit(Login("ingest", hash_password("better"), may_write=("#",), may_read=("#",)))
            await until(lambda: ingest.connected, "ingest connected")
    assert [each.levelno for each in caplog.records if each.name == "cloud.ingest"].count(
        logging.WARNING
    ) == 1


async def test_it_ends_whenever_it_is_cancelled(store: MemoryStore) -> None:
    """Found by chance: Python 3.11's `wait_for` swallows a cancellation that meets the answer it waits for."""
    broker, serving = embedded()
    async with serving:
        for turns in range(60):
            ingest = Ingest(store, SystemClock(), broker.host, broker.port, "ingest", PASSWORD)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(ingest.run())
                await _turn(turns)
                running.cancel()
            assert running.cancelled()


async def _turn(times: int) -> None:
    """Let the loop turn, each time until something has come over the network or a thread is done."""
    for _ in range(times):
        await asyncio.sleep(0.0002)


async def test_without_the_right_to_read_it_is_not_connected(
    store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    broker, serving = embedded()
    async with serving:
        await broker.admit(Login("ingest", HASH, may_write=(), may_read=()))
        ingest = Ingest(store, SystemClock(), broker.host, broker.port, "ingest", PASSWORD)
        async with beside(ingest.run()):
            await until(lambda: "subscription refused" in caplog.text, "the refusal noticed")
            assert not ingest.connected


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        (TELEMETRY, b"{"),
        (TELEMETRY, b"[]"),
        (TELEMETRY, b'{"v":2}'),
        (TELEMETRY, b"\xff\xfe"),
        (STATUS, b"{}"),
        (f"aiseg/{ALICE}/01/telemetry", b"{}"),
        ("aiseg/EVIL/1/status", b"{}"),
    ],
)
async def test_what_cannot_be_read_is_counted_said_once_and_let_go(
    store: MemoryStore, caplog: pytest.LogCaptureFixture, topic: str, message: bytes
) -> None:
    broker, serving = embedded()
    async with serving, taking_in(broker, store) as ingest, gateway(broker) as alice:
        with caplog.at_level(logging.WARNING, "cloud.ingest"):
            await ingest.send(topic, message)
            await ingest.send(topic, message)
            await until(lambda: ingest.malformed == 2, "both counted")
        await alice.publish(TELEMETRY, payload(1))
        assert await receipt(alice) == 1
        assert set(store.kept) == {(ALICE, 1, 1)}
        assert [each.levelno for each in caplog.records if each.name == "cloud.ingest"] == [logging.WARNING]


async def test_a_nonsense_oldest_is_malformed(store: MemoryStore) -> None:
    broker, serving = embedded()
    async with serving, taking_in(broker, store) as ingest, gateway(broker) as alice:
        await alice.publish(TELEMETRY, payload(1), user_properties=[("oldest", "９")])
        await until(lambda: ingest.malformed == 1, "counted")
        assert not store.kept


async def test_no_more_is_in_flight_than_a_batch(broker_of: Make, store: MemoryStore) -> None:
    broker, serving = broker_of()
    store.gate.clear()
    async with serving, gateway(broker) as alice:
        async with taking_in(broker, store):
            for number in range(1, 501):
                await alice.publish(TELEMETRY, payload(number))
            await until(store.waiting.is_set, "the store asked to commit")
            store.gate.set()
            seen = 0
            while seen < 500:
                seen = await receipt(alice)
        assert store.offered == len(store.kept) == 500


async def test_a_store_that_is_locked_for_a_while_gets_everything_later(store: MemoryStore) -> None:
    broker, serving = embedded()
    store.locked = True
    async with serving, taking_in(broker, store), gateway(broker) as alice:
        await alice.publish(TELEMETRY, payload(1, 2))
        assert await receipt(alice) == 2
    assert sorted(store.kept) == [(ALICE, 1, 1), (ALICE, 1, 2)]
