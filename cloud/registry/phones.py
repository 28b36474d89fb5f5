"""Phones at the registry: a further phone of an account, the users of a gateway, and how one is removed (manual p21, p24)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from cloud.codes import is_live
from cloud.instants import to_ms
from cloud.nicknames import read_nickname
from cloud.pepper import digest
from cloud.registry.desk import Desk
from cloud.registry.pairs import open_code
from cloud.registry.seating import (
    Left,
    check_newcomer,
    free_slot,
    linked,
    registered_phone,
    take_slot,
    tell_of_new_phone,
)
from cloud.registry.seats import gateway_of, made_by, users_at
from cloud.registry.sessions import Who, check_session
from cloud.store.schema import gateways, link_codes, permits, phones
from protocol.cloud_api import AddPhone, Link, RemoveUser, Users
from protocol.problems import PERMIT_REFUSED, PHONE_UNKNOWN, Problem
from protocol.rules import LINK_CODE_LIFE, PERMIT_LIFE


@dataclass(frozen=True)
class Removed:
    """Who is left, and the account that went with its last phone."""

    users: Users
    left: Left | None


class Phones(Desk):
    """Which phones use a gateway."""

    def add_phone(self, who: Who, request: AddPhone, now: datetime) -> Link:
        """Register a further phone of a linked account; a repeated `request_id` returns the same link (S-ADD-08).

        Raises:
            Problem: `nickname_unusable`, `not_linked`, `phone_registered`, `other_gateway`, `phones_full`,
                `nickname_taken`.
        """
        nickname, now_ms = read_nickname(request.nickname), to_ms(now)
        with self.store.writing() as store:
            check_session(store, who)
            made = made_by(store, who.account_id, who.installation_id, request.request_id)
            if made:
                return made
            check_newcomer(store, who)
            take_slot(store, who, nickname, request.request_id)
            tell_of_new_phone(store, who, now_ms)
            return linked(store, who)

    def users(self, who: Who) -> Users:
        """Return every phone that is registered with the account's gateway, to one of them.

        Raises:
            Problem: `not_linked`, `phone_not_registered`.
        """
        with self.store.reading() as store:
            return Users(users=users_at(store, _own_gateway(store, who), who.account_id))

    def remove_user(self, who: Who, request: RemoveUser, now: datetime) -> Removed:
        """Remove a phone of the gateway, for a phone of the same gateway or the holder of a preview's permit (S-BIND-16).

        Raises:
            Problem: `not_linked`, `phone_not_registered`, `permit_refused`, `phone_unknown`.
        """
        now_ms = to_ms(now)
        with self.store.writing() as store:
            check_session(store, who)
            if request.permit is None:
                gateway_id = _own_gateway(store, who)
            else:
                gateway_id = _permitted(store, who, request.permit, now_ms)
            phone = store.execute(select(phones).where(phones.c.phone_id == request.phone_id)).one_or_none()
            if phone is None or gateway_of(store, phone.account_id) != gateway_id:
                raise Problem(PHONE_UNKNOWN)
            left = free_slot(store, phone, gateway_id, now_ms)
            return Removed(Users(users=users_at(store, gateway_id, who.account_id)), left)


def _own_gateway(store: Connection, who: Who) -> str:
    """Return the gateway that this registered phone uses."""
    registered_phone(store, who)
    return linked(store, who).gateway_id


def _permitted(store: Connection, who: Who, permit: str, now_ms: int) -> str:
    """Return the gateway whose list `permit` was given for, while the pair of codes that it was given for is still good."""
    row = store.execute(
        select(permits.c.issued_at, permits.c.link_code_id, gateways.c.gateway_id, gateways.c.device_code)
        .join_from(permits, link_codes)
        .join(gateways)
        .where(permits.c.permit_digest == digest(permit), permits.c.account_id == who.account_id)
    ).one_or_none()
    if row is None or not is_live(row.issued_at, PERMIT_LIFE, now_ms):
        raise Problem(PERMIT_REFUSED)
    code = open_code(store, row.device_code)
    if (
        code is None
        or code.link_code_id != row.link_code_id
        or not is_live(code.issued_at, LINK_CODE_LIFE, now_ms)
    ):
        raise Problem(PERMIT_REFUSED)
    return str(row.gateway_id)
