"""The timeline in a terminal: a day by ten minutes as a plot, everything else as a table with bars; a gap is hatched.

What colours say, characters say too, so that it reads the same in a file or without colours.
"""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from phone_client.measured import COURSES, Course, Gap, origin_of, runs_of, sold_of, sums_of
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
from protocol.cloud_api import Bucket, Timeline
from protocol.rules import TOKYO
from protocol.telemetry import Sample

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_LINE: Final = "━"
_HATCH: Final = "╱"
_TALL: Final = 8
_LOW: Final = 2
_SCALE_CELLS: Final = 6
_COLUMNS: Final = (144, 72, 48, 36, 24)
"""How many columns a day can be divided into, so that each has the same number of buckets."""
_BUCKETS_A_DAY: Final = 144
_WIDE: Final = 74
"""From here on there is room for what was sold and bought beside the bars."""
_NUMBER_CELLS: Final = 8
_BAR_CELLS: Final = (6, 28)
_KILO: Final = 1000
_STYLES: Final = {"sun": "yellow", "grid": "blue", "sold": "yellow", "battery": "green", "charged": "green"}
_FILLS: Final = {"sun": "█", "battery": "▒", "grid": "░", "sold": "▒"}

Power = float | None
"""Of a column, in kW; None where nothing was measured."""


def draw_timeline(timeline: Timeline, words: Wording, width: int) -> RenderableType:
    """Return what a terminal of `width` columns shows."""
    is_plotted = timeline.by == "ten_minutes"
    parts = _plot(timeline, words, width) if is_plotted else [_legend(words), _table(timeline, words, width)]
    title = Text(f"\n{title_of(timeline, words)}", style="bold")
    return Group(*_head(timeline, words), title, *parts, _sums(timeline, words))


def _head(timeline: Timeline, words: Wording) -> Iterable[Text]:
    state = f"● {words['online']}" if timeline.online else f"○ {words['offline']}"
    seen = timeline.last_seen_at
    heard = words["last_seen"].format(at=moment(seen, words)) if seen else words["never_seen"]
    name = f"AiSEG {timeline.model} ({timeline.gateway_id[-6:]})  "
    yield Text.assemble(name, (state, "green" if timeline.online else ""), f"  {heard}")
    yield from _now(timeline.newest, words) if timeline.newest else [Text(words["nothing_measured"])]


def _now(sample: Sample, words: Wording) -> Iterable[Text]:
    battery = sample.battery
    at = sample.measured_at.astimezone(TOKYO).strftime("%H:%M:%S")
    yield Text(
        f"{words['generation']} {kilo(sample.generation_w, 2)} kW  "
        f"{words['consumption']} {kilo(sample.consumption_w, 2)} kW  ({words['measured_at'].format(at=at)})"
    )
    yield Text(
        f"{words['grid']} {kilo(sample.grid_import_w or sample.grid_export_w, 2)} kW ({grid_state(sample, words)})  "
        f"{words['battery']} {kilo(battery.discharge_w or battery.charge_w, 2)} kW ({battery_state(sample, words)})"
    )


def _sums(timeline: Timeline, words: Wording) -> Text:
    sums = sums_of(timeline.buckets)
    pairs = (("used", "made"), ("bought", "sold"))
    lines = [
        "  ".join(f"{words[each]} {sum_text(getattr(sums, each))} kWh" for each in pair) for pair in pairs
    ]
    if sums.own_share_pct is not None:
        lines.append(words["own_share"].format(pct=sums.own_share_pct))
    return Text("\n" + "\n".join(lines))


