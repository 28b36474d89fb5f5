"""The doorway: everything this gateway can do, whoever asks. Adapters call it and tell people what it said."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from chassis.clock import Clock
from emulator.changes import Changes
from emulator.household import Household
from emulator.identity import Identity
from emulator.store import Outbox, Store
from protocol.cloud_api import IssuedLinkCode, LatestFirmware, Registration, RegistrationStatus
from protocol.codes import fold_digits
from protocol.device_api import Device, Firmware, ShownLinkCode
from protocol.discovery import Advertisement
from protocol.identity import Model, firmware_key
from protocol.problems import (
    DEVICE_CODE_WRONG,
    NOT_REGISTERED,
    AisegError,
    Problem,
)
from protocol.telemetry import Notice, Sample

LATEST_FIRMWARE_LIFE: Final = timedelta(minutes=10)
UNKNOWN_FIRMWARE_LIFE: Final = timedelta(seconds=30)

log = logging.getLogger(__name__)


class Cloud(Protocol):
    """What the gateway asks the centre server. Each raises `Problem` for a no and `UnreachableError` for silence."""

    async def register(self, request_id: str, firmware: str) -> Registration:
        """Register; the same `request_id` again has one effect."""
        ...

    async def registration_status(self) -> RegistrationStatus:
        """Ask whether this gateway is registered."""
        ...

    async def issue_link_code(self, request_id: str, firmware: str) -> IssuedLinkCode:
        """Mint a link code for this gateway."""
        ...

    async def latest_firmware(self) -> LatestFirmware:
        """Ask for the latest firmware of this model."""
        ...


@dataclass(frozen=True)
class UplinkState:
    """How it stands with the broker: connected, or why not; how often it denied a message."""

    connected: bool = False
    trouble: AisegError | None = None
    denied: int = 0


@dataclass(frozen=True)
class Announcement:
    """How it stands with mDNS: the instance name in use (empty: none yet), and a sentence for people."""

    name: str = ""
    en: str = ""
    ja: str = ""

    def sentence(self, language: str = "en") -> str:
        """Return the sentence in `en` or `ja`."""
        return self.ja if language == "ja" else self.en


class _ShownCode(NamedTuple):
    """The link code on the panel's screen; in memory only."""

    link_code: str
    asked_at: datetime
    life: timedelta


