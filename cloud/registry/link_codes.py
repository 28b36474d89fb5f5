"""Link codes at the registry: how one is issued (manual p12-p14). What becomes of it is told in `cloud.registry.links`."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from cloud.codes import mint
from cloud.guessing import retry_after_s
from cloud.instants import from_ms, to_ms
from cloud.registry.events import note_event
from cloud.registry.gateways import Gateways, check_consent, needs_family, read, record_consent
from cloud.registry.releases import check_firmware
from cloud.store.schema import gateways, link_codes, links, wrong_tries
from protocol.identity import Signed
from protocol.problems import FAMILY_NEEDED, NOT_REGISTERED, TOO_MANY_CODES, TOO_MANY_TRIES, Problem
from protocol.registering import IssuedLinkCode, LinkCodeRequest
from protocol.rules import LINK_CODE_ISSUES_PER_HOUR, LINK_CODE_LIFE, WRONG_TRIES_PER_GATEWAY_AND_DAY

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class LinkCodes(Gateways):
    """The issue of link codes."""

    def issue_link_code(self, signed: Signed, now: datetime) -> IssuedLinkCode:
        """Issue a link code; it voids the one before, so a repeated request simply issues a newer one.

        Raises:
            Problem: `gateway_refused`, `not_registered`, `firmware_outdated`, `service_terms_not_accepted`,
                `family_needed`, `too_many_codes`, `too_many_tries`, `request_malformed`.
        """
        request = read(LinkCodeRequest, signed)
        row = self.proven(signed, request.gateway_id, request.nonce, now)
        if row is None:
            raise Problem(NOT_REGISTERED)
        with self.store.reading() as store:
            check_firmware(store, row.model, request.firmware)
        check_consent(request.consent)
        if request.family is None and needs_family(row):
            raise Problem(FAMILY_NEEDED)
        link_code = mint()
        code_hash, now_ms = self.pepper.hash(link_code), to_ms(now)
        with self.store.writing() as store:
            _check_issues(store, row, now_ms)
            code = {"gateway_id": row.gateway_id, "code_hash": code_hash, "issued_at": now_ms}
            store.execute(insert(link_codes).values(code))
            _take_answers(store, request, now_ms)
        life_s = int(LINK_CODE_LIFE.total_seconds())
        return IssuedLinkCode(link_code=link_code, issued_at=from_ms(now_ms), expires_in_s=life_s)


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


def _take_answers(store: Connection, request: LinkCodeRequest, now_ms: int) -> None:
    """Keep what the panel asked before it showed the code, and let everybody who is linked know of the code (T-32)."""
    record_consent(store, request.gateway_id, request.consent, now_ms)
    if request.family is not None:
        this = gateways.c.gateway_id == request.gateway_id
        store.execute(update(gateways).where(this).values(request.family.model_dump()))
    linked = store.scalars(select(links.c.account_id).where(links.c.gateway_id == request.gateway_id)).all()
    note_event(store, linked, request.gateway_id, "link_code_issued", now_ms)
