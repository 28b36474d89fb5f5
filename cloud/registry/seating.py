"""How places are taken, handed over and given back: the one module that writes links and phones.

Each function runs inside its caller's transaction, which holds the write lock before its first read.
"""

import secrets
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from cloud.accounts import Mail
from cloud.nicknames import nickname_key
from cloud.notices import phone_added_mail, phone_moved_mail, phone_removed_mail
from cloud.registry.events import note_event
from cloud.registry.post import post_mail
from cloud.registry.seats import accounts_at, gateway_of, link_of, phone_of, phones_of
from cloud.registry.sessions import Who, end_sessions
from cloud.slots import lowest_free
from cloud.store.schema import accounts, change_codes, gateways, links, permits, phones, sessions
from protocol.cloud_api import Link
from protocol.problems import (
    ACCOUNT_DELETED,
    ACCOUNTS_FULL,
    NICKNAME_TAKEN,
    NOT_LINKED,
    OTHER_GATEWAY,
    PHONE_MOVED,
    PHONE_NOT_REGISTERED,
    PHONE_REGISTERED,
    PHONE_REMOVED,
    PHONES_FULL,
    Problem,
)
from protocol.rules import MAX_ACCOUNTS_PER_GATEWAY, MAX_PHONES_PER_ACCOUNT

_PHONE_ID_BYTES: Final = 16


@dataclass(frozen=True)
class Left:
    """An account whose link is gone, told by gateway and epoch."""

    gateway_id: str
    epoch: int


def linked(store: Connection, who: Who) -> Link:
    """Return the account's link as this phone sees it.

    Raises:
        Problem: `not_linked`.
    """
    link = link_of(store, who.account_id, who.installation_id)
    if link is None:
        raise Problem(NOT_LINKED)
    return link


def registered_phone(store: Connection, who: Who) -> Row[Any]:
    """Return the phone that this installation is.

    Raises:
        Problem: `not_linked`, `phone_not_registered`.
    """
    linked(store, who)
    phone = phone_of(store, who.account_id, who.installation_id)
    if phone is None:
        raise Problem(PHONE_NOT_REGISTERED)
    return phone


def check_app(store: Connection, who: Who, gateway_id: str) -> None:
    """Refuse an app or an account that another gateway has already (S-GEN-13, S-BIND-12, A-06).

    Raises:
        Problem: `other_gateway`.
    """
    here = select(links.c.gateway_id).join_from(links, phones)
    here = here.where(phones.c.installation_id == who.installation_id)
    linked_to = {gateway_of(store, who.account_id), *store.scalars(here)}
    if linked_to - {None, gateway_id}:
        raise Problem(OTHER_GATEWAY)


def check_newcomer(store: Connection, who: Who) -> None:
    """Let pass an installation that may still become a phone of its linked account.

    Raises:
        Problem: `not_linked`, `phone_registered`, `other_gateway`.
    """
    gateway_id = linked(store, who).gateway_id
    if phone_of(store, who.account_id, who.installation_id) is not None:
        raise Problem(PHONE_REGISTERED)
    check_app(store, who, gateway_id)


def take_place(store: Connection, who: Who, gateway_id: str, now_ms: int) -> bool:
    """Take a place among the gateway's accounts; False when this account has one (S-GEN-17, S-BIND-11).

    Raises:
        Problem: `other_gateway`, `accounts_full`.
    """
    check_app(store, who, gateway_id)
    if gateway_of(store, who.account_id) is not None:
        return False
    taken = store.scalars(select(links.c.member_slot).where(links.c.gateway_id == gateway_id)).all()
    slot = lowest_free(taken, MAX_ACCOUNTS_PER_GATEWAY)
    if slot is None:
        raise Problem(ACCOUNTS_FULL)
    values = {"account_id": who.account_id, "gateway_id": gateway_id, "linked_at": now_ms}
    store.execute(insert(links).values(values | {"member_slot": slot}))
    return True


