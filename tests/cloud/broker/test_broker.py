"""What every broker of ours promises, checked over real sockets."""

from typing import Any

import mqtt5
import pytest
from mqtt5 import (
    ConnAckReasonCode,
    PubAckReasonCode,
    QoS,
    RetainHandling,
    SubAckReasonCode,
    TopicFilter,
    Will,
)

from cloud.broker import Broker
from tests.cloud.broker.conftest import ALICE, BOB
from tests.cloud.broker.peer import client, login, wire

pytestmark = pytest.mark.adapters

KEPT: dict[str, Any] = {"session_expiry_interval": 60, "clean_start": False}
TELEMETRY = f"aiseg/{ALICE}/1/telemetry"
STATUS = f"aiseg/{ALICE}/1/status"
RECEIPT = f"aiseg/{ALICE}/1/receipt"


async def test_a_message_reaches_who_asked_for_it(broker: Broker) -> None:
    async with client(broker, ALICE) as alice, client(broker, "ingest") as ingest:
        once = TopicFilter("aiseg/+/+/telemetry", max_qos=QoS.AT_LEAST_ONCE)
        assert await ingest.subscribe(once) == [SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]
        reason = await alice.publish(TELEMETRY, b"1", user_properties=[("oldest", "7")])
        assert reason == PubAckReasonCode.SUCCESS
        message = await ingest.message()
        assert (message.topic, message.payload, message.qos, message.retain) == (TELEMETRY, b"1", 1, False)
        assert message.user_properties == [("oldest", "7")]
        assert await ingest.hears_nothing()


async def test_qos_is_the_lower_of_the_two(broker: Broker) -> None:
    async with client(broker, ALICE) as alice, client(broker, "ingest") as ingest:
        await ingest.subscribe(TopicFilter("aiseg/+/+/telemetry", max_qos=QoS.AT_MOST_ONCE))
        await alice.publish(TELEMETRY)
        assert (await ingest.message()).qos == 0
        await ingest.subscribe("aiseg/+/+/telemetry")
        alice.send(mqtt5.PublishPacket(TELEMETRY, b"0"))
        assert (await ingest.message()).qos == 0


async def test_unsubscribe(broker: Broker) -> None:
    async with client(broker, ALICE) as alice, client(broker, "ingest") as ingest:
        await ingest.subscribe("aiseg/#")
        ingest.send(mqtt5.UnsubscribePacket(9, ["aiseg/#", "never"]))
        ended = await ingest.next(mqtt5.UnsubAckPacket)
        assert [int(reason) for reason in ended.reason_codes] == [0, 17]
        await alice.publish(TELEMETRY)
        assert await ingest.hears_nothing()


async def test_no_local(broker: Broker) -> None:
    async with client(broker, "ingest") as ingest:
        await ingest.subscribe(TopicFilter("x", no_local=True), "y")
        await ingest.publish("x")
        assert await ingest.hears_nothing()


@pytest.mark.parametrize("username", [ALICE, "nobody", ""])
async def test_wrong_password_and_unknown_name_look_alike(broker: Broker, username: str) -> None:
    async with wire(broker) as peer:
        refusal = await login(peer, username, "wrong")
        assert refusal.reason_code in (
            ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD,
            ConnAckReasonCode.NOT_AUTHORIZED,
        )
        assert await peer.closed() == b""


async def test_no_name_at_all_is_refused(broker: Broker) -> None:
    async with wire(broker) as peer:
        peer.send(mqtt5.ConnectPacket("x"))
        assert (await peer.next(mqtt5.ConnAckPacket)).reason_code != 0


async def test_a_retained_message_waits_for_subscribers_and_can_be_cleared(broker: Broker) -> None:
    async with client(broker, ALICE) as alice:
        await alice.publish(STATUS, b"old", retain=True)
        await alice.publish(STATUS, b"on", retain=True)
        async with client(broker, "watcher") as watcher:
            await watcher.subscribe("aiseg/#")
            message = await watcher.message()
            assert (message.payload, message.retain) == (b"on", True)
            await alice.publish(STATUS, b"", retain=True)
            assert (await watcher.message()).payload == b""
            await watcher.subscribe("aiseg/+/1/status")
            assert await watcher.hears_nothing()


async def test_retain_as_published_and_retain_handling(broker: Broker) -> None:
    never, when_new = RetainHandling.SEND_NEVER, RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS
    async with client(broker, ALICE) as alice, client(broker, "watcher") as watcher:
        await alice.publish(STATUS, b"on", retain=True)
        await watcher.subscribe(TopicFilter(STATUS, retain_handling=never, retain_as_published=False))
        assert await watcher.hears_nothing()
        await watcher.subscribe(TopicFilter(STATUS, retain_handling=when_new))
        assert await watcher.hears_nothing()
        await watcher.subscribe(TopicFilter("aiseg/+/1/status", retain_handling=when_new))
        assert (await watcher.message()).payload == b"on"


