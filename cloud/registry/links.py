"""Links at the registry: nickname, device code and link code make one, アカウント削除 ends it (manual p20, p21, p28).

Every limit is checked and every code is spent in one transaction.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from cloud.instants import in_ms, to_ms
from cloud.nicknames import read_nickname
from cloud.pepper import digest, mint_token
from cloud.registry.events import note_event
from cloud.registry.pairs import Pairs, check_unspent, spend
from cloud.registry.seating import Left, check_app, leave, linked, take_place, take_slot, tell_of_new_phone
from cloud.registry.seats import accounts_at, made_by, users_at
from cloud.registry.sessions import Who, check_session
from cloud.store.schema import app_consents, gateways, permits
from protocol.areas import Place
from protocol.cloud_api import Link, LinkPreview, LinkRequest
from protocol.problems import APP_TERMS_NOT_ACCEPTED, NOT_LINKED, Problem
from protocol.registering import Consent
from protocol.rules import APP_TERMS_VERSION, PERMIT_LIFE


class Links(Pairs):
    """Who is linked to which gateway."""

    def preview_link(self, who: Who, request: LinkRequest, peer: str, now: datetime) -> LinkPreview:
        """Say which gateway the pair of codes is of and who uses it; nothing is spent or linked (S-BIND-15, T-12).

        It is judged as a link is, but for what removing a phone from the list can mend: no place left, a nickname taken.

        Raises:
            Problem: `app_terms_not_accepted`, `nickname_unusable`, `too_many_tries`, `link_refused`,
                `link_code_expired`, `other_gateway`.
        """
        _check_consent(request.consent)
        read_nickname(request.nickname)
        with self.store.writing() as store:
            check_session(store, who)
            tried = self.reserve_pair(store, who, request, peer, to_ms(now))
        code, permit = self.judge_pair(tried, to_ms(now)), mint_token()
        with self.store.writing() as store:
            check_session(store, who)
            check_unspent(store, code)
            check_app(store, who, code.gateway_id)
            _give_permit(store, who, code, permit, to_ms(now))
            return _preview(store, who, code.gateway_id, permit)

    def link(self, who: Who, request: LinkRequest, peer: str, now: datetime) -> Link:
        """Link the account to a gateway and register this phone under `request.nickname`.

        Repeating a `request_id` returns the same link. A refusal changes nothing, except that a wrong pair counts as a try.

        Raises:
            Problem: `app_terms_not_accepted`, `nickname_unusable`, `too_many_tries`, `link_refused`,
                `link_code_expired`, `accounts_full`, `phones_full`, `other_gateway`, `nickname_taken`.
        """
        _check_consent(request.consent)
        read_nickname(request.nickname)
        now_ms = to_ms(now)
        with self.store.writing() as store:
            check_session(store, who)
            made = made_by(store, who.account_id, who.installation_id, request.request_id)
            if made:
                return made
            tried = self.reserve_pair(store, who, request, peer, now_ms)
        code = self.judge_pair(tried, now_ms)
        with self.store.writing() as store:
            check_session(store, who)
            made = made_by(store, who.account_id, who.installation_id, request.request_id)
            if made:
                return made
            spend(store, code, now_ms)
            _bind(store, who, code.gateway_id, request, now_ms)
            return linked(store, who)

    def current_link(self, who: Who) -> Link:
        """Return the account's link.

        Raises:
            Problem: `not_linked`.
        """
        with self.store.reading() as store:
            return linked(store, who)

    def delete_account(self, who: Who, now: datetime) -> Left:
        """Take everything of the account from its gateway: the link, the phones, their codes, every session (S-DEL-08).

        The CLUB Panasonic ID stays (S-DEL-04), and so does everything of the gateway (S-DEL-09, A-12).

        Raises:
            Problem: `not_linked`.
        """
        with self.store.writing() as store:
            check_session(store, who)
            left = leave(store, who.account_id, to_ms(now))
            if left is None:
                raise Problem(NOT_LINKED)
            return left


def _check_consent(consent: Consent) -> None:
    """Let pass a consent to the app's present terms (S-BIND-02)."""
    if consent.terms_version != APP_TERMS_VERSION:
        raise Problem(APP_TERMS_NOT_ACCEPTED)


def _bind(store: Connection, who: Who, gateway_id: str, request: LinkRequest, now_ms: int) -> None:
    """Take a place and a slot, keep the consent, and tell whom it concerns."""
    is_new = take_place(store, who, gateway_id, now_ms)
    is_further = take_slot(store, who, read_nickname(request.nickname), request.request_id) and not is_new
    _record_consent(store, who, request.consent, now_ms)
    if is_new:
        note_event(store, accounts_at(store, gateway_id), gateway_id, "linked", now_ms)
    if is_further:
        tell_of_new_phone(store, who, now_ms)


def _record_consent(store: Connection, who: Who, consent: Consent, now_ms: int) -> None:
    values = {"account_id": who.account_id, "terms_version": consent.terms_version, "recorded_at": now_ms}
    store.execute(insert(app_consents).values(values | {"agreed_at": to_ms(consent.agreed_at)}))


def _give_permit(store: Connection, who: Who, code: Row[Any], permit: str, now_ms: int) -> None:
    """Let the account remove phones from the list it is about to see, by its newest permit only (S-BIND-16)."""
    old = permits.c.issued_at <= now_ms - in_ms(PERMIT_LIFE)
    store.execute(delete(permits).where(old | (permits.c.account_id == who.account_id)))
    values = {"account_id": who.account_id, "link_code_id": code.link_code_id, "issued_at": now_ms}
    store.execute(insert(permits).values(values | {"permit_digest": digest(permit)}))


def _preview(store: Connection, who: Who, gateway_id: str, permit: str) -> LinkPreview:
    row = store.execute(select(gateways).where(gateways.c.gateway_id == gateway_id)).one()
    place = ""  # of a gateway registered before the wizard asked for it
    if row.prefecture is not None:
        place = Place(prefecture=row.prefecture, area=row.area, municipality=row.municipality).joined()
    users = users_at(store, gateway_id, who.account_id)
    return LinkPreview(gateway_id=gateway_id, model=row.model, place=place, users=users, permit=permit)
