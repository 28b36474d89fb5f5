"""Tells a story on a stage: one step after the other, until one of them does not come true."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import singledispatchmethod
from typing import Final

from lab.people.person import GLANCE_S, CannotTapError, Person
from lab.story.deeds import AT_THE_PANEL, ON_THE_PHONE
from lab.story.judging import Difference, Patience, differences, joined, told
from lab.story.run import Told, Verdict
from lab.story.script import ExpectStep, FaultStep, MendStep, PanelStep, PhoneStep, Step, Words
from lab.story.staging import Stage

LOOK_EVERY_S: Final = 0.25
_RESULT_S: Final = 3.0
_SEARCHES: Final = ("search", "search_again", "look_harder")
_SEARCHING: Final = ("/search", "/search/result")

Outcome = tuple[Verdict, Words, Words | None]
"""How a step went: what was wanted, and what was seen in its place."""


class Telling:
    """`steps` grows as the story goes on."""

    def __init__(self, stage: Stage) -> None:
        self.steps: list[Told] = []
        self._stage = stage
        self._last_s = 0.0

    async def tell(self, steps: Sequence[Step]) -> None:
        """Do one step after the other; after one that failed the rest is skipped."""
        for number, step in enumerate(steps, 1):
            began_s = self._stage.chronicle.at_s
            if any(each.verdict == "FAIL" for each in self.steps):
                self.steps.append(Told(number, began_s, began_s, "SKIPPED", _wanted(step)))
                continue
            verdict, wanted, seen = await self._do(step)
            self._last_s = self._stage.chronicle.at_s
            self.steps.append(Told(number, round(began_s, 3), round(self._last_s, 3), verdict, wanted, seen))
        await self._end()

    async def _end(self) -> None:
        """Take a last look at both screens."""
        await self._until_written()
        await self._stage.owner.person.look()
        await self._stage.householder.person.look()
        await self._stage.cloud.look()

    async def _until_written(self) -> None:
        """Let the last search be written down, if it has ended."""
        if "searching" not in self._stage.owner.person.screens:
            await self._stage.searches.until_written(_RESULT_S)

    @singledispatchmethod
    async def _do(self, step: Step) -> Outcome:
        raise TypeError(step)

    @_do.register
    async def _(self, step: PhoneStep) -> Outcome:
        owner = self._stage.owner
        owner.link_code = self._stage.householder.link_code or owner.link_code
        await self._until_written()  # what the next search says replaces it
        outcome = await self._act(owner.person, owner.acts[step.phone], step)
        page = owner.person.page
        if page and step.phone in _SEARCHES and page.path in _SEARCHING:
            self._stage.searches.begin()
        return outcome

    @_do.register
    async def _(self, step: PanelStep) -> Outcome:
        householder = self._stage.householder
        return await self._act(householder.person, householder.acts[step.panel], step)

    async def _act(self, person: Person, act: Callable[[], Awaitable[None]], step: Step) -> Outcome:
        """Do it; a screen that says no, or that does not answer, is for the expectations to judge."""
        try:
            await act()
        except CannotTapError as error:
            if person.page and not person.page.complaint:
                return "FAIL", _wanted(step), _nothing_to_tap(person, error)
        complaint = person.page.complaint if person.page else "-"
        return "PASS", _wanted(step), Words(en=complaint, ja=complaint) if complaint else None

    @_do.register
    async def _(self, step: FaultStep) -> Outcome:
        await self._stage.faults.begin(step.fault, step.for_s)
        return "PASS", _wanted(step), None

    @_do.register
    async def _(self, step: MendStep) -> Outcome:
        if await self._stage.faults.mend(step.mend):
            return "PASS", _wanted(step), None
        return "FAIL", _wanted(step), Words(en="no such condition goes on", ja="そのような状態は続いていない")

    @_do.register
    async def _(self, step: ExpectStep) -> Outcome:
        chronicle = self._stage.chronicle
        began_s = chronicle.at_s
        if step.after_s is not None:
            began_s = self._last_s + step.after_s
        while chronicle.at_s < began_s:  # what is expected by then is not to be judged before
            await self._stage.owner.person.look(min(GLANCE_S, began_s - chronicle.at_s))
            await asyncio.sleep(min(LOOK_EVERY_S, max(0.0, began_s - chronicle.at_s)))
        waits = step.after_s is None or "within_s" in step.model_fields_set
        patience = Patience(began_s, step.within_s if waits else 0.0, step.for_s)
        return await self._judge(step, patience)

    async def _judge(self, step: ExpectStep, patience: Patience) -> Outcome:
        while True:
            others = differences(step.expect, await self._stage.sight(step.expect))
            at_s = self._stage.chronicle.at_s
            outcome = patience.judge(at_s, true=not others)
            if outcome == "holds":
                return "PASS", _wanted(step), None
            if outcome == "fails":
                wanted = joined([each.wanted for each in others]) if others else _wanted(step)
                return "FAIL", wanted, _seen(others, patience)
            await asyncio.sleep(LOOK_EVERY_S)


def _seen(others: Sequence[Difference], patience: Patience) -> Words:
    if not others:
        return Words(en="it came true, but too late", ja="そうなったが、間に合わなかった")
    seen = joined([each.seen for each in others])
    if not patience.came_true:
        return seen
    return Words(
        en=f"it was so, but did not stay so: {seen.en}", ja=f"いったんはそうなったが、続かなかった：{seen.ja}"
    )


def _nothing_to_tap(person: Person, error: CannotTapError) -> Words:
    return Words(
        en=f"there is no “{error.label}” on the screen “{error.title}” of the {person.at}",
        ja=f"{'スマートフォン' if person.at == 'phone' else 'AiSEG画面'}の「{error.title}」に「{error.label}」がない",
    )


def _wanted(step: Step) -> Words:
    """Say what a step is."""
    if isinstance(step, ExpectStep):
        return told(step.expect)
    if isinstance(step, PhoneStep):
        return ON_THE_PHONE[step.phone]
    if isinstance(step, PanelStep):
        return AT_THE_PANEL[step.panel]
    if isinstance(step, FaultStep):
        lasts = f" ({step.for_s:g} s)" if step.for_s else ""
        return Words(en=f"goes wrong: {step.fault}{lasts}", ja=f"異常：{step.fault}{lasts}")
    return Words(en=f"mended: {step.mend}", ja=f"復旧：{step.mend}")
