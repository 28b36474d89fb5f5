"""Who sits where, read and never changed: the accounts of a gateway, the phones of an account."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from cloud.instants import from_ms
from cloud.registry.releases import newest_version
from cloud.store.schema import gateways, links, phones
from protocol.cloud_api import Link, OwnPhone, User


def link_of(store: Connection, account_id: int, installation_id: str) -> Link | None:
    """Return the account's link as this installation sees it, or None."""
    row = store.execute(
        select(links.c.linked_at, gateways.c.gateway_id, gateways.c.model, gateways.c.firmware)
        .join_from(links, gateways)
        .where(links.c.account_id == account_id)
    ).one_or_none()
    if row is None:
        return None
    own = phones_of(store, account_id)
    here = (phone.nickname for phone in own if phone.installation_id == installation_id)
    return Link(
        gateway_id=row.gateway_id,
        model=row.model,
        firmware=row.firmware,
        latest_firmware=newest_version(store, row.model),
        linked_at=from_ms(row.linked_at),
        nickname=next(here, None),
        phones=tuple(OwnPhone(phone_id=phone.phone_id, nickname=phone.nickname) for phone in own),
    )


def made_by(store: Connection, account_id: int, installation_id: str, request_id: str) -> Link | None:
    """Return the link if this very request gave this phone its place: the answer was lost on the way (S-BIND-20)."""
    phone = phone_of(store, account_id, installation_id)
    if phone is None or phone.request_id != request_id:
        return None
    return link_of(store, account_id, installation_id)


def gateway_of(store: Connection, account_id: int) -> str | None:
    """Return the gateway that the account is linked to."""
    return store.scalar(select(links.c.gateway_id).where(links.c.account_id == account_id))


def accounts_at(store: Connection, gateway_id: str) -> Sequence[int]:
    """Return the accounts that are linked to the gateway."""
    return store.scalars(select(links.c.account_id).where(links.c.gateway_id == gateway_id)).all()


def phones_of(store: Connection, account_id: int) -> Sequence[Row[Any]]:
    """Return the phones of the account in the order of their slots."""
    own = select(phones).where(phones.c.account_id == account_id)
    return store.execute(own.order_by(phones.c.slot)).all()


def phone_of(store: Connection, account_id: int, installation_id: str) -> Row[Any] | None:
    """Return the phone that this installation is in the account, or None."""
    return next(
        (phone for phone in phones_of(store, account_id) if phone.installation_id == installation_id), None
    )


def users_at(store: Connection, gateway_id: str, asking: int) -> tuple[User, ...]:
    """Return every phone of the gateway as the account `asking` may see it: nicknames, no addresses (A-01)."""
    rows = store.execute(
        select(phones.c.phone_id, phones.c.nickname, phones.c.account_id)
        .join_from(phones, links)
        .where(links.c.gateway_id == gateway_id)
        .order_by(links.c.member_slot, phones.c.slot)
    )
    return tuple(
        User(phone_id=row.phone_id, nickname=row.nickname, own=row.account_id == asking) for row in rows
    )
