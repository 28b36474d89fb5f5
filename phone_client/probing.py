"""Knocks where the gateway was found last, without multicast: TCP, and mDNS sent straight to it (RFC 6762 §5.5)."""

import asyncio
import errno
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from phone_client.answers import FOR_GATEWAYS, read_answer, write_questions
from phone_client.diagnosis import Tcp
from phone_client.multicast import PORT

LIMIT_S: Final = 2.5
_REPEATS: Final = 3  # a packet may be lost; each waits its share of the limit


@dataclass(frozen=True)
class Reached:
    """How far an address could be reached; `tcp` is `open` when anything accepted the connection."""

    tcp: Tcp
    unicast_mdns: bool


async def knock(address: str, port: int, limit_s: float = LIMIT_S) -> Reached:
    """Try TCP and unicast mDNS at `address` at the same time, for at most `limit_s`."""
    tcp, answered = await asyncio.gather(_connect(address, port, limit_s), _ask_straight(address, limit_s))
    return Reached(tcp, answered)


async def wake(address: str) -> None:
    """Send one mDNS question to `address`, so that the kernel asks for it by ARP."""
    await _ask_straight(address, 0.0)


async def _connect(address: str, port: int, limit_s: float) -> Tcp:
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return "timed_out"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return "timed_out" if error.errno == errno.ETIMEDOUT else "no_route"
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return "open"


class _Answered(asyncio.DatagramProtocol):
    def __init__(self, packet_id: int) -> None:
        self._packet_id = packet_id
        self.event = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:  # noqa: ARG002 - asyncio's signature
        answer = read_answer(data)
        if answer and answer.packet_id == self._packet_id:
            self.event.set()


async def _ask_straight(address: str, limit_s: float) -> bool:
    packet_id = 1 + secrets.randbelow(0xFFFF)
    packet = write_questions([FOR_GATEWAYS], packet_id)[0]
    loop = asyncio.get_running_loop()
    try:
        transport, answered = await loop.create_datagram_endpoint(
            lambda: _Answered(packet_id), remote_addr=(address, PORT)
        )
    except OSError:
        return False
    try:
        for _ in range(_REPEATS):
            transport.sendto(packet)
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.event.wait(), limit_s / _REPEATS)
                return True
        return False
    finally:
        transport.close()