def _plot(timeline: Timeline, words: Wording, width: int) -> Iterable[Text]:
    count = next((each for each in _COLUMNS if each <= width - _SCALE_CELLS), _COLUMNS[-1])
    columns = _columns(timeline.buckets, _BUCKETS_A_DAY // count)
    made, used = COURSES["power"]
    gap = f"  {_HATCH} {words['no_data']}" if any(each.is_gap for each in timeline.buckets) else ""
    yield Text(f"█ {words[made.label]}  {_LINE} {words[used.label]}{gap}")
    yield from _rows(
        [_power(made, each) for each in columns], _TALL, "sun", [_power(used, each) for each in columns]
    )
    for course in (*COURSES["grid"], *COURSES["battery"]):
        yield Text(words[course.label])
        yield from _rows([_power(course, each) for each in columns], _LOW, course.kind)
    yield _axis(count, words)


def _columns(buckets: Sequence[Bucket], size: int) -> list[Sequence[Bucket]]:
    return [buckets[start : start + size] for start in range(0, len(buckets), size)]


def _power(course: Course, buckets: Sequence[Bucket]) -> Power:
    known = [watts for each in buckets if (watts := course.mean_w(each)) is not None]
    return sum(known) / len(known) / _KILO if known else None


def _rows(areas: Sequence[Power], height: int, kind: str, line: Sequence[Power] = ()) -> Iterable[Text]:
    """Return rows of characters, the highest first: an area, and a line over it."""
    most = max((each for each in (*areas, *line) if each is not None), default=0.0)
    for row in reversed(range(height)):
        text = Text(f"{most:4.1f} ┤" if row == height - 1 else "     │")
        for column, area in enumerate(areas):
            over = line[column] if line else None
            text.append(*_cell(area, over, row, (height, most or 1.0, kind)))
        yield text


def _cell(area: Power, over: Power, row: int, how: tuple[int, float, str]) -> tuple[str, str]:
    """Return a character and its style: the line's, a part of the area's, or the hatch of a gap."""
    height, top, kind = how
    if area is None:
        return _HATCH, "dim"
    eighths = max(0, min(8, round(area / top * height * 8) - row * 8))
    if over is not None and max(0, ceil(over / top * height) - 1) == row:
        return _LINE, f"bold on {_STYLES[kind]}" if eighths == len(_EIGHTHS) - 1 else "bold"
    return _EIGHTHS[eighths], _STYLES[kind]


def _axis(count: int, words: Wording) -> Text:
    """Return the hours under a day of `count` columns."""
    text = Text(" " * _SCALE_CELLS)
    for hour in (0, 6, 12, 18):
        text.append(words["tick_hour"].format(hour=hour))
        text.pad_right(_SCALE_CELLS + count * (hour + 6) // 24 - text.cell_len)
    return text


def _legend(words: Wording) -> Text:
    kinds = (("sun", "from_sun"), ("battery", "from_battery"), ("grid", "from_grid"))
    used = "  ".join(f"{_FILLS[kind]} {words[label]}" for kind, label in kinds)
    return Text(
        f"{words['used']}: {used}\n{words['made']}: {_FILLS['sun']} {words['kept']}  {_FILLS['sold']} {words['sold']}"
    )


def _table(timeline: Timeline, words: Wording, width: int) -> Table:
    names = [_name(run, timeline, words) for run in _lines(timeline)]
    room = width - max(map(cell_len, names), default=0) - 2 * _NUMBER_CELLS - 4
    is_wide = width >= _WIDE
    least, most = _BAR_CELLS
    cells = max(least, min(most, (room - (2 * _NUMBER_CELLS + 2 if is_wide else 0)) // 2))
    peak = max(
        (max(each.consumption_wh or 0, each.generation_wh or 0) for each in timeline.buckets), default=0
    )
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("kWh", no_wrap=True)
    for heading in ("head_used", "head_made"):
        table.add_column(words[heading], justify="right", no_wrap=True, min_width=_NUMBER_CELLS)
        table.add_column("", no_wrap=True, min_width=cells)
    for heading in ("head_sold", "head_grid") if is_wide else ():
        table.add_column(words[heading], justify="right", no_wrap=True, min_width=_NUMBER_CELLS)
    for name, run in zip(names, _lines(timeline), strict=True):
        if isinstance(run, Gap):
            table.add_row(name, "", f"{_HATCH * 3} {words['no_data']}", style="dim")
        else:
            table.add_row(name, *list(_numbers(run, cells / (peak or 1)))[: len(table.columns) - 1])
    return table


def _lines(timeline: Timeline) -> Iterable[Gap | Bucket]:
    """Return gaps, one each however long, and buckets."""
    for run in runs_of(timeline.buckets):
        yield from [run] if isinstance(run, Gap) else run


def _name(line: Gap | Bucket, timeline: Timeline, words: Wording) -> str:
    if isinstance(line, Gap):
        return span_text(line, timeline, words)
    return bucket_name(line, timeline, words)


def _numbers(bucket: Bucket, cells_per_wh: float) -> Iterable[str | Text]:
    sold = sold_of(bucket)
    used = list(zip(("sun", "battery", "grid"), origin_of(bucket), strict=True))
    made = [("sun", (bucket.generation_wh or 0) - sold), ("sold", sold)]
    yield kilo(bucket.consumption_wh)
    yield _bar(used, cells_per_wh)
    yield kilo(bucket.generation_wh)
    yield _bar(made, cells_per_wh)
    yield kilo(bucket.grid_export_wh)
    yield kilo(bucket.grid_import_wh)


def _bar(parts: Iterable[tuple[str, int]], cells_per_wh: float) -> Text:
    """Return a bar of parts; each ends at the cell where the sum so far is."""
    text, sum_wh = Text(), 0
    for kind, energy_wh in parts:
        sum_wh += energy_wh
        text.append(_FILLS[kind] * (round(sum_wh * cells_per_wh) - text.cell_len), _STYLES[kind])
    return text
