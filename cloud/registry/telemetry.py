"""Telemetry at the registry: samples and status in, timeline out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.sqlite import insert

from cloud.arrivals import Arrival, contiguous, forgotten_up_to
from cloud.instants import from_ms, to_ms
from cloud.registry.accounts import Who
from cloud.registry.desk import Desk
from cloud.store.schema import gateways, links, phones, samples
from cloud.timeline import Powers, buckets, is_online, span
from protocol.cloud_api import Timeline
from protocol.problems import NOT_LINKED, Problem
from protocol.telemetry import Sample, Status

_POWERS: Final = [samples.c[name] for name in Powers._fields]


class Telemetry(Desk):
    """What gateways measured."""

    def accept_samples(self, arrivals: Sequence[Arrival], now: datetime) -> Mapping[tuple[str, int], int]:
        """Store what is new in `arrivals` and return, per gateway and epoch, up to which number all is stored.

        Arrivals of an unknown gateway or an older epoch are not stored and not in the answer (S-TEL-02, S-TEL-03).
        """
        stored: dict[tuple[str, int], int] = {}
        with self.store.writing() as store:
            for arrival in arrivals:
                stored_up_to = _accept(store, arrival, to_ms(now))
                if stored_up_to is not None:
                    stored[arrival.gateway_id, arrival.epoch] = stored_up_to
        return stored

    def accept_status(self, gateway_id: str, epoch: int, status: Status, now: datetime) -> bool:
        """Keep what the gateway, or its last will, says of itself; False when that is not its current epoch."""
        said: dict[str, object] = {"says_online": status.online, "firmware": status.firmware}
        if status.online:
            said["last_seen_at"] = to_ms(now)
        current = (gateways.c.gateway_id == gateway_id) & (gateways.c.epoch == epoch)
        with self.store.writing() as store:
            return store.execute(update(gateways).where(current).values(said)).rowcount == 1

    def timeline(self, who: Who, length: timedelta, bucket: timedelta, now: datetime) -> Timeline:
        """Return the last `length` of the linked gateway in spans of `bucket`, for a registered phone (S-TEL-04).

        Raises:
            Problem: `not_linked`.
        """
        over = span(to_ms(now), length, bucket)
        with self.store.reading() as store:
            gateway = _gateway_of(store, who)
            own = (samples.c.gateway_id == gateway.gateway_id) & (samples.c.epoch == gateway.epoch)
            within = samples.c.measured_at.between(over.start_ms, over.end_ms - 1)
            powers = [Powers(*row) for row in store.execute(select(*_POWERS).where(own, within))]
            newest = store.scalar(
                select(samples.c.document).where(own).order_by(samples.c.seq.desc()).limit(1)
            )
        return Timeline(
            gateway_id=gateway.gateway_id,
            model=gateway.model,
            online=is_online(gateway.says_online, gateway.last_seen_at, to_ms(now)),
            last_seen_at=None if gateway.last_seen_at is None else from_ms(gateway.last_seen_at),
            newest=None if newest is None else Sample.model_validate_json(newest),
            bucket_s=over.bucket_ms // 1000,
            buckets=buckets(powers, over),
        )


def _gateway_of(store: Connection, who: Who) -> Row[Any]:
    gateway = store.execute(
        select(gateways)
        .join_from(gateways, links)
        .join(phones)
        .where(links.c.account_id == who.account_id, phones.c.installation_id == who.installation_id)
    ).one_or_none()
    if gateway is None:
        raise Problem(NOT_LINKED)
    return gateway


def _accept(store: Connection, arrival: Arrival, now_ms: int) -> int | None:
    current = (gateways.c.gateway_id == arrival.gateway_id) & (gateways.c.epoch == arrival.epoch)
    before = store.scalar(select(gateways.c.stored_up_to).where(current))
    if before is None:
        return None
    rows = [_row(arrival, sample) for sample in arrival.samples]
    store.execute(insert(samples).on_conflict_do_nothing(), rows)
    start = max(before, forgotten_up_to(arrival))
    stored_after = (
        select(samples.c.seq)
        .where(
            samples.c.gateway_id == arrival.gateway_id,
            samples.c.epoch == arrival.epoch,
            samples.c.seq > start,
        )
        .order_by(samples.c.seq)
    )
    stored_up_to = contiguous(start, store.scalars(stored_after))
    store.execute(update(gateways).where(current).values(stored_up_to=stored_up_to, last_seen_at=now_ms))
    return stored_up_to


def _row(arrival: Arrival, sample: Sample) -> dict[str, object]:
    powers = sample.model_dump(
        include={"seq", "generation_w", "consumption_w", "grid_import_w", "grid_export_w"}
    )
    return powers | {
        "gateway_id": arrival.gateway_id,
        "epoch": arrival.epoch,
        "measured_at": to_ms(sample.measured_at),
        "document": sample.model_dump_json(),
    }
