"""Who gets what: asserted on delivery, for a broker may well grant a subscription and then deliver nothing."""

import pytest
from mqtt5 import ConnAckReasonCode, DisconnectPacket, PingReqPacket, PubAckReasonCode, Will

from cloud.broker import Broker
from cloud.logins import Login, hash_password
from tests.cloud.broker.conftest import ALICE, BOB, HASH, gateway
from tests.cloud.broker.peer import PASSWORD, Peer, client, login, wire

pytestmark = pytest.mark.adapters

ACCEPTED = (PubAckReasonCode.SUCCESS, PubAckReasonCode.NO_MATCHING_SUBSCRIBERS)
OWN_READ = ["receipt", "notice"]
OWN_WRITE = ["telemetry", "status"]
NOT_HERS = [f"aiseg/{ALICE}/2/receipt", f"aiseg/{BOB}/1/receipt", f"aiseg/{ALICE}/1/status", "elsewhere"]


@pytest.mark.parametrize("channel", OWN_READ)
async def test_a_gateway_reads_its_own(broker: Broker, channel: str) -> None:
    topic = f"aiseg/{ALICE}/1/{channel}"
    async with client(broker, ALICE) as alice, client(broker, "ingest") as ingest:
        await alice.subscribe(topic)
        await ingest.publish(topic)
        assert (await alice.message()).topic == topic


@pytest.mark.parametrize(
    "patterns",
    [
        NOT_HERS,
        ["#", "aiseg/#", "+/#", "+", "+/+/+/+"],
        [f"aiseg/{ALICE}/+/receipt", f"aiseg/{ALICE}/#", f"aiseg/+/1/{OWN_READ[0]}"],
        [f"$share/g/{topic}" for topic in (*NOT_HERS, "#", "aiseg/+/+/status")],
    ],
    ids=["named", "everything", "wider than hers", "shared"],
)
async def test_a_gateway_reads_nothing_else(broker: Broker, patterns: list[str]) -> None:
    async with client(broker, ALICE) as alice, client(broker, "ingest") as ingest:
        for topic in NOT_HERS:
            await ingest.publish(topic, b"kept", retain=True)
        await alice.subscribe(*patterns)
        for topic in NOT_HERS:
            await ingest.publish(topic, b"live")
        assert await alice.hears_nothing()


@pytest.mark.parametrize("channel", OWN_WRITE)
async def test_a_gateway_writes_its_own(broker: Broker, channel: str) -> None:
    topic = f"aiseg/{ALICE}/1/{channel}"
    async with client(broker, ALICE) as alice, client(broker, "ingest") as ingest:
        await ingest.subscribe("#")
        assert await alice.publish(topic) == PubAckReasonCode.SUCCESS
        assert (await ingest.message()).topic == topic


@pytest.mark.req("S-TEL-02")
@pytest.mark.parametrize(
    "topic",
    [f"aiseg/{ALICE}/2/telemetry", f"aiseg/{BOB}/1/telemetry", f"aiseg/{ALICE}/1/receipt", "elsewhere"],
)
async def test_a_gateway_writes_nothing_else_and_is_told(broker: Broker, topic: str) -> None:
    async with client(broker, ALICE) as alice, client(broker, "ingest") as ingest:
        await ingest.subscribe("#")
        assert await alice.publish(topic, retain=True) == PubAckReasonCode.NOT_AUTHORIZED
        assert await ingest.hears_nothing()
        await ingest.subscribe("aiseg/#")
        assert await ingest.hears_nothing()


async def test_a_will_on_a_foreign_topic_is_not_delivered(broker: Broker) -> None:
    async with client(broker, "watcher") as watcher, wire(broker) as alice:
        await watcher.subscribe("aiseg/#")
        await login(alice, ALICE, will=Will(f"aiseg/{BOB}/1/status", payload=b"forged"))
        alice.vanish()
        async with client(broker, BOB, will=Will(f"aiseg/{BOB}/1/status", payload=b"true")) as bob:
            bob.vanish()
            assert (await watcher.message()).payload == b"true"


async def test_who_only_watches_writes_nothing(broker: Broker) -> None:
    async with client(broker, "watcher") as watcher, client(broker, "ingest") as ingest:
        await ingest.subscribe("#")
        assert await watcher.publish(f"aiseg/{ALICE}/1/receipt") == PubAckReasonCode.NOT_AUTHORIZED
        assert await ingest.hears_nothing()


@pytest.mark.parametrize("username", ["evil+", "#", "+/+", "aiseg/#", f"{ALICE}\n", "$share/g/x", "あ"])
async def test_names_that_look_like_patterns_do_not_get_in(broker: Broker, username: str) -> None:
    async with wire(broker) as peer:
        try:
            answer = await login(peer, username)
        except EOFError:
            return  # closed without a word
        assert answer.reason_code != ConnAckReasonCode.SUCCESS


async def test_an_admitted_login_works_at_once(broker: Broker) -> None:
    for number in range(3):
        name = f"{number:012x}"
        await broker.admit(gateway(name))
        async with client(broker, name) as peer:
            assert await peer.publish(f"aiseg/{name}/1/status") in ACCEPTED


async def test_a_new_password_ends_the_session_under_the_old_one(broker: Broker) -> None:
    async with client(broker, ALICE) as alice, client(broker, BOB) as bob:
        await broker.admit(gateway(ALICE, epoch=2, password_hash=hash_password("new")))
        await alice.closed()
        assert await bob.hears_nothing()
        async with wire(broker) as old:
            assert (await login(old, ALICE, PASSWORD)).reason_code != 0
        async with client(broker, ALICE, password="new") as again:
            assert await again.publish(f"aiseg/{ALICE}/2/status") in ACCEPTED
            assert await again.publish(f"aiseg/{ALICE}/1/status") == PubAckReasonCode.NOT_AUTHORIZED


async def test_new_rights_bind_a_live_session(broker: Broker) -> None:
    secret = f"aiseg/{BOB}/1/status"
    async with client(broker, "watcher") as watcher, client(broker, BOB) as bob:
        await watcher.subscribe("aiseg/#")
        await broker.admit(Login("watcher", HASH, may_write=(), may_read=("nothing",)))
        await bob.publish(secret, b"1")
        assert secret.encode() not in await _what_still_comes(watcher)


async def _what_still_comes(peer: Peer) -> bytes:
    peer.send(PingReqPacket(), DisconnectPacket())
    return await peer.closed()


async def test_an_unchanged_login_disturbs_nobody(broker: Broker) -> None:
    async with client(broker, ALICE) as alice:
        await broker.admit(gateway(ALICE))
        assert await alice.hears_nothing()
