"""MQTT to the broker: the oldest samples go first, and go again until the cloud's receipt for them has come.

One batch is under way at a time, so the outbox is the only memory of what is still to be sent, whatever broke before.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import Final

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from pydantic import ValidationError

from chassis.clock import Clock
from chassis.mqtt import MqttClient, pause_s
from emulator.gateway import Gateway
from protocol.problems import BROKER_LOGIN_REFUSED, PUBLISH_DENIED, AisegError, Problem, UnreachableError
from protocol.registering import Registration
from protocol.rules import SAMPLES_PER_MESSAGE
from protocol.telemetry import Notice, Receipt, Status, write_samples
from protocol.topics import OLDEST_PROPERTY, WRITTEN_BY_CLOUD, Channel, Topic

KEEPALIVE_S: Final = 30
RECEIPT_S: Final = 15.0
FAREWELL_S: Final = 2.0
LONGEST_PAUSE_S: Final = 60.0

LOGIN_REFUSALS: Final = (
    "Bad user name or password",
    "Not authorized",
    "Client identifier not valid",
    "Banned",
)

log = logging.getLogger(__name__)


class Uplink:
    """Keeps one MQTT session for the present registration and tells the gateway how it stands."""

    def __init__(self, gateway: Gateway, clock: Clock, receipt_s: float = RECEIPT_S) -> None:
        self._gateway = gateway
        self._clock = clock
        self._receipt_s = receipt_s
        self._failures = 0

    async def run(self) -> None:
        """Send until cancelled, then say farewell; reconnect with full jitter, at most a minute apart."""
        seen = 0
        while True:
            registration = self._gateway.registration
            if not registration:
                seen = await self._gateway.changes.after(seen)
                continue
            try:
                await self._session(registration)
                self._gateway.uplink_changed(replace(self._gateway.uplink, connected=False))
            except (AisegError, aiomqtt.MqttError) as error:
                self._failed(error, registration)
                await self._pause(registration)

    async def _session(self, registration: Registration) -> None:
        """Serve one connection until it breaks or the gateway is registered anew."""
        status = _topic(registration, "status")
        async with MqttClient(
            registration.mqtt_host,
            registration.mqtt_port,
            registration.gateway_id,
            registration.mqtt_password,
            will=aiomqtt.Will(status, self._status(online=False), qos=1, retain=True),
            keepalive=KEEPALIVE_S,
        ) as client:
            await client.subscribe([(_topic(registration, each), 1) for each in WRITTEN_BY_CLOUD])
            await client.deliver(status, self._status(online=True), retain=True)
            self._connected(working=not self._failures)
            try:
                await self._send(client, registration)
            finally:
                with suppress(AisegError, aiomqtt.MqttError, TimeoutError):
                    async with asyncio.timeout(FAREWELL_S):
                        await client.deliver(status, self._status(online=False), retain=True)

    async def _send(self, client: MqttClient, registration: Registration) -> None:
        while self._gateway.registration == registration:
            seen = self._gateway.changes.count
            batch = await self._gateway.unsent(SAMPLES_PER_MESSAGE)
            if not batch:
                await self._gateway.changes.after(seen)
                continue
            oldest = (OLDEST_PROPERTY, str(batch[0].seq))
            await client.deliver(
                _topic(registration, "telemetry"), write_samples(batch), user_property=oldest
            )
            log.debug("sent samples %d to %d", batch[0].seq, batch[-1].seq)
            await self._await_receipt(client, registration, batch[-1].seq)

    async def _await_receipt(self, client: MqttClient, registration: Registration, seq: int) -> None:
        """Return when everything up to `seq` is stored, or in vain after a while: it is then sent again."""
        try:
            async with asyncio.timeout(self._receipt_s):
                async for message in client.messages:
                    if message.topic.value == _topic(registration, "notice"):
                        self._gateway.accept_notice(_read_notice(message.payload))
                        continue
                    stored_up_to = _read_receipt(message.payload)
                    await self._gateway.accept_receipt(registration.epoch, stored_up_to)
                    if stored_up_to >= seq:
                        self._connected(working=True)
                        return
        except TimeoutError:
            self._tell(UnreachableError("the cloud's store", "no receipt in time"), connected=True)

    def _status(self, *, online: bool) -> bytes:
        firmware = self._gateway.device().firmware
        return Status(online=online, firmware=firmware, at=self._clock.now()).model_dump_json().encode()

    def _connected(self, *, working: bool) -> None:
        """Take note of a connection; after a failure it counts as working only when something was delivered by it."""
        before = self._gateway.uplink
        if working:
            self._failures = 0
            if before.trouble or not before.connected:
                log.info("connected to the broker")
        trouble = None if working else before.trouble
        self._gateway.uplink_changed(replace(before, connected=True, trouble=trouble))

    def _failed(self, error: AisegError | aiomqtt.MqttError, registration: Registration) -> None:
        self._failures += 1
        broker = f"MQTT {registration.mqtt_host}:{registration.mqtt_port}"
        match error:
            case AisegError():
                self._tell(error)
            case MqttConnectError() if str(error.rc) in LOGIN_REFUSALS:
                self._tell(Problem(BROKER_LOGIN_REFUSED, reason=str(error.rc)))
            case _:
                self._tell(UnreachableError(broker, str(error)))

    def _tell(self, trouble: AisegError, *, connected: bool = False) -> None:
        before = self._gateway.uplink
        repeated = before.trouble and before.trouble.sentence() == trouble.sentence()
        log.log(logging.DEBUG if repeated else logging.WARNING, "%s", trouble.sentence())
        denied = isinstance(trouble, Problem) and trouble.kind is PUBLISH_DENIED
        self._gateway.uplink_changed(
            replace(before, connected=connected, trouble=trouble, denied=before.denied + denied)
        )

    async def _pause(self, registration: Registration) -> None:
        """Wait before the next try, but not when there is a new registration to try."""
        seen = self._gateway.changes.count
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s(self._failures, LONGEST_PAUSE_S)):
                while self._gateway.registration == registration:
                    seen = await self._gateway.changes.after(seen)


def _topic(registration: Registration, channel: Channel) -> str:
    return str(Topic(registration.gateway_id, registration.epoch, channel))


def _read_receipt(payload: object) -> int:
    try:
        return Receipt.model_validate_json(bytes(payload)).stored_up_to if isinstance(payload, bytes) else 0
    except ValidationError:
        log.warning("a receipt that cannot be read is ignored")
        return 0


def _read_notice(payload: object) -> Notice | None:
    try:
        return Notice.model_validate_json(bytes(payload)) if isinstance(payload, bytes) else None
    except ValidationError:
        log.warning("a notice that cannot be read is ignored")
        return None
