"""Instants, spans and energies as the app says them, in its pages and in a terminal; the day is Japan's."""

from datetime import date, datetime, timedelta
from typing import Final

from phone_client.measured import Gap
from phone_client.wording import Wording
from protocol.cloud_api import Bucket, Timeline
from protocol.rules import TOKYO
from protocol.telemetry import Sample

CLOCKED: Final = ("ten_minutes", "hour")
"""How a timeline of one day is divided; its buckets have times, others have dates."""
_KILO: Final = 1000
_MOMENT: Final = timedelta(seconds=1)


def kilo(value: float | None, digits: int = 1) -> str:
    """Return W or Wh as kW or kWh; a dash for what is not known."""
    return "–" if value is None else f"{value / _KILO:,.{digits}f}"


def sum_text(energy_wh: int) -> str:
    """Return a sum as kWh, finer below one so that a first hour is not nothing."""
    return kilo(energy_wh, 2 if energy_wh < _KILO else 1)


def clock(at: datetime) -> str:
    """Return an instant as a clock shows it."""
    return at.astimezone(TOKYO).strftime("%H:%M")


def moment(at: datetime, words: Wording) -> str:
    """Return an instant with its day."""
    day = at.astimezone(TOKYO)
    return words["moment"].format(day=day.day, month=month_name(day.month, words), clock=clock(at))


def month_name(month: int, words: Wording) -> str:
    """Return a month's short name."""
    return words["months_short"].split()[month - 1]


def grid_state(sample: Sample, words: Wording) -> str:
    """Return which way energy flows between the house and the grid."""
    return words["grid_in" if sample.grid_import_w else "grid_out" if sample.grid_export_w else "grid_idle"]


def battery_state(sample: Sample, words: Wording) -> str:
    """Return what the storage battery does, and how full it is."""
    battery = sample.battery
    doing = "discharging" if battery.discharge_w else "charging" if battery.charge_w else "idle"
    return words[f"battery_{doing}"].format(pct=round(battery.state_of_charge_pct))


def bucket_name(bucket: Bucket, timeline: Timeline, words: Wording) -> str:
    """Return what a row of a table about this bucket is called."""
    if timeline.by in CLOCKED:
        return clock(bucket.start_at)
    return _day_or_month(bucket.start_at, timeline, words)


def span_text(gap: Gap, timeline: Timeline, words: Wording) -> str:
    """Return when a gap began and ended, as the timeline's buckets are called."""
    if timeline.by in CLOCKED:
        end = "24:00" if gap.end_at == timeline.end_at else clock(gap.end_at)
        return words["span"].format(start=clock(gap.start_at), end=end)
    start = _day_or_month(gap.start_at, timeline, words)
    end = _day_or_month(gap.end_at - _MOMENT, timeline, words)
    return start if start == end else words["span"].format(start=start, end=end)


def title_of(timeline: Timeline, words: Wording) -> str:
    """Return which day, month or year in Japan the timeline is about."""
    day = timeline.start_at.astimezone(TOKYO).date()
    form = {"day": "title_month", "month": "title_year"}.get(timeline.by, "title_day")
    return words[form].format(
        year=day.year, month=words["months"].split()[day.month - 1], day=day.day, weekday=_weekday(day, words)
    )


def _day_or_month(at: datetime, timeline: Timeline, words: Wording) -> str:
    day = at.astimezone(TOKYO).date()
    if timeline.by == "month":
        return month_name(day.month, words)
    return words["row_day"].format(day=day.day, weekday=_weekday(day, words))


def _weekday(day: date, words: Wording) -> str:
    return words["weekdays"].split()[day.weekday()]
