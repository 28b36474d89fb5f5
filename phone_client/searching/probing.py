"""Knocks at one address, without multicast: TCP, and mDNS sent straight to it (RFC 6762 §5.5)."""

import asyncio
import errno
import secrets
import socket
from contextlib import suppress
from typing import Any, Final

from zeroconf._dns import DNSService

from phone_client.searching.answers import FOR_GATEWAYS, Records, read_answer, write_questions
from phone_client.searching.evidence import Tcp
from phone_client.searching.kernel import Address
from phone_client.searching.multicast import PORT
from phone_client.searching.network import Link
from protocol.discovery import SERVICE_TYPE

ASK_S: Final = 1.0
_REPEATS: Final = 5  # a packet may be lost; each waits its share of the limit
_TOUCH_S: Final = 0.4
_IPV6: Final = 6


async def ask(address: str, limit_s: float = ASK_S) -> Records:
    """Return what `address` says when it is asked for gateways, a few times within `limit_s`."""
    return (await _ask_straight(address, limit_s)).records


def greet(address: Address, link: Link) -> None:
    """Send one mDNS question to `address` and wait for nothing: the kernel asks for it by ARP first."""
    family = socket.AF_INET6 if address.version == _IPV6 else socket.AF_INET
    packet = write_questions([FOR_GATEWAYS], 1 + secrets.randbelow(0xFFFF))[0]
    target = (str(address), PORT, 0, link.index) if address.version == _IPV6 else (str(address), PORT)
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as once:
        once.setblocking(False)
        once.sendto(packet, target)


async def touch(address: str) -> bool:
    """Send one mDNS question to `address`, and say whether anything came back, be it "nobody listens at this port".

    The kernel asks for it by ARP first, so that it knows afterwards whether a machine is there.
    """
    heard = await _ask_straight(address, _TOUCH_S, repeats=1)
    return heard.anything.is_set()


def speaks_of_gateways(records: Records) -> bool:
    """Say whether anything in `records` is about a gateway."""
    return any(each.name.lower().endswith(SERVICE_TYPE) for each in records)


def gateway_ports(records: Records) -> tuple[int, ...]:
    """Return the ports of the gateways that `records` tell of."""
    told = (each for each in records if isinstance(each, DNSService))
    return tuple(dict.fromkeys(each.port for each in told if each.name.lower().endswith(SERVICE_TYPE)))


async def connect(address: str, port: int, limit_s: float) -> Tcp:
    """Return what became of a connection to `address`: `open`, and closed again at once, or why not."""
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


class _Straight(asyncio.DatagramProtocol):
    """Hears what one address says to one question."""

    def __init__(self, packet_id: int) -> None:
        self._packet_id = packet_id
        self.records: Records = []
        self.anything = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:  # noqa: ARG002 - asyncio's signature
        answer = read_answer(data)
        if answer and answer.packet_id == self._packet_id:
            self.records.extend(answer.records)
            self.anything.set()

    def error_received(self, exc: Exception) -> None:
        if isinstance(
            exc, ConnectionRefusedError
        ):  # ICMP: a machine is there, and nobody listens at its port
            self.anything.set()


async def _ask_straight(address: str, limit_s: float, repeats: int = _REPEATS) -> _Straight:
    """Ask until anything is heard, at most `repeats` times within `limit_s`."""
    packet_id = 1 + secrets.randbelow(0xFFFF)
    packet = write_questions([FOR_GATEWAYS], packet_id)[0]
    loop = asyncio.get_running_loop()
    heard = _Straight(packet_id)
    try:
        transport, _ = await loop.create_datagram_endpoint(lambda: heard, remote_addr=(address, PORT))
    except OSError:
        return heard
    try:
        for _ in range(repeats):
            transport.sendto(packet)
            with suppress(TimeoutError):
                await asyncio.wait_for(heard.anything.wait(), limit_s / repeats)
                break
        return heard
    finally:
        transport.close()