@pytest.mark.parametrize("as_published", [True, False])
async def test_a_live_message_keeps_its_retain_flag_only_if_asked(broker: Broker, as_published: bool) -> None:
    async with client(broker, ALICE) as alice, client(broker, "watcher") as watcher:
        await watcher.subscribe(TopicFilter(STATUS, retain_as_published=as_published))
        await alice.publish(STATUS, b"on", retain=True)
        assert (await watcher.message()).retain is as_published


async def test_the_will_of_a_client_that_vanishes(broker: Broker) -> None:
    will = Will(STATUS, payload=b"gone", qos=QoS.AT_LEAST_ONCE, retain=True)
    async with client(broker, "watcher") as watcher:
        await watcher.subscribe("aiseg/#")
        async with client(broker, ALICE, will=will) as alice:
            alice.vanish()
            assert (await watcher.message()).payload == b"gone"


async def test_the_will_of_a_silent_client(broker: Broker) -> None:
    async with client(broker, "watcher") as watcher:
        await watcher.subscribe("aiseg/#")
        async with client(broker, ALICE, will=Will(STATUS, payload=b"gone"), keep_alive=1) as alice:
            assert (await watcher.message()).payload == b"gone"
            await alice.closed()


async def test_no_will_after_a_goodbye(broker: Broker) -> None:
    async with client(broker, "watcher") as watcher:
        await watcher.subscribe("aiseg/#")
        async with client(broker, ALICE, will=Will(STATUS, payload=b"gone")) as alice:
            await alice.goodbye()
        assert await watcher.hears_nothing()


async def test_a_second_connection_takes_the_session_over(broker: Broker) -> None:
    async with client(broker, ALICE) as first, client(broker, ALICE) as second:
        await first.closed()
        assert await second.hears_nothing()


async def test_nobody_takes_over_another_users_session(broker: Broker) -> None:
    async with client(broker, ALICE) as alice, wire(broker) as bob:
        await login(bob, BOB, client_id=ALICE)
        assert await alice.hears_nothing()


async def test_what_was_not_acknowledged_comes_again(broker: Broker) -> None:
    async with client(broker, ALICE) as alice:
        async with client(broker, "ingest", **KEPT) as ingest:
            await ingest.subscribe("aiseg/#")
            await alice.publish(TELEMETRY, b"1")
            seen = await ingest.next(mqtt5.PublishPacket)
            await ingest.goodbye()
        await alice.publish(TELEMETRY, b"2")
        async with client(broker, "ingest", **KEPT) as ingest:
            assert ingest.connack
            assert ingest.connack.session_present
            again = await ingest.message()
            assert (again.payload, again.packet_id, again.duplicate) == (b"1", seen.packet_id, True)
            queued = await ingest.message()
            assert (queued.payload, queued.duplicate) == (b"2", False)
        async with client(broker, "ingest", session_expiry_interval=60) as ingest:
            assert ingest.connack
            assert not ingest.connack.session_present
            assert await ingest.hears_nothing()


async def test_never_more_in_flight_than_the_client_receives(broker: Broker) -> None:
    async with client(broker, ALICE) as alice, client(broker, "ingest", receive_max=2) as ingest:
        await ingest.subscribe("aiseg/#")
        for number in range(4):
            await alice.publish(TELEMETRY, b"%d" % number)
        first = await ingest.next(mqtt5.PublishPacket)
        await ingest.next(mqtt5.PublishPacket)
        assert await ingest.hears_nothing()
        assert first.packet_id
        ingest.send(mqtt5.PubAckPacket(first.packet_id))
        assert (await ingest.next(mqtt5.PublishPacket)).payload == b"2"


async def test_a_share_gives_each_message_to_one_member(broker: Broker) -> None:
    shared = "$share/g/aiseg/+/+/telemetry"
    async with (
        client(broker, ALICE) as alice,
        client(broker, "ingest") as one,
        client(broker, "watcher") as other,
    ):
        await one.subscribe(shared)
        await other.subscribe(shared)
        for number in range(4):
            await alice.publish(TELEMETRY, b"%d" % number)
        got = [(await peer.message()).payload for peer in (one, other, one, other)]
        assert sorted(got) == [b"0", b"1", b"2", b"3"]
        assert await one.hears_nothing()
        assert await other.hears_nothing()
