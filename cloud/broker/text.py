"""Sees whether all text of a packet is UTF-8 (MQTT 5 §1.5.4).

Asked before the codec, because mqtt5 0.8 panics where it is not: an exception that no `except Exception` sees, and a
traceback on stderr, which any stranger could cause.
"""

from enum import IntEnum
from typing import Final

# Properties by what follows their number (§2.2.2.2): so many bytes, binary data, so many strings.
_BYTES: Final = {0x01: 1, 0x17: 1, 0x19: 1, 0x24: 1, 0x25: 1, 0x28: 1, 0x29: 1, 0x2A: 1} | {
    0x13: 2, 0x21: 2, 0x22: 2, 0x23: 2, 0x02: 4, 0x11: 4, 0x18: 4, 0x27: 4
}  # fmt: skip
_BINARY: Final = {0x09, 0x16}
_TEXTS: Final = {0x03: 1, 0x08: 1, 0x12: 1, 0x15: 1, 0x1A: 1, 0x1C: 1, 0x1F: 1, 0x26: 2}
_SUBSCRIPTION_ID: Final = 0x0B

_QOS: Final = 0x06
_HAS_WILL: Final = 0x04
_HAS_USER_NAME: Final = 0x80


class _Kind(IntEnum):
    """Packet types (§2.1.2) that are not built like an acknowledgement."""

    CONNECT = 1
    PUBLISH = 3
    SUBSCRIBE = 8
    UNSUBSCRIBE = 10
    DISCONNECT = 14
    AUTH = 15


def has_sound_text(packet: bytes) -> bool:
    """Say whether every string in `packet` is UTF-8, up to where the packet is malformed in another way."""
    start = next(at for at in range(1, 5) if not packet[at] & 0x80) + 1
    if packet[start:].isascii():
        return True
    try:
        _Walk(packet, start).over_packet()
    except UnicodeDecodeError:
        return False
    except (IndexError, KeyError):
        return True  # cut off or unknown: the codec, which reads in the same order, will refuse it here
    return True


class _Walk:
    """Goes over a packet field by field (§2.2.2.2, §3), decoding the strings and skipping the rest."""

    def __init__(self, packet: bytes, at: int) -> None:
        self._packet = packet
        self._at = at

    def over_packet(self) -> None:
        match self._packet[0] >> 4:
            case _Kind.CONNECT:
                self._connect()
            case _Kind.PUBLISH:
                self._text()
                self._skip(2 if self._packet[0] & _QOS else 0)
                self._properties()
            case _Kind.SUBSCRIBE | _Kind.UNSUBSCRIBE as kind:
                self._skip(2)
                self._properties()
                while self._at < len(self._packet):
                    self._text()
                    self._skip(1 if kind == _Kind.SUBSCRIBE else 0)
            case _Kind.DISCONNECT | _Kind.AUTH:
                self._skip(1)
                self._properties()
            case _:
                self._skip(3)  # acknowledgements: packet id and reason
                self._properties()

    def _connect(self) -> None:
        self._text()
        self._skip(1)
        flags = self._packet[self._at]
        self._skip(3)
        self._properties()
        self._text()
        if flags & _HAS_WILL:
            self._properties()
            self._text()
            self._binary()
        if flags & _HAS_USER_NAME:
            self._text()

    def _properties(self) -> None:
        length = self._number()
        end = self._at + length
        while self._at < end:
            kind = self._packet[self._at]
            self._skip(1)
            if kind == _SUBSCRIPTION_ID:
                self._number()
            elif kind in _BINARY:
                self._binary()
            elif kind in _TEXTS:
                for _ in range(_TEXTS[kind]):
                    self._text()
            else:
                self._skip(_BYTES[kind])

    def _number(self) -> int:
        value = 0
        for place in range(4):
            byte = self._packet[self._at]
            self._skip(1)
            value |= (byte & 0x7F) << (7 * place)
            if not byte & 0x80:
                break
        return value

    def _text(self) -> None:
        self._binary().decode()

    def _binary(self) -> bytes:
        start = self._at + 2
        self._skip(2 + int.from_bytes(self._packet[self._at : start], "big"))
        return self._packet[start : self._at]

    def _skip(self, count: int) -> None:
        self._at += count
        if self._at > len(self._packet):
            raise IndexError
