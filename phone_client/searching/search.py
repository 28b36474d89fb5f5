"""The search: asks by mDNS, listens, and believes an answer when the gateway itself confirms it."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal, NamedTuple

from phone_client.searching.answers import (
    FOR_ANYBODY,
    FOR_GATEWAYS,
    FOR_THE_BOX,
    SRV,
    TXT,
    Answers,
    Candidate,
    Question,
    Records,
    Sighting,
    can_be_asked,
)
from phone_client.searching.confirming import ask_until_answered
from phone_client.searching.kernel import Address
from phone_client.searching.multicast import Ears, listening
from phone_client.searching.network import Link
from protocol.device_api import Device
from protocol.discovery import SERVICE_TYPE
from protocol.problems import AisegError

log = logging.getLogger(__name__)

ASK_AT_S: Final = (0.0, 1.0, 3.0, 7.0)  # RFC 6762 §5.2: at least 1 s to the first repeat, then doubling
SPARE_WAYS_AFTER_S: Final = 0.1  # each time, if nobody has answered
OTHER_WORDS_AFTER_S: Final = 0.25
"""Later each time, other questions are asked that the same gateway answers; an answer to the first may take 0.12 s."""
THE_REST_AFTER_S: Final = 0.01
PATIENCE_S: Final = 1.2  # the first repeat has had its chance by then
HEAD_START_S: Final = 0.25  # of a gateway's first address over its others (RFC 8305 §5)

MAX_ATTEMPTS: Final = 128
MAX_ATTEMPTS_OF_ONE_SOURCE: Final = 32
"""Gateways times their addresses; what one source tells leaves places for what others do."""
MAX_SPEAKERS: Final = 64
_AT_ONCE_OF_ONE_SOURCE: Final = 16  # many may be dead, and each keeps its place until it is given up

FoundBy = Literal["mdns", "remembered", "sweep"]


@dataclass(frozen=True)
class Hit:
    """A gateway that is there: it announced itself, or was looked for by its address, and answered as itself there.

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
    found_by: FoundBy = "mdns"

    @property
    def remembered(self) -> bool:
        """Say that it was found where it had been before."""
        return self.found_by == "remembered"


Take = Callable[[Hit], None]
"""Takes a hit; `elapsed_ms` is filled in by the search."""


class Speaker(NamedTuple):
    """Who spoke mDNS, and on which link."""

    link: str
    address: Address


