"""Tables between people and gateways: links, phones and their codes, wrong tries, events."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from cloud.store.schema.naming import metadata, of
from protocol.rules import MAX_ACCOUNTS_PER_GATEWAY, MAX_PHONES_PER_ACCOUNT

links: Final = Table(  # account ⇄ gateway; the primary key says one gateway an account
    "links",
    metadata,
    Column("account_id", of("accounts.account_id"), primary_key=True, autoincrement=False),
    Column("gateway_id", of("gateways.gateway_id"), nullable=False),
    Column("member_slot", Integer, nullable=False),
    Column("linked_at", BigInteger, nullable=False),
    UniqueConstraint("gateway_id", "member_slot"),
    CheckConstraint(f"member_slot BETWEEN 1 AND {MAX_ACCOUNTS_PER_GATEWAY}", name="member_slot"),
)

phones: Final = Table(  # app installations registered under a linked account
    "phones",
    metadata,
    Column("account_id", of("links.account_id"), primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("phone_id", String, nullable=False, unique=True),  # names it to others; random
    Column("installation_id", String, nullable=False, index=True),
    Column("nickname", String, nullable=False),  # as typed, NFC
    Column("nickname_key", String, nullable=False),  # as compared
    # Of the request that gave this installation its place, so that a repetition is harmless.
    Column("request_id", String, nullable=False),
    UniqueConstraint("account_id", "installation_id"),
    UniqueConstraint("account_id", "nickname_key"),
    CheckConstraint(f"slot BETWEEN 1 AND {MAX_PHONES_PER_ACCOUNT}", name="slot"),
)

change_codes: Final = Table(  # 機種変更コード; only the newest of a phone can be live
    "change_codes",
    metadata,
    Column("change_code_id", Integer, primary_key=True),
    Column("account_id", Integer, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("code_hash", String, nullable=False),  # argon2id(HMAC(pepper, code))
    Column("issued_at", BigInteger, nullable=False),
    Column("spent_at", BigInteger),  # when it moved the slot
    ForeignKeyConstraint(["account_id", "slot"], ["phones.account_id", "phones.slot"], ondelete="CASCADE"),
    Index(None, "account_id", "slot"),
    sqlite_autoincrement=True,
)

permits: Final = Table(  # to remove phones from the list that a right pair of codes has shown (S-BIND-16)
    "permits",
    metadata,
    Column("permit_digest", String, primary_key=True),
    Column("account_id", of("accounts.account_id"), nullable=False, index=True),
    Column("link_code_id", of("link_codes.link_code_id"), nullable=False, index=True),
    Column("issued_at", BigInteger, nullable=False),
)

app_consents: Final = Table(  # every 同意する of the app
    "app_consents",
    metadata,
    Column("consent_id", Integer, primary_key=True),
    Column("account_id", of("accounts.account_id"), nullable=False, index=True),
    Column("terms_version", String, nullable=False),
    Column("agreed_at", BigInteger, nullable=False),  # the phone's clock
    Column("recorded_at", BigInteger, nullable=False),
)

wrong_tries: Final = Table(  # wrong pairs of device code and link code, and those still being checked
    "wrong_tries",
    metadata,
    Column("try_id", Integer, primary_key=True),
    # Null when the account has left: what it tried counts on, or leaving would make room for more tries.
    Column("account_id", ForeignKey("accounts.account_id", ondelete="SET NULL"), index=True),
    Column("device_code", String, nullable=False, index=True),  # as typed, whether a gateway has it or not
    Column("peer", String, nullable=False, index=True),  # IPv4 address or IPv6 /64
    # The live code it was tried on; a new epoch takes the code away, the budgets of account and address stay.
    Column("link_code_id", ForeignKey("link_codes.link_code_id", ondelete="SET NULL"), index=True),
    Column("tried_at", BigInteger, nullable=False, index=True),
    sqlite_autoincrement=True,  # as above
)

events: Final = Table(  # what an account is told of a gateway it is, or was, linked to
    "events",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("account_id", of("accounts.account_id"), nullable=False, index=True),
    Column("gateway_id", String(12), nullable=False),
    Column("kind", String, nullable=False),  # as protocol.cloud_api.Event names it
    Column("at", BigInteger, nullable=False, index=True),  # forgotten after 90 days
)
