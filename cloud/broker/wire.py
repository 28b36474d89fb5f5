"""From a stream of bytes to MQTT 5 packets, distrusting every byte; the `mqtt5` codec reads what lies between."""

import re
from collections.abc import Iterator
from typing import Final

import mqtt5
from mqtt5 import DisconnectReasonCode as Reason

from cloud.broker.filters import is_topic
from cloud.broker.text import has_sound_text

PACKET_MAX_BYTES: Final = 256 * 1024
_FIXED_HEADER_MAX_BYTES: Final = 5
_MQTT_3_CONNECT: Final = re.compile(
    rb"\x10[\x80-\xff]{0,3}[\x00-\x7f](\x00\x04MQTT[\x03\x04]|\x00\x06MQIsdp\x03)", re.DOTALL
)

REFUSAL_OF_MQTT_3: Final = bytes([0x20, 2, 0, 1])
"""CONNACK of MQTT 3.1.1 §3.2.2.3, return code 1: unacceptable protocol version. Clients of MQTT 3.1 know it too."""


class WireError(Exception):
    """What came is not MQTT 5, or not acceptable; the connection has to end with `reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


class OldProtocolError(Exception):
    """The client speaks MQTT 3.1 or 3.1.1."""


class Packets:
    """The packets in what one peer sent so far."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[mqtt5.Packet]:
        """Yield the packets that `data` completes; stop iterating and the rest stays unread.

        Raises:
            WireError: at the first packet that is malformed or larger than `PACKET_MAX_BYTES`.
            OldProtocolError: at a CONNECT of an older MQTT.
        """
        self._buffer += data
        start = 0
        try:
            while end := _end_of_packet(self._buffer, start):
                packet = bytes(self._buffer[start:end])
                start = end
                yield _read(packet)
        finally:
            del self._buffer[:start]


def _end_of_packet(buffer: bytearray, start: int) -> int | None:
    """Return where the packet at `start` ends, None while bytes are missing (MQTT 5 §1.5.5)."""
    length = 0
    for place in range(_FIXED_HEADER_MAX_BYTES - 1):
        at = start + 1 + place
        if at >= len(buffer):
            return None
        length |= (buffer[at] & 0x7F) << (7 * place)
        if not buffer[at] & 0x80:
            end = at + 1 + length
            if end - start > PACKET_MAX_BYTES:
                raise WireError(Reason.PACKET_TOO_LARGE)
            return end if end <= len(buffer) else None
    raise WireError(Reason.MALFORMED_PACKET)


def _read(data: bytes) -> mqtt5.Packet:
    if _MQTT_3_CONNECT.match(data):
        raise OldProtocolError
    if not has_sound_text(data):
        raise WireError(Reason.MALFORMED_PACKET)
    try:
        packet, _ = mqtt5.read(memoryview(data))
    except (ValueError, IndexError):
        raise WireError(Reason.MALFORMED_PACKET) from None
    _check(packet)
    return packet


def _check(packet: mqtt5.Packet) -> None:
    """Refuse what the codec lets through although MQTT 5 forbids it, and what our CONNACK says we do not take."""
    match packet:
        case mqtt5.PublishPacket():
            _check_publish(packet)
        case mqtt5.SubscribePacket(topic_filters=[]) | mqtt5.UnsubscribePacket(patterns=[]):
            raise WireError(Reason.PROTOCOL_ERROR)
        case mqtt5.SubscribePacket(subscription_id=int()):
            raise WireError(Reason.SUBSCRIPTION_IDS_NOT_SUPPORTED)
        case mqtt5.SubscribePacket(packet_id=0) | mqtt5.UnsubscribePacket(packet_id=0):
            raise WireError(Reason.PROTOCOL_ERROR)
        case _:
            pass


def _check_publish(packet: mqtt5.PublishPacket) -> None:
    if packet.topic_alias is not None:
        raise WireError(Reason.TOPIC_ALIAS_INVALID)
    if packet.qos == mqtt5.QoS.EXACTLY_ONCE:
        raise WireError(Reason.QOS_NOT_SUPPORTED)
    if not is_topic(packet.topic):
        raise WireError(Reason.TOPIC_NAME_INVALID)
    if packet.packet_id == 0 or packet.subscription_ids:
        raise WireError(Reason.PROTOCOL_ERROR)
