"""One whole search: mDNS on the chosen links, the last known address beside it, a sweep if a person asks, and what it means."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from typing import Final, Protocol

from phone_client.gateway_client import GatewayClient
from phone_client.places import Remembered
from phone_client.printable import printable
from phone_client.searching import probing
from phone_client.searching.advice import Words
from phone_client.searching.confirming import ask_until_answered
from phone_client.searching.diagnosis import Diagnosis, diagnose, sweep_may_help
from phone_client.searching.gathering import Gathered, Met, Scene
from phone_client.searching.kernel import Neighbour, Place, neighbours
from phone_client.searching.knocking import Knocking
from phone_client.searching.neighbourhood import Neighbourhood
from phone_client.searching.network import Surroundings, look_around
from phone_client.searching.search import FoundBy, Hit, Outcome, Plan, Take, search
from phone_client.searching.sweeping import Sweep, blocks
from protocol.discovery import DEFAULT_PORT
from protocol.problems import AisegError

_KNOCK_AFTER_S: Final = 0.1  # where mDNS lives, it has answered by then, and nobody knocks
_REMEMBERED_COUNTS_AT_S: Final = 0.5
_IDENTIFY_S: Final = 1.5
_ASKED_UNTIL_S: Final = 2.5
_LISTEN_UNTIL_S: Final = (
    3.5  # where packets get lost, for a third round of questions before multicast is called dead
)


class Watch(Protocol):
    """Is told what is being tried, for people who wait, and how much of it is `done` (0 … 1) where that is known."""

    def __call__(self, words: Words, done: float | None = None) -> None:
        """Take it in."""


@dataclass(frozen=True)
class Found:
    """What a search ends with; hits and a diagnosis may both be there: reachable, but something is odd.

    `can_look_harder`: a sweep was not asked for, and may bring more. `met`: the gateways' and routers' MAC addresses.
    """

    hits: tuple[Hit, ...]
    diagnosis: Diagnosis | None
    can_look_harder: bool = False
    met: Mapping[str, Met] = field(default_factory=dict)


@dataclass
class Finder:
    """Where and how long to search; `expected` is the gateway that is remembered, if any; `sweep` is what a person asks for."""

    gateways: GatewayClient
    interfaces: tuple[str, ...]
    limit_s: float
    quiet_s: float
    expected: Remembered | None
    watch: Watch
    show_hit: Take
    sweep: bool = False
    _around: Surroundings = field(default_factory=lambda: Surroundings((), (), None))
    _gathered: Gathered = field(default_factory=Gathered)
    _started: float = 0.0

    async def find(self) -> Found:
        """Search and explain; never longer than the limit, and never an error."""
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        self._around, known = await asyncio.to_thread(_look, self.interfaces)
        outcome = Outcome()
        if self._around.links:
            links = ", ".join(str(link) for link in self._around.links)
            self.watch(Words(f"Asking on {links}", f"{links} で検索しています"))
            self._greet_routers(known)
            outcome = await search(self._plan())
        known = await asyncio.to_thread(neighbours)
        neighbourhood = Neighbourhood(known, loop.time() - self._started)
        scene = Scene(self._around, outcome, self._gathered, neighbourhood)
        met = {hit.gateway_id: scene.met(hit) for hit in outcome.hits}
        if outcome.hits and all(hit.found_by == "mdns" and not hit.busy for hit in outcome.hits):
            return Found(outcome.hits, None, met=met)
        diagnosis, harder = await asyncio.to_thread(self._judge, scene)
        return Found(outcome.hits, diagnosis, harder, met)

    def _judge(self, scene: Scene) -> tuple[Diagnosis | None, bool]:
        """Return what there is to say, and whether a sweep may bring more. Blocks: the kernel is asked for its routes."""
        diagnosis = diagnose(scene.evidence())
        helps = diagnosis is not None and not scene.outcome.hits and sweep_may_help(diagnosis.code)
        return diagnosis, helps and not self.sweep and bool(blocks(self._around.links))

    def _plan(self) -> Plan:
        return Plan(
            links=self._around.links,
            limit_s=self.limit_s,
            quiet_s=self.quiet_s,
            confirm=self.gateways.device,
            remembered=self.expected.name if self.expected else None,
            show_hit=self.show_hit,
            at_once=self._try_last_address,
            when_silent=self._look_into_silence,
        )

    def _greet_routers(self, known: Mapping[Place, Neighbour]) -> None:
        """Let the kernel learn the MAC address of a router it does not know: it is what tells one network from another."""
        for router in self._around.routers:
            link = next((each for each in self._around.links if each.index == router.link), None)
            if link and router not in known and not link.tunnel:
                probing.greet(router.address, link)

    async def _try_last_address(self, take: Take) -> None:
        """Knock where the gateway was found last; what answers as itself there is a hit, unless mDNS was quicker."""
        last = self.expected
        if not last or ip_address(last.address).is_loopback != self._around.loopback_only:
            return
        knocking = Knocking(last, self._around.links)
        if not knocking.tried:
            self._gathered.no_way_to = last.address
            return
        await asyncio.sleep(_KNOCK_AFTER_S)
        self._gathered.knocking = knocking
        where = f"{knocking.tried[0].address} port {last.port}"
        self.watch(
            Words(
                f"No answer yet; trying the last known address {where}",
                f"前回のアドレス {where} を試しています",
            )
        )

        async def take_late(hit: Hit) -> None:
            self._gathered.otherwise.append(hit)
            await self._until(_REMEMBERED_COUNTS_AT_S)
            take(hit)

        await knocking.run(partial(self._identify, found_by="remembered"), take_late)

    async def _look_into_silence(self, take: Take) -> None:
        """Find out who is there at all: the routers, and everybody where a person has asked for it."""
        links = ", ".join(str(link) for link in self._around.links)
        self.watch(
            Words(
                f"No answer yet; still asking on {links}",
                f"まだ応答がありません。引き続き {links} で検索しています",
            )
        )
        async with asyncio.TaskGroup() as tasks:
            for link in self._around.links:
                for router in self._around.routers_of(link):
                    tasks.create_task(self._touch(str(router)))
            if self.sweep and not self._gathered.otherwise:
                tasks.create_task(self._sweep(take))
        if self._gathered.knocking and self._gathered.knocking.found:
            await self._make_sure(self._gathered.knocking)

    async def _make_sure(self, knocking: Knocking) -> None:
        """Let mDNS have another chance before it is said what of it is dead: by multicast, and straight to the gateway."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._started + _ASKED_UNTIL_S):
                await knocking.answered.wait()
        if knocking.was_hard:
            await self._until(_LISTEN_UNTIL_S)

    async def _until(self, at_s: float) -> None:
        await asyncio.sleep(self._started + at_s - asyncio.get_running_loop().time())

    async def _touch(self, router: str) -> None:
        if await probing.touch(router):
            self._gathered.touched.add(router)

    async def _sweep(self, take: Take) -> None:
        async def attempt(address: str, port: int) -> bool:
            hit = await self._identify(address, port, "sweep")
            if hit:
                await sweep.ask_again(address)
                self._gathered.otherwise.append(hit)
                take(hit)
            return hit is not None

        chosen = await asyncio.to_thread(blocks, self._around.links)
        where = ", ".join(str(each.network) for each in chosen)
        words = Words(f"Asking every address of {where}", f"{where} のアドレスを1つずつ確認しています")
        ports = (DEFAULT_PORT, *((self.expected.port,) if self.expected else ()))
        sweep = self._gathered.sweep = Sweep(chosen, ports, attempt)
        await sweep.run(lambda asked, total: self.watch(words, asked / total))

    async def _identify(self, address: str, port: int, found_by: FoundBy) -> Hit | None:
        """Return the gateway that answers there as itself, if one does."""

        def doubt(_: AisegError) -> None:
            """Go on: an answer may be lost."""

        try:
            async with asyncio.timeout(_IDENTIFY_S):
                device = await ask_until_answered(partial(self.gateways.device, address, port), doubt)
        except TimeoutError:
            return None
        return Hit(
            gateway_id=device.gateway_id,
            model=device.model,
            firmware=device.firmware,
            address=address,
            port=port,
            name=printable(device.name),
            elapsed_ms=0,
            busy=device.busy,
            found_by=found_by,
        )


def _look(interfaces: tuple[str, ...]) -> tuple[Surroundings, Mapping[Place, Neighbour]]:
    return look_around(interfaces), neighbours()
