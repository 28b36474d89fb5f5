"""Somebody who speaks mDNS on loopback by a script: hears every packet there, and says whatever a test wants said."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from zeroconf._dns import DNSAddress, DNSPointer, DNSRecord, DNSService, DNSText
from zeroconf._protocol.incoming import DNSIncoming
from zeroconf._protocol.outgoing import DNSOutgoing

from protocol.discovery import SERVICE_TYPE, Advertisement

GROUP = "224.0.0.251"
PORT = 5353
RESPONSE = 0x8400
UNIQUE = 0x8001
SHARED = 0x0001

Script = Callable[[DNSIncoming], list[DNSRecord]]


def txt(values: dict[str, str]) -> bytes:
    strings = [f"{key}={value}".encode() for key, value in values.items()]
    return b"".join(bytes([len(each)]) + each for each in strings)


def pointer(instance: str, ttl: int = 4500) -> DNSPointer:
    return DNSPointer(SERVICE_TYPE, 12, SHARED, ttl, f"{instance}.{SERVICE_TYPE}")


def service(instance: str, port: int, host: str, ttl: int = 120) -> DNSService:
    return DNSService(f"{instance}.{SERVICE_TYPE}", 33, UNIQUE, ttl, 0, 0, port, host)


def text(instance: str, data: bytes) -> DNSText:
    return DNSText(f"{instance}.{SERVICE_TYPE}", 16, UNIQUE, 4500, data)


def address(host: str, ipv4: str, ttl: int = 120) -> DNSAddress:
    return DNSAddress(host, 1, UNIQUE, ttl, socket.inet_aton(ipv4))


def whole(said: Advertisement, port: int, ipv4: str = "127.0.0.1") -> list[DNSRecord]:
    """Return PTR, SRV, TXT and A of a gateway that announces itself well."""
    name, host = said.instance_name, said.host_name
    return [pointer(name), service(name, port, host), text(name, txt(said.to_txt())), address(host, ipv4)]


def packet(records: list[DNSRecord], packet_id: int = 0) -> bytes:
    answer = DNSOutgoing(RESPONSE, multicast=False, id_=packet_id)
    for record in records:
        answer.add_answer_at_time(record, 0)
    return answer.packets()[0]


@dataclass
class Peer(asyncio.DatagramProtocol):
    """Answers one-shot questions by `script`; `heard` are all questions, with the time and the sender's port."""

    script: Script
    heard: list[tuple[float, int, DNSIncoming]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        question = DNSIncoming(data)
        self.raw.append(data)
        if question.is_query():
            self.heard.append((asyncio.get_running_loop().time(), addr[1], question))
            records = self.script(question)
            if records and addr[1] != PORT:
                self.transport.sendto(packet(records, question.id), addr)


@asynccontextmanager
async def speaking(script: Script, kind: type[Peer] = Peer) -> AsyncIterator[Peer]:
    """Speak by `script` on loopback."""
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    membership = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1"))
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    ear.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    ear.bind((GROUP, PORT))
    ear.setblocking(False)
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(lambda: kind(script), sock=ear)
    try:
        yield peer
    finally:
        transport.close()
