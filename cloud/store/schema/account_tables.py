"""Tables of the people: CLUB Panasonic IDs, what was sent to them, their logins."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from cloud.store.schema.naming import metadata, of

accounts: Final = Table(  # CLUB Panasonic IDs
    "accounts",
    metadata,
    Column("account_id", Integer, primary_key=True),
    Column("email", String, nullable=False, unique=True),  # normalised
    # argon2id(HMAC(pepper, password)); of something nobody knows where only a social account logs in
    Column("password_hash", String, nullable=False),
    Column("password_changed_at", BigInteger),  # null: never since sign-up
    Column("newsletters", Text, nullable=False),  # JSON list of what was chosen (S-ACC-03)
    Column("url_digest", String, nullable=False, unique=True),  # SHA-256 of the newest mailed token
    Column("url_sent_at", BigInteger, nullable=False),
    Column("verified_at", BigInteger),  # null: no login, no link (S-ACC-07)
    Column("two_step_asked_at", BigInteger),  # when 2段階認証設定のお願い was answered (S-2FA-01)
    Column("two_step_number", String),  # E.164; kept when two-step verification is turned off (S-2FA-07)
    Column("two_step_on", Boolean, nullable=False, server_default=false()),
)

social_logins: Final = Table(  # a social account speaks for a CLUB Panasonic ID; never by its address (T-25)
    "social_logins",
    metadata,
    Column("provider", String, primary_key=True),
    Column("subject", String, primary_key=True),  # as the provider names the person
    Column("account_id", of("accounts.account_id"), nullable=False, index=True),
)

password_urls: Final = Table(  # パスワードを忘れた方はこちら: mailed, good for an hour, once, newest only
    "password_urls",
    metadata,
    Column("account_id", of("accounts.account_id"), primary_key=True, autoincrement=False),
    Column("url_digest", String, nullable=False, unique=True),  # SHA-256 of the mailed token
    Column("sent_at", BigInteger, nullable=False),
)

# Everything that was mailed; leaves this machine only where an SMTP server is set (S-GEN-21).
mails: Final = Table(
    "mails",
    metadata,
    Column("mail_id", Integer, primary_key=True),
    Column("sender", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger, index=True),  # when an SMTP server took it
)

texts: Final = Table(  # every SMS; none is ever sent (S-2FA-11)
    "texts",
    metadata,
    Column("text_id", Integer, primary_key=True),
    Column("account_id", of("accounts.account_id"), nullable=False, index=True),  # a number may serve several
    Column("recipient", String, nullable=False),  # E.164
    Column("body", Text, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
)

challenges: Final = Table(  # 認証コード that was sent and not answered; one of each account and purpose
    "challenges",
    metadata,
    Column("challenge_digest", String, primary_key=True),  # SHA-256 of what the asker was given
    Column("account_id", of("accounts.account_id"), nullable=False, index=True),
    Column("purpose", String, nullable=False),  # "set_up" or "log_in"
    Column("number", String),  # where it was sent, E.164; null: to the mail address
    Column("code_hash", String, nullable=False),  # argon2id(HMAC(pepper, code))
    Column("sent_at", BigInteger, nullable=False),
    UniqueConstraint("account_id", "purpose"),
)

tallies: Final = Table(  # what may happen only so often: a row each time, forgotten when it no longer counts
    "tallies",
    metadata,
    Column("tally_id", Integer, primary_key=True),
    Column("what", String, nullable=False),  # cloud.registry.tallies names them
    Column("whose", String, nullable=False),  # derived with the pepper: says nothing about people (T-51)
    Column("at", BigInteger, nullable=False, index=True),
    Index(None, "what", "whose"),
)

# Addresses an account has logged in from: an attack from elsewhere does not shut them out.
known_peers: Final = Table(
    "known_peers",
    metadata,
    Column("account_id", of("accounts.account_id"), primary_key=True, autoincrement=False),
    Column("peer", String, primary_key=True),  # derived with the pepper
    Column("seen_at", BigInteger, nullable=False),
)

# What the browser carries from the club back to the app; deleted when used.
authorization_codes: Final = Table(
    "authorization_codes",
    metadata,
    Column("code_digest", String, primary_key=True),  # SHA-256
    Column("account_id", of("accounts.account_id"), nullable=False, index=True),
    Column("code_challenge", String, nullable=False),  # S256 (RFC 7636)
    Column("redirect_uri", String, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
)

sessions: Final = Table(  # an account on one installation of the app, from login to logout
    "sessions",
    metadata,
    Column("session_id", Integer, primary_key=True),
    Column("account_id", of("accounts.account_id"), nullable=False, index=True),
    Column("installation_id", String, nullable=False),  # the app on one phone
    Column("platform", String, nullable=False),  # what the app said of itself; this and the two below
    Column("os_version", String, nullable=False),
    Column("form_factor", String, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

tokens: Final = Table(  # of a session: bearer tokens and refresh tokens
    "tokens",
    metadata,
    Column("token_digest", String, primary_key=True),  # SHA-256
    Column("session_id", of("sessions.session_id"), nullable=False, index=True),
    Column("kind", String, nullable=False),  # "access" or "refresh"
    Column("issued_at", BigInteger, nullable=False),
    Column("spent_at", BigInteger),  # when a refresh token bought the next pair
)

ended_tokens: Final = Table(  # tokens that died before their time, so that a phone can be told why
    "ended_tokens",
    metadata,
    Column("token_digest", String, primary_key=True),
    Column("because", String, nullable=False),  # the code of the problem that answers it
    Column("ended_at", BigInteger, nullable=False, index=True),
)
