"""Registrations at the registry: begun with a confirmation code, finished with 決定 (manual p9-p11)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from cloud import registrations as rules
from cloud.accounts import registered_anew_mail
from cloud.instants import from_ms, in_ms, to_ms
from cloud.logins import Login, gateway_login, hash_password
from cloud.registry.events import note_event
from cloud.registry.gateways import Gateways, check_consent, owned, read, record_consent, select_gateway
from cloud.registry.post import post_mail
from cloud.registry.releases import check_firmware, newest_version
from cloud.registry.seating import clear
from cloud.store.schema import accounts, gateways, link_codes, links, phones, registration_runs, samples
from protocol.identity import Signed
from protocol.problems import (
    GATEWAY_REFUSED,
    PLACE_UNKNOWN,
    REGISTRATION_CHANGED,
    REGISTRATION_NOT_BEGUN,
    Problem,
)
from protocol.registering import (
    AtStake,
    BeginRegistration,
    RegistrationBegun,
    RegistrationRequest,
    bought_early,
)
from protocol.rules import REGISTRATION_RUN_LIFE


@dataclass(frozen=True)
class Registered:
    """A registration that is committed; the broker must admit `login` before the gateway is told."""

    gateway_id: str
    epoch: int
    registered_at: datetime
    mqtt_password: str
    login: Login


class Registrations(Gateways):
    """新規登録."""

    def begin_registration(self, signed: Signed, now: datetime) -> RegistrationBegun:
        """Issue a confirmation code and say what is at stake; nothing is registered or erased.

        A repetition issues another code; a new run of the same gateway puts an end to the one before.

        Raises:
            Problem: `gateway_refused`, `unsupported_model`, `firmware_outdated`, `request_malformed`.
        """
        request = read(BeginRegistration, signed)
        self.check_signature(signed, request.public_key, request.nonce, now)
        code = rules.mint_confirmation_code()
        code_hash = self.pepper.hash(code)
        with self.store.writing() as store:
            row = owned(store, request)
            newest_version(store, request.model)
            if bought_early(request.purchased_on):
                check_firmware(store, request.model, request.firmware)
            _begin_run(store, request, code_hash, to_ms(now))
            at_stake = _at_stake(store, row) if row else None
        return RegistrationBegun(confirmation_code=code, at_stake=at_stake)

    def register(self, signed: Signed, now: datetime) -> Registered:
        """Finish a registration. Again: a new epoch, and everything of the old one is erased in the same commit.

        Raises:
            Problem: `gateway_refused`, `unsupported_model`, `registration_not_begun`, `registration_changed`,
                `service_terms_not_accepted`, `place_unknown`, `request_malformed`.
        """
        request = read(RegistrationRequest, signed)
        self.check_signature(signed, request.public_key, request.nonce, now)
        with self.store.writing() as store:
            row = owned(store, request)
            newest_version(store, request.model)
            if row is None or row.run_id != request.run_id:
                run = _live_run(store, request, to_ms(now))
                _check(request, row)
                self._begin_epoch(store, request, run.code_hash, to_ms(now))
            row = store.execute(select_gateway(request.gateway_id)).one()
        return self._registered(row)

    def _begin_epoch(
        self, store: Connection, request: RegistrationRequest, code_hash: str, now_ms: int
    ) -> None:
        """Erase the old epoch, write the new one, use up the run (S-REG-27, S-REG-29)."""
        epoch = request.replacing + 1
        if request.replacing:
            _tell_owners(store, request.gateway_id, now_ms)
            _erase(store, request.gateway_id, now_ms)
        password = self._mqtt_password(request.gateway_id, epoch, request.run_id)
        values = request.model_dump(
            include={"gateway_id", "device_code", "public_key", "model", "firmware", "run_id"}
        )
        values |= request.place.model_dump() | request.family.model_dump()
        values |= {"epoch": epoch, "registered_at": now_ms, "mqtt_password_hash": hash_password(password)}
        values |= {"stored_up_to": 0, "says_online": False, "last_seen_at": None}
        values |= {"confirmation_code_hash": code_hash}
        this = gateways.c.gateway_id == request.gateway_id
        write = update(gateways).where(this) if request.replacing else insert(gateways)
        store.execute(write.values(values))
        record_consent(store, request.gateway_id, request.consent, now_ms)
        store.execute(delete(registration_runs).where(registration_runs.c.run_id == request.run_id))

    def _mqtt_password(self, gateway_id: str, epoch: int, run_id: str) -> str:
        """Derive it, so that a repeated request is told the same password though only its hash is kept."""
        return self.pepper.derive("mqtt", gateway_id, epoch, run_id)

    def _registered(self, row: Row[Any]) -> Registered:
        return Registered(
            gateway_id=row.gateway_id,
            epoch=row.epoch,
            registered_at=from_ms(row.registered_at),
            mqtt_password=self._mqtt_password(row.gateway_id, row.epoch, row.run_id),
            login=gateway_login(row.gateway_id, row.epoch, row.mqtt_password_hash),
        )


def _begin_run(store: Connection, request: BeginRegistration, code_hash: str, now_ms: int) -> None:
    """Write the run in place of the one before, and forget those that nobody finished in time."""
    runs = registration_runs.c
    before = (runs.public_key == request.public_key) | (
        runs.begun_at <= now_ms - in_ms(REGISTRATION_RUN_LIFE)
    )
    store.execute(delete(registration_runs).where(before))
    if store.scalar(select(runs.run_id).where(runs.run_id == request.run_id)) is not None:
        raise Problem(GATEWAY_REFUSED)  # another gateway's run
    values = request.model_dump(include={"run_id", "gateway_id", "public_key"})
    store.execute(insert(registration_runs).values(values | {"code_hash": code_hash, "begun_at": now_ms}))


def _live_run(store: Connection, request: RegistrationRequest, now_ms: int) -> Row[Any]:
    """Return the run that this gateway has begun.

    Raises:
        Problem: `registration_not_begun`.
    """
    runs = registration_runs.c
    this = (runs.run_id == request.run_id) & (runs.gateway_id == request.gateway_id)
    same_key = runs.public_key == request.public_key
    run = store.execute(select(registration_runs).where(this, same_key)).one_or_none()
    if run is None or not rules.run_is_live(run.begun_at, now_ms):
        raise Problem(REGISTRATION_NOT_BEGUN)
    return run


def _check(request: RegistrationRequest, row: Row[Any] | None) -> None:
    """Refuse to erase what the person was not told of, and answers that cannot be right."""
    if request.replacing != (row.epoch if row else 0):
        raise Problem(REGISTRATION_CHANGED)
    check_consent(request.consent)
    if not request.place.is_real():
        raise Problem(PLACE_UNKNOWN)


def _at_stake(store: Connection, row: Row[Any]) -> AtStake:
    own = (samples.c.gateway_id == row.gateway_id) & (samples.c.epoch == row.epoch)
    count, first, last = store.execute(
        select(func.count(), func.min(samples.c.measured_at), func.max(samples.c.measured_at)).where(own)
    ).one()
    linked = select(func.count()).select_from(links).where(links.c.gateway_id == row.gateway_id)
    seated = select(func.count()).select_from(links.join(phones)).where(links.c.gateway_id == row.gateway_id)
    return AtStake(
        epoch=row.epoch,
        registered_at=from_ms(row.registered_at),
        samples=count,
        first_measured_at=None if first is None else from_ms(first),
        last_measured_at=None if last is None else from_ms(last),
        accounts=store.scalar(linked) or 0,
        phones=store.scalar(seated) or 0,
    )


def _tell_owners(store: Connection, gateway_id: str, now_ms: int) -> None:
    """Leave an event and a mail for every account that was linked (security T-04)."""
    linked = store.execute(
        select(accounts.c.account_id, accounts.c.email)
        .join_from(links, accounts)
        .where(links.c.gateway_id == gateway_id)
    ).all()
    note_event(store, [row.account_id for row in linked], gateway_id, "registered_anew", now_ms)
    for row in linked:
        post_mail(store, registered_anew_mail(), row.email, now_ms)


def _erase(store: Connection, gateway_id: str, now_ms: int) -> None:
    """Erase what the old epoch has gathered, and put its phones out."""
    clear(store, gateway_id, now_ms)
    for table in (samples, link_codes):
        store.execute(delete(table).where(table.c.gateway_id == gateway_id))
