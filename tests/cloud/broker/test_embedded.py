"""What only our own endpoint promises, or promises more exactly than Mosquitto."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import mqtt5
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mqtt5 import (
    ConnAckReasonCode,
    DisconnectReasonCode,
    PubAckReasonCode,
    QoS,
    SubAckReasonCode,
    TopicFilter,
    Will,
)

import cloud.broker.connection
import cloud.broker.embedded
import cloud.broker.exchange
import cloud.broker.sessions
from cloud.broker.embedded import EmbeddedBroker
from protocol.problems import PORT_TAKEN, Problem
from tests.cloud.broker.conftest import ALICE, BOB, LOGINS, gateway
from tests.cloud.broker.peer import Peer, client, login, wire
from tests.cloud.broker.test_broker import KEPT, RECEIPT, STATUS, TELEMETRY

pytestmark = pytest.mark.adapters
SHARED = "$share/g/aiseg/+/+/telemetry"


@pytest_asyncio.fixture
async def broker() -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker("127.0.0.1", 0)
    async with broker.serving(LOGINS):
        yield broker


async def test_connack_says_what_is_not_supported(broker: EmbeddedBroker) -> None:
    async with client(broker, "watcher", client_id="", session_expiry_interval=2**32 - 1) as watcher:
        connack = watcher.connack
        assert connack
        assert (connack.max_qos, connack.subscription_id_available) == (QoS.AT_LEAST_ONCE, False)
        assert (connack.max_packet_size, connack.topic_alias_max) == (256 * 1024, 0)
        assert connack.session_expiry_interval == 24 * 3600
        assert connack.assigned_client_id


@pytest.mark.parametrize(
    "connect", [b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1x", b"\x10\x0f\0\6MQIsdp\3\2\0\x3c\0\1x"]
)
async def test_mqtt_3_gets_a_refusal_it_understands(
    broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture, connect: bytes
) -> None:
    with caplog.at_level(logging.INFO, "cloud.broker"):
        for _ in range(2):
            async with wire(broker) as peer:
                peer.send_bytes(connect)
                assert await peer.closed() == b"\x20\x02\x00\x01"
    assert [record.levelno for record in caplog.records] == [logging.INFO]


@pytest.mark.parametrize(
    ("will", "reason"),
    [
        (Will(f"aiseg/{BOB}/1/status"), ConnAckReasonCode.NOT_AUTHORIZED),
        (Will(STATUS, qos=QoS.EXACTLY_ONCE), ConnAckReasonCode.QUALITY_NOT_SUPPORTED),
    ],
)
async def test_an_impossible_will_is_refused_at_once(
    broker: EmbeddedBroker, will: Will, reason: ConnAckReasonCode
) -> None:
    async with wire(broker) as alice:
        assert (await login(alice, ALICE, will=will)).reason_code == reason


async def test_a_gateway_connects_under_its_own_name_only(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice, wire(broker) as bob:
        assert (await login(bob, BOB, client_id=ALICE)).reason_code == ConnAckReasonCode.CLIENT_ID_NOT_VALID
        assert await alice.hears_nothing()


async def test_the_same_client_id_under_another_name_is_another_session(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice, client(broker, "watcher", client_id=ALICE) as watcher:
        assert await alice.hears_nothing()
        assert await watcher.hears_nothing()


async def test_several_connections_may_watch(broker: EmbeddedBroker) -> None:
    async with (
        client(broker, "watcher", client_id="a") as one,
        client(broker, "watcher", client_id="b") as two,
    ):
        assert await one.hears_nothing()
        assert await two.hears_nothing()


async def test_who_is_taken_over_is_told(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as first, client(broker, ALICE):
        assert await first.disconnected() == DisconnectReasonCode.SESSION_TAKEN_OVER


async def test_denied_subscriptions_are_told(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice:
        assert await alice.subscribe("#", "$share/g/#", RECEIPT, "$share/x") == [
            SubAckReasonCode.NOT_AUTHORIZED,
            SubAckReasonCode.NOT_AUTHORIZED,
            SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE,
            SubAckReasonCode.TOPIC_FILTER_INVALID,
        ]


async def test_share_groups_cannot_be_invented_without_end(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.broker.exchange, "SUBSCRIPTIONS_MAX", 2)
    async with client(broker, ALICE) as alice:
        granted = await alice.subscribe(*(f"$share/{number}/{RECEIPT}" for number in range(3)))
        assert granted[1:] == [SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE, SubAckReasonCode.QUOTA_EXCEEDED]


async def test_no_local_on_a_share_is_a_protocol_error(broker: EmbeddedBroker) -> None:
    async with client(broker, "ingest") as ingest:
        ingest.send(mqtt5.SubscribePacket(1, [TopicFilter(SHARED, no_local=True)]))
        assert await ingest.disconnected() == DisconnectReasonCode.PROTOCOL_ERROR


async def test_what_a_leaving_member_did_not_acknowledge_goes_to_another(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice, client(broker, "watcher") as other:
        async with client(broker, "ingest", **KEPT) as one:
            await one.subscribe(SHARED)
            await alice.publish(TELEMETRY, b"1")
            assert (await one.next(mqtt5.PublishPacket)).payload == b"1"
            await other.subscribe(SHARED)
        message = await other.message()
        assert (message.payload, message.duplicate) == (b"1", False)


async def test_what_the_only_member_did_not_acknowledge_waits_for_it(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice:
        async with client(broker, "ingest", **KEPT) as ingest:
            await ingest.subscribe(SHARED)
            await alice.publish(TELEMETRY, b"1")
            assert (await ingest.next(mqtt5.PublishPacket)).payload == b"1"
            await ingest.goodbye()
        await alice.publish(TELEMETRY, b"2")
        async with client(broker, "ingest", **KEPT) as ingest:
            assert [(await ingest.message()).payload for _ in range(2)] == [b"1", b"2"]


async def test_a_message_that_has_expired_is_not_delivered(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice:
        async with client(broker, "ingest", **KEPT) as ingest:
            await ingest.subscribe("aiseg/#")
            await ingest.goodbye()
        await alice.publish(TELEMETRY, b"late", message_expiry_interval=0)
        await alice.publish(TELEMETRY, b"in time", message_expiry_interval=60)
        await alice.publish(STATUS, b"late", retain=True, message_expiry_interval=0)
        async with client(broker, "ingest", **KEPT) as ingest:
            message = await ingest.message()
            assert message.payload == b"in time"
            assert message.message_expiry_interval == 60
            await ingest.subscribe(STATUS)
            assert await ingest.hears_nothing()


async def test_a_delayed_will_is_cancelled_by_coming_back(broker: EmbeddedBroker) -> None:
    will = Will(STATUS, payload=b"gone", will_delay_interval=1)
    async with client(broker, "watcher") as watcher:
        await watcher.subscribe("aiseg/#")
        async with client(broker, ALICE, will=will, **KEPT):
            pass
        async with client(broker, ALICE, will=will, **KEPT) as back:
            await back.publish(STATUS, b"back")
            assert (await watcher.message()).payload == b"back"
        assert (await watcher.message()).payload == b"gone"


async def test_a_session_ends_when_its_time_is_over(broker: EmbeddedBroker) -> None:
    async with client(broker, "ingest", session_expiry_interval=1) as ingest:
        await ingest.goodbye()

    async def is_forgotten() -> bool:
        async with client(broker, "ingest", clean_start=False, session_expiry_interval=1) as again:
            await again.goodbye()
            assert again.connack
            return not again.connack.session_present

    assert not await is_forgotten()
    await asyncio.sleep(1.6)
    assert await is_forgotten()


async def test_new_rights_end_the_session_and_its_will(broker: EmbeddedBroker) -> None:
    async with client(broker, "watcher") as watcher:
        await watcher.subscribe("aiseg/#")
        async with client(broker, ALICE, will=Will(STATUS, payload=b"gone"), **KEPT) as alice:
            await broker.admit(gateway(ALICE, epoch=2))
            assert await alice.disconnected() == DisconnectReasonCode.ADMINISTRATIVE_ACTION
        async with client(broker, ALICE, **KEPT) as alice:
            assert alice.connack
            assert not alice.connack.session_present
        assert await watcher.hears_nothing()


async def test_new_rights_take_along_what_was_retained_under_the_old(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice:
        await alice.publish(STATUS, b"old", retain=True)
        await alice.publish(TELEMETRY, b"old", retain=True)
    await broker.admit(gateway(ALICE, epoch=2))
    async with client(broker, "watcher") as watcher:
        await watcher.subscribe("aiseg/#")
        assert await watcher.hears_nothing()


async def test_who_dribbles_bytes_is_let_go_too(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.broker.connection, "CONNECT_WITHIN_S", 0.3)
    async with wire(broker) as peer:
        async with asyncio.TaskGroup() as group:
            closed = group.create_task(peer.closed(within_s=10))
            for byte in mqtt5.ConnectPacket("x" * 200).write():
                peer.send_bytes(bytes([byte]))
                await asyncio.sleep(0.02)
                if closed.done():
                    break
        assert closed.result() == b""


async def test_a_reader_too_slow_is_cut_off_and_others_are_not(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.broker.sessions, "QUEUE_MAX_BYTES", 1_000_000)
    payload = b"x" * 100_000
    async with (
        client(broker, "watcher") as slow,
        client(broker, ALICE) as alice,
        client(broker, "ingest") as ingest,
    ):
        await slow.subscribe("aiseg/#")
        await ingest.subscribe("aiseg/#")
        slow.stop_reading()
        for _ in range(200):
            assert await alice.publish(TELEMETRY, payload) == PubAckReasonCode.SUCCESS
            assert (await ingest.message()).payload == payload
        slow.read_on()
        got = 0
        with contextlib.suppress(EOFError):
            while True:
                await slow.next(mqtt5.PublishPacket)
                got += 1
        assert 0 < got < 150


async def test_publishers_to_a_share_wait_for_its_members(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.broker.sessions, "QUEUE_MAX_BYTES", 4_000_000)
    payload = b"x" * 100_000
    async with client(broker, ALICE) as alice, client(broker, "ingest", receive_max=1) as ingest:
        await ingest.subscribe(SHARED)
        for number in range(1, 101):
            alice.send(mqtt5.PublishPacket(TELEMETRY, payload, qos=QoS.AT_LEAST_ONCE, packet_id=number))
        first = await ingest.next(mqtt5.PublishPacket)
        accepted = await _acknowledged_within(alice, 0.3)
        assert 5 < accepted < 50
        assert first.packet_id
        ingest.send(mqtt5.PubAckPacket(first.packet_id))
        for _ in range(99):
            assert (await ingest.message()).payload == payload
        assert accepted + await _acknowledged_within(alice, 0.3) == 100


async def _acknowledged_within(peer: Peer, seconds: float) -> int:
    count = 0
    try:
        while True:
            await peer.next(mqtt5.PubAckPacket, within_s=seconds)
            count += 1
    except TimeoutError:
        return count


async def test_who_does_not_read_the_answers_is_not_read(broker: EmbeddedBroker) -> None:
    async with wire(broker, receive_buffer=4096) as alice, client(broker, "watcher") as watcher:
        await login(alice, ALICE)
        alice.stop_reading()
        pings = mqtt5.PingReqPacket().write() * 50_000
        for _ in range(100):
            alice.send_bytes(pings)
            assert await watcher.hears_nothing()
            if alice.unsent() > len(pings):
                return
        pytest.fail("ten megabytes of pings were read, and their answers kept")


async def test_a_packet_too_large_ends_the_connection(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice:
        alice.send(mqtt5.PublishPacket(TELEMETRY, b"x" * 300_000))
        assert await alice.disconnected() == DisconnectReasonCode.PACKET_TOO_LARGE


async def test_a_packet_too_large_for_the_client_is_left_out(broker: EmbeddedBroker) -> None:
    async with client(broker, "watcher", max_packet_size=200) as watcher, client(broker, ALICE) as alice:
        await watcher.subscribe("aiseg/#")
        await alice.publish(TELEMETRY, b"x" * 300)
        await alice.publish(TELEMETRY, b"small")
        assert (await watcher.message()).payload == b"small"


async def test_a_second_connect_is_a_protocol_error(broker: EmbeddedBroker) -> None:
    async with client(broker, ALICE) as alice:
        alice.send(mqtt5.ConnectPacket(ALICE))
        assert await alice.disconnected() == DisconnectReasonCode.PROTOCOL_ERROR


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=400), logged_in=st.booleans())
def test_garbage_hurts_nobody_else(data: bytes, logged_in: bool) -> None:
    async def throw() -> None:
        broker = EmbeddedBroker("127.0.0.1", 0)
        async with broker.serving(LOGINS), wire(broker) as peer, client(broker, BOB) as bob:
            if logged_in:
                await login(peer, ALICE)
            peer.send_bytes(data)
            peer.half_close()
            await peer.closed()
            assert await bob.hears_nothing()

    asyncio.run(throw())


async def test_who_says_nothing_is_let_go(broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.broker.connection, "CONNECT_WITHIN_S", 0.1)
    async with wire(broker) as peer:
        assert await peer.closed(within_s=2) == b""


async def test_one_connection_too_many_is_closed(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.broker.embedded, "CONNECTIONS_MAX", 1)
    async with client(broker, ALICE) as alice:
        async with wire(broker) as peer:
            assert await peer.closed() == b""
        assert await alice.hears_nothing()


async def test_leaving_says_goodbye_and_frees_the_port() -> None:
    broker = EmbeddedBroker("127.0.0.1", 0)
    async with contextlib.AsyncExitStack() as stack:
        async with broker.serving(LOGINS):
            alice = await stack.enter_async_context(client(broker, ALICE))
        assert await alice.disconnected() == DisconnectReasonCode.SERVER_SHUTTING_DOWN
    again = EmbeddedBroker("127.0.0.1", broker.port)
    async with again.serving(LOGINS):
        assert again.port == broker.port


async def test_a_taken_port_is_a_problem(broker: EmbeddedBroker) -> None:
    with pytest.raises(Problem) as problem:
        async with EmbeddedBroker("127.0.0.1", broker.port).serving(()):
            pass
    assert problem.value.kind == PORT_TAKEN
    assert str(broker.port) in str(problem.value)
