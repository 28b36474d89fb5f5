"""The search: asks by mDNS, listens, and believes an answer when the gateway itself confirms it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from phone_client.answers import (
    FOR_ANYBODY,
    FOR_GATEWAYS,
    SRV,
    TXT,
    Answers,
    Candidate,
    Question,
    Records,
    Sighting,
)
from phone_client.multicast import Ears, listening
from phone_client.network import Address, Link
from protocol.device_api import Device
from protocol.discovery import SERVICE_TYPE
from protocol.problems import AisegError

log = logging.getLogger(__name__)

ASK_AT_S: Final = (0.0, 1.0, 3.0, 7.0)  # RFC 6762 §5.2: at least 1 s to the first repeat, then doubling
REMEMBERED_AFTER_S: Final = 0.3
PATIENCE_S: Final = 1.2  # the first repeat has had its chance by then
CONFIRM_AGAIN_S: Final = 1.0
HEAD_START_S: Final = 0.25  # of a gateway's first address over its others (RFC 8305 §5)

MAX_ATTEMPTS: Final = 128
MAX_SPEAKERS: Final = 64
_AT_ONCE: Final = 32  # many may be dead, and each keeps its place until it is given up


@dataclass(frozen=True)
class Hit:
    """A gateway that is there: it announced itself, or was `remembered`, and answered as itself at this address.

    `elapsed_ms` runs from the start of the search until name, address, port and TXT were known.
    """

    gateway_id: str
    model: str
    firmware: str
    address: str
    port: int
    name: str
    elapsed_ms: float
    busy: bool
    remembered: bool = False


@dataclass
class Outcome:
    """What a search brought: the hits, what was heard but is no hit, and who else speaks mDNS."""

    hits: tuple[Hit, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    others: set[Address] = field(default_factory=set)
    off_link: set[Address] = field(default_factory=set)
    sent: int = 0
    denied: bool = False
    refusals: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Plan:
    """How to search.

    `confirm` asks the gateway at an address who it is (raises `AisegError`); `remembered` is an instance name to ask
    for by itself; `when_silent` is called once when nothing was found for a while, and may find it without mDNS.
    """

    links: tuple[Link, ...]
    limit_s: float
    quiet_s: float
    confirm: Callable[[str, int], Awaitable[Device]]
    remembered: str | None
    when_silent: Callable[[], Awaitable[Hit | None]]


async def search(plan: Plan) -> Outcome:
    """Search until the limit, or until nothing more was found for `quiet_s` after a hit."""
    return await _Search(plan).run()


class _Search:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._answers = Answers()
        self._outcome = Outcome()
        self._hits: dict[str, Hit] = {}
        self._attempts: dict[Candidate, Sighting | None] = {}
        self._news = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._deadline = asyncio.timeout(plan.limit_s)

    async def run(self) -> Outcome:
        with suppress(TimeoutError):
            async with (
                self._deadline,
                listening(self._plan.links, self._hear) as ears,
                asyncio.TaskGroup() as tasks,
            ):
                try:
                    tasks.create_task(self._ask(ears))
                    tasks.create_task(self._look_into_silence(ears))
                    await self._follow_news(ears, tasks)
                finally:
                    self._outcome.sent = ears.sent
                    self._outcome.denied, self._outcome.refusals = ears.denied, ears.refusals
        self._outcome.hits = tuple(self._hits.values())
        failed = [sighting for sighting in self._attempts.values() if sighting]
        self._outcome.sightings = (*failed, *self._answers.sightings())
        return self._outcome

    def _hear(self, records: Records, source: Address, link: Link) -> None:
        if link.reaches(source):
            self._answers.hear(records, source, link)
            self._news.set()
            if not link.owns(source):
                _note(self._outcome.others, source)
        elif any(each.name.lower().endswith(SERVICE_TYPE) for each in records):
            _note(self._outcome.off_link, source)  # RFC 6762 §11: never a hit, but worth telling

    async def _ask(self, ears: Ears) -> None:
        for at_s in ASK_AT_S:
            await self._until(at_s)
            ears.ask([FOR_GATEWAYS, *self._answers.missing()])
            if self._plan.remembered:
                await self._until(at_s + REMEMBERED_AFTER_S)
                name = f"{self._plan.remembered}.{SERVICE_TYPE}"
                ears.ask([Question(name, SRV), Question(name, TXT)])

    async def _until(self, at_s: float) -> None:
        await asyncio.sleep(self._started + at_s - self._loop.time())

    async def _look_into_silence(self, ears: Ears) -> None:
        await self._until(min(PATIENCE_S, self._plan.limit_s / 4))
        if self._hits:
            return
        ears.ask([FOR_ANYBODY])
        hit = await self._plan.when_silent()
        if hit:
            self._found(replace(hit, elapsed_ms=self._elapsed_ms()))

    async def _follow_news(self, ears: Ears, tasks: asyncio.TaskGroup) -> None:
        asked: set[Question] = set()
        while True:
            await self._news.wait()
            self._news.clear()
            missing = [each for each in self._answers.missing() if each not in asked]
            if missing:
                asked.update(missing)
                ears.ask(missing)
            for candidate in self._answers.candidates():
                if candidate not in self._attempts and len(self._attempts) < MAX_ATTEMPTS:
                    first = all(each.name != candidate.name for each in self._attempts)
                    self._attempts[candidate] = None
                    wait_s = 0 if first else HEAD_START_S
                    tasks.create_task(self._confirm(candidate, self._elapsed_ms(), wait_s))

    async def _confirm(self, candidate: Candidate, elapsed_ms: float, wait_s: float) -> None:
        said = candidate.advertisement
        await asyncio.sleep(wait_s)
        if said.gateway_id in self._hits:
            return
        device = await self._ask_itself(candidate)
        if device.gateway_id != said.gateway_id:
            self._attempts[candidate] = _doubt(candidate, f"the AiSEG there is {device.gateway_id}")
            return
        self._attempts[candidate] = None
        self._found(
            Hit(
                gateway_id=device.gateway_id,
                model=device.model,
                firmware=device.firmware,
                address=str(candidate.address),
                port=candidate.port,
                name=candidate.name,
                elapsed_ms=elapsed_ms,
                busy=device.busy or said.busy,
            )
        )

    async def _ask_itself(self, candidate: Candidate) -> Device:
        """Ask the gateway who it is, again and again until the search ends: it may be restarting."""
        while True:
            try:
                async with self._slots:
                    return await self._plan.confirm(str(candidate.address), candidate.port)
            except AisegError as error:
                self._attempts[candidate] = _doubt(candidate, str(error))
            await asyncio.sleep(CONFIRM_AGAIN_S)

    def _found(self, hit: Hit) -> None:
        """Keep the first address of each gateway, and wait a little for further ones."""
        self._hits.setdefault(hit.gateway_id, hit)
        if self._deadline.expired():  # in this very turn of the loop; it can no longer be moved
            return
        nearer = self._loop.time() + self._plan.quiet_s
        self._deadline.reschedule(min(nearer, self._started + self._plan.limit_s))

    def _elapsed_ms(self) -> float:
        return round((self._loop.time() - self._started) * 1000, 1)


def _note(speakers: set[Address], source: Address) -> None:
    if len(speakers) < MAX_SPEAKERS:
        speakers.add(source)


def _doubt(candidate: Candidate, reason: str) -> Sighting:
    reached = f"{candidate.address} port {candidate.port}: {reason}"
    log.debug("%s is not confirmed: %s", candidate.name, reached)
    return Sighting(candidate.name, "busy" if candidate.advertisement.busy else "unreachable", reached)