class Gateway:
    """One AiSEG. `changes` tells of a new sample, registration, link code or state of uplink and announcement."""

    def __init__(
        self,
        *,
        model: Model,
        firmware: str,
        identity: Identity,
        household: Household,
        store: Store,
        registration: Registration | None,
        cloud: Cloud,
        clock: Clock,
    ) -> None:
        self.identity = identity
        self.registration = registration
        self.uplink = UplinkState()
        self.announcement = Announcement()
        self.changes = Changes()
        self._model: Model = model
        self._firmware = firmware
        self._household = household
        self._store = store
        self._cloud = cloud
        self._clock = clock
        self._started_at = clock.now()
        self._newest: Sample | None = None
        self._shown: _ShownCode | None = None
        self._latest: tuple[str | None, datetime] | None = None
        self._one_change_at_the_cloud = asyncio.Lock()
        self._one_firmware_question = asyncio.Lock()

    async def measure(self, now: datetime) -> Sample:
        """Take one sample of the house and keep it until the cloud has it.

        Raises:
            Problem: `state_unwritable` or `state_damaged`; nothing was measured.
        """
        self._newest = await asyncio.to_thread(
            self._store.record, lambda state: self._household.step(state, now)
        )
        self.changes.tell()
        return self._newest

    def newest(self) -> Sample | None:
        """Return the newest sample, None before the first."""
        return self._newest

    async def unsent(self, limit: int) -> Sequence[Sample]:
        """Return the oldest samples without a receipt, at most `limit`."""
        return await asyncio.to_thread(self._store.unsent, limit)

    async def outbox(self) -> Outbox:
        """Return how much waits for a receipt."""
        return await asyncio.to_thread(self._store.outbox)

    async def accept_receipt(self, epoch: int, stored_up_to: int) -> None:
        """Forget what the cloud has stored; a receipt of another epoch means nothing."""
        await asyncio.to_thread(self._store.forget, epoch, stored_up_to)
        self.changes.tell()

    async def register(self, device_code: str, *, replacing: int | None = None) -> Registration:
        """Register for the server service; an earlier registration and its data are erased.

        Args:
            device_code: as typed by a person.
            replacing: the epoch the person agreed to erase (0: there was none). When it is not the present one any
                more, this is the second tap on one button: nothing is done and the present registration returned.

        Raises:
            Problem: `device_code_wrong`, or the cloud's refusal; nothing has changed.
            UnreachableError: no answer; the next try repeats this very request, which the cloud carries out once.
        """
        self._check(device_code)
        async with self._one_change_at_the_cloud:
            present = self.registration
            if present and replacing not in (None, present.epoch):
                return present
            request_id = await asyncio.to_thread(self._store.pending_request)
            try:
                registration = await self._cloud.register(request_id, self._firmware)
            except Problem:
                await asyncio.to_thread(self._store.drop_request)
                raise
            await asyncio.to_thread(self._store.begin_epoch, registration)
            self.registration = registration
            self._shown = None
            log.info("registered for the server service, epoch %d", registration.epoch)
        self.changes.tell()
        return registration

    async def registration_status(self, device_code: str) -> RegistrationStatus:
        """Ask the cloud whether this gateway is registered; changes nothing (S-ST-09).

        Raises:
            Problem: `device_code_wrong`, or the cloud's refusal.
            UnreachableError: cannot tell, which is not "unregistered" (S-ST-07).
        """
        self._check(device_code)
        return await self._cloud.registration_status()

    async def show_link_code(self, device_code: str) -> ShownLinkCode:
        """Have the cloud mint a link code and show it until it expires or is hidden; it is kept in memory only.

        Raises:
            Problem: `device_code_wrong`, `not_registered`, or the cloud's refusal (`firmware_outdated`, …).
            UnreachableError: no answer; no code is shown.
        """
        self._check(device_code)
        async with self._one_change_at_the_cloud:  # answers that cross would show a code that is void
            if not self.registration:
                raise Problem(NOT_REGISTERED)
            asked_at = (
                self._clock.now()
            )  # counting from before the request, the panel never outlives the code
            issued = await self._cloud.issue_link_code(secrets.token_urlsafe(16), self._firmware)
            self._shown = _ShownCode(issued.link_code, asked_at, timedelta(seconds=issued.expires_in_s))
        log.info("showing a link code for %d s", issued.expires_in_s)
        self.changes.tell()
        return ShownLinkCode(link_code=issued.link_code, expires_in_s=issued.expires_in_s)

    def shown_link_code(self, now: datetime) -> ShownLinkCode | None:
        """Return the code on the screen and its remaining seconds; None when there is none or its time is over.

        A clock set back ends it too: nobody knows then how long it has been shown.
        """
        shown = self._shown
        if not shown or not timedelta(0) <= now - shown.asked_at < shown.life:
            self._shown = None
            return None
        remaining = shown.life - (now - shown.asked_at)
        return ShownLinkCode(link_code=shown.link_code, expires_in_s=int(remaining.total_seconds()))

    def hide_link_code(self) -> None:
        """End the code's screen: it can never be shown again (S-LC-21); the cloud still honours it."""
        self._shown = None
        self.changes.tell()

    def accept_notice(self, notice: Notice | None) -> None:
        """Hear what the cloud tells: once a phone is linked, the code on the screen is used up."""
        if notice and notice.kind == "linked":
            log.info("a phone has been linked")
            self.hide_link_code()

    def device(self) -> Device:
        """Return what the gateway says about itself."""
        return Device(
            gateway_id=self.identity.gateway_id,
            model=self._model,
            name=self.announcement.name or self.advertisement().instance_name,
            firmware=self._firmware,
            uptime_s=max(0, int((self._clock.now() - self._started_at).total_seconds())),
            registered=self.registration is not None,
            busy=False,
            cloud_connected=self.uplink.connected,
        )

    async def firmware(self) -> Firmware:
        """Return installed and latest firmware; `unknown` while the cloud does not answer, never "latest" (S-FW-01)."""
        async with self._one_firmware_question:
            latest = await self._latest_firmware(self._clock.now())
        if latest is None:
            return Firmware(installed=self._firmware, latest=None, verdict="unknown")
        outdated = firmware_key(self._firmware) < firmware_key(latest)
        verdict = "update_available" if outdated else "up_to_date"
        return Firmware.model_validate({"installed": self._firmware, "latest": latest, "verdict": verdict})

    async def _latest_firmware(self, now: datetime) -> str | None:
        if self._latest and now < self._latest[1]:
            return self._latest[0]
        try:
            latest: str | None = (await self._cloud.latest_firmware()).latest
        except AisegError as error:
            log.debug("the latest firmware is not known: %s", error)
            latest = None
        self._latest = (latest, now + (LATEST_FIRMWARE_LIFE if latest else UNKNOWN_FIRMWARE_LIFE))
        return latest

    def advertisement(self) -> Advertisement:
        """Return what the gateway announces by mDNS."""
        return Advertisement(
            gateway_id=self.identity.gateway_id,
            model=self._model,
            firmware=self._firmware,
            registered=self.registration is not None,
            busy=False,
        )

    def announcement_changed(self, announcement: Announcement) -> None:
        """Take note of how it stands with mDNS."""
        self.announcement = announcement
        self.changes.tell()

    def uplink_changed(self, uplink: UplinkState) -> None:
        """Take note of how it stands with the broker."""
        if uplink != self.uplink:
            self.uplink = uplink
            self.changes.tell()

    def _check(self, device_code: str) -> None:
        typed = fold_digits(device_code)
        if not secrets.compare_digest(typed.encode(), self.identity.device_code.encode()):
            raise Problem(DEVICE_CODE_WRONG)
