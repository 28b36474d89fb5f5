"""Telemetry at the registry: samples and status in, timeline out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, column, select, update, values
from sqlalchemy.dialects import postgresql, sqlite

from cloud.arrivals import Arrival, contiguous, forgotten_up_to
from cloud.instants import from_ms, to_ms
from cloud.registry.desk import Desk
from cloud.registry.events import note_event
from cloud.registry.sessions import Who
from cloud.store.schema import gateways, links, phones, samples
from cloud.timeline import Edge, buckets, edges, is_online
from protocol.cloud_api import By, Timeline
from protocol.problems import NOT_LINKED, Problem
from protocol.rules import TOKYO
from protocol.telemetry import Sample, Status


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
        """Keep what the gateway, or its last will, says of itself; False when that is not its current epoch.

        Another firmware than before is told to every linked account. A last will is as old as its connection: it says
        nothing new of the firmware.
        """
        current = (gateways.c.gateway_id == gateway_id) & (gateways.c.epoch == epoch)
        with self.store.writing() as store:
            before = store.scalar(select(gateways.c.firmware).where(current))
            if before is None:
                return False
            said: dict[str, object] = {"says_online": status.online}
            if status.online:
                said |= {"firmware": status.firmware, "last_seen_at": to_ms(now)}
            store.execute(update(gateways).where(current).values(said))
            if status.online and status.firmware != before:
                linked = store.scalars(
                    select(links.c.account_id).where(links.c.gateway_id == gateway_id)
                ).all()
                note_event(store, linked, gateway_id, "firmware_updated", to_ms(now))
        return True

    def timeline(self, who: Who, by: By, on: date | None, now: datetime) -> Timeline:
        """Return the day, month or year of the linked gateway that holds `on` (None: today), for a registered phone (S-TEL-04).

        Raises:
            Problem: `not_linked`.
        """
        at = edges(by, on or now.astimezone(TOKYO).date())
        with self.store.reading() as store:
            gateway = _gateway_of(store, who)
            own = (samples.c.gateway_id == gateway.gateway_id) & (samples.c.epoch == gateway.epoch)
            around = _around(store, own, at)
            newest = store.scalar(
                select(samples.c.document).where(own).order_by(samples.c.seq.desc()).limit(1)
            )
        return Timeline(
            gateway_id=gateway.gateway_id,
            model=gateway.model,
            online=is_online(gateway.says_online, gateway.last_seen_at, to_ms(now)),
            last_seen_at=None if gateway.last_seen_at is None else from_ms(gateway.last_seen_at),
            newest=None if newest is None else Sample.model_validate_json(newest),
            by=by,
            start_at=from_ms(at[0]),
            end_at=from_ms(at[-1]),
            buckets=buckets(around, to_ms(now)),
        )


def _around(store: Connection, own: ColumnElement[bool], at: Sequence[int]) -> list[Edge]:
    """Return each instant with the samples on either side of it: two seeks in an index, however much is stored."""
    edge = values(column("edge_at", BigInteger), name="edge").data([(each,) for each in at]).cte()
    measured_at, seq = samples.c.measured_at, samples.c.seq
    before = select(seq).where(own, measured_at < edge.c.edge_at).order_by(measured_at.desc(), seq.desc())
    after = select(seq).where(own, measured_at >= edge.c.edge_at).order_by(measured_at, seq)
    sides = [each.limit(1).scalar_subquery() for each in (before, after)]
    rows = store.execute(select(edge.c.edge_at, *sides).order_by(edge.c.edge_at)).all()
    wanted = {number for row in rows for number in row[1:]}
    documents = store.execute(select(seq, samples.c.document).where(own, seq.in_(wanted)))
    read: dict[int | None, Sample] = {number: Sample.model_validate_json(text) for number, text in documents}
    return [Edge(at_ms, read.get(left), read.get(right)) for at_ms, left, right in rows]


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
    insert = postgresql.insert if store.dialect.name == "postgresql" else sqlite.insert
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
