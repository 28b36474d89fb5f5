"""What bad middle boxes do to an mDNS packet on its way."""

from typing import Final

from lab.network.frames import Frame, changed

_COUNTS: Final = slice(4, 12)
_HEADER: Final = 12
_QUESTION_TAIL: Final = 4
_RECORD_TAIL: Final = 10
_POINTER: Final = 0xC0


def truncated(frame: Frame, size: int) -> bytes | None:
    """Return `frame` with only `size` bytes of its DNS message left; None when it is no longer than that."""
    udp = frame.udp
    if udp is None or len(udp.data) <= size:
        return None
    return _with_message(frame, bytes(udp.data)[:size])


def without_additional(frame: Frame) -> bytes | None:
    """Return `frame` without the records beside its answers; None when it has none, or is malformed."""
    udp = frame.udp
    message = bytes(udp.data) if udp is not None else b""
    questions, answers, authorities, additional = (
        int.from_bytes(message[at : at + 2]) for at in range(_COUNTS.start, _COUNTS.stop, 2)
    )
    end = _end_of(message, questions, answers)
    if end is None or not authorities + additional:
        return None
    return _with_message(frame, message[:8] + bytes(4) + message[_HEADER:end])


def _end_of(message: bytes, questions: int, answers: int) -> int | None:
    """Return where the answers end."""
    at = _HEADER
    for number in range(questions + answers):
        name_end = _end_of_name(message, at)
        if name_end is None:
            return None
        if number < questions:
            at = name_end + _QUESTION_TAIL
        else:
            at = name_end + _RECORD_TAIL
            at += int.from_bytes(message[at - 2 : at])
    return at if at <= len(message) else None


def _end_of_name(message: bytes, at: int) -> int | None:
    while at < len(message):
        length = message[at]
        if length >= _POINTER:
            return at + 2
        at += length + 1
        if not length:
            return at
    return None


def _with_message(frame: Frame, message: bytes) -> bytes:
    own = Frame(frame.data)
    packet = own.ip
    if packet is None:
        return frame.data
    packet.data.data = message
    return changed(own, packet)
