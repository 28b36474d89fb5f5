"""Telemetry and status from the broker into the store: acknowledged after the commit, then a receipt to the gateway.

What is not acknowledged the broker gives again, what has no receipt the gateway sends again, and the store takes each
sample once; so nothing is lost or doubled whichever of them dies when.

A broker keeps retained messages for ever, and knows nothing of epochs. So what is retained is looked through after each
connect, and what may have been retained meanwhile after each batch: nothing of an epoch that is over stays (INV-6).
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import ValidationError

from chassis.clock import Clock
from chassis.mqtt import MqttClient, pause_s
from cloud.arrivals import Arrival
from protocol.faults import reason
from protocol.problems import TELEMETRY_MALFORMED, Problem, UnreachableError
from protocol.telemetry import Receipt, Status, read_samples
from protocol.topics import (
    EVERY_TOPIC,
    INGEST_FILTERS,
    OLDEST_PROPERTY,
    WRITTEN_BY_CLOUD,
    Topic,
    read_topic,
)

BATCH_MAX_MESSAGES: Final = 200
"""Also our receive maximum: no more than this is ever in memory here, the rest waits at the broker."""

_SESSION_EXPIRY_S: Final = 300
_PAUSE_MAX_S: Final = 30.0

_log = logging.getLogger(__name__)


class Store(Protocol):
    """What ingest needs of the registry; its verbs block until they are committed."""

    def accept_samples(self, arrivals: Sequence[Arrival], now: datetime) -> Mapping[tuple[str, int], int]:
        """Store what is new; return per gateway and epoch the number up to which everything is stored."""
        ...

    def accept_status(self, gateway_id: str, epoch: int, status: Status, now: datetime) -> bool:
        """Keep what a gateway, or its last will, says of itself."""
        ...

    def dead_epochs(self, epochs: Collection[tuple[str, int]]) -> Collection[tuple[str, int]]:
        """Return those of `epochs`, each with its gateway, that are over or never were."""
        ...


class Report(NamedTuple):
    """A status message of one gateway."""

    gateway_id: str
    epoch: int
    status: Status


class Ingest:
    """The cloud's MQTT client, the same behind every broker."""

    def __init__(  # noqa: PLR0917 - whose store and clock, which broker, who we are there
        self, store: Store, clock: Clock, host: str, port: int, username: str, password: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._address = (host, port)
        self._credentials = (username, password)
        self._client: MqttClient | None = None
        self._warned: set[str] = set()
        self.malformed = 0
        """Messages that could not be read, since the start."""

    @property
    def connected(self) -> bool:
        """Whether the broker has us and our subscriptions."""
        return self._client is not None

    async def run(self) -> None:
        """Take in what arrives until cancelled; reconnect for ever."""
        failures = 0
        while True:
            try:
                async with self._connection() as client:
                    await _subscribe(client)
                    await _ask_for_retained(client)
                    self._client = client
                    _log.info("ingest is connected to the broker")
                    failures = 0
                    await self._take_in(client)
            except (aiomqtt.MqttError, UnreachableError) as error:
                # What was not stored is not acknowledged either, and comes again.
                level = logging.DEBUG if failures else logging.WARNING
                what = "no broker" if isinstance(error, aiomqtt.MqttError) else "no store"
                _log.log(level, "ingest has %s: %s", what, error)
            finally:
                self._client = None
            await self._clock.sleep(pause_s(failures, _PAUSE_MAX_S))
            failures += 1

    async def send(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish with QoS 1; done when the broker has it.

        Raises:
            UnreachableError: the broker is away; nothing is queued.
        """
        if self._client is None:
            raise UnreachableError("MQTT broker", "not connected")
        try:
            await self._client.publish(topic, payload, qos=1, retain=retain)
        except aiomqtt.MqttError as error:
            raise UnreachableError("MQTT broker", str(error)) from error

    def _connection(self) -> MqttClient:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = BATCH_MAX_MESSAGES
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        client = MqttClient(*self._address, *self._credentials, clean_start=False, properties=properties)
        client.pending_calls_threshold = BATCH_MAX_MESSAGES
        client.acknowledge_by_hand()
        return client

    async def _take_in(self, client: MqttClient) -> None:
        messages = client.messages
        while True:
            batch = [await anext(messages)]
            while len(messages) and len(batch) < BATCH_MAX_MESSAGES:
                batch.append(await anext(messages))
            stored = await self._commit([message for message in batch if not message.retain])
            for message in batch:
                client.acknowledge(message)
            await _send_receipts(client, stored)
            receipts = {Topic(*epoch, "receipt") for epoch in stored}
            await self._clear_dead(client, receipts | _perhaps_retained(batch))

    async def _clear_dead(self, client: MqttClient, topics: Collection[Topic]) -> None:
        """Clear what is retained on those of `topics` whose epoch is over."""
        epochs = {(topic.gateway_id, topic.epoch) for topic in topics}
        dead = await asyncio.to_thread(self._store.dead_epochs, epochs) if epochs else ()
        for topic in topics:
            if (topic.gateway_id, topic.epoch) in dead:
                await client.publish(str(topic), b"", qos=1, retain=True)

    async def _commit(self, batch: Sequence[aiomqtt.Message]) -> Mapping[tuple[str, int], int]:
        """Store a batch off the loop. What is malformed now stays so: it is counted, and acknowledged with the rest."""
        read = [item for message in batch if (item := self._read(message))]
        arrivals = [item for item in read if isinstance(item, Arrival)]
        reports = [item for item in read if isinstance(item, Report)]
        return await asyncio.to_thread(self._keep, arrivals, reports, self._clock.now())

    def _keep(
        self, arrivals: Sequence[Arrival], reports: Sequence[Report], now: datetime
    ) -> Mapping[tuple[str, int], int]:
        for report in reports:
            self._store.accept_status(*report, now)
        return self._store.accept_samples(arrivals, now) if arrivals else {}

    def _read(self, message: aiomqtt.Message) -> Arrival | Report | None:
        try:
            return _read_message(message)
        except Problem as problem:
            self.malformed += 1
            sender = message.topic.value.split("/")[1]
            level = logging.DEBUG if sender in self._warned else logging.WARNING
            self._warned.add(sender)
            _log.log(level, "%s: %s", message.topic.value, problem)
            return None


async def _subscribe(client: MqttClient) -> None:
    granted = await client.subscribe([(each, 1) for each in INGEST_FILTERS])
    refused = [str(code) for code in granted if getattr(code, "is_failure", False)]
    if refused:
        raise aiomqtt.MqttError(f"subscription refused: {', '.join(refused)}")


async def _ask_for_retained(client: MqttClient) -> None:
    """Have the broker give everything that is retained; it never gives that to a share. What is live comes by the shares."""
    await client.subscribe(EVERY_TOPIC, qos=1)
    await client.unsubscribe(EVERY_TOPIC)


def _perhaps_retained(batch: Sequence[aiomqtt.Message]) -> set[Topic]:
    """Return where `batch` says that something is retained, or may be: every status is sent so."""
    topics = (read_topic(message.topic.value) for message in batch if message.payload)
    retained = {message.topic.value for message in batch if message.retain}
    return {topic for topic in topics if topic and (topic.channel == "status" or str(topic) in retained)}


async def _send_receipts(client: MqttClient, stored: Mapping[tuple[str, int], int]) -> None:
    """Tell each gateway what it may forget; retained, so that it also learns so after being away."""
    await asyncio.gather(
        *(
            client.publish(
                str(Topic(gateway_id, epoch, "receipt")),
                Receipt(stored_up_to=stored_up_to).model_dump_json(),
                qos=1,
                retain=True,
            )
            for (gateway_id, epoch), stored_up_to in stored.items()
        )
    )


def _read_message(message: aiomqtt.Message) -> Arrival | Report | None:
    """Return what `message` says; None for an empty one, which clears what was retained, and for what the cloud wrote.

    Raises:
        Problem: `telemetry_malformed`.
    """
    topic = read_topic(message.topic.value)
    payload = message.payload
    if topic is None or not isinstance(payload, bytes):
        raise Problem(TELEMETRY_MALFORMED, reason="not a topic of a gateway")
    if topic.channel in WRITTEN_BY_CLOUD or not payload:
        return None
    if topic.channel == "telemetry":
        return Arrival(topic.gateway_id, topic.epoch, _oldest(message), read_samples(payload))
    return Report(topic.gateway_id, topic.epoch, _read_status(payload))


def _read_status(payload: bytes) -> Status:
    try:
        return Status.model_validate_json(payload)
    except ValidationError as error:
        raise Problem(TELEMETRY_MALFORMED, reason=reason(error)) from None


def _oldest(message: aiomqtt.Message) -> int | None:
    said = dict(getattr(message.properties, "UserProperty", ())).get(OLDEST_PROPERTY)
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= len(str(2**53))):
        raise Problem(TELEMETRY_MALFORMED, reason=f"{OLDEST_PROPERTY} is not a number")
    return int(said)
