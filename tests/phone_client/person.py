"""Who acts in the phone's tests: a person with a phone, before a cloud that is a double on loopback."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from phone_client.phone import Phone
from phone_client.session import Memory, MemoryFile
from phone_client.settings import Settings
from protocol.codes import with_check_digit
from tests.phone_client.cloud_double import CloudDouble

PASSWORD = "correct horse battery"
DEVICE_CODE = "1234567890"
LINK_CODE = with_check_digit("12345678901")


class FixedClock:
    def __init__(self, now: datetime) -> None:
        self.instant = now

    def now(self) -> datetime:
        return self.instant

    async def sleep(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@dataclass
class World:
    cloud: CloudDouble
    settings: Settings
    clock: FixedClock

    def phone(self) -> Phone:
        return Phone(self.settings, self.clock)

    async def memory(self) -> Memory:
        return await MemoryFile(self.settings.store.folder).recall()

    async def contents(self) -> str:
        """Return everything that the phone has on its disk, as text."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> str:
        return "\n".join(file.read_text("utf-8") for file in sorted(self.settings.store.folder.iterdir()))
