"""The timeline as SVG: a lane for each who takes part, faults as bands, messages as arrows, events as numbered marks."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from lab.report.facts import Facts, Fault
from lab.report.sheet import Sheet, Spot, clock, count, rows, text, text_width
from lab.report.words import ACTORS, LANES, MARKS, WORDS
from lab.story.run import Actor, Event
from phone_client.drawing import number, tag

_ROW: Final = 21.0
_LANE: Final = 48.0
_AXIS: Final = 26.0
_MARK: Final = 8.0
_CHIP: Final = 27.0
_LEAN: Final = 6.0
"""How far a message's arrow leans: it takes time."""
_HEAD: Final = 4.0
_ROUTINE_APART: Final = 15.0
_HALF_A_TICK: Final = 16.0
_ROUTINE: Final = frozenset({"samples"})
"""Kinds of event that come all the time: a dot and a thin arrow each, without a number."""


class Mark(NamedTuple):
    """Events of one actor that are too near to each other to be drawn apart: a mark with the first one's number."""

    actor: Actor
    x: float
    events: tuple[tuple[int, Event], ...]

    @property
    def label(self) -> str:
        """Return the number of the first event, and how many more there are."""
        more = len(self.events) - 1
        return f"{self.events[0][0]}+{more}" if more else str(self.events[0][0])

    @property
    def half(self) -> float:
        """Return half of its width."""
        return max(_MARK, text_width(self.label) / 2 + 2.5)


