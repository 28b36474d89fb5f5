"""What the timeline's page shows: the card of now, the ways to other timelines, sums, plots with their tables, circuits, events.

`timeline_context` returns all that `timeline_plot.html` needs besides `words`.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Final, NamedTuple

from phone_client.drawing import patterns, share_bar, swatch
from phone_client.measured import (
    COURSES,
    Course,
    Gap,
    circuits_of,
    day_after,
    day_before,
    day_of,
    gaps_of,
    origin_of,
    runs_of,
    sold_of,
    sums_of,
)
from phone_client.plot import Marked, Plots, marked
from phone_client.spoken import (
    battery_state,
    bucket_name,
    grid_state,
    kilo,
    moment,
    span_text,
    sum_text,
    title_of,
)
from phone_client.wording import Wording
from protocol.cloud_api import Bucket, By, Event, Timeline
from protocol.rules import TOKYO
from protocol.telemetry import Sample

PATH: Final = "/timeline"
_TABS: Final[tuple[tuple[By, str], ...]] = (
    ("ten_minutes", "tab_today"),
    ("hour", "tab_hours"),
    ("day", "tab_days"),
    ("month", "tab_months"),
)
_UNITS: Final = {"ten_minutes": "day", "hour": "day", "day": "month", "month": "year"}
_ROWS: Final = {"ten_minutes": "row_time", "hour": "row_time", "day": "row_date", "month": "row_month"}
_USED: Final = (("sun", "from_sun"), ("battery", "from_battery"), ("grid", "from_grid"))
_MADE: Final = (("sun", "kept"), ("sold", "sold"))


class Way(NamedTuple):
    """A link to a timeline."""

    href: str
    label: str
    is_here: bool = False


class Tile(NamedTuple):
    """One power of now (kW): its kind, its name, and what else there is to say."""

    kind: str
    label: str
    value: str
    note: str = ""
    bar: str = ""


class Card(NamedTuple):
    """Now, or when the gateway was last heard of."""

    is_online: bool
    state: str
    heard: str
    tiles: tuple[Tile, ...]


class Part(NamedTuple):
    """A kind of energy: how it looks, and what it came to (kWh) where that is said."""

    swatch: str
    label: str
    value: str = ""


class Legend(NamedTuple):
    """The kinds that are drawn on one side of zero."""

    head: str
    parts: tuple[Part, ...]


class Row(NamedTuple):
    """A row of a table: its name, and cells, or none for a gap."""

    name: str
    cells: tuple[str, ...]


class Figure(NamedTuple):
    """A plot with its legend, and the same as a table."""

    name: str
    title: str
    svg: str
    legends: tuple[Legend, ...]
    unit: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]


class Line(NamedTuple):
    """What one circuit used (kWh), and its share as a bar."""

    name: str
    value: str
    pct: int
    bar: str


class Happening(NamedTuple):
    """What a mark on the time axis stands for."""

    number: int
    events: tuple[tuple[str, str], ...]


def timeline_context(
    timeline: Timeline, events: Iterable[Event], words: Wording, now: datetime
) -> dict[str, object]:
    """Return what the page shows, by the names that the template has for it; of `events`, those of this gateway and time."""
    plots = Plots(timeline, words, now, marked(timeline, events))
    kept = None if timeline.start_at <= now < timeline.end_at else day_of(timeline)
    return {
        "patterns": patterns(),
        "card": _card(timeline, words),
        "tabs": _tabs(timeline, words, kept),
        "title": title_of(timeline, words),
        "today": Way(_href(timeline.by, None), words["to_today"]) if kept else None,
        "earlier": _way(timeline, day_before(timeline), "earlier", words),
        "later": _way(timeline, day_after(timeline, now), "later", words),
        **_sums(timeline, words),
        "figures": _figures(plots) if timeline.by == "ten_minutes" else (_energy_figure(plots),),
        "circuits": _circuits(timeline),
        "happened": [_happening(each, words) for each in plots.marks],
    }


def _sums(timeline: Timeline, words: Wording) -> dict[str, object]:
    """Return `sums` (kWh) of used, made, bought and sold, not known where all is a gap, and what was used by origin."""
    sums, names = sums_of(timeline.buckets), ("used", "made", "bought", "sold")
    known = any(not each.is_gap for each in timeline.buckets)
    origins = zip(_USED, sums.origin, strict=True)
    return {
        "sums": [(words[each], sum_text(getattr(sums, each)) if known else kilo(None)) for each in names],
        "parts": [Part(swatch(kind), words[label], sum_text(value)) for (kind, label), value in origins],
        "parts_bar": share_bar(list(zip(sums.origin._fields, sums.origin, strict=True))),
        "own_share": sums.own_share_pct,
    }


def _card(timeline: Timeline, words: Wording) -> Card:
    seen, newest = timeline.last_seen_at, timeline.newest
    if seen is None:
        heard = words["never_seen"]
    elif timeline.online and newest:
        heard = words["measured_at"].format(at=newest.measured_at.astimezone(TOKYO).strftime("%H:%M:%S"))
    else:
        heard = words["last_seen"].format(at=moment(seen, words))
    state = words["online" if timeline.online else "offline"]
    return Card(timeline.online, state, heard, _tiles(newest, words) if newest else ())


def _tiles(sample: Sample, words: Wording) -> tuple[Tile, ...]:
    battery, left_pct = sample.battery, round(sample.battery.state_of_charge_pct)
    return (
        Tile("sun", words["generation"], kilo(sample.generation_w, 2)),
        Tile("house", words["consumption"], kilo(sample.consumption_w, 2)),
        Tile(
            "grid",
            words["grid"],
            kilo(sample.grid_import_w or sample.grid_export_w, 2),
            grid_state(sample, words),
        ),
        Tile(
            "battery",
            words["battery"],
            kilo(battery.discharge_w or battery.charge_w, 2),
            battery_state(sample, words),
            share_bar([("battery", left_pct), ("rest", 100 - left_pct)]),
        ),
    )


def _tabs(timeline: Timeline, words: Wording, kept: date | None) -> tuple[Way, ...]:
    """Return the ways to `kept` (None: today) seen otherwise."""
    first = "tab_today" if kept is None else "tab_this_day"
    return tuple(
        Way(_href(by, kept), words[first if by == "ten_minutes" else label], timeline.by == by)
        for by, label in _TABS
    )


def _way(timeline: Timeline, day: date | None, where: str, words: Wording) -> Way | None:
    """Return the way to the day, month or year before or after; None when that has not begun."""
    return Way(_href(timeline.by, day), words[f"{where}_{_UNITS[timeline.by]}"]) if day else None


def _href(by: By, on: date | None) -> str:
    return f"{PATH}?by={by}" + (f"&on={on}" if on else "")


def _figures(plots: Plots) -> tuple[Figure, ...]:
    drawn = {"power": plots.power(), "grid": plots.two_sided("grid"), "battery": plots.two_sided("battery")}
    return tuple(_course_figure(plots, name, drawn[name], courses) for name, courses in COURSES.items())


def _course_figure(plots: Plots, name: str, svg: str, courses: tuple[Course, Course]) -> Figure:
    words = plots.words
    kinds = [(each.kind, words[each.label]) for each in courses]
    sides = [("", kinds)] if name == "power" else [("▲", kinds[:1]), ("▼", kinds[1:])]
    head = (words["row_time"], *(label for _, label in kinds))
    rows = _rows(plots, lambda bucket: [kilo(each.mean_w(bucket), 2) for each in courses])
    return Figure(name, words[f"plot_{name}"], svg, _legends(plots, sides), "kW", head, rows)


def _energy_figure(plots: Plots) -> Figure:
    words = plots.words
    sides = [
        (f"▲ {words['used']}", [(kind, words[label]) for kind, label in _USED]),
        (f"▼ {words['made']}", [(kind, words[label]) for kind, label in _MADE]),
    ]

    def energies(bucket: Bucket) -> list[str]:
        values = (bucket.consumption_wh, *origin_of(bucket), bucket.generation_wh, sold_of(bucket))
        return [kilo(each, 2) for each in values]

    columns = ("used", "sun", "battery", "grid", "made", "sold")
    head = (words[_ROWS[plots.timeline.by]], *(words[f"head_{each}"] for each in columns))
    legends = _legends(plots, sides)
    return Figure(
        "energy", words["plot_energy"], plots.energy(), legends, "kWh", head, _rows(plots, energies)
    )


def _legends(plots: Plots, sides: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> tuple[Legend, ...]:
    """Return what is drawn on each side of zero, and what a hatched band is where there is one."""
    told = [Legend(head, tuple(Part(swatch(kind), label) for kind, label in kinds)) for head, kinds in sides]
    if gaps_of(plots.timeline.buckets):
        told.append(Legend("", (Part(swatch("gap"), plots.words["no_data"]),)))
    return tuple(told)


def _rows(plots: Plots, cells: Callable[[Bucket], Iterable[str]]) -> tuple[Row, ...]:
    """Return the rows of a table; a gap is one, however long."""
    rows: list[Row] = []
    for run in runs_of(plots.timeline.buckets):
        if isinstance(run, Gap):
            rows.append(Row(span_text(run, plots.timeline, plots.words), ()))
        else:
            rows += [Row(bucket_name(each, plots.timeline, plots.words), tuple(cells(each))) for each in run]
    return tuple(rows)


def _circuits(timeline: Timeline) -> tuple[Line, ...]:
    circuits = circuits_of(timeline.buckets)
    whole = sum(each.energy_wh for each in circuits) or 1
    most = max((each.energy_wh for each in circuits), default=0) or 1
    return tuple(
        Line(
            each.name,
            kilo(each.energy_wh, 2),
            round(100 * each.energy_wh / whole),
            share_bar([("house", each.energy_wh), ("rest", most - each.energy_wh)]),
        )
        for each in circuits
    )


def _happening(marked_events: Marked, words: Wording) -> Happening:
    told = [(moment(each.at, words), words[f"event_{each.kind}"]) for each in marked_events.events]
    return Happening(marked_events.mark.number, tuple(told))