@dataclass
class Outcome:
    """What a search brought: the hits, what was heard but is no hit, and who else speaks mDNS.

    `heard` are the gateways that announced themselves, confirmed or not, with their addresses; `own` the links on which a question
    of our own came back.
    """

    hits: tuple[Hit, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    heard: dict[str, list[Address]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    others: set[Speaker] = field(default_factory=set)
    off_link: set[Speaker] = field(default_factory=set)
    sent: int = 0
    denied: bool = False
    refusals: set[str] = field(default_factory=set)


def show_nobody(_: Hit) -> None:
    """Show what is found to nobody."""


async def _no_other_way(_: Take) -> None:
    """Find nothing without mDNS."""


@dataclass(frozen=True)
class Plan:
    """How to search.

    `confirm` asks the gateway at an address who it is (raises `AisegError`); `remembered` is an instance name to ask
    for by itself; `show_hit` gets every gateway the moment it is found. Two ways to find one without mDNS: `at_once`
    runs until mDNS brings a hit, `when_silent` is called once when it brought none for a while, and may end.
    """

    links: tuple[Link, ...]
    limit_s: float
    quiet_s: float
    confirm: Callable[[str, int], Awaitable[Device]]
    remembered: str | None = None
    show_hit: Take = show_nobody
    at_once: Callable[[Take], Awaitable[None]] = _no_other_way
    when_silent: Callable[[Take], Awaitable[None]] = _no_other_way

    @property
    def patience_s(self) -> float:
        """How long to wait for mDNS before anything else is tried."""
        return min(PATIENCE_S, self.limit_s / 4)


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
        self._attempts_of: Counter[Address] = Counter()
        self._slots: dict[Address, asyncio.Semaphore] = defaultdict(
            partial(asyncio.Semaphore, _AT_ONCE_OF_ONE_SOURCE)
        )
        self._loop = asyncio.get_running_loop()
        self._started = self._found_at = self._loop.time()
        self._deadline = asyncio.timeout(plan.limit_s)
        self._at_once: asyncio.Task[None] | None = None
        self._is_silence_over = False

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
                    self._at_once = tasks.create_task(self._try_at_once())
                    await self._follow_news(ears, tasks)
                finally:
                    self._outcome.sent, self._outcome.own = ears.sent, ears.own
                    self._outcome.denied, self._outcome.refusals = ears.denied, ears.refusals
        self._outcome.hits = tuple(self._hits.values())
        self._outcome.sightings = tuple(self._sightings())
        return self._outcome

    def _hear(self, records: Records, source: Address, link: Link) -> None:
        speaker = Speaker(link.name, source)
        if link.reaches(source):
            self._answers.hear(records, source, link)
            self._news.set()
            if not link.owns(source):
                _note(self._outcome.others, speaker)
        elif any(each.name.lower().endswith(SERVICE_TYPE) for each in records):
            _note(self._outcome.off_link, speaker)  # RFC 6762 §11: never a hit, but worth telling

    async def _ask(self, ears: Ears) -> None:
        for at_s in ASK_AT_S:
            await self._until(at_s)
            questions = [FOR_GATEWAYS, *self._answers.missing()]
            ears.ask(questions, self._answers.known)
            await self._until(at_s + SPARE_WAYS_AFTER_S)
            if not self._attempts:
                ears.ask(questions, spare=True)
            await self._until(at_s + OTHER_WORDS_AFTER_S)
            _ask_everywhere(ears, self._other_words())

    def _other_words(self) -> list[Question]:
        """Return what else to ask: for a box, if none was heard, and for the one that is remembered."""
        questions = [] if self._attempts else [FOR_THE_BOX]
        name = f"{self._plan.remembered}.{SERVICE_TYPE}"
        heard = {each.name for each in self._attempts}
        if self._plan.remembered and self._plan.remembered not in heard and can_be_asked(name):
            questions += [Question(name, SRV), Question(name, TXT)]
        return questions

    async def _until(self, at_s: float) -> None:
        await asyncio.sleep(self._started + at_s - self._loop.time())

    async def _try_at_once(self) -> None:
        await self._plan.at_once(self._found)

    async def _look_into_silence(self, ears: Ears) -> None:
        await self._until(self._plan.patience_s)
        if not self._has_mdns_hit:
            ears.ask([FOR_ANYBODY])
            await self._plan.when_silent(self._found)
        self._is_silence_over = True
        self._settle_end()

    async def _follow_news(self, ears: Ears, tasks: asyncio.TaskGroup) -> None:
        asked: set[Question] = set()
        asking: asyncio.Task[None] | None = None
        while True:
            await self._news.wait()
            self._news.clear()
            if (asking is None or asking.done()) and any(
                each not in asked for each in self._answers.missing()
            ):
                asking = tasks.create_task(self._ask_for_the_rest(ears, asked))
            for candidate in self._answers.candidates():
                if candidate not in self._attempts and self._has_place_for(candidate):
                    first = all(each.whose != candidate.whose for each in self._attempts)
                    self._attempts[candidate] = None
                    self._attempts_of[candidate.source] += 1
                    gateway_id = candidate.advertisement.gateway_id
                    self._outcome.heard.setdefault(gateway_id, []).append(candidate.address)
                    wait_s = 0 if first else HEAD_START_S
                    tasks.create_task(self._confirm(candidate, self._elapsed_ms(), wait_s))

    def _has_place_for(self, candidate: Candidate) -> bool:
        of_its_source = self._attempts_of[candidate.source]
        return len(self._attempts) < MAX_ATTEMPTS and of_its_source < MAX_ATTEMPTS_OF_ONE_SOURCE

    async def _ask_for_the_rest(self, ears: Ears, asked: set[Question]) -> None:
        """Ask for what has not come a moment later: who has much to tell needs several packets for it."""
        await asyncio.sleep(THE_REST_AFTER_S)
        missing = [each for each in self._answers.missing() if each not in asked]
        asked.update(missing)
        _ask_everywhere(ears, missing)

    async def _confirm(self, candidate: Candidate, elapsed_ms: float, wait_s: float) -> None:
        said = candidate.advertisement
        await asyncio.sleep(wait_s)
        if self._is_announced(said.gateway_id):
            return
        device = await self._ask_itself(candidate)
        if device.gateway_id != said.gateway_id:
            self._attempts[candidate] = _doubt(candidate, f"the AiSEG there is {device.gateway_id}")
            return
        self._attempts[candidate] = None
        hit = Hit(
            gateway_id=device.gateway_id,
            model=device.model,
            firmware=device.firmware,
            address=str(candidate.address),
            port=candidate.port,
            name=candidate.name,
            elapsed_ms=elapsed_ms,
            busy=device.busy or said.busy,
        )
        self._take(hit)

    async def _ask_itself(self, candidate: Candidate) -> Device:
        """Ask the gateway who it is, again and again until the search ends."""

        async def ask() -> Device:
            async with self._slots[candidate.source]:
                return await self._plan.confirm(str(candidate.address), candidate.port)

        def doubt(error: AisegError) -> None:
            self._attempts[candidate] = _doubt(candidate, str(error))

        return await ask_until_answered(ask, doubt)

    def _found(self, hit: Hit) -> None:
        """Take a hit that came without mDNS."""
        if hit.gateway_id not in self._hits:
            self._take(replace(hit, elapsed_ms=self._elapsed_ms()))

    def _take(self, hit: Hit) -> None:
        """Keep the first address of each gateway, but one that it announces itself before any other."""
        if self._is_announced(hit.gateway_id):
            return
        is_new = hit.gateway_id not in self._hits
        self._hits[hit.gateway_id] = hit
        self._found_at = self._loop.time()
        if self._at_once and hit.found_by == "mdns":
            self._at_once.cancel()
        if is_new:
            self._plan.show_hit(hit)
        self._settle_end()

    def _settle_end(self) -> None:
        """End a little after the newest hit; while mDNS has brought none, not before it had its chance."""
        if (
            not self._hits or self._deadline.expired()
        ):  # in this very turn of the loop; it can no longer be moved
            return
        end = self._found_at + self._plan.quiet_s
        limit = self._started + self._plan.limit_s
        if not self._has_mdns_hit:
            waited = self._started + self._plan.patience_s + self._plan.quiet_s
            end = max(end, waited) if self._is_silence_over else limit
        self._deadline.reschedule(min(end, limit))

    @property
    def _has_mdns_hit(self) -> bool:
        return any(hit.found_by == "mdns" for hit in self._hits.values())

    def _is_announced(self, gateway_id: str) -> bool:
        hit = self._hits.get(gateway_id)
        return hit is not None and hit.found_by == "mdns"

    def _sightings(self) -> Iterator[Sighting]:
        """Yield what was heard and is no hit, each once."""
        found = {hit.name for hit in self._hits.values()}
        failed = [sighting for sighting in self._attempts.values() if sighting]
        seen: set[tuple[str, str]] = set()
        for each in (*failed, *self._answers.sightings()):
            if each.name not in found and (each.name, each.reason) not in seen:
                seen.add((each.name, each.reason))
                yield each

    def _elapsed_ms(self) -> float:
        return round((self._loop.time() - self._started) * 1000, 1)


def _ask_everywhere(ears: Ears, questions: list[Question]) -> None:
    if questions:
        ears.ask(questions)
        ears.ask(questions, spare=True)


def _note(speakers: set[Speaker], speaker: Speaker) -> None:
    if len(speakers) < MAX_SPEAKERS:
        speakers.add(speaker)


def _doubt(candidate: Candidate, reason: str) -> Sighting:
    reached = f"{candidate.address} port {candidate.port}: {reason}"
    log.debug("%s is not confirmed: %s", candidate.name, reached)
    busy = candidate.advertisement.busy
    source, address = str(candidate.source), str(candidate.address)
    return Sighting(candidate.name, "busy" if busy else "unreachable", reached, source, address)
