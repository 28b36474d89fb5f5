"""Registration in two steps, with answers and consent; events; the firmware catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batch mode: that drops the old table, and its links, samples and codes would go with it.
    op.alter_column("gateways", "request_id", new_column_name="run_id")
    op.add_column("gateways", sa.Column("confirmation_code_hash", sa.String(), nullable=True))
    op.add_column("gateways", sa.Column("prefecture", sa.String(), nullable=True))
    op.add_column("gateways", sa.Column("area", sa.String(), nullable=True))
    op.add_column("gateways", sa.Column("municipality", sa.String(), nullable=True))
    op.add_column("gateways", sa.Column("household_size", sa.Integer(), nullable=True))
    op.add_column("gateways", sa.Column("building_type", sa.String(), nullable=True))
    op.add_column("gateways", sa.Column("energy_used", sa.String(), nullable=True))
    op.create_table(
        "registration_runs",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("gateway_id", sa.String(length=12), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_registration_runs")),
        sa.UniqueConstraint("public_key", name=op.f("uq_registration_runs_public_key")),
    )
    op.create_index(op.f("ix_registration_runs_begun_at"), "registration_runs", ["begun_at"], unique=False)
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("gateway_id", sa.String(length=12), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("agreed_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consents")),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("gateway_id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.account_id"], name=op.f("fk_events_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_account_id"), "events", ["account_id"], unique=False)
    op.create_index(op.f("ix_events_at"), "events", ["at"], unique=False)
    op.create_table(
        "releases",
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_releases")),
    )