def take_slot(store: Connection, who: Who, nickname: str, request_id: str) -> bool:
    """Take a slot of the account, or keep the one that this installation has: False (S-GEN-12, S-GEN-18).

    Raises:
        Problem: `phones_full`, `nickname_taken`.
    """
    rows = phones_of(store, who.account_id)
    others = [row for row in rows if row.installation_id != who.installation_id]
    slot = lowest_free([row.slot for row in rows], MAX_PHONES_PER_ACCOUNT)
    is_new = len(others) == len(rows)
    if is_new and slot is None:
        raise Problem(PHONES_FULL)
    if any(row.nickname_key == nickname_key(nickname) for row in others):
        raise Problem(NICKNAME_TAKEN)
    values = {"nickname": nickname, "nickname_key": nickname_key(nickname), "request_id": request_id}
    if is_new:
        owner = {"account_id": who.account_id, "installation_id": who.installation_id, "slot": slot}
        phone_id = secrets.token_urlsafe(_PHONE_ID_BYTES)
        store.execute(insert(phones).values(owner | values | {"phone_id": phone_id}))
    else:
        own = phones.c.installation_id == who.installation_id
        store.execute(update(phones).where(phones.c.account_id == who.account_id, own).values(values))
    return is_new


def tell_of_new_phone(store: Connection, who: Who, now_ms: int) -> None:
    """Tell the account that a further phone is registered under it (S-ADD-13, T-15)."""
    note_event(store, [who.account_id], linked(store, who).gateway_id, "phone_added", now_ms)
    _mail(store, who.account_id, phone_added_mail(), now_ms)


def hand_over(store: Connection, who: Who, phone: Row[Any], request_id: str, now_ms: int) -> None:
    """Give the slot of `phone` to this installation; nickname and phone id stay, the old phone is out (S-CHG-12)."""
    slot = (phones.c.account_id == phone.account_id) & (phones.c.slot == phone.slot)
    taker = {"installation_id": who.installation_id, "request_id": request_id}
    store.execute(update(phones).where(slot).values(taker))
    codes = (change_codes.c.account_id == phone.account_id) & (change_codes.c.slot == phone.slot)
    store.execute(delete(change_codes).where(codes, change_codes.c.spent_at.is_(None)))
    end_sessions(store, _sessions_of(phone), PHONE_MOVED, now_ms)
    note_event(store, [phone.account_id], linked(store, who).gateway_id, "phone_moved", now_ms)
    _mail(store, phone.account_id, phone_moved_mail(), now_ms)


def free_slot(store: Connection, phone: Row[Any], gateway_id: str, now_ms: int) -> Left | None:
    """Remove `phone`; with the last phone of an account its link goes (S-BIND-16)."""
    note_event(store, accounts_at(store, gateway_id), gateway_id, "phone_removed", now_ms)
    _mail(store, phone.account_id, phone_removed_mail(), now_ms)
    end_sessions(store, _sessions_of(phone), PHONE_REMOVED, now_ms)
    store.execute(delete(phones).where(phones.c.phone_id == phone.phone_id))
    if phones_of(store, phone.account_id):
        return None
    return _unlink(store, phone.account_id, gateway_id)


def leave(store: Connection, account_id: int, now_ms: int) -> Left | None:
    """Take everything of the account from its gateway and end its sessions; None when it was not linked.

    The gateway, its data and its other accounts stay as they are (S-DEL-08, S-DEL-09, A-12).
    """
    end_sessions(store, sessions.c.account_id == account_id, ACCOUNT_DELETED, now_ms)
    gateway_id = gateway_of(store, account_id)
    if gateway_id is None:
        return None
    note_event(store, accounts_at(store, gateway_id), gateway_id, "account_deleted", now_ms)
    return _unlink(store, account_id, gateway_id)


def clear(store: Connection, gateway_id: str, now_ms: int) -> None:
    """Unlink every account from a gateway that is registered anew; the tokens of its phones die (INV-5, T-06, T-24)."""
    for account_id in accounts_at(store, gateway_id):
        for phone in phones_of(store, account_id):
            end_sessions(store, _sessions_of(phone), PHONE_REMOVED, now_ms)
        _unlink(store, account_id, gateway_id)


def _unlink(store: Connection, account_id: int, gateway_id: str) -> Left:
    """Delete the link, which takes phones and change codes along, and what the account may do by a list it saw."""
    store.execute(delete(links).where(links.c.account_id == account_id))
    store.execute(delete(permits).where(permits.c.account_id == account_id))
    epoch = store.scalar(select(gateways.c.epoch).where(gateways.c.gateway_id == gateway_id))
    return Left(gateway_id, epoch or 0)


def _sessions_of(phone: Row[Any]) -> Any:
    return (sessions.c.account_id == phone.account_id) & (sessions.c.installation_id == phone.installation_id)


def _mail(store: Connection, account_id: int, mail: Mail, now_ms: int) -> None:
    email = store.scalars(select(accounts.c.email).where(accounts.c.account_id == account_id)).one()
    post_mail(store, mail, email, now_ms)
