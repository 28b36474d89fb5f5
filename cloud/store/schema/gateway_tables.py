"""Tables of the gateways: registrations, link codes, what was measured, the firmware catalogue."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from cloud.store.schema.naming import metadata, of

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

# Every 同意し次へ; kept when a gateway is registered anew, and says nothing about people.
consents: Final = Table(
    "consents",
    metadata,
    Column("consent_id", Integer, primary_key=True),
    Column("gateway_id", String(12), nullable=False),
    Column("terms_version", String, nullable=False),  # of サーバーサービスご利用規約
    Column("agreed_at", BigInteger, nullable=False),  # the gateway's clock
    Column("recorded_at", BigInteger, nullable=False),
)

link_codes: Final = Table(  # every code issued; only the newest of a gateway can be live
    "link_codes",
    metadata,
    Column("link_code_id", Integer, primary_key=True),
    Column("gateway_id", of("gateways.gateway_id"), nullable=False, index=True),
    Column("code_hash", String, nullable=False),  # argon2id(HMAC(pepper, code))
    Column("issued_at", BigInteger, nullable=False),
    Column("spent_at", BigInteger),  # when it made a link
    sqlite_autoincrement=True,  # no id comes twice, so an old code is never taken for a new one
)

samples: Final = Table(
    "samples",
    metadata,
    Column("gateway_id", of("gateways.gateway_id"), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("measured_at", BigInteger, nullable=False),  # the gateway's clock
    Column("generation_w", Integer, nullable=False),  # these four apart, for questions in SQL
    Column("consumption_w", Integer, nullable=False),
    Column("grid_import_w", Integer, nullable=False),
    Column("grid_export_w", Integer, nullable=False),
    Column("document", Text, nullable=False),  # the whole sample as JSON
    Index(None, "gateway_id", "measured_at"),
    sqlite_with_rowid=False,
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
