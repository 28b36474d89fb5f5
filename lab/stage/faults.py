"""What is wrong in the home during a story: begun and ended as the script says, and told of."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Final

from lab.conditions.active import Active, Argument
from lab.conditions.catalogue import prepare
from lab.conditions.words import TEXTS
from lab.home import Home
from lab.network.plan import SEGMENTS, Plan
from lab.stage.programs import Service
from lab.story.chronicle import Chronicle
from lab.wanted import Wanted, read_wanted

POWER_CUT: Final = "power_cut"


class Faults:
    """The conditions of one home, by their names."""

    def __init__(self, home: Home, chronicle: Chronicle, *, battery_backed: bool) -> None:
        self._home = home
        self._chronicle = chronicle
        self._battery_backed = battery_backed
        self._begun: list[Active] = []

    async def begin(self, condition: str, for_s: float | None = None) -> None:
        """Begin a condition, which ends by itself after `for_s`.

        Raises:
            Problem: there is no such condition, or it cannot be done here.
        """
        wanted = self._with_battery(read_wanted(condition))
        args: dict[str, Argument] = {**wanted.args, **({} if for_s is None else {"ttl_s": for_s})}
        active = await asyncio.to_thread(self._home.begin, wanted.name, **args)
        self._begun.append(active)
        self._tell("fault_begins", active)

    async def settle(self, services: Mapping[str, Service]) -> frozenset[str]:
        """Let what has begun have gone on for a while; return which machines were switched on anew.

        Those that are elsewhere were switched on there: what they had open where they were before is gone. And a switch
        forgets its members after an age of its own.
        """
        moved = await asyncio.to_thread(self._moved)
        await asyncio.gather(
            *(asyncio.to_thread(services[each].restart) for each in moved if each in services)
        )
        ages = (each.args.get("age_s") for each in self._begun)
        await asyncio.sleep(2 * max((each for each in ages if isinstance(each, int | float)), default=0))
        return moved

    def _moved(self) -> frozenset[str]:
        """Return which machines are not on the network where they belong."""
        belongs = {name: SEGMENTS[host.segment].network for name, host in Plan().hosts.items()}
        nodes = self._home.nodes
        return frozenset(name for name in nodes if IPv4Address(nodes[name].address) not in belongs[name])

    async def mend(self, name: str) -> bool:
        """End what is called so, or `all`; say whether there was such."""
        ending = self._begun if name == "all" else [each for each in self._begun if self._is(each, name)]
        for each in reversed(tuple(ending)):
            self._begun.remove(each)
            await asyncio.to_thread(self._home.end, each.number)
            self._tell_end(each)
        return bool(ending) or name == "all"

    def _is(self, active: Active, condition: str) -> bool:
        """Say whether it is what `condition` names, with those of its parameters that stand there."""
        wanted = read_wanted(condition)
        meant = prepare(wanted.name, wanted.args, self._home.nodes).model_dump()
        return active.name == wanted.name and all(active.args[key] == meant[key] for key in wanted.args)

    def close(self) -> None:
        """Tell of the end of those that have ended by themselves, or end with the story."""
        for each in self._begun:
            self._tell_end(each)
        self._begun.clear()

    def _tell_end(self, active: Active) -> None:
        ends_s = self._ends_s(active)
        now_s = self._chronicle.at_s
        self._tell("fault_ends", active, now_s if ends_s is None else min(ends_s, now_s))

    def _ends_s(self, active: Active) -> float | None:
        return active.ends_at.timestamp() - self._chronicle.epoch if active.ends_at else None

    def _tell(self, kind: str, active: Active, at_s: float | None = None) -> None:
        sentence = TEXTS[active.name].sentence
        en, ja = sentence.say("en"), sentence.say("ja")
        if kind == "fault_ends":
            en, ja = f"over: {en}", f"終了：{ja}"
        args: Mapping[str, Argument] = {key: value for key, value in active.args.items() if value is not None}
        self._chronicle.note(
            "network", kind, en, ja, at_s=at_s,
            number=active.number, name=active.name, args=dict(args), ends_at_s=self._ends_s(active),
        )  # fmt: skip

    def _with_battery(self, wanted: Wanted) -> Wanted:
        """Let the power cut spare an AiSEG that has a battery."""
        if wanted.name != POWER_CUT or not self._battery_backed:
            return wanted
        order = str(wanted.args.get("order") or "router,gateway,phone").split(",")
        left = ",".join(each for each in order if each.strip() != "gateway")
        return replace(wanted, args={**wanted.args, "order": left})
