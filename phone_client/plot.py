"""A timeline as pictures: Timeline in, SVG text out. Shapes and patterns say what colours say, and words say it too.

A day by ten minutes is drawn as mean powers, everything else as bars of energy. A gap is a hatched band.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, Literal, NamedTuple

from phone_client.drawing import WIDTH, Frame, Level, Mark, Tick, scale_of
from phone_client.measured import COURSES, Course, gaps_of, origin_of, sold_of, sums_of
from phone_client.spoken import CLOCKED, clock, month_name, span_text, sum_text
from phone_client.wording import Wording
from protocol.cloud_api import Bucket, Event, Timeline
from protocol.rules import TOKYO

_TALL: Final = 150.0
_LOW: Final = 106.0
_BARS: Final = 190.0
_MARK_WIDTH: Final = 18.0
_DAY_TICKS: Final = (1, 5, 10, 15, 20, 25, 30)
_KILO: Final = 1000

Run = Sequence[Level]
"""A power in kW, unbroken."""


class Marked(NamedTuple):
    """A mark on the time axis, and the events it stands for; those too close to be told apart share one."""

    mark: Mark
    events: tuple[Event, ...]


def marked(timeline: Timeline, events: Iterable[Event]) -> list[Marked]:
    """Return the marks of the events of this gateway that happened in the timeline, the earliest first."""
    width = (timeline.end_at - timeline.start_at) * (_MARK_WIDTH / WIDTH)
    groups: list[list[Event]] = []
    for each in sorted(events, key=lambda event: event.at):
        if each.gateway_id != timeline.gateway_id or not timeline.start_at <= each.at < timeline.end_at:
            continue
        if groups and each.at - groups[-1][0].at < width:
            groups[-1].append(each)
        else:
            groups.append([each])
    return [Marked(Mark(group[0].at, n), tuple(group)) for n, group in enumerate(groups, start=1)]


@dataclass(frozen=True)
class Plots:
    """The plots of one timeline, in the words of one language."""

    timeline: Timeline
    words: Wording
    now: datetime
    marks: Sequence[Marked] = ()

    def power(self) -> str:
        """Return generation as an area and consumption as a line, in kW over a day."""
        made, used = (self._runs(each) for each in COURSES["power"])
        frame = self._frame("power", (_most([*made, *used]), 0), _TALL, has_marks=bool(self.marks))
        drawn = [frame.area(run, "sun") for run in made] + [frame.line(run, "used") for run in used]
        return self._picture(frame, self._peaks("power"), drawn)

    def two_sided(self, name: Literal["grid", "battery"]) -> str:
        """Return what came into the house above zero and what went out below it, in kW over a day."""
        (above, below), (up, down) = COURSES[name], (self._runs(each) for each in COURSES[name])
        frame = self._frame(name, (_most(up), _most(down)), _LOW)
        drawn = [frame.area(run, above.kind) for run in up]
        drawn += [frame.area([each.mirrored() for each in run], below.kind) for run in down]
        return self._picture(frame, self._peaks(name), drawn)

    def energy(self) -> str:
        """Return bars in kWh: what was used, by origin, above zero; what was made, and sold of it, below."""
        measured = [each for each in self.timeline.buckets if not each.is_gap]
        above = max((each.consumption_wh or 0 for each in measured), default=0)
        below = max((each.generation_wh or 0 for each in measured), default=0)
        frame = self._frame("energy", (above / _KILO, below / _KILO), _BARS, has_marks=bool(self.marks))
        sums = sums_of(self.timeline.buckets)
        said = [
            f"{self.words['used']}: {sum_text(sums.used)} kWh",
            f"{self.words['made']}: {sum_text(sums.made)} kWh",
        ]
        return self._picture(frame, said, [bar for each in measured for bar in _bars(frame, each)])

    def _frame(
        self, name: str, most: tuple[float, float], height: float, *, has_marks: bool = False
    ) -> Frame:
        timeline, scale = self.timeline, scale_of(*most, height)
        return Frame(name, timeline.start_at, timeline.end_at, scale, height, has_marks=has_marks)

    def _picture(self, frame: Frame, said: Sequence[str], drawn: Sequence[str]) -> str:
        unit = "kW" if self.timeline.by == "ten_minutes" else "kWh"
        gaps = gaps_of(self.timeline.buckets)
        parts = [frame.band(*gap, self.words["no_data"]) for gap in gaps]
        parts += [frame.axes(unit, self._ticks()), *drawn]
        if self.timeline.by in CLOCKED and self.timeline.start_at <= self.now < self.timeline.end_at:
            parts.append(frame.pointer(self.now, self.words["now"]))
        if frame.has_marks:
            parts += [frame.mark(each.mark) for each in self.marks]
        spans = ", ".join(span_text(gap, self.timeline, self.words) for gap in gaps)
        sentences = [*said, f"{self.words['no_data']}: {spans}"] if gaps else said
        return frame.picture(self.words[f"plot_{frame.name}"], self.words["joint"].join(sentences), parts)

    def _runs(self, course: Course) -> list[Run]:
        """Return the unbroken runs of a power; what is under way ends now."""
        runs: list[Run] = []
        known = [(each, course.mean_w(each)) for each in self.timeline.buckets]
        for is_known, run in groupby(known, key=lambda pair: pair[1] is not None):
            if is_known:
                runs.append([self._level(bucket, watts or 0.0) for bucket, watts in run])
        return runs

    def _level(self, bucket: Bucket, watts: float) -> Level:
        end_at = min(bucket.end_at, max(self.now, bucket.start_at))
        return Level(bucket.start_at, end_at, watts / _KILO)

    def _peaks(self, name: str) -> list[str]:
        return [self._peak(self.words[each.label], self._runs(each)) for each in COURSES[name]]

    def _peak(self, label: str, runs: Sequence[Run]) -> str:
        if _most(runs) == 0:
            return self.words["peak_none"].format(what=label)
        peak = max((each for run in runs for each in run), key=lambda each: each.value)
        return self.words["peak"].format(what=label, power=f"{peak.value:.2f}", at=clock(peak.start_at))

    def _ticks(self) -> list[Tick]:
        timeline, words = self.timeline, self.words
        if timeline.by in CLOCKED:
            hours = [(timeline.start_at + timedelta(hours=hour), hour) for hour in (0, 6, 12, 18, 24)]
            return [Tick(at, words["tick_hour"].format(hour=hour)) for at, hour in hours]
        start, days = timeline.start_at.astimezone(TOKYO), (timeline.end_at - timeline.start_at).days
        if timeline.by == "day":
            noons = [(start + timedelta(days=day, hours=-12), day) for day in _DAY_TICKS if day <= days]
            return [Tick(at, words["tick_day"].format(day=day)) for at, day in noons]
        months = [(start.replace(month=month, day=15), month_name(month, words)) for month in range(1, 12, 2)]
        return [Tick(at, name) for at, name in months]


def _most(runs: Iterable[Run]) -> float:
    return max((each.value for run in runs for each in run), default=0.0)


def _bars(frame: Frame, bucket: Bucket) -> Iterable[str]:
    sold = sold_of(bucket)
    kept = (bucket.generation_wh or 0) - sold
    used = zip(origin_of(bucket), ("sun", "battery", "grid"), (1, 1, 1), strict=True)
    for pile in (used, ((kept, "sun", -1), (sold, "sold", -1))):
        base = 0.0
        for energy_wh, kind, sign in pile:
            level = Level(bucket.start_at, bucket.end_at, sign * energy_wh / _KILO)
            if energy_wh:
                yield frame.bar(level, base, kind)
            base += level.value