class Timeline:
    """One picture of a run, in one language and one width."""

    def __init__(self, facts: Facts, sheet: Sheet, language: str) -> None:
        self._facts = facts
        self._sheet = sheet
        self._language = language
        self._events = numbered(facts)
        there = {each.actor for _, each in self._events} | {each.to for _, each in self._events}
        self._lanes = [each for each in LANES if each in there]
        self._steps = rows(self._chip(each.began_s, each.ended_s) for each in facts.run.steps)
        self._labels = rows(self._label(each) for each in facts.faults)
        self._fault_top = count(self._steps) * _ROW + 4
        self._top = self._fault_top + count(self._labels) * _ROW + 4
        self._floor = self._top + _LANE * len(self._lanes)

    def draw(self) -> str:
        """Return it as SVG."""
        name, say = f"{self._sheet.name}-title", WORDS["timeline"].say(self._language)
        return tag(
            "svg",
            tag("title", escape(f"{say}: {WORDS['timeline_said'].say(self._language)}"), id=name),
            self._hatch(),
            *self._axis(),
            *(self._band(each, spot) for each, spot in zip(self._facts.faults, self._labels, strict=True)),
            *map(self._lane, self._lanes),
            *self._searches(),
            *self._step_chips(),
            *self._messages(),
            *map(self._dot, (each for each in self._events if each[1].kind in _ROUTINE)),
            *map(self._mark, self._marks()),
            viewBox=f"0 0 {number(self._sheet.width)} {number(self._floor + _AXIS)}",
            role="img",
            aria_labelledby=name,
            class_="timeline",
            xmlns="http://www.w3.org/2000/svg",
        )

    def _hatch(self) -> str:
        stripe = tag("path", d="M-1 9L9 -1", class_="hatch")
        return tag(
            "defs",
            tag(
                "pattern",
                stripe,
                id=f"{self._sheet.name}-hatch",
                width=8,
                height=8,
                patternUnits="userSpaceOnUse",
            ),
        )

    def _chip(self, began_s: float, ended_s: float) -> tuple[float, float]:
        left = min(self._sheet.x(began_s), self._sheet.right - _CHIP)
        return left, max(left + _CHIP, self._sheet.x(ended_s))

    def _label(self, fault: Fault) -> tuple[float, float]:
        wide = text_width(fault.name) + 10
        left = max(0.0, min(self._sheet.x(fault.began_s), self._sheet.right - wide))
        return left, max(left + wide, self._sheet.x(fault.ended_s))

    def _y(self, actor: Actor) -> float:
        return self._top + _LANE * (self._lanes.index(actor) + 0.5) + (0 if self._sheet.is_wide else 6)

    def _axis(self) -> Iterator[str]:
        for at_s in self._sheet.ticks():
            x = self._sheet.x(at_s)
            yield tag("line", x1=x, x2=x, y1=self._top, y2=self._floor, class_="rule")
            anchor = (
                "end" if x > self._sheet.right - _HALF_A_TICK else "start" if x < _HALF_A_TICK else "middle"
            )
            yield text(x, self._floor + 17, f"{at_s:g} s", "tick", anchor)

    def _lane(self, actor: Actor) -> str:
        y, said = self._y(actor), ACTORS[actor].say(self._language)
        line = tag(
            "line", x1=self._sheet.left, x2=self._sheet.right, y1=number(y), y2=number(y), class_="lane"
        )
        place = (0.0, y + 4) if self._sheet.is_wide else (self._sheet.left, y - 16)
        return line + text(*place, said, "who")

    def _band(self, fault: Fault, spot: Spot) -> str:
        left, right = (
            self._sheet.x(fault.began_s),
            max(self._sheet.x(fault.ended_s), self._sheet.x(fault.began_s) + 2),
        )
        y = self._fault_top + _ROW * spot.row
        size = {"x": left, "y": y + 9, "width": right - left, "height": self._floor - y - 9}
        wash = tag("rect", **size, class_="wash")
        lines = tag("rect", **size, fill=f"url(#{self._sheet.name}-hatch)")
        flag = tag("rect", x=spot.left, y=y, width=spot.right - spot.left, height=18, rx=3, class_="flag")
        said = tag("title", escape(f"{fault.typed}, {clock(fault.began_s)} – {clock(fault.ended_s)}"))
        return tag("g", said, wash, lines, flag, text(spot.left + 5, y + 13, fault.name, "fault"))

    def _step_chips(self) -> Iterator[str]:
        if self._sheet.is_wide and self._steps:
            yield text(0, 14, WORDS["steps"].say(self._language), "who")
        for each, spot in zip(self._facts.run.steps, self._steps, strict=True):
            y = spot.row * _ROW
            box = tag("rect", x=spot.left, y=y, width=spot.right - spot.left, height=18, rx=4)
            said = f"{each.step}{MARKS[each.verdict]}"
            hover = tag("title", escape(f"{clock(each.began_s)}: {getattr(each.wanted, self._language)}"))
            label = text((spot.left + spot.right) / 2, y + 13, said, "chip", "middle")
            yield tag("g", hover, box, label, class_=f"step is-{each.verdict.lower()}")

    def _searches(self) -> Iterator[str]:
        if "phone" not in self._lanes:
            return
        y = self._y("phone") - 5
        for each in self._facts.searches:
            left, right = self._sheet.x(each.search.began_s), self._sheet.x(each.search.ended_s)
            said = tag("title", escape(WORDS["searching"].say(self._language)))
            yield tag(
                "rect", said, x=left, y=y, width=max(2.0, right - left), height=10, rx=5, class_="search"
            )

    def _marks(self) -> list[Mark]:
        """Return the marks, those that would cover each other as one."""
        marks: list[Mark] = []
        single = [each for each in self._events if each[1].kind not in _ROUTINE]
        for actor, events in groupby(sorted(single, key=_by_actor), _by_actor):
            for each in events:
                mark = Mark(actor, self._sheet.x(each[1].at_s), (each,))
                last = marks[-1] if marks and marks[-1].actor == actor else None
                if last and mark.x - mark.half < last.x + last.half + 2:
                    marks[-1] = last._replace(events=(*last.events, each))
                else:
                    marks.append(mark)
        return marks

    def _mark(self, mark: Mark) -> str:
        y = self._y(mark.actor)
        x = max(mark.half + 1, min(mark.x, self._sheet.width - mark.half - 1))
        said = "\n".join(self._told(*each) for each in mark.events)
        box = tag("rect", x=x - mark.half, y=y - _MARK, width=2 * mark.half, height=2 * _MARK, rx=_MARK)
        return tag(
            "g",
            tag("title", escape(said)),
            box,
            text(x, y + 3.5, mark.label, "count", "middle"),
            class_="mark",
        )

    def _dot(self, event: tuple[int, Event]) -> str:
        said = tag("title", escape(self._told(*event)))
        return tag(
            "circle", said, cx=self._sheet.x(event[1].at_s), cy=self._y(event[1].actor), r=2.5, class_="dot"
        )

    def _told(self, place: int, event: Event) -> str:
        return f"{place}. {clock(event.at_s)}: {getattr(event.words, self._language)}"

    def _messages(self) -> Iterator[str]:
        """Yield an arrow for each message, those that would lie on each other once."""
        drawn: set[tuple[Actor, Actor, int]] = set()
        for _, each in self._events:
            if each.to is None or each.to == each.actor:
                continue
            apart = _ROUTINE_APART if each.kind in _ROUTINE else _LEAN
            key = each.actor, each.to, round(self._sheet.x(each.at_s) / apart)
            if key not in drawn:
                drawn.add(key)
                yield self._arrow(each, each.to)

    def _arrow(self, event: Event, to: Actor) -> str:
        x, start, end = self._sheet.x(event.at_s), self._y(event.actor), self._y(to)
        down = 1 if end > start else -1
        tip, lean = end - down * _MARK, min(_LEAN, self._sheet.right - x)
        line = f"M{number(x)} {number(start)}L{number(x + lean)} {number(tip)}"
        head = f"M{number(x + lean - _HEAD)} {number(tip - down * 7)}L{number(x + lean)} {number(tip)}"
        kind = "message routine" if event.kind in _ROUTINE else "message"
        return tag("path", d=f"{line}{head}L{number(x + lean + _HEAD)} {number(tip - down * 7)}", class_=kind)


def numbered(facts: Facts) -> Sequence[tuple[int, Event]]:
    """Return the events in the order of time, each with its number."""
    return list(enumerate(sorted(facts.run.events, key=attrgetter("at_s")), 1))


def _by_actor(event: tuple[int, Event]) -> Actor:
    return event[1].actor
