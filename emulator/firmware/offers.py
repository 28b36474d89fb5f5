"""What the cloud offers to install: asked now and then, believed only with the signature of the maker first seen."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final, Protocol

from chassis.clock import Clock
from emulator.firmware.releases import is_newer, read_release, refusal
from emulator.firmware.slots import Slots
from protocol.firmware import LatestFirmware, Manifest
from protocol.identity import Model, Signed
from protocol.problems import AisegError, Problem

LATEST_LIFE: Final = timedelta(minutes=10)
UNKNOWN_LIFE: Final = timedelta(seconds=30)

log = logging.getLogger(__name__)


class Releases(Protocol):
    """What the cloud offers. Each raises `Problem` for a no and `UnreachableError` for silence."""

    async def latest_firmware(self) -> LatestFirmware:
        """Ask for the latest release of this model."""
        ...

    async def firmware_image(self, version: str, start: int, length: int) -> bytes:
        """Return `length` bytes of the image of `version` from `start`, fewer at its end."""
        ...


class Offers:
    """The latest release, remembered for a while; `forget` makes the next question go to the cloud."""

    def __init__(self, model: Model, slots: Slots, releases: Releases, clock: Clock) -> None:
        self._model: Model = model
        self._slots = slots
        self._releases = releases
        self._clock = clock
        self._answer: LatestFirmware | AisegError | None = None
        self._asked_at = clock.now()
        self._forgotten = 0
        self._one_question = asyncio.Lock()

    def known(self) -> LatestFirmware | None:
        """Return the last answer, without asking."""
        return None if isinstance(self._answer, AisegError) else self._answer

    def forget(self) -> None:
        """Remember nothing, not even the answer that is on its way."""
        self._answer = None
        self._forgotten += 1

    def forget_trouble(self) -> None:
        """Ask again at once if the last answer was none: a person has mended the line and tries again (S-GEN-03)."""
        if isinstance(self._answer, AisegError):
            self.forget()

    async def latest(self) -> LatestFirmware:
        """Return what the cloud says is the latest, asked at most every 10 minutes (30 s while it is unknown).

        Raises:
            Problem: the cloud said no.
            UnreachableError: it does not answer.
        """
        async with self._one_question:
            now = self._clock.now()
            answer = self._answer if self._answer and self._is_fresh(self._answer, now) else None
            if answer is None:
                self._asked_at, forgotten = now, self._forgotten
                answer = await self._ask()
                self._answer = answer if forgotten == self._forgotten else None
        if isinstance(answer, AisegError):
            raise answer
        return answer

    async def newer(self, latest: LatestFirmware) -> tuple[Manifest, Signed] | None:
        """Return the release of `latest`, None when it is not newer than what runs (T-34).

        Raises:
            Problem: `release_refused`: it is not what the trusted maker signed for this model; or `state_unwritable`.
        """
        if not is_newer(latest.latest, self._slots.version):
            return None
        await self._trust_the_first(latest)
        manifest = read_release(latest.release, self._slots.release_key or "", self._model)
        if manifest.version != latest.latest:
            raise refusal(
                f"version {manifest.version} was signed, not {latest.latest}",
                f"署名されているのは {latest.latest} ではなく {manifest.version} です",
            )
        return manifest, latest.release

    def _is_fresh(self, answer: LatestFirmware | AisegError, now: datetime) -> bool:
        life = UNKNOWN_LIFE if isinstance(answer, AisegError) else LATEST_LIFE
        return timedelta(0) <= now - self._asked_at < life

    async def _ask(self) -> LatestFirmware | AisegError:
        try:
            latest = await self._releases.latest_firmware()
        except AisegError as error:
            log.debug("the latest firmware is not known: %s", error)
            return error
        try:
            await self._trust_the_first(latest)
        except Problem as problem:
            log.warning("the maker of version %s is not trusted: %s", latest.latest, problem)
        return latest

    async def _trust_the_first(self, latest: LatestFirmware) -> None:
        """Keep the key of the first release seen for ever, as the cloud keeps the gateway's (T-33)."""
        if self._slots.release_key is None:
            read_release(latest.release, latest.release_key, self._model)
            await asyncio.to_thread(self._slots.pin, latest.release_key)
            log.info("releases signed with the key %s are trusted from now on", latest.release_key)
