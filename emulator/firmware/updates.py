"""The firmware of this gateway: what is installed, what is the latest, and an update under way."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from chassis.clock import Clock
from chassis.tasks import beside
from emulator.changes import Changes
from emulator.firmware.offers import LATEST_LIFE, UNKNOWN_LIFE, Offers, Releases
from emulator.firmware.releases import check_image, digest, is_newer, read_release
from emulator.firmware.slots import Slots
from protocol.device_api import Firmware, Update
from protocol.firmware import Manifest
from protocol.identity import Model, Signed
from protocol.problems import ALREADY_LATEST, RELEASE_CHANGED, AisegError, Problem, UnreachableError
from protocol.rules import FIRMWARE_UPDATE_HARD_STOP

PARTS: Final = 60
"""An image is fetched in at most so many parts, evenly over the time an update takes."""

DOWNLOADED_PCT, VERIFIED_PCT, INSTALLED_PCT = 95, 97, 100

State = Literal["downloading", "verifying", "installing", "applying", "restarting", "failed"]

log = logging.getLogger(__name__)


class Durations(NamedTuple):
    """How long an update takes, s: until it is installed, and from then to the restart."""

    update_s: float
    apply_s: float


class _Order(NamedTuple):
    """What a person has asked to be installed."""

    manifest: Manifest
    release: Signed


class Updates:
    """Part of the gateway's doorway. `run` carries out what `start` orders, and calls `restart` at its end."""

    def __init__(
        self,
        *,
        model: Model,
        slots: Slots,
        releases: Releases,
        durations: Durations,
        clock: Clock,
        changes: Changes,
        restart: Callable[[], None],
    ) -> None:
        self._model: Model = model
        self._slots = slots
        self._releases = releases
        self._offers = Offers(model, slots, releases, clock)
        self._durations = durations
        self._clock = clock
        self._changes = changes
        self._restart = restart
        self._one_start = asyncio.Lock()
        self._order: _Order | None = None
        self._ordered = asyncio.Event()
        self._may_be_newer = asyncio.Event()
        self._update: Update | None = None
        self._trouble: AisegError | None = None
        self._in_the_way: AisegError | None = None

    @property
    def installed(self) -> str:
        """The version that runs."""
        return self._slots.version

    @property
    def busy(self) -> bool:
        """Whether an update is under way, restart included."""
        return self._order is not None

    @property
    def trouble(self) -> AisegError | None:
        """Why the last update failed; None when none has failed since the start, and while one is under way."""
        return self._trouble

    def progress(self) -> Update | None:
        """Return how far an update is, or the one that failed last; None when there was none since the start."""
        return self._update

    @property
    def has_notice(self) -> bool:
        """Whether people are to be told of a newer release, as far as the cloud was asked (S-FW-05)."""
        latest = self._offers.known()
        return latest is not None and is_newer(latest.latest, self.installed)

    async def firmware(self) -> Firmware:
        """Return installed and latest firmware; `unknown` while the cloud does not answer, never "latest" (S-FW-01)."""
        latest, verdict = None, "unknown"
        try:
            latest = (await self._offers.latest()).latest
            verdict = "update_available" if is_newer(latest, self.installed) else "up_to_date"
        except AisegError:
            pass  # a verdict of its own
        facts = {"installed": self.installed, "latest": latest, "verdict": verdict, "update": self._update}
        return Firmware.model_validate(facts)

    def retry(self) -> None:
        """Take it that a person asks: what could not be found out a moment ago is asked anew."""
        self._offers.forget_trouble()

    async def offer(self) -> Manifest | None:
        """Return the release a person may install, None when the latest is installed (S-FW-05, S-FW-06).

        Raises:
            Problem: `release_refused`: there is a newer one, but it is not signed by the maker this gateway trusts.
            UnreachableError: the cloud does not answer.
        """
        self.retry()
        newer = await self._offers.newer(await self._offers.latest())
        return newer[0] if newer else None

    def look_again(self) -> None:
        """Take it that there may be another latest release than the one known."""
        self._offers.forget()
        self._may_be_newer.set()
        self._changes.tell()

    async def start(self, version: str) -> None:
        """Ask for the update to `version`; a second call while one is under way changes nothing (S-FW-18).

        Raises:
            Problem: `already_latest`, `release_changed` (S-FW-20) or `release_refused`; nothing was started.
            UnreachableError: the cloud does not answer.
        """
        async with self._one_start:
            if self.busy:
                return
            self._offers.forget()  # what is the latest at this moment counts
            newer = await self._offers.newer(await self._offers.latest())
            if newer is None:
                raise Problem(ALREADY_LATEST, installed=self.installed)
            manifest, release = newer
            if manifest.version != version:
                raise Problem(RELEASE_CHANGED, latest=manifest.version)
            log.info("updating the firmware from %s to %s", self.installed, version)
            self._order, self._trouble = _Order(manifest, release), None
            self._show("downloading", 0)
            self._ordered.set()

    async def watch(self) -> None:
        """Ask for the latest release at the start, now and then, and when told that there may be another, until cancelled."""
        while True:
            self._may_be_newer.clear()
            known = (await self.firmware()).latest is not None
            self._changes.tell()
            with suppress(TimeoutError):
                async with asyncio.timeout((LATEST_LIFE if known else UNKNOWN_LIFE).total_seconds()):
                    await self._may_be_newer.wait()

    async def run(self) -> None:
        """Carry out what is ordered, until cancelled."""
        while True:
            await self._ordered.wait()
            self._ordered.clear()
            if self._order:
                await self._carry_out(self._order)

    async def _carry_out(self, order: _Order) -> None:
        self._in_the_way = None
        try:
            async with beside(self._give_up_in_time()):
                image = await self._download(order.manifest)
            self._show("verifying", DOWNLOADED_PCT)
            await self._verify(order, image)
            self._show("installing", VERIFIED_PCT)
            await _to_its_end(lambda: self._slots.install(order.release, image))
        except AisegError as error:
            log.warning("the firmware stays at %s: %s", self.installed, error.sentence())
            self._show("failed")
            self._order, self._trouble = None, error
            return
        log.info("firmware %s is installed; a restart makes it run", order.manifest.version)
        self._show("applying", INSTALLED_PCT)
        await self._clock.sleep(self._durations.apply_s)
        self._show("restarting")
        self._restart()

    async def _verify(self, order: _Order, image: bytes) -> None:
        """Check the signature again, and that the image is the one that was signed for."""
        manifest = read_release(order.release, self._slots.release_key or "", self._model)
        check_image(manifest, len(image), await asyncio.to_thread(digest, image))

    async def _download(self, manifest: Manifest) -> bytes:
        """Fetch the image, in no less than the time an update takes."""
        size, image = manifest.size_bytes, bytearray()
        length = -(-size // PARTS)
        began_at = self._clock.now()
        while len(image) < size:
            wanted = min(length, size - len(image))
            part = await self._fetch(manifest.version, len(image), wanted)
            image += part
            self._show("downloading", DOWNLOADED_PCT * len(image) // size)
            due_at = began_at + timedelta(seconds=self._durations.update_s * len(image) / size)
            await self._sleep_until(due_at, 2 * self._durations.update_s * wanted / size)
            if len(part) < wanted:
                break
        return bytes(image)

    async def _fetch(self, version: str, start: int, length: int) -> bytes:
        """Return a part of the image; a cloud that is silent or busy is asked again."""
        while True:
            try:
                part = await self._releases.firmware_image(version, start, length)
            except AisegError as error:
                if isinstance(error, Problem) and "retry_after_s" not in error.facts:
                    raise
                level = logging.DEBUG if self._in_the_way else logging.WARNING
                log.log(level, "the firmware is still to come: %s", error.sentence())
                self._in_the_way = error
                await self._clock.sleep(self._durations.update_s / (2 * PARTS))
            else:
                self._in_the_way = None
                return part

    async def _give_up_in_time(self) -> None:
        """Fail at the hard stop (S-FW-10), with what is in the way."""
        await self._clock.sleep(self._durations.update_s * FIRMWARE_UPDATE_HARD_STOP)
        raise self._in_the_way or UnreachableError("the cloud", "the firmware did not come in time")

    async def _sleep_until(self, due_at: datetime, longest_s: float) -> None:
        """Sleep, but not longer than `longest_s`: a clock may be set back meanwhile."""
        left_s = (due_at - self._clock.now()).total_seconds()
        await self._clock.sleep(min(max(left_s, 0.0), longest_s))

    def _show(self, state: State, progress_pct: int | None = None) -> None:
        """Let everybody see how far the update is; without `progress_pct` it is as far as before."""
        if not self._order:
            return
        if progress_pct is None:
            progress_pct = self._update.progress_pct if self._update else 0
        update = Update(state=state, progress_pct=progress_pct, version=self._order.manifest.version)
        if update != self._update:
            self._update = update
            self._changes.tell()


async def _to_its_end(work: Callable[[], None]) -> None:
    """Run `work` in a thread and, even when cancelled, wait for its end: the state folder must not be left before."""
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        running.cancelled() or running.exception()
        raise
