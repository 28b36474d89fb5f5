"""Timelines a test chooses: buckets by what they hold, None for a gap."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from protocol.cloud_api import Bucket, By, CircuitEnergy, Timeline
from protocol.telemetry import Battery, Sample

MIDNIGHT = datetime(2026, 11, 21, 15, tzinfo=timezone.utc)  # noqa: UP017 - 2026-11-22 00:00 in Japan
LENGTHS: dict[By, timedelta] = {
    "ten_minutes": timedelta(minutes=10),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
SAMPLE = Sample(
    seq=7,
    measured_at=MIDNIGHT + timedelta(hours=14),
    generation_w=2310,
    consumption_w=640,
    grid_import_w=0,
    grid_export_w=1320,
    battery=Battery(charge_w=350, discharge_w=0, state_of_charge_pct=71.5),
    generation_wh=8123,
    consumption_wh=5210,
    grid_import_wh=1400,
    grid_export_wh=3950,
    circuits=(),
)

Flow = tuple[int, int, int, int]
"""Generation, consumption, grid import and grid export, Wh."""


def bucket(start_at: datetime, length: timedelta, flow: Flow | None, measured_s: int | None = None) -> Bucket:
    """Return a bucket; its battery balances the rest, its two circuits share what was used."""
    made, used, bought, sold = flow or (None,) * 4
    return Bucket(
        start_at=start_at,
        end_at=start_at + length,
        measured_s=0 if flow is None else int(length.total_seconds()) if measured_s is None else measured_s,
        generation_wh=made,
        consumption_wh=used,
        grid_import_wh=bought,
        grid_export_wh=sold,
        battery_wh=None if flow is None else flow[1] + flow[3] - flow[0] - flow[2],
        circuits=()
        if flow is None
        else (
            CircuitEnergy(circuit=1, name="リビング", energy_wh=flow[1] - flow[1] // 4),
            CircuitEnergy(circuit=2, name="<b>台所</b>", energy_wh=flow[1] // 4),
        ),
    )


def timeline(
    by: By, flows: Sequence[Flow | None], *, online: bool = True, newest: Sample | None = SAMPLE
) -> Timeline:
    """Return a timeline that begins with `flows`: of 22 November, of November or of 2026."""
    start_at, end_at = {
        "ten_minutes": (MIDNIGHT, MIDNIGHT + timedelta(days=1)),
        "hour": (MIDNIGHT, MIDNIGHT + timedelta(days=1)),
        "day": (MIDNIGHT - timedelta(days=21), MIDNIGHT + timedelta(days=9)),
        "month": (MIDNIGHT - timedelta(days=325), MIDNIGHT + timedelta(days=40)),
    }[by]
    starts = [start_at]
    for _ in flows:
        starts.append(_next(starts[-1], by))
    return Timeline(
        gateway_id="0123456789ab",
        model="MKN702",
        online=online,
        last_seen_at=SAMPLE.measured_at if newest else None,
        newest=newest,
        by=by,
        start_at=start_at,
        end_at=end_at,
        buckets=tuple(
            bucket(start, end - start, flow)
            for start, end, flow in zip(starts, starts[1:], flows, strict=False)
        ),
    )


def _next(at: datetime, by: By) -> datetime:
    if by != "month":
        return at + LENGTHS[by]
    in_japan = at + timedelta(hours=9)
    first = in_japan.replace(year=in_japan.year + in_japan.month // 12, month=in_japan.month % 12 + 1)
    return first - timedelta(hours=9)
