"""What the broker keeps for one client: its subscriptions, and what it still has to be given. No I/O, no clock."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from mqtt5 import DisconnectReasonCode, PublishPacket, QoS, Will

QUEUE_MAX_BYTES: Final = 32 * 1024 * 1024
_OVERHEAD_BYTES: Final = 300  # of one waiting message, beside topic and payload
_PACKET_IDS: Final = 0xFFFF


class Key(NamedTuple):
    """Whose session: the user name is part of it, so no user can take over another's."""

    username: str
    client_id: str


class Outlet(Protocol):
    """The live connection of a session."""

    def wake(self) -> None:
        """Take what waits in the session, soon."""

    def end(self, reason: DisconnectReasonCode) -> None:
        """Tell the client why, and close."""

    def hold(self) -> None:
        """Read no further from the client until `release`."""

    def release(self) -> None:
        """Read on."""


@dataclass(frozen=True, slots=True)
class Message:
    """One published message on its way through the broker. `expires_at` is on the loop's clock, seconds."""

    packet: PublishPacket
    expires_at: float | None = None


class Share(NamedTuple):
    """A group of subscribers that each message goes to only one of (MQTT 5 §4.8.2)."""

    group: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as one client gets it. `packet_id` is set once it has been sent.

    `qos` is an int, for mqtt5's QoS is neither ordered nor falsy at 0 (its stub says IntEnum, the type is not one).
    """

    message: Message
    qos: int
    retain: bool
    share: Share | None = None
    packet_id: int | None = None

    @property
    def size(self) -> int:
        """Bytes this costs while it waits, near enough."""
        return len(self.message.packet.payload) + len(self.message.packet.topic) + _OVERHEAD_BYTES


class Session:
    """One client's state, with or without a connection. Bounded: `offer` says no when the queue is full."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.outlet: Outlet | None = None
        self.receive_max = 1
        self.packet_max: int | None = None
        self.expiry_s: float = 0
        self.ends_at: float | None = None
        self.will: Will | None = None
        self.will_at: float | None = None
        self._held: set[Outlet] = set()
        self._waiting: deque[Delivery] = deque()
        self._waiting_bytes = 0
        self._in_flight: dict[int, Delivery] = {}
        self._last_packet_id = 0

    def has_ended(self, now: float) -> bool:
        """Whether it has been without a connection for longer than it was to be kept."""
        return self.ends_at is not None and self.ends_at <= now

    @property
    def load(self) -> int:
        """Messages not yet acknowledged or not yet sent."""
        return len(self._waiting) + len(self._in_flight)

    @property
    def full(self) -> bool:
        """Whether nothing more may wait here."""
        return self._waiting_bytes >= QUEUE_MAX_BYTES

    @property
    def crowded(self) -> bool:
        """Whether publishers to a share had better wait: a quarter of what `full` allows."""
        return self._waiting_bytes * 4 >= QUEUE_MAX_BYTES

    @property
    def ready(self) -> bool:
        """Whether the client may be sent the next message."""
        return bool(self._waiting) and (not self._waiting[0].qos or len(self._in_flight) < self.receive_max)

    def hold_if_crowded(self, publisher: Outlet | None) -> None:
        """Make `publisher` wait while this member of a share is behind: nothing is lost, and memory stays bounded."""
        if publisher and self.outlet and self.crowded:
            self._held.add(publisher)
            publisher.hold()

    def release_held(self) -> None:
        """Let every waiting publisher go on."""
        for publisher in self._held:
            publisher.release()
        self._held.clear()

    def offer(self, delivery: Delivery) -> bool:
        """Queue `delivery`; False when the queue is full and it was not taken."""
        if self.full:
            return False
        self._waiting.append(delivery)
        self._waiting_bytes += delivery.size
        if self.outlet:
            self.outlet.wake()
        return True

    def take(self, now: float, room_bytes: int) -> Iterator[bytes]:
        """Yield PUBLISH packets to send, until about `room_bytes` or the client's receive maximum is reached."""
        while self.ready and room_bytes > 0:
            delivery = self._waiting.popleft()
            self._waiting_bytes -= delivery.size
            frame = self._sent(delivery, now)
            if frame:
                room_bytes -= len(frame)
                yield frame
        if self._held and not self.crowded:
            self.release_held()

    def _sent(self, delivery: Delivery, now: float) -> bytes | None:
        """Return the packet and note it as in flight; None when it is too old or too large for this client."""
        packet_id = delivery.packet_id or (self._free_packet_id() if delivery.qos else None)
        frame = _frame(delivery, packet_id, now)
        if frame is None or (self.packet_max and len(frame) > self.packet_max):  # §3.1.2.11.4
            return None
        if packet_id:
            self._in_flight[packet_id] = replace(delivery, packet_id=packet_id)
        return frame

    def _free_packet_id(self) -> int:
        while True:
            self._last_packet_id = self._last_packet_id % _PACKET_IDS + 1
            if self._last_packet_id not in self._in_flight:
                return self._last_packet_id

    def acknowledge(self, packet_id: int) -> None:
        """Forget what the client has; an unknown number is ignored, as a resumed session may send it twice."""
        if self._in_flight.pop(packet_id, None) and self._waiting and self.outlet:
            self.outlet.wake()

    def rewind(self) -> None:
        """Put what was sent and not acknowledged back in front, to be sent again under the same numbers (§4.4).

        In front, for then no new number is given before all old ones are in use again.
        """
        self._waiting.extendleft(reversed(self._in_flight.values()))
        self._waiting_bytes += sum(delivery.size for delivery in self._in_flight.values())
        self._in_flight.clear()

    def give_back(self) -> list[Delivery]:
        """Remove and return what came by a share and waits, as if never sent, so that any member can have it."""
        shared = [replace(delivery, packet_id=None) for delivery in self._waiting if delivery.share]
        if shared:
            self._waiting = deque(delivery for delivery in self._waiting if not delivery.share)
            self._waiting_bytes = sum(delivery.size for delivery in self._waiting)
        return shared


def _frame(delivery: Delivery, packet_id: int | None, now: float) -> bytes | None:
    message, packet = delivery.message, delivery.message.packet
    expiry_s = None
    if message.expires_at is not None:
        expiry_s = math.ceil(message.expires_at - now)
        if expiry_s <= 0:
            return None
    return PublishPacket(
        packet.topic,
        packet.payload,
        qos=QoS(delivery.qos),
        retain=delivery.retain,
        packet_id=packet_id,
        duplicate=delivery.packet_id is not None,
        payload_format_indicator=packet.payload_format_indicator,
        message_expiry_interval=expiry_s,
        content_type=packet.content_type,
        response_topic=packet.response_topic,
        correlation_data=packet.correlation_data,
        user_properties=packet.user_properties,
    ).write()
