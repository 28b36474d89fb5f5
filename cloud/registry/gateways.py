"""Gateways at the registry: nonces, registration, link codes, MQTT logins."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError
from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from cloud import link_codes as rules
from cloud.guessing import retry_after_s
from cloud.instants import from_ms, in_ms, to_ms
from cloud.logins import Login, gateway_login, hash_password, watcher_login
from cloud.pepper import mint_token
from cloud.registry.desk import Desk
from cloud.store.schema import gateways, link_codes, links, nonces, samples, wrong_tries
from protocol.cloud_api import (
    IssuedLinkCode,
    LatestFirmware,
    LinkCodeRequest,
    Nonce,
    RegistrationRequest,
    RegistrationStatus,
    RegistrationStatusRequest,
    Signed,
)
from protocol.faults import reason
from protocol.identity import Frozen, firmware_key
from protocol.problems import (
    FIRMWARE_OUTDATED,
    GATEWAY_REFUSED,
    NOT_REGISTERED,
    REQUEST_MALFORMED,
    TOO_MANY_CODES,
    TOO_MANY_TRIES,
    UNSUPPORTED_MODEL,
    Problem,
)
from protocol.rules import LINK_CODE_ISSUES_PER_HOUR, LINK_CODE_LIFE, WRONG_TRIES_PER_GATEWAY_AND_DAY

NONCE_LIFE: Final = timedelta(seconds=300)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

Request = TypeVar("Request", bound=Frozen)


@dataclass(frozen=True)
class Registered:
    """A registration that is committed; the broker must admit `login` before the gateway is told."""

    gateway_id: str
    epoch: int
    registered_at: datetime
    mqtt_password: str
    login: Login


class Gateways(Desk):
    """The gateways' side of the registry."""

    def mint_nonce(self, now: datetime) -> Nonce:
        """Return a nonce, good for one request within 300 s."""
        nonce, now_ms = mint_token(), to_ms(now)
        with self.store.writing() as store:
            store.execute(delete(nonces).where(nonces.c.issued_at <= now_ms - in_ms(NONCE_LIFE)))
            store.execute(insert(nonces).values(nonce=nonce, issued_at=now_ms))
        return Nonce(nonce=nonce, expires_in_s=int(NONCE_LIFE.total_seconds()))

    def register(self, signed: Signed, now: datetime) -> Registered:
        """Register a gateway. Again: a new epoch, and everything of the old one is erased in the same commit.

        Raises:
            Problem: `gateway_refused`, `unsupported_model`, `request_malformed`.
        """
        request = _read(RegistrationRequest, signed)
        _check_signature(signed, request.public_key)
        self._spend_nonce(request.nonce, now)
        if request.model not in self.latest_firmware:
            raise Problem(UNSUPPORTED_MODEL, model=request.model)
        with self.store.writing() as store:
            owned = _owned(store, request)
            if owned is None or owned.request_id != request.request_id:
                epoch = 1 if owned is None else owned.epoch + 1
                password_hash = hash_password(
                    self._mqtt_password(request.gateway_id, epoch, request.request_id)
                )
                _begin_epoch(store, request, epoch, password_hash, to_ms(now))
            row = store.execute(_select_gateway(request.gateway_id)).one()
        return self._registered(row)

    def registration_status(self, signed: Signed, now: datetime) -> RegistrationStatus:
        """Say whether the gateway is registered; changes nothing (S-ST-09).

        Raises:
            Problem: `gateway_refused`, `request_malformed`.
        """
        request = _read(RegistrationStatusRequest, signed)
        row = self._proven(signed, request.gateway_id, request.nonce, now)
        if row is None:
            return RegistrationStatus(registered=False, epoch=None, registered_at=None)
        return RegistrationStatus(registered=True, epoch=row.epoch, registered_at=from_ms(row.registered_at))

    def issue_link_code(self, signed: Signed, now: datetime) -> IssuedLinkCode:
        """Issue a link code; it voids the one before, so a repeated request simply issues a newer one.

        Raises:
            Problem: `gateway_refused`, `not_registered`, `firmware_outdated`, `too_many_codes`,
                `too_many_tries`, `request_malformed`.
        """
        request = _read(LinkCodeRequest, signed)
        row = self._proven(signed, request.gateway_id, request.nonce, now)
        if row is None:
            raise Problem(NOT_REGISTERED)
        latest = self.latest_firmware[row.model]
        if firmware_key(request.firmware) < firmware_key(latest):
            raise Problem(FIRMWARE_OUTDATED, installed=request.firmware, latest=latest)
        link_code = rules.mint()
        code_hash = self.pepper.hash(link_code)
        with self.store.writing() as store:
            _check_issues(store, row, to_ms(now))
            store.execute(
                insert(link_codes).values(
                    gateway_id=row.gateway_id, code_hash=code_hash, issued_at=to_ms(now)
                )
            )
        return IssuedLinkCode(link_code=link_code, expires_in_s=int(LINK_CODE_LIFE.total_seconds()))

    def firmware(self, model: str) -> LatestFirmware:
        """Return the latest firmware of `model`.

        Raises:
            Problem: `unsupported_model`.
        """
        if model not in self.latest_firmware:
            raise Problem(UNSUPPORTED_MODEL, model=model)
        return LatestFirmware.model_validate({"model": model, "latest": self.latest_firmware[model]})

    def epoch_of(self, gateway_id: str) -> int | None:
        """Return the gateway's current epoch, None when it is not registered."""
        with self.store.reading() as store:
            return store.scalar(select(gateways.c.epoch).where(gateways.c.gateway_id == gateway_id))

    def logins(self) -> Sequence[Login]:
        """Return everybody the broker must know from the start: each gateway, and the watcher."""
        with self.store.reading() as store:
            rows = store.execute(select(gateways)).all()
        watcher = watcher_login(hash_password(self.watcher_password))
        return [watcher, *(gateway_login(row.gateway_id, row.epoch, row.mqtt_password_hash) for row in rows)]

    def _proven(self, signed: Signed, gateway_id: str, nonce: str, now: datetime) -> Row[Any] | None:
        """Return the gateway's row once the signature is proven to be its own; None when it is not registered."""
        with self.store.reading() as store:
            row = store.execute(_select_gateway(gateway_id)).one_or_none()
        if row is not None:
            _check_signature(signed, row.public_key)
            self._spend_nonce(nonce, now)
        return row

    def _spend_nonce(self, nonce: str, now: datetime) -> None:
        """Spend it whatever becomes of the request: a refused request cannot be replayed either."""
        fresh = nonces.c.issued_at > to_ms(now) - in_ms(NONCE_LIFE)
        with self.store.writing() as store:
            spent = store.execute(delete(nonces).where(nonces.c.nonce == nonce, fresh)).rowcount
        if not spent:
            raise Problem(GATEWAY_REFUSED)

    def _mqtt_password(self, gateway_id: str, epoch: int, request_id: str) -> str:
        """Derive it, so that a repeated request is told the same password though only its hash is kept."""
        return self.pepper.derive("mqtt", gateway_id, epoch, request_id)

    def _registered(self, row: Row[Any]) -> Registered:
        return Registered(
            gateway_id=row.gateway_id,
            epoch=row.epoch,
            registered_at=from_ms(row.registered_at),
            mqtt_password=self._mqtt_password(row.gateway_id, row.epoch, row.request_id),
            login=gateway_login(row.gateway_id, row.epoch, row.mqtt_password_hash),
        )


