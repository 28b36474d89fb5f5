"""Every table and column. Instants are integer milliseconds since 1970, named `…_at`.

Limits are constraints here, so that no race can break them: numbered slots, one live thing per key.
Counts are never stored; they are derived from rows.
"""

from cloud.store.schema.account_tables import (
    accounts,
    authorization_codes,
    challenges,
    ended_tokens,
    known_peers,
    mails,
    password_urls,
    sessions,
    social_logins,
    tallies,
    texts,
    tokens,
)
from cloud.store.schema.gateway_tables import (
    consents,
    gateways,
    link_codes,
    nonces,
    registration_runs,
    releases,
    samples,
)
from cloud.store.schema.link_tables import (
    app_consents,
    change_codes,
    events,
    links,
    permits,
    phones,
    wrong_tries,
)
from cloud.store.schema.naming import metadata

__all__ = [
    "accounts",
    "app_consents",
    "authorization_codes",
    "challenges",
    "change_codes",
    "consents",
    "ended_tokens",
    "events",
    "gateways",
    "known_peers",
    "link_codes",
    "links",
    "mails",
    "metadata",
    "nonces",
    "password_urls",
    "permits",
    "phones",
    "registration_runs",
    "releases",
    "samples",
    "sessions",
    "social_logins",
    "tallies",
    "texts",
    "tokens",
    "wrong_tries",
]
