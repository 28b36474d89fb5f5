"""INV-1 to INV-10 (security §6): what no store may hold, asked of it in SQL, and what it does hold beside the model's."""

from collections import Counter
from typing import Any, Final

from sqlalchemy import Connection, Row, select, text

from cloud.registry import Registry
from cloud.store.schema import (
    accounts,
    change_codes,
    gateways,
    link_codes,
    links,
    phones,
    samples,
    sessions,
)
from tests.cloud.model import Model

# Each asks for what breaks the invariant. INV-3 and INV-9 are also what `stored` is compared for; INV-10 is the schema's.
BREACHES: Final = {
    "INV-1": "SELECT account_id FROM phones GROUP BY account_id HAVING count(*) > 2",
    "INV-2": "SELECT gateway_id FROM links GROUP BY gateway_id HAVING count(*) > 4",
    "INV-2, phones": """SELECT gateway_id FROM phones JOIN links ON links.account_id = phones.account_id
        GROUP BY gateway_id HAVING count(*) > 8""",
    "INV-3, link codes": """SELECT link_code_id FROM link_codes
        WHERE spent_at < issued_at OR spent_at >= issued_at + 3600000""",
    "INV-3, change codes": """SELECT change_code_id FROM change_codes
        WHERE spent_at < issued_at OR spent_at >= issued_at + 604800000""",
    "INV-4, apps": """SELECT installation_id FROM phones JOIN links ON links.account_id = phones.account_id
        GROUP BY installation_id HAVING count(DISTINCT gateway_id) > 1""",
    "INV-4, accounts": "SELECT account_id FROM links GROUP BY account_id HAVING count(*) > 1",
    "INV-5, accounts": """SELECT session_id FROM sessions LEFT JOIN accounts ON accounts.account_id = sessions.account_id
        WHERE accounts.account_id IS NULL""",
    "INV-5, links": """SELECT links.account_id FROM links
        LEFT JOIN accounts ON accounts.account_id = links.account_id
        LEFT JOIN gateways ON gateways.gateway_id = links.gateway_id
        LEFT JOIN phones ON phones.account_id = links.account_id
        WHERE accounts.account_id IS NULL OR gateways.gateway_id IS NULL OR phones.account_id IS NULL""",
    "INV-5, phones": """SELECT phone_id FROM phones LEFT JOIN links ON links.account_id = phones.account_id
        WHERE links.account_id IS NULL""",
    "INV-5, tokens": """SELECT tokens.token_digest FROM tokens
        LEFT JOIN sessions ON sessions.session_id = tokens.session_id
        LEFT JOIN ended_tokens ON ended_tokens.token_digest = tokens.token_digest
        WHERE sessions.session_id IS NULL OR ended_tokens.token_digest IS NOT NULL""",
    "INV-6": """SELECT seq FROM samples LEFT JOIN gateways ON gateways.gateway_id = samples.gateway_id
        WHERE gateways.epoch IS NULL OR gateways.epoch <> samples.epoch""",
    "INV-7": """SELECT account_id FROM accounts WHERE verified_at IS NULL AND (
        EXISTS (SELECT 1 FROM sessions WHERE sessions.account_id = accounts.account_id)
        OR EXISTS (SELECT 1 FROM links WHERE links.account_id = accounts.account_id))""",
    "INV-8": "SELECT account_id FROM phones GROUP BY account_id, nickname_key HAVING count(*) > 1",
    "INV-9": """SELECT account_id FROM change_codes WHERE spent_at IS NULL
        GROUP BY account_id, slot HAVING count(*) > 1""",
}


def breaches(registry: Registry) -> dict[str, list[Any]]:
    """Return what is broken, by the invariant."""
    with registry.store.reading() as store:
        found = {name: store.execute(text(sql)).all() for name, sql in BREACHES.items()}
    return {name: [tuple(row) for row in rows] for name, rows in found.items() if rows}


State = dict[str, object]


def stored(registry: Registry) -> State:
    """Return what the store holds, in the model's words."""
    with registry.store.reading() as store:
        emails = {row.account_id: row.email for row in _rows(store, accounts)}
        boxes = {row.gateway_id: row for row in _rows(store, gateways)}
        codes = _rows(store, link_codes)
        return {
            "accounts": {row.email: row.verified_at is not None for row in _rows(store, accounts)},
            "epochs": {row.device_code: row.epoch for row in boxes.values()},
            "links": {
                emails[row.account_id]: (boxes[row.gateway_id].device_code, row.member_slot)
                for row in _rows(store, links)
            },
            "phones": {
                (emails[row.account_id], row.slot): (row.installation_id, row.nickname)
                for row in _rows(store, phones)
            },
            "codes": Counter(
                (boxes[row.gateway_id].device_code, row.issued_at, row.spent_at is not None) for row in codes
            ),
            "change codes": {
                (emails[row.account_id], row.slot): (row.issued_at, row.spent_at is not None)
                for row in _rows(store, change_codes)
            },
            "sessions": Counter(
                (emails[row.account_id], row.installation_id) for row in _rows(store, sessions)
            ),
            "samples": {(boxes[row.gateway_id].device_code, row.seq) for row in _rows(store, samples)},
        }


def modelled(model: Model) -> State:
    """Return what the model holds, as `stored` tells it."""
    owned = [
        (email, slot, phone) for email, each in model.accounts.items() for slot, phone in each.phones.items()
    ]
    return {
        "accounts": {email: each.verified for email, each in model.accounts.items()},
        "epochs": {device_code: each.epoch for device_code, each in model.gateways.items()},
        "links": {
            email: (each.gateway, each.place) for email, each in model.accounts.items() if each.gateway
        },
        "phones": {(email, slot): (phone.installation, phone.nickname) for email, slot, phone in owned},
        "codes": Counter(
            (device_code, code.issued_at, code.spent)
            for device_code, each in model.gateways.items()
            for code in each.codes
        ),
        "change codes": {
            (email, slot): (phone.change_code.issued_at, phone.change_code.spent)
            for email, slot, phone in owned
            if phone.change_code
        },
        "sessions": Counter((each.email, each.installation) for each in model.sessions),
        "samples": {(code, seq) for code, each in model.gateways.items() for seq in each.samples},
    }


def _rows(store: Connection, table: Any) -> list[Row[Any]]:
    return list(store.execute(select(table)).all())
