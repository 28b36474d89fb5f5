"""The doorway: everything this gateway can do, whoever asks. Adapters call it and tell people what it said."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from chassis.clock import Clock
from emulator.changes import Changes
from emulator.firmware.updates import Updates
from emulator.guard import Guard
from emulator.household import Household
from emulator.identity import Identity
from emulator.registration import Answers, RegistrationRun
from emulator.screen_code import ScreenCode
from emulator.standing import Announcement, UplinkState
from emulator.store import Outbox, Store
from protocol.device_api import Device, ShownLinkCode
from protocol.discovery import Advertisement
from protocol.identity import Model
from protocol.problems import (
    BUSY_UPDATING,
    DEVICE_CODE_WRONG,
    FIRMWARE_OUTDATED,
    NOT_REGISTERED,
    REGISTRATION_LOST,
    TOO_MANY_DEVICE_CODES,
    Problem,
    UnreachableError,
)
from protocol.registering import (
    Consent,
    Family,
    IssuedLinkCode,
    Registration,
    RegistrationBegun,
    RegistrationStatus,
    bought_early,
)
from protocol.rules import WRONG_DEVICE_CODES_PER_HOUR
from protocol.telemetry import Notice, Sample

log = logging.getLogger(__name__)

_HOUR: Final = timedelta(hours=1)


class Cloud(Protocol):
    """What the gateway asks the centre server. Each raises `Problem` for a no and `UnreachableError` for silence."""

    async def begin_registration(
        self, run_id: str, firmware: str, purchased_on: date | None
    ) -> RegistrationBegun:
        """Have a confirmation code issued; nothing is registered by it."""
        ...

    async def register(self, run_id: str, firmware: str, answers: Answers) -> Registration:
        """Register; the same `run_id` again has one effect."""
        ...

    async def registration_status(self) -> RegistrationStatus:
        """Ask whether this gateway is registered."""
        ...

    async def issue_link_code(self, firmware: str, consent: Consent, family: Family | None) -> IssuedLinkCode:
        """Mint a link code for this gateway."""
        ...


class Gateway:
    """One AiSEG. `changes` tells of a new sample, registration, link code, update or state of uplink and announcement."""

    def __init__(
        self,
        *,
        model: Model,
        identity: Identity,
        household: Household,
        store: Store,
        registration: Registration | None,
        cloud: Cloud,
        updates: Updates,
        purchased_on: date | None,
        changes: Changes,
        clock: Clock,
    ) -> None:
        self.identity = identity
        self.registration = registration
        self.updates = updates
        self.uplink = UplinkState()
        self.announcement = Announcement()
        self.changes = changes
        self._model: Model = model
        self._household = household
        self._store = store
        self._cloud = cloud
        self._purchased_on = purchased_on
        self._clock = clock
        self._started_at = clock.now()
        self._newest: Sample | None = None
        self._shown: ScreenCode | None = None
        self._device_code = Guard(
            identity.device_code, WRONG_DEVICE_CODES_PER_HOUR, _HOUR, DEVICE_CODE_WRONG, TOO_MANY_DEVICE_CODES
        )
        self._one_change_at_the_cloud = asyncio.Lock()

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

    def check_device_code(self, typed: str) -> None:
        """Compare with this box's own code; whether another box has the typed one is nobody's business (S-ST-08).

        Raises:
            Problem: `device_code_wrong`, or `too_many_device_codes` after 10 wrong ones within an hour.
        """
        self._device_code.check(typed, self._clock.now())

    async def begin_registration(self, device_code: str) -> RegistrationRun:
        """Begin a run of the wizard: the cloud issues a confirmation code, and nothing is registered or erased.

        Args:
            device_code: as typed by a person.

        Raises:
            Problem: `busy_updating`, `device_code_wrong`, `too_many_device_codes`, `firmware_outdated` for a box bought
                on or before 2016-06-20 (S-REG-07), or the cloud's refusal.
            UnreachableError: no answer.
        """
        self._check(device_code)
        if bought_early(self._purchased_on):
            await self._check_firmware()
        run_id = secrets.token_urlsafe(16)
        begun = await self._cloud.begin_registration(run_id, self.updates.installed, self._purchased_on)
        return RegistrationRun(begun.confirmation_code, begun.at_stake, run_id)

    async def register(self, run: RegistrationRun, answers: Answers) -> Registration:
        """Register for the server service (決定); an earlier registration and its data are erased.

        However often one run is sent, it registers once (S-REG-32).

        Raises:
            Problem: `busy_updating`, or the cloud's refusal (`registration_changed`, …); nothing has changed.
            UnreachableError: no answer; the same run may be sent again.
        """
        async with self._one_change_at_the_cloud:
            self._check_not_updating()
            registration = await self._cloud.register(run.run_id, self.updates.installed, answers)
            if self.registration == registration:
                return registration
            await asyncio.to_thread(self._store.begin_epoch, registration)
            self.registration = registration
            self._shown = None
            log.info("registered for the server service, epoch %d", registration.epoch)
        self.changes.tell()
        return registration

    async def registration_status(self, device_code: str) -> RegistrationStatus:
        """Ask the cloud whether this gateway is registered; changes nothing (S-ST-09).

        Raises:
            Problem: `device_code_wrong`, `too_many_device_codes`, or the cloud's refusal.
            UnreachableError: cannot tell, which is not "unregistered" (S-ST-07).
        """
        self.check_device_code(device_code)
        return await self._cloud.registration_status()

    async def prepare_link_code(self, device_code: str) -> RegistrationStatus:
        """See whether a link code can be issued, and whether 家族の情報 is needed for it; changes nothing.

        Raises:
            Problem: `busy_updating`, `device_code_wrong`, `too_many_device_codes`, `not_registered`,
                `firmware_outdated` (S-LC-04), or the cloud's refusal.
            UnreachableError: no answer, or the latest firmware is not known.
        """
        self._check(device_code)
        status = await self._cloud.registration_status()
        if not status.registered:
            raise Problem(NOT_REGISTERED)
        if not self.registration or self.registration.epoch != status.epoch:
            raise Problem(REGISTRATION_LOST)
        await self._check_firmware()
        return status

    async def show_link_code(self, consent: Consent, family: Family | None = None) -> ShownLinkCode:
        """Have the cloud mint a link code and show it until it expires or is hidden; it is kept in memory only.

        The caller has seen to the device code, by `prepare_link_code` or `begin_registration`.

        Raises:
            Problem: `busy_updating`, `not_registered`, or the cloud's refusal (`firmware_outdated`, `family_needed`, …).
            UnreachableError: no answer; no code is shown.
        """
        async with self._one_change_at_the_cloud:  # answers that cross would show a code that is void
            self._check_not_updating()
            if not self.registration:
                raise Problem(NOT_REGISTERED)
            asked_at = self._clock.now()
            try:
                issued = await self._cloud.issue_link_code(self.updates.installed, consent, family)
            except UnreachableError:
                self.hide_link_code()  # the one on the screen may be void now
                raise
            self._shown = ScreenCode(issued, asked_at)
        log.info("showing a link code for %d s", issued.expires_in_s)
        self.changes.tell()
        return ShownLinkCode(link_code=issued.link_code, expires_in_s=issued.expires_in_s)

    def shown_link_code(self, now: datetime) -> ShownLinkCode | None:
        """Return the code on the screen and its remaining seconds; None when there is none or its time is over."""
        shown = self._shown.shown(now) if self._shown else None
        if not shown:
            self._shown = None  # also with the clock set back later
        return shown

    def hide_link_code(self) -> None:
        """End the code's screen: it can never be shown again (S-LC-21); the cloud still honours it."""
        self._shown = None
        self.changes.tell()

    def accept_notice(self, notice: Notice | None) -> None:
        """Hear what the cloud tells: once a phone is linked, the code that was on the screen then is used up."""
        if notice and notice.kind == "linked":
            log.info("a phone has been linked")
            if self._shown and self._shown.issued.issued_at <= notice.at:  # not a newer one
                self.hide_link_code()
        if notice and notice.kind == "firmware_available":
            self.updates.look_again()

    async def start_update(self, version: str) -> None:
        """Start the update to `version`, whose text the person has read; a second start joins the first (S-FW-18).

        Raises:
            Problem: `already_latest`, `release_changed` (S-FW-20) or `release_refused`; nothing was started.
            UnreachableError: the latest version is not known.
        """
        async with self._one_change_at_the_cloud:
            await self.updates.start(version)
        self.hide_link_code()

    def device(self) -> Device:
        """Return what the gateway says about itself."""
        return Device(
            gateway_id=self.identity.gateway_id,
            model=self._model,
            name=self.announcement.name or self.advertisement().instance_name,
            firmware=self.updates.installed,
            uptime_s=max(0, int((self._clock.now() - self._started_at).total_seconds())),
            registered=self.registration is not None,
            busy=self.updates.busy,
            cloud_connected=self.uplink.connected,
        )

    def advertisement(self) -> Advertisement:
        """Return what the gateway announces by mDNS."""
        return Advertisement(
            gateway_id=self.identity.gateway_id,
            model=self._model,
            firmware=self.updates.installed,
            registered=self.registration is not None,
            busy=self.updates.busy,
        )

    def announcement_changed(self, announcement: Announcement) -> None:
        """Take note of how it stands with mDNS."""
        self.announcement = announcement
        self.changes.tell()

    def uplink_changed(self, uplink: UplinkState) -> None:
        """Take note of how it stands with the broker."""
        if uplink != self.uplink:
            if uplink.connected and not self.uplink.connected:
                self.updates.look_again()  # a notice may have been missed meanwhile
            self.uplink = uplink
            self.changes.tell()

    def _check(self, device_code: str) -> None:
        self._check_not_updating()
        self.check_device_code(device_code)

    def _check_not_updating(self) -> None:
        if self.updates.busy:
            raise Problem(BUSY_UPDATING)

    async def _check_firmware(self) -> None:
        self.updates.retry()
        firmware = await self.updates.firmware()
        if firmware.latest is None:
            raise UnreachableError(
                "the cloud",
                "the latest firmware is not known",
                ja=("サーバー", "最新のファームウェアを確認できません"),
            )
        if firmware.verdict == "update_available":
            raise Problem(FIRMWARE_OUTDATED, installed=firmware.installed, latest=firmware.latest)
