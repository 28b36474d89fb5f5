"""The app and the club: sessions with two tokens, two-step verification, change codes, users that can be removed.

Everybody has to log in again: a session of before has one token that nobody can renew.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("password_changed_at", sa.BigInteger(), nullable=True))
    op.add_column("accounts", sa.Column("two_step_asked_at", sa.BigInteger(), nullable=True))
    op.add_column("accounts", sa.Column("two_step_number", sa.String(), nullable=True))
    op.add_column(
        "accounts", sa.Column("two_step_on", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("mails", sa.Column("delivered_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_mails_delivered_at"), "mails", ["delivered_at"], unique=False)
    _rebuild_sessions()
    _rebuild_phones()
    _let_tries_outlive_accounts()
    _add_change_codes()
    _add_accounts_tables()
    _add_app_tables()


def _rebuild_sessions() -> None:
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("os_version", sa.String(), nullable=False),
        sa.Column("form_factor", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_sessions_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.session_id"], name=op.f("fk_tokens_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_tokens")),
    )
    op.create_index(op.f("ix_tokens_session_id"), "tokens", ["session_id"], unique=False)


def _rebuild_phones() -> None:
    """Give every phone an id. The table is made anew, for SQLite adds no column that is unique and never null."""
    before = ("account_id", "slot", "installation_id", "nickname", "nickname_key", "request_id")
    rows = op.get_bind().execute(sa.text(f"SELECT {', '.join(before)} FROM phones")).mappings().all()  # noqa: S608
    op.drop_table("phones")
    phones = op.create_table(
        "phones",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("phone_id", sa.String(), nullable=False),
        sa.Column("installation_id", sa.String(), nullable=False),
        sa.Column("nickname", sa.String(), nullable=False),
        sa.Column("nickname_key", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.CheckConstraint("slot BETWEEN 1 AND 2", name=op.f("ck_phones_slot")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["links.account_id"], name=op.f("fk_phones_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "slot", name=op.f("pk_phones")),
        sa.UniqueConstraint(
            "account_id", "installation_id", name=op.f("uq_phones_account_id_installation_id")
        ),
        sa.UniqueConstraint("account_id", "nickname_key", name=op.f("uq_phones_account_id_nickname_key")),
        sa.UniqueConstraint("phone_id", name=op.f("uq_phones_phone_id")),
    )
    op.create_index(op.f("ix_phones_installation_id"), "phones", ["installation_id"], unique=False)
    op.bulk_insert(phones, [{**row, "phone_id": secrets.token_urlsafe(16)} for row in rows])


def _let_tries_outlive_accounts() -> None:
    """Count on what an account tried that has left."""
    name = op.f("fk_wrong_tries_account_id")
    with op.batch_alter_table("wrong_tries", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(name, type_="foreignkey")
        batch.alter_column("account_id", existing_type=sa.Integer(), nullable=True)
        batch.create_foreign_key(name, "accounts", ["account_id"], ["account_id"], ondelete="SET NULL")


def _add_change_codes() -> None:
    op.create_table(
        "change_codes",
        sa.Column("change_code_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id", "slot"],
            ["phones.account_id", "phones.slot"],
            name=op.f("fk_change_codes_account_id_slot"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("change_code_id", name=op.f("pk_change_codes")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_change_codes_account_id_slot"), "change_codes", ["account_id", "slot"], unique=False
    )


def _add_accounts_tables() -> None:
    op.create_table(
        "ended_tokens",
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_ended_tokens")),
    )
    op.create_index(op.f("ix_ended_tokens_ended_at"), "ended_tokens", ["ended_at"], unique=False)
    op.create_table(
        "tallies",
        sa.Column("tally_id", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("whose", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tally_id", name=op.f("pk_tallies")),
    )
    op.create_index(op.f("ix_tallies_at"), "tallies", ["at"], unique=False)
    op.create_index(op.f("ix_tallies_what_whose"), "tallies", ["what", "whose"], unique=False)
    op.create_table(
        "texts",
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_texts_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("text_id", name=op.f("pk_texts")),
    )
    op.create_index(op.f("ix_texts_account_id"), "texts", ["account_id"], unique=False)
    op.create_table(
        "authorization_codes",
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("code_challenge", sa.String(), nullable=False),
        sa.Column("redirect_uri", sa.String(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_authorization_codes_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_authorization_codes")),
    )
    op.create_index(
        op.f("ix_authorization_codes_account_id"), "authorization_codes", ["account_id"], unique=False
    )
    op.create_table(
        "challenges",
        sa.Column("challenge_digest", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_challenges_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("challenge_digest", name=op.f("pk_challenges")),
        sa.UniqueConstraint("account_id", "purpose", name=op.f("uq_challenges_account_id_purpose")),
    )
    op.create_index(op.f("ix_challenges_account_id"), "challenges", ["account_id"], unique=False)
    op.create_table(
        "known_peers",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_known_peers_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "peer", name=op.f("pk_known_peers")),
    )
    op.create_table(
        "password_urls",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url_digest", sa.String(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_password_urls_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_password_urls")),
        sa.UniqueConstraint("url_digest", name=op.f("uq_password_urls_url_digest")),
    )
    op.create_table(
        "social_logins",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_social_logins_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider", "subject", name=op.f("pk_social_logins")),
    )
    op.create_index(op.f("ix_social_logins_account_id"), "social_logins", ["account_id"], unique=False)


def _add_app_tables() -> None:
    op.create_table(
        "app_consents",
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("agreed_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_app_consents_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_app_consents")),
    )
    op.create_index(op.f("ix_app_consents_account_id"), "app_consents", ["account_id"], unique=False)
    op.create_table(
        "permits",
        sa.Column("permit_digest", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("link_code_id", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_permits_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["link_code_id"],
            ["link_codes.link_code_id"],
            name=op.f("fk_permits_link_code_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("permit_digest", name=op.f("pk_permits")),
    )
    op.create_index(op.f("ix_permits_account_id"), "permits", ["account_id"], unique=False)
    op.create_index(op.f("ix_permits_link_code_id"), "permits", ["link_code_id"], unique=False)
