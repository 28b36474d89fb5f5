"""Every table and column. Instants are integer milliseconds since 1970, named `…_at`.

Limits are constraints here, so that no race can break them: numbered slots, one live thing per key.
Counts are never stored; they are derived from rows.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from protocol.rules import MAX_ACCOUNTS_PER_GATEWAY, MAX_PHONES_PER_ACCOUNT

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _of(column: str) -> ForeignKey:
    return ForeignKey(column, ondelete="CASCADE")


nonces: Final = Table(  # handed out, not used yet
    "nonces",
    metadata,
    Column("nonce", String, primary_key=True),
    Column("issued_at", BigInteger, nullable=False, index=True),  # good for 300 s
)

gateways: Final = Table(  # registered for the server service; a row is a registration
    "gateways",
    metadata,
    Column("gateway_id", String(12), primary_key=True),
    Column("device_code", String(10), nullable=False, unique=True),  # selects, never authorises
    Column("public_key", String, nullable=False),  # Ed25519, base64; the first one seen owns the device code
    Column("model", String, nullable=False),
    Column("firmware", String, nullable=False),  # as the gateway last said
    Column("epoch", Integer, nullable=False),  # counts registrations, from 1
    Column("registered_at", BigInteger, nullable=False),
    Column("run_id", String, nullable=False),  # of this registration, so that a repetition is harmless
    Column("mqtt_password_hash", String, nullable=False),
    Column("stored_up_to", BigInteger, nullable=False),  # every sample up to here is stored or lost for good
    Column("says_online", Boolean, nullable=False),  # its last status message
    Column("last_seen_at", BigInteger),  # when it last sent anything, on our clock
    # argon2id(HMAC(pepper, code)) of the confirmation code; null before 0002. Nothing verifies it from outside.
    Column("confirmation_code_hash", String),
    Column(
        "prefecture", String
    ),  # 都道府県; this and the five below are what the wizard asked, null before 0002
    Column("area", String),  # 地域
    Column("municipality", String),  # 市町村
    Column("household_size", Integer),  # 世帯人数; this and the two below are ご家族の情報
    Column("building_type", String),  # 建物種別
    Column("energy_used", String),  # 利用エネルギー
)

registration_runs: Final = Table(  # begun in the wizard, not finished yet: one of each key
    "registration_runs",
    metadata,
    Column("run_id", String, primary_key=True),  # made by the gateway
    Column("gateway_id", String(12), nullable=False),
    Column("public_key", String, nullable=False, unique=True),  # Ed25519, base64
    Column("code_hash", String, nullable=False),  # argon2id(HMAC(pepper, confirmation code))
    Column("begun_at", BigInteger, nullable=False, index=True),  # good for 24 h
)

consents: Final = (
    Table(  # every 同意し次へ; kept when a gateway is registered anew, and says nothing about people
        "consents",
        metadata,
        Column("consent_id", Integer, primary_key=True),
        Column("gateway_id", String(12), nullable=False),
        Column("terms_version", String, nullable=False),  # of サーバーサービスご利用規約
        Column("agreed_at", BigInteger, nullable=False),  # the gateway's clock
        Column("recorded_at", BigInteger, nullable=False),
    )
)

link_codes: Final = Table(  # every code issued; only the newest of a gateway can be live
    "link_codes",
    metadata,
    Column("link_code_id", Integer, primary_key=True),
    Column("gateway_id", _of("gateways.gateway_id"), nullable=False, index=True),
    Column("code_hash", String, nullable=False),  # argon2id(HMAC(pepper, code))
    Column("issued_at", BigInteger, nullable=False),
    Column("spent_at", BigInteger),  # when it made a link
    sqlite_autoincrement=True,  # no id comes twice, so an old code is never taken for a new one
)

samples: Final = Table(
    "samples",
    metadata,
    Column("gateway_id", _of("gateways.gateway_id"), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("measured_at", BigInteger, nullable=False),  # the gateway's clock
    Column("generation_w", Integer, nullable=False),  # these four are what the timeline averages
    Column("consumption_w", Integer, nullable=False),
    Column("grid_import_w", Integer, nullable=False),
    Column("grid_export_w", Integer, nullable=False),
    Column("document", Text, nullable=False),  # the whole sample as JSON
    Index(None, "gateway_id", "measured_at"),
    sqlite_with_rowid=False,
)

accounts: Final = Table(  # CLUB Panasonic IDs
    "accounts",
    metadata,
    Column("account_id", Integer, primary_key=True),
    Column("email", String, nullable=False, unique=True),  # normalised
    Column("password_hash", String, nullable=False),  # argon2id(HMAC(pepper, password))
    Column("newsletters", Text, nullable=False),  # JSON list of what was chosen (S-ACC-03)
    Column("url_digest", String, nullable=False, unique=True),  # SHA-256 of the newest mailed token
    Column("url_sent_at", BigInteger, nullable=False),
    Column("verified_at", BigInteger),  # null: no login, no link (S-ACC-07)
)

mails: Final = Table(  # everything that would have been mailed; no mail host is ever contacted (S-GEN-21)
    "mails",
    metadata,
    Column("mail_id", Integer, primary_key=True),
    Column("sender", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
)

events: Final = Table(  # what an account is told of a gateway it is, or was, linked to
    "events",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("account_id", _of("accounts.account_id"), nullable=False, index=True),
    Column("gateway_id", String(12), nullable=False),
    Column("kind", String, nullable=False),  # as protocol.cloud_api.Event names it
    Column("at", BigInteger, nullable=False, index=True),  # forgotten after 90 days
)

releases: Final = Table(  # the firmware catalogue; the greatest version of a model is its latest
    "releases",
    metadata,
    Column("model", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("manifest", Text, nullable=False),  # the exact JSON text that was signed
    Column("signature", String, nullable=False),  # Ed25519 by the release key, base64
    Column("published_at", BigInteger),  # null: came with the settings, at a start
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("token_digest", String, primary_key=True),  # SHA-256 of the bearer token
    Column("account_id", _of("accounts.account_id"), nullable=False, index=True),
    Column("installation_id", String, nullable=False),  # the app on one phone
    Column("started_at", BigInteger, nullable=False),
)

links: Final = Table(  # account ⇄ gateway; the primary key says one gateway an account
    "links",
    metadata,
    Column("account_id", _of("accounts.account_id"), primary_key=True, autoincrement=False),
    Column("gateway_id", _of("gateways.gateway_id"), nullable=False),
    Column("member_slot", Integer, nullable=False),
    Column("linked_at", BigInteger, nullable=False),
    UniqueConstraint("gateway_id", "member_slot"),
    CheckConstraint(f"member_slot BETWEEN 1 AND {MAX_ACCOUNTS_PER_GATEWAY}", name="member_slot"),
)

phones: Final = Table(  # app installations registered under a linked account
    "phones",
    metadata,
    Column("account_id", _of("links.account_id"), primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("installation_id", String, nullable=False, index=True),
    Column("nickname", String, nullable=False),  # as typed, NFC
    Column("nickname_key", String, nullable=False),  # as compared
    Column(
        "request_id", String, nullable=False
    ),  # of the link that made it, so that a repetition is harmless
    UniqueConstraint("account_id", "installation_id"),
    UniqueConstraint("account_id", "nickname_key"),
    CheckConstraint(f"slot BETWEEN 1 AND {MAX_PHONES_PER_ACCOUNT}", name="slot"),
)

wrong_tries: Final = Table(  # wrong pairs of device code and link code, and those still being checked
    "wrong_tries",
    metadata,
    Column("try_id", Integer, primary_key=True),
    Column("account_id", _of("accounts.account_id"), nullable=False, index=True),
    Column("device_code", String, nullable=False, index=True),  # as typed, whether a gateway has it or not
    Column("peer", String, nullable=False, index=True),  # IPv4 address or IPv6 /64
    # The live code it was tried on; a new epoch takes the code away, the budgets of account and address stay.
    Column("link_code_id", ForeignKey("link_codes.link_code_id", ondelete="SET NULL"), index=True),
    Column("tried_at", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,  # as above
)
