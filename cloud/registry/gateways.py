"""Gateways at the registry: how they prove who they are, their status, their MQTT logins."""

import base64
import binascii
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError
from sqlalchemy import Connection, Row, delete, insert, or_, select

from cloud.instants import from_ms, in_ms, to_ms
from cloud.logins import Login, gateway_login, hash_password, watcher_login
from cloud.pepper import mint_token
from cloud.registrations import family_needed
from cloud.registry.desk import Desk
from cloud.store.schema import consents, gateways, nonces
from protocol.faults import NO_TEXT, holds_nul, reason
from protocol.identity import Frozen, Signed
from protocol.problems import GATEWAY_REFUSED, REQUEST_MALFORMED, SERVICE_TERMS_NOT_ACCEPTED, Problem
from protocol.registering import (
    Claim,
    Consent,
    Nonce,
    RegistrationStatus,
    RegistrationStatusRequest,
)
from protocol.rules import SERVICE_TERMS_VERSION

NONCE_LIFE: Final = timedelta(seconds=300)

Request = TypeVar("Request", bound=Frozen)


class Gateways(Desk):
    """The gateways' side of the registry."""

    def mint_nonce(self, now: datetime) -> Nonce:
        """Return a nonce, good for one request within 300 s."""
        nonce, now_ms = mint_token(), to_ms(now)
        with self.store.writing() as store:
            store.execute(delete(nonces).where(nonces.c.issued_at <= now_ms - in_ms(NONCE_LIFE)))
            store.execute(insert(nonces).values(nonce=nonce, issued_at=now_ms))
        return Nonce(nonce=nonce, expires_in_s=int(NONCE_LIFE.total_seconds()))

    def registration_status(self, signed: Signed, now: datetime) -> RegistrationStatus:
        """Say whether the gateway is registered; changes nothing (S-ST-09).

        Raises:
            Problem: `gateway_refused`, `request_malformed`.
        """
        request = read(RegistrationStatusRequest, signed)
        row = self.proven(signed, request.gateway_id, request.nonce, now)
        if row is None:
            return RegistrationStatus(registered=False, epoch=None, registered_at=None, family_needed=False)
        return RegistrationStatus(
            registered=True,
            epoch=row.epoch,
            registered_at=from_ms(row.registered_at),
            family_needed=needs_family(row),
        )

    def epoch_of(self, gateway_id: str) -> int | None:
        """Return the gateway's current epoch, None when it is not registered."""
        with self.store.reading() as store:
            return store.scalar(select(gateways.c.epoch).where(gateways.c.gateway_id == gateway_id))

    def dead_epochs(self, epochs: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
        """Return those of `epochs`, each with its gateway, that are over or never were (INV-6)."""
        of_these = gateways.c.gateway_id.in_({gateway_id for gateway_id, _ in epochs})
        with self.store.reading() as store:
            rows = store.execute(select(gateways.c.gateway_id, gateways.c.epoch).where(of_these)).all()
        return set(epochs) - {(row.gateway_id, row.epoch) for row in rows}

    def logins(self) -> Sequence[Login]:
        """Return everybody the broker must know from the start: each gateway, and the watcher."""
        with self.store.reading() as store:
            rows = store.execute(select(gateways)).all()
        watcher = watcher_login(hash_password(self.watcher_password))
        return [watcher, *(gateway_login(row.gateway_id, row.epoch, row.mqtt_password_hash) for row in rows)]

    def proven(self, signed: Signed, gateway_id: str, nonce: str, now: datetime) -> Row[Any] | None:
        """Return the gateway's row once the signature is proven to be its own; None when it is not registered.

        Raises:
            Problem: `gateway_refused`.
        """
        with self.store.reading() as store:
            row = store.execute(select_gateway(gateway_id)).one_or_none()
        if row is not None:
            self.check_signature(signed, row.public_key, nonce, now)
        return row

    def check_signature(self, signed: Signed, public_key: str, nonce: str, now: datetime) -> None:
        """Let pass what was signed with this key, once: the nonce is spent whatever becomes of the request.

        Raises:
            Problem: `gateway_refused`.
        """
        try:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
            key.verify(base64.b64decode(signed.signature, validate=True), signed.payload.encode())
        except (InvalidSignature, binascii.Error, ValueError):
            raise Problem(GATEWAY_REFUSED) from None
        fresh = nonces.c.issued_at > to_ms(now) - in_ms(NONCE_LIFE)
        with self.store.writing() as store:
            spent = store.execute(delete(nonces).where(nonces.c.nonce == nonce, fresh)).rowcount
        if not spent:
            raise Problem(GATEWAY_REFUSED)


def read(kind: type[Request], signed: Signed) -> Request:
    """Return what was signed.

    Raises:
        Problem: `request_malformed`.
    """
    if holds_nul(signed.payload):
        raise Problem(REQUEST_MALFORMED, reason=f"payload: {NO_TEXT}")
    try:
        return kind.model_validate_json(signed.payload, strict=True)
    except ValidationError as error:
        raise Problem(REQUEST_MALFORMED, reason=f"payload: {reason(error)}") from None


def select_gateway(gateway_id: str) -> Any:
    """Select the row of a gateway."""
    return select(gateways).where(gateways.c.gateway_id == gateway_id)


def owned(store: Connection, claim: Claim) -> Row[Any] | None:
    """Return the gateway's row, None when nobody has its id or device code.

    Raises:
        Problem: `gateway_refused`: another key owns one of them.
    """
    either = or_(gateways.c.gateway_id == claim.gateway_id, gateways.c.device_code == claim.device_code)
    rows = store.execute(select(gateways).where(either)).all()
    if not rows:
        return None
    row = rows[0]
    named = (claim.gateway_id, claim.device_code, claim.public_key)
    if len(rows) > 1 or (row.gateway_id, row.device_code, row.public_key) != named:
        raise Problem(GATEWAY_REFUSED)
    return row


def needs_family(row: Row[Any]) -> bool:
    """Say whether a link code of this gateway needs ご家族の情報 first."""
    answers = (row.household_size, row.building_type, row.energy_used)
    return family_needed(from_ms(row.registered_at), answered=None not in answers)


def check_consent(consent: Consent) -> None:
    """Let pass a consent to the present terms.

    Raises:
        Problem: `service_terms_not_accepted`.
    """
    if consent.terms_version != SERVICE_TERMS_VERSION:
        raise Problem(SERVICE_TERMS_NOT_ACCEPTED)


def record_consent(store: Connection, gateway_id: str, consent: Consent, now_ms: int) -> None:
    """Keep when a person agreed to which terms (S-REG-05, S-LC-06)."""
    values = {"gateway_id": gateway_id, "terms_version": consent.terms_version, "recorded_at": now_ms}
    store.execute(insert(consents).values(values | {"agreed_at": to_ms(consent.agreed_at)}))
