"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("newsletters", sa.Text(), nullable=False),
        sa.Column("url_digest", sa.String(), nullable=False),
        sa.Column("url_sent_at", sa.BigInteger(), nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_accounts_email")),
        sa.UniqueConstraint("url_digest", name=op.f("uq_accounts_url_digest")),
    )
    op.create_table(
        "gateways",
        sa.Column("gateway_id", sa.String(length=12), nullable=False),
        sa.Column("device_code", sa.String(length=10), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("firmware", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("mqtt_password_hash", sa.String(), nullable=False),
        sa.Column("stored_up_to", sa.BigInteger(), nullable=False),
        sa.Column("says_online", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("gateway_id", name=op.f("pk_gateways")),
        sa.UniqueConstraint("device_code", name=op.f("uq_gateways_device_code")),
    )
    op.create_table(
        "mails",
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_mails")),
    )
    op.create_table(
        "nonces",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_nonces")),
    )
    op.create_index(op.f("ix_nonces_issued_at"), "nonces", ["issued_at"], unique=False)
    op.create_table(
        "link_codes",
        sa.Column("link_code_id", sa.Integer(), nullable=False),
        sa.Column("gateway_id", sa.String(length=12), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateways.gateway_id"], name=op.f("fk_link_codes_gateway_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("link_code_id", name=op.f("pk_link_codes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_link_codes_gateway_id"), "link_codes", ["gateway_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway_id", sa.String(length=12), nullable=False),
        sa.Column("member_slot", sa.Integer(), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("member_slot BETWEEN 1 AND 4", name=op.f("ck_links_member_slot")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_links_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateways.gateway_id"], name=op.f("fk_links_gateway_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_links")),
        sa.UniqueConstraint("gateway_id", "member_slot", name=op.f("uq_links_gateway_id_member_slot")),
    )
    op.create_table(
        "samples",
        sa.Column("gateway_id", sa.String(length=12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("generation_w", sa.Integer(), nullable=False),
        sa.Column("consumption_w", sa.Integer(), nullable=False),
        sa.Column("grid_import_w", sa.Integer(), nullable=False),
        sa.Column("grid_export_w", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway_id"], ["gateways.gateway_id"], name=op.f("fk_samples_gateway_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("gateway_id", "epoch", "seq", name=op.f("pk_samples")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_samples_gateway_id_measured_at"), "samples", ["gateway_id", "measured_at"], unique=False
    )
    op.create_table(
        "sessions",
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_sessions_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"], unique=False)
    op.create_table(
        "phones",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
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
    )
    op.create_index(op.f("ix_phones_installation_id"), "phones", ["installation_id"], unique=False)
    op.create_table(
        "wrong_tries",
        sa.Column("try_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("device_code", sa.String(), nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("link_code_id", sa.Integer(), nullable=True),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_wrong_tries_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["link_code_id"],
            ["link_codes.link_code_id"],
            name=op.f("fk_wrong_tries_link_code_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("try_id", name=op.f("pk_wrong_tries")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_wrong_tries_account_id"), "wrong_tries", ["account_id"], unique=False)
    op.create_index(op.f("ix_wrong_tries_device_code"), "wrong_tries", ["device_code"], unique=False)
    op.create_index(op.f("ix_wrong_tries_link_code_id"), "wrong_tries", ["link_code_id"], unique=False)
    op.create_index(op.f("ix_wrong_tries_peer"), "wrong_tries", ["peer"], unique=False)
    op.create_index(op.f("ix_wrong_tries_tried_at"), "wrong_tries", ["tried_at"], unique=False)
