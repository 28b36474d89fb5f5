"""An MQTT 5 client that does exactly what a test says, packet by packet."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast

import mqtt5

from cloud.broker import Broker

PASSWORD = "correct horse"
P = TypeVar("P")


class Peer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._buffer = b""
        self._last_id = 0
        self.connack: mqtt5.ConnAckPacket | None = None

    def send(self, *packets: mqtt5.Packet) -> None:
        self._writer.write(b"".join(packet.write() for packet in packets))

    def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)

    async def next(self, kind: type[P], within_s: float = 10) -> P:
        """Return the next packet, which must be a `kind`."""
        async with asyncio.timeout(within_s):
            packet = await self._next()
        assert isinstance(packet, kind), packet
        return packet

    async def _next(self) -> mqtt5.Packet:
        while True:
            for end in range(2, min(6, len(self._buffer)) + 1):
                if not self._buffer[end - 1] & 0x80:
                    length = sum((byte & 127) << 7 * place for place, byte in enumerate(self._buffer[1:end]))
                    if len(self._buffer) >= end + length:
                        data, self._buffer = self._buffer[: end + length], self._buffer[end + length :]
                        return mqtt5.read(memoryview(data))[0]
                    break
            received = await self._reader.read(65536)
            if not received:
                raise EOFError
            self._buffer += received

    async def subscribe(self, *filters: str | mqtt5.TopicFilter) -> list[mqtt5.SubAckReasonCode]:
        wanted = [mqtt5.TopicFilter(each) if isinstance(each, str) else each for each in filters]
        self._last_id += 1
        self.send(mqtt5.SubscribePacket(self._last_id, wanted))
        return (await self.next(mqtt5.SubAckPacket)).reason_codes

    async def publish(self, topic: str, payload: bytes = b"x", **how: Any) -> mqtt5.PubAckReasonCode:
        """Publish with QoS 1 and return the reason code of its PUBACK."""
        self._last_id += 1
        qos = mqtt5.QoS.AT_LEAST_ONCE
        self.send(mqtt5.PublishPacket(topic, payload, qos=qos, packet_id=self._last_id, **how))
        return (await self.next(mqtt5.PubAckPacket)).reason_code

    async def message(self, within_s: float = 10) -> mqtt5.PublishPacket:
        """Return the next message, acknowledged."""
        packet = await self.next(mqtt5.PublishPacket, within_s)
        if packet.packet_id:
            self.send(mqtt5.PubAckPacket(packet.packet_id))
        return packet

    async def hears_nothing(self) -> bool:
        """Say whether nothing is on its way here: the answer to a ping comes first."""
        self.send(mqtt5.PingReqPacket())
        async with asyncio.timeout(10):
            return isinstance(await self._next(), mqtt5.PingRespPacket)

    async def disconnected(self, within_s: float = 10) -> mqtt5.DisconnectReasonCode:
        """Return why the broker ended the connection, once it has closed it."""
        async with asyncio.timeout(within_s):
            packet = await self._next()
            while isinstance(packet, mqtt5.PublishPacket):
                packet = await self._next()
            assert isinstance(packet, mqtt5.DisconnectPacket), packet
            assert await self._reader.read(1) == b""
        return packet.reason_code

    async def closed(self, within_s: float = 10) -> bytes:
        """Return what is left to read before the broker closes."""
        async with asyncio.timeout(within_s):
            with suppress(ConnectionResetError):  # it closed while bytes of ours were still on their way
                self._buffer += await self._reader.read()
        return self._buffer

    def vanish(self) -> None:
        """Break the connection without a word."""
        self._writer.transport.abort()

    def half_close(self) -> None:
        """Say that no more will be sent."""
        self._writer.write_eof()

    def stop_reading(self) -> None:
        cast(asyncio.Transport, self._writer.transport).pause_reading()

    def read_on(self) -> None:
        cast(asyncio.Transport, self._writer.transport).resume_reading()

    def unsent(self) -> int:
        """Return how many bytes the broker's side has not taken yet."""
        return self._writer.transport.get_write_buffer_size()

    async def goodbye(self) -> None:
        """Leave politely, and wait until the broker has seen it."""
        self.send(mqtt5.DisconnectPacket())
        assert await self.closed() == b""


@asynccontextmanager
async def wire(broker: Broker, receive_buffer: int = 0) -> AsyncIterator[Peer]:
    """Open a connection that has not said anything yet; `receive_buffer` in bytes, 0 for the system's."""
    with socket.socket() as plug:
        plug.setblocking(False)
        if receive_buffer:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(plug, (broker.host, broker.port))
        reader, writer = await asyncio.open_connection(sock=plug)
        try:
            yield Peer(reader, writer)
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)


@asynccontextmanager
async def client(
    broker: Broker, username: str, *, password: str = PASSWORD, client_id: str | None = None, **how: Any
) -> AsyncIterator[Peer]:
    """Log in; the client id is the user name unless told otherwise. Leaving breaks the connection."""
    async with wire(broker) as peer:
        peer.connack = await login(peer, username, password, client_id, **how)
        assert peer.connack.reason_code == mqtt5.ConnAckReasonCode.SUCCESS, peer.connack
        yield peer


async def login(
    peer: Peer, username: str, password: str = PASSWORD, client_id: str | None = None, **how: Any
) -> mqtt5.ConnAckPacket:
    how.setdefault("clean_start", True)
    name = username if client_id is None else client_id
    peer.send(mqtt5.ConnectPacket(name, username=username, password=password.encode(), **how))
    return await peer.next(mqtt5.ConnAckPacket)
