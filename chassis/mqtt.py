"""aiomqtt for MQTT 5, with what its version 2.5 lacks; the one place that knows its private names."""

import asyncio
import math
import random
import socket
from collections.abc import Awaitable
from types import TracebackType
from typing import Any, Final, TypeVar

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from protocol.problems import PUBLISH_DENIED, Problem

ANSWER_WITHIN_S: Final = 5.0

T = TypeVar("T")


class MqttClient(aiomqtt.Client):
    """A connection whose client id is its user name. Entering it connects, leaving it disconnects.

    Beyond aiomqtt: a denied message is noticed, a received one may be acknowledged by hand, and a cancellation is heeded.
    """

    def __init__(self, host: str, port: int, username: str, password: str, **options: Any) -> None:
        super().__init__(
            host,
            port,
            identifier=username,
            username=username,
            password=password,
            protocol=aiomqtt.ProtocolVersion.V5,
            timeout=ANSWER_WITHIN_S,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            **options,
        )
        self._one_delivery = asyncio.Lock()
        self._denial: ReasonCode | None = None
        self._disconnected.add_done_callback(_look_at)

    async def deliver(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        user_property: tuple[str, str] | None = None,
    ) -> None:
        """Publish with QoS 1 and wait until the broker has it.

        Raises:
            Problem: `publish_denied`; plain `publish` would take it for done (security T-40).
            aiomqtt.MqttError: the connection broke, or nothing answered in time.
        """
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if user_property:
            properties.UserProperty = user_property
        async with self._one_delivery:
            self._denial = None
            await self.publish(topic, payload, qos=1, retain=retain, properties=properties)
            if self._denial:
                raise Problem(PUBLISH_DENIED, topic=topic, reason=str(self._denial))

    def acknowledge_by_hand(self) -> None:
        """Leave PUBACKs to `acknowledge`: of itself aiomqtt sends them for what its caller has not even seen."""
        self._client.manual_ack_set(True)

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Send the PUBACK of `message`; without a connection it does nothing, and the broker gives it again."""
        self._client.ack(message.mid, message.qos)

    def _on_publish(
        self, client: Any, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if reason_code.is_failure:
            self._denial = reason_code
        super()._on_publish(client, userdata, mid, reason_code, properties)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Disconnect. A connection that breaks meanwhile does not hide why the block ended, a cancellation above all."""
        try:
            await super().__aexit__(exc_type, exc, tb)
        except aiomqtt.MqttError:
            if exc is None:
                raise

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:  # noqa: ARG002
        def write() -> None:
            try:
                client.loop_write()
            except Exception as error:  # noqa: BLE001 - as aiomqtt: whatever it is, the connection is broken
                if not self._disconnected.done():
                    self._disconnected.set_exception(error)

        def register() -> None:
            if sock.fileno() >= 0:  # aiomqtt itself would register what paho may have closed meanwhile
                self._loop.add_writer(sock.fileno(), write)

        self._loop.call_soon_threadsafe(register)

    async def _wait_for(self, fut: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 - aiomqtt's signature
        """Wait as aiomqtt does, but not by `asyncio.wait_for`, which can swallow a cancellation before Python 3.12.

        A future of aiomqtt's own is not cancelled with its waiter: its callbacks still ask it for its outcome.
        """
        longest_s = self.timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(None if longest_s == math.inf else longest_s):
                return await (asyncio.shield(fut) if asyncio.isfuture(fut) else fut)
        except TimeoutError:
            raise aiomqtt.MqttError("no answer in time") from None


def pause_s(failures: int, longest_s: float) -> float:
    """Return how long to wait before the next try (s): anything up to a bound that doubles with each failure."""
    bound = min(longest_s, 0.2 * 2.0 ** min(failures, 16))
    return random.uniform(0, bound)  # noqa: S311 - spreads load, guards nothing


def _look_at(lost: "asyncio.Future[None]") -> None:
    """See why a connection was lost: when it ends us too, nobody else looks, and asyncio would complain of that."""
    if not lost.cancelled():
        lost.exception()
