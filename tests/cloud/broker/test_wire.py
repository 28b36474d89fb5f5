"""Bytes from strangers."""

import contextlib

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt5 import DisconnectReasonCode as Reason

from cloud.broker.wire import PACKET_MAX_BYTES, OldProtocolError, Packets, WireError

WILL = mqtt5.Will(
    "a/b", payload=b"\xff\xfe", correlation_data=b"\xff", content_type="é", user_properties=[("é", "ü")]
)
VALID = [
    packet.write()
    for packet in (
        mqtt5.ConnectPacket(
            "é",
            username="ü",
            password=b"\xff",
            will=WILL,
            receive_max=0x8080,
            session_expiry_interval=7,
            authentication_method="m",
            authentication_data=b"\xff",
            user_properties=[("a", "b")],
        ),
        mqtt5.PublishPacket(
            "é/x",
            b"\xff\0",
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            packet_id=0x8081,
            content_type="text",
            correlation_data=b"\x80",
            user_properties=[("oldest", "5")],
            message_expiry_interval=0x80,
        ),
        mqtt5.SubscribePacket(0x9000, [mqtt5.TopicFilter("é/#"), mqtt5.TopicFilter("+")]),
        mqtt5.UnsubscribePacket(0x9000, ["é", "b"], user_properties=[("k", "é")]),
        mqtt5.PubAckPacket(0xFF00, reason_code=mqtt5.PubAckReasonCode.NOT_AUTHORIZED, reason_str="é"),
        mqtt5.DisconnectPacket(reason_str="é", session_expiry_interval=0x80),
        mqtt5.AuthPacket(authentication_method="é", authentication_data=b"\xff"),
        mqtt5.PingReqPacket(),
    )
]


def refusal(data: bytes) -> Reason:
    with pytest.raises(WireError) as caught:
        list(Packets().feed(data))
    return caught.value.reason


@given(st.integers(1, 400))
def test_packets_are_found_however_the_stream_is_cut(step: int) -> None:
    stream = b"".join(VALID)
    packets = Packets()
    found = [packet for at in range(0, len(stream), step) for packet in packets.feed(stream[at : at + step])]
    assert [packet.write() for packet in found] == VALID


def test_what_follows_an_abandoned_packet_is_still_there() -> None:
    packets = Packets()
    for packet in packets.feed(VALID[1] + VALID[1]):
        assert isinstance(packet, mqtt5.PublishPacket)
        break
    assert len(list(packets.feed(b""))) == 1


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_waited_for(data: bytes) -> None:
    with contextlib.suppress(WireError, OldProtocolError):
        list(Packets().feed(data))


@given(st.sampled_from(VALID), st.lists(st.tuples(st.integers(2, 200), st.integers(0, 255)), max_size=3))
def test_a_damaged_packet_never_makes_the_codec_panic(packet: bytes, damage: list[tuple[int, int]]) -> None:
    damaged = bytearray(packet)
    for place, byte in damage:
        damaged[min(place, len(damaged) - 1)] = byte
    with contextlib.suppress(WireError, OldProtocolError):
        list(Packets().feed(bytes(damaged)))


@pytest.mark.parametrize("packet", [packet for packet in VALID if "é".encode() in packet])
def test_text_that_is_not_utf8_is_malformed(packet: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    assert refusal(packet.replace("é".encode(), b"\xc3\x28")) == Reason.MALFORMED_PACKET
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("level", [3, 4])
def test_mqtt_3_is_recognised(level: int) -> None:
    name = {3: b"\0\6MQIsdp", 4: b"\0\4MQTT"}[level]
    body = name + bytes([level, 2, 0, 60]) + b"\0\1x"
    with pytest.raises(OldProtocolError):
        list(Packets().feed(bytes([0x10, len(body)]) + body))


def test_a_length_over_the_limit_is_refused_before_it_has_come() -> None:
    length = PACKET_MAX_BYTES
    header = bytes([0x30, length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14])
    assert refusal(header) == Reason.PACKET_TOO_LARGE
    assert refusal(b"\x30\xff\xff\xff\xff\x01") == Reason.MALFORMED_PACKET


def publish(topic: str = "a", **how: object) -> bytes:
    packet: mqtt5.PublishPacket = mqtt5.PublishPacket(topic, b"", **how)  # type: ignore[arg-type]
    return packet.write()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (publish("a\0"), Reason.TOPIC_NAME_INVALID),
        (bytes([0x30, 6]) + b"\0\3a/+\0", Reason.TOPIC_NAME_INVALID),
        (publish(topic_alias=1), Reason.TOPIC_ALIAS_INVALID),
        (publish(qos=mqtt5.QoS.EXACTLY_ONCE, packet_id=1), Reason.QOS_NOT_SUPPORTED),
        (publish(subscription_ids=[1]), Reason.PROTOCOL_ERROR),
        (bytes([0x32, 6]) + b"\0\1a\0\0\0", Reason.PROTOCOL_ERROR),
        (b"\x82\3\0\1\0", Reason.PROTOCOL_ERROR),
        (b"\xa2\3\0\1\0", Reason.PROTOCOL_ERROR),
        (
            mqtt5.SubscribePacket(1, [mqtt5.TopicFilter("a")], subscription_id=1).write(),
            Reason.SUBSCRIPTION_IDS_NOT_SUPPORTED,
        ),
    ],
)
def test_what_the_codec_lets_through_and_we_do_not(data: bytes, reason: Reason) -> None:
    assert refusal(data) == reason