def _select_gateway(gateway_id: str) -> Any:
    return select(gateways).where(gateways.c.gateway_id == gateway_id)


def _read(kind: type[Request], signed: Signed) -> Request:
    try:
        return kind.model_validate_json(signed.payload, strict=True)
    except ValidationError as error:
        raise Problem(REQUEST_MALFORMED, reason=f"payload: {reason(error)}") from None


def _check_signature(signed: Signed, public_key: str) -> None:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signed.signature, validate=True), signed.payload.encode())
    except (InvalidSignature, binascii.Error, ValueError):
        raise Problem(GATEWAY_REFUSED) from None


def _owned(store: Connection, request: RegistrationRequest) -> Row[Any] | None:
    """Return the gateway's row, None when nobody has its id or device code, or refuse: another key owns one of them."""
    either = or_(gateways.c.gateway_id == request.gateway_id, gateways.c.device_code == request.device_code)
    rows = store.execute(select(gateways).where(either)).all()
    if not rows:
        return None
    row = rows[0]
    named = (request.gateway_id, request.device_code, request.public_key)
    if len(rows) > 1 or (row.gateway_id, row.device_code, row.public_key) != named:
        raise Problem(GATEWAY_REFUSED)
    return row


def _begin_epoch(
    store: Connection, request: RegistrationRequest, epoch: int, mqtt_password_hash: str, now_ms: int
) -> None:
    """Write the registration; links take their phones along (S-REG-27, S-REG-29)."""
    values = request.model_dump(
        include={"gateway_id", "device_code", "public_key", "model", "firmware", "request_id"}
    )
    values |= {"epoch": epoch, "registered_at": now_ms, "mqtt_password_hash": mqtt_password_hash}
    values |= {"stored_up_to": 0, "says_online": False, "last_seen_at": None}
    if epoch == 1:
        store.execute(insert(gateways).values(values))
        return
    for table in (samples, links, link_codes):
        store.execute(delete(table).where(table.c.gateway_id == request.gateway_id))
    store.execute(update(gateways).where(gateways.c.gateway_id == request.gateway_id).values(values))


def _check_issues(store: Connection, row: Row[Any], now_ms: int) -> None:
    """Refuse the 11th code within an hour (S-LC-25), and any while the gateway is under attack."""
    issued = store.scalars(select(link_codes.c.issued_at).where(link_codes.c.gateway_id == row.gateway_id))
    wait_s = retry_after_s(issued, LINK_CODE_ISSUES_PER_HOUR, _HOUR, now_ms)
    if wait_s is not None:
        raise Problem(TOO_MANY_CODES, retry_after_s=wait_s)
    tried = store.scalars(select(wrong_tries.c.tried_at).where(wrong_tries.c.device_code == row.device_code))
    wait_s = retry_after_s(tried, WRONG_TRIES_PER_GATEWAY_AND_DAY, _DAY, now_ms)
    if wait_s is not None:
        raise Problem(TOO_MANY_TRIES, retry_after_s=wait_s)
