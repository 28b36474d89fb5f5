"""One client's TCP connection: packets in, verbs of the exchange, packets out in as few writes as possible."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, cast

import mqtt5
from mqtt5 import DisconnectReasonCode

from cloud.broker.exchange import MAX_QOS, SESSION_EXPIRY_MAX_S, Exchange, RefusedError
from cloud.broker.sessions import Session
from cloud.broker.wire import PACKET_MAX_BYTES, REFUSAL_OF_MQTT_3, OldProtocolError, Packets, WireError

CONNECT_WITHIN_S: Final = 10
_LINGER_S: Final = 1
_WRITE_BYTES: Final = 64 * 1024
_RECEIVE_MAX: Final = 1000  # only keeps clients modest: each PUBLISH is answered before the next is read
_PINGRESP: Final = mqtt5.PingRespPacket().write()

_log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """An `Outlet` (cloud/broker/sessions.py) over TCP. Reads nothing from a client that does not read its answers."""

    def __init__(self, exchange: Exchange, everyone: "set[Connection]", now: Callable[[], float]) -> None:
        self._exchange = exchange
        self._everyone = everyone
        self._now = now
        self._packets = Packets()
        self._session: Session | None = None
        self._keep_alive_s: float = 0
        self._opened_at = self._heard_at = now()
        self._out: list[bytes] = []
        self._woken = self._unread = self._held = self._closed = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; the first packet must be a CONNECT."""
        self._transport = cast(asyncio.Transport, transport)
        self._everyone.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the client is gone; if it did not say goodbye, its will is due."""
        if exc:
            _log.debug("a connection broke: %s", exc)
        self._everyone.discard(self)
        self._closed = True
        self._leave()

    def pause_writing(self) -> None:
        """Stop sending and reading: the client is not reading."""
        self._unread = True
        self._read_or_wait()

    def resume_writing(self) -> None:
        """Go on."""
        self._unread = False
        self._heard_at = self._now()
        self._read_or_wait()
        self.wake()

    def data_received(self, data: bytes) -> None:
        """Handle every packet that `data` completes."""
        if self._closed:
            return
        self._heard_at = self._now()
        try:
            for packet in self._packets.feed(data):
                self._handle(packet)
                if self._closed:
                    return
        except OldProtocolError:
            self._refuse_mqtt_3()
        except WireError as error:
            self.end(error.reason)

    # Outlet

    def wake(self) -> None:
        """Send what waits when this turn of the loop is done: many packets, one write."""
        if not self._woken and not self._closed:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._flush)

    def end(self, reason: DisconnectReasonCode) -> None:
        """Tell the client why (once it is connected, §4.13.1), and close."""
        if self._closed:
            return
        if self._session:
            self._send(mqtt5.DisconnectPacket(reason_code=reason).write())
            _log.debug("%s is disconnected: %s", self._session.key, reason.name)
        self._close(lingering=True)

    def hold(self) -> None:
        """Read no further for now."""
        self._held = True
        self._read_or_wait()

    def release(self) -> None:
        """Read on."""
        self._held = False
        self._heard_at = self._now()
        self._read_or_wait()

    # What is left

    def check_silence(self, now: float) -> None:
        """End the connection when the client has been silent for 1.5 times its keep alive (§3.1.2.10)."""
        silent_s = now - self._heard_at
        if self._closed:
            if silent_s > _LINGER_S:
                self._transport.abort()
        elif self._session is None:
            if now - self._opened_at > CONNECT_WITHIN_S:
                self._close()
        elif self._keep_alive_s and not self._held and silent_s > 1.5 * self._keep_alive_s:
            self.end(DisconnectReasonCode.KEEP_ALIVE_TIMEOUT)

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def _handle(self, packet: mqtt5.Packet) -> None:
        if self._session is None:
            if not isinstance(packet, mqtt5.ConnectPacket):
                raise WireError(DisconnectReasonCode.PROTOCOL_ERROR)
            self._connect(packet)
            return
        match packet:
            case mqtt5.PublishPacket():
                reason = self._exchange.publish(self._session, packet, self._heard_at)
                if packet.packet_id:
                    self._send(mqtt5.PubAckPacket(packet.packet_id, reason_code=reason).write())
            case mqtt5.PubAckPacket():
                self._session.acknowledge(packet.packet_id)
            case mqtt5.PingReqPacket():
                self._send(_PINGRESP)
            case mqtt5.DisconnectPacket():
                self._say_goodbye(packet, self._session)
            case _:
                self._handle_subscription(packet, self._session)

    def _handle_subscription(self, packet: mqtt5.Packet, session: Session) -> None:
        match packet:
            case mqtt5.SubscribePacket():
                granted = self._exchange.subscribe(session, packet.topic_filters, self._heard_at)
                self._send(mqtt5.SubAckPacket(packet.packet_id, granted).write())
            case mqtt5.UnsubscribePacket():
                ended = self._exchange.unsubscribe(session, packet.patterns)
                self._send(mqtt5.UnsubAckPacket(packet.packet_id, ended).write())
            case _:
                raise WireError(DisconnectReasonCode.PROTOCOL_ERROR)

    def _connect(self, packet: mqtt5.ConnectPacket) -> None:
        try:
            session, was_present = self._exchange.connect(packet, self, self._heard_at)
        except RefusedError as refusal:
            _log.info("refused the login of %r: %s", packet.username, refusal.reason.name)
            self._send(mqtt5.ConnAckPacket(reason_code=refusal.reason).write())
            self._close()
            return
        self._session = session
        self._keep_alive_s = packet.keep_alive
        expiry_was_cut = packet.session_expiry_interval > SESSION_EXPIRY_MAX_S
        self._send(
            mqtt5.ConnAckPacket(
                session_present=was_present,
                session_expiry_interval=SESSION_EXPIRY_MAX_S if expiry_was_cut else None,
                assigned_client_id=None if packet.client_id else session.key.client_id,
                receive_max=_RECEIVE_MAX,
                max_qos=mqtt5.QoS(MAX_QOS),
                max_packet_size=PACKET_MAX_BYTES,
                subscription_id_available=False,
            ).write()
        )

    def _refuse_mqtt_3(self) -> None:
        level = logging.DEBUG if self._exchange.has_met_mqtt_3 else logging.INFO
        self._exchange.has_met_mqtt_3 = True
        _log.log(level, "refused a client that speaks MQTT 3; it must be set to MQTT 5")
        self._out.append(REFUSAL_OF_MQTT_3)
        self._close()

    def _say_goodbye(self, packet: mqtt5.DisconnectPacket, session: Session) -> None:
        if packet.reason_code != DisconnectReasonCode.DISCONNECT_WITH_WILL_MESSAGE:
            session.will = None
        if packet.session_expiry_interval is not None and session.expiry_s:  # §3.14.2.2.2
            session.expiry_s = min(packet.session_expiry_interval, SESSION_EXPIRY_MAX_S)
        self._close()

    def _send(self, frame: bytes) -> None:
        self._out.append(frame)
        self.wake()

    def _flush(self) -> None:
        self._woken = False
        if self._session and not self._unread:
            self._out.extend(self._session.take(self._now(), _WRITE_BYTES))
        if self._out and not self._closed:
            self._transport.write(b"".join(self._out))
            self._out.clear()
        if self._session and self._session.ready and not self._unread:
            self.wake()

    def _read_or_wait(self) -> None:
        if self._held or self._unread:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _close(self, *, lingering: bool = False) -> None:
        """Send the last words if the client takes them at once; one that does not read is not waited for.

        Lingering: only our half is closed, for a socket closed over unread input resets the connection, and the client
        never reads the last words.
        """
        if self._out:
            self._transport.write(b"".join(self._out))
        self._closed = True
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        elif lingering and self._transport.can_write_eof():
            with contextlib.suppress(OSError):  # the client was faster
                self._transport.write_eof()
        else:
            self._transport.close()
        self._leave()

    def _leave(self) -> None:
        session, self._session = self._session, None
        if session and session.outlet is self:
            self._exchange.disconnect(session, self._now())
