"""A real Mosquitto on loopback, and the ingest's part of the conversation."""

import asyncio
import shutil
import signal
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import pytest

from protocol.telemetry import Receipt, Sample, Status, read_samples
from protocol.topics import OLDEST_PROPERTY, read_topic
from tests.support.ports import free_port
from tests.support.waiting import until

INGEST = "ingest"


class Mosquitto:
    """Started, killed and started again at one port; `admit` takes effect at the next start or `reload`."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("mosquitto"):
            pytest.skip("mosquitto is not installed")
        self.port = free_port()
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._rights: list[str] = []
        (folder / "passwords").touch(mode=0o600)
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\nuser root\nset_tcp_nodelay true\n"
            f"password_file {folder}/passwords\nacl_file {folder}/rights\n",
            "utf-8",
        )
        self.admit(INGEST, INGEST, "topic readwrite aiseg/#")

    def admit(self, user: str, password: str, *rights: str) -> None:
        """Let `user` in with ACL lines such as `topic write aiseg/…`."""
        command = ["mosquitto_passwd", "-b", str(self._folder / "passwords"), user, password]
        subprocess.run(command, check=True, capture_output=True)
        self._rights.append("\n".join([f"user {user}", *rights]))
        (self._folder / "rights").write_text("\n\n".join(self._rights) + "\n", "utf-8")

    def admit_gateway(self, gateway_id: str, password: str, epoch: int = 1) -> None:
        """Let a gateway write and read what belongs to one epoch."""
        mine = f"aiseg/{gateway_id}/{epoch}"
        self.admit(
            gateway_id,
            password,
            f"topic write {mine}/telemetry",
            f"topic write {mine}/status",
            f"topic read {mine}/receipt",
            f"topic read {mine}/notice",
        )

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            "mosquitto",
            "-c",
            str(self._folder / "mosquitto.conf"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await until(self._answers, "mosquitto to listen")

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    def reload(self) -> None:
        """Let passwords and rights take effect; sessions under an old password end."""
        assert self._process
        self._process.send_signal(signal.SIGHUP)

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@dataclass
class Ingest:
    """What arrived, by epoch and number; answers with receipts unless told to be `silent`."""

    port: int
    silent: bool = False
    stored: defaultdict[int, dict[int, Sample]] = field(default_factory=lambda: defaultdict(dict))
    changed: set[int] = field(default_factory=set)
    oldest: list[int] = field(default_factory=list)
    statuses: list[tuple[int, Status]] = field(default_factory=list)
    messages: int = 0

    async def run(self) -> None:
        """Listen until cancelled, through every loss of the broker."""
        while True:
            try:
                async with self._connection() as client:
                    await client.subscribe("aiseg/#", qos=1)
                    async for message in client.messages:
                        await self._take(client, message)
            except aiomqtt.MqttError:
                await asyncio.sleep(0.05)

    def _connection(self) -> aiomqtt.Client:
        v5 = aiomqtt.ProtocolVersion.V5
        return aiomqtt.Client("127.0.0.1", self.port, username=INGEST, password=INGEST, protocol=v5)

    async def _take(self, client: aiomqtt.Client, message: aiomqtt.Message) -> None:
        topic = read_topic(str(message.topic))
        assert topic
        assert isinstance(message.payload, bytes)
        if topic.channel == "status":
            self.statuses.append((topic.epoch, Status.model_validate_json(message.payload)))
        if topic.channel != "telemetry" or self.silent:
            return
        self.messages += 1
        held = self.stored[topic.epoch]
        for sample in read_samples(message.payload):
            if held.setdefault(sample.seq, sample) != sample:
                self.changed.add(sample.seq)
        oldest = int(dict(getattr(message.properties, "UserProperty", ()))[OLDEST_PROPERTY])
        self.oldest.append(oldest)
        stored_up_to = oldest - 1
        while stored_up_to + 1 in held:
            stored_up_to += 1
        receipt = Receipt(stored_up_to=stored_up_to).model_dump_json()
        topic = topic._replace(channel="receipt")
        await client.publish(str(topic), receipt, qos=0, retain=True)  # QoS 1 would wait on a dead broker

    async def tell(self, topic: str, payload: str) -> None:
        """Publish as the cloud does."""
        async with self._connection() as client:
            await client.publish(topic, payload, qos=1)

    def online(self) -> bool:
        """Say what the newest status says."""
        return bool(self.statuses) and self.statuses[-1][1].online


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[Ingest]:
    """Run an ingest for as long as the context lasts."""
    ingest = Ingest(port)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(ingest.run())
        try:
            yield ingest
        finally:
            task.cancel()
