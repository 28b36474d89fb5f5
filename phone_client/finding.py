"""One whole search: mDNS on the chosen links, the last known address when that is silent, and what it all means."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Final

from phone_client import probing
from phone_client.advice import Words
from phone_client.diagnosis import Diagnosis, Evidence, Knock, diagnose
from phone_client.gateway_client import GatewayClient
from phone_client.network import Address, Surroundings, look_around, neighbours, unscoped
from phone_client.search import Hit, Outcome, Plan, search
from phone_client.session import Remembered
from protocol.problems import AisegError

Watch = Callable[[Words], None]
"""Is told what is being tried, for people who wait."""

_ROUTER_ANSWERED_S: Final = 45.0  # the kernel may take so long to ask again (RFC 4861 §6.3.2)
_KNOCK_SHARE: Final = 0.5  # of the limit, so that a short search still hears the result


@dataclass(frozen=True)
class Found:
    """What a search ends with; both may be there: reachable, but something is odd."""

    hits: tuple[Hit, ...]
    diagnosis: Diagnosis | None


@dataclass
class Finder:
    """Where and how long to search; `expected` is the gateway that is remembered, if any."""

    gateways: GatewayClient
    interfaces: tuple[str, ...]
    limit_s: float
    quiet_s: float
    expected: Remembered | None
    watch: Watch
    _surroundings: Surroundings = field(default_factory=lambda: Surroundings((), None, None))
    _knock: Knock | None = None
    _started: float = 0.0

    async def find(self) -> Found:
        """Search and explain; never longer than the limit, and never an error."""
        self._started = asyncio.get_running_loop().time()
        self._surroundings = await asyncio.to_thread(look_around, self.interfaces)
        outcome = Outcome()
        if self._surroundings.links:
            links = ", ".join(str(link) for link in self._surroundings.links)
            self.watch(Words(f"Asking on {links}", f"{links} で検索しています"))
            outcome = await search(self._plan())
        return Found(outcome.hits, diagnose(await self._evidence(outcome)))

    def _plan(self) -> Plan:
        return Plan(
            links=self._surroundings.links,
            limit_s=self.limit_s,
            quiet_s=self.quiet_s,
            confirm=self.gateways.device,
            remembered=self.expected.name if self.expected else None,
            when_silent=self._try_without_multicast,
        )

    async def _try_without_multicast(self) -> Hit | None:
        router = self._surroundings.router_here
        if router:
            await probing.wake(str(router))
        if (
            not self.expected
            or ip_address(self.expected.address).is_loopback != self._surroundings.loopback_only
        ):
            return None
        last = self.expected
        where = f"{last.address} port {last.port}"
        self.watch(
            Words(
                f"No answer yet; trying the last known address {where}",
                f"前回のアドレス {where} を試しています",
            )
        )
        reached = await probing.knock(
            last.address, last.port, min(probing.LIMIT_S, self.limit_s * _KNOCK_SHARE)
        )
        self._knock = Knock(
            address=last.address,
            port=last.port,
            on_link=any(link.reaches(ip_address(last.address)) for link in self._surroundings.links),
            tcp="foreign" if reached.tcp == "open" else reached.tcp,
            unicast_mdns=reached.unicast_mdns,
            arp=None,
        )
        return await self._recognise(last) if reached.tcp == "open" else None

    async def _recognise(self, last: Remembered) -> Hit | None:
        """Return the hit when the gateway that is remembered is the one that answers there."""
        try:
            device = await self.gateways.device(last.address, last.port)
        except AisegError:
            return None
        if device.gateway_id != last.gateway_id or self._knock is None:
            return None
        self._knock = replace(self._knock, tcp="open")
        return Hit(
            gateway_id=device.gateway_id,
            model=device.model,
            firmware=device.firmware,
            address=last.address,
            port=last.port,
            name=last.name,
            elapsed_ms=0,
            busy=device.busy,
            remembered=True,
        )

    async def _evidence(self, outcome: Outcome) -> Evidence:
        """Put everything together; ARP is read last, when the kernel has given up on entries gone stale."""
        around, knock, router = self._surroundings, self._knock, self._surroundings.router_here
        known = await asyncio.to_thread(neighbours)

        def answers(address: Address, within_s: float) -> bool | None:
            neighbour = known.get(unscoped(address))
            return neighbour.answers(within_s) if neighbour else None

        if knock and knock.on_link:
            elapsed_s = asyncio.get_running_loop().time() - self._started
            knock = replace(knock, arp=answers(ip_address(knock.address), elapsed_s))
        others = {str(each) for each in outcome.others} - {knock.address if knock else ""}
        return Evidence(
            found_by_mdns=any(not hit.remembered for hit in outcome.hits),
            busy=any(hit.busy for hit in outcome.hits),
            links=tuple(str(link) for link in around.links),
            usable=any(link.usable for link in around.links),
            loopback_only=around.loopback_only,
            denied=outcome.denied,
            refusals=tuple(sorted(outcome.refusals)),
            sent=outcome.sent,
            sightings=outcome.sightings,
            off_link=tuple(sorted(str(each) for each in outcome.off_link)),
            others=tuple(sorted(others)),
            router=str(router) if router else None,
            router_answers=answers(router, _ROUTER_ANSWERED_S) if router else None,
            vpn=around.vpn,
            knock=knock,
        )
