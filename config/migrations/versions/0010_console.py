"""Who enters the console: accounts, roles, sessions, recovery codes, invitations; and claimed call-backs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_console"
down_revision = "0003_records"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "console_accounts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("totp_sealed", sa.Text),
        sa.Column("totp_since", INSTANT),
        sa.Column("totp_step", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("demonstration", sa.Boolean, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
    )
    op.create_table(
        "console_grants",
        sa.Column("account_id", sa.String(36), sa.ForeignKey("console_accounts.id"), primary_key=True),
        sa.Column("role", sa.String(16), primary_key=True),
        sa.Column("association", sa.String(64), primary_key=True),
    )
    _sessions()
    _secrets()
    op.create_table(
        "callback_claims",
        sa.Column("callback_id", sa.String(36), sa.ForeignKey("callbacks.id"), primary_key=True),
        sa.Column("account_id", sa.String(36), sa.ForeignKey("console_accounts.id"), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
    )


def downgrade() -> None:
    """Back to what was before."""
    for table in (
        "callback_claims",
        "console_slowdowns",
        "console_invitations",
        "console_recovery",
        "console_sessions",
        "console_grants",
        "console_accounts",
    ):
        op.drop_table(table)


def _sessions() -> None:
    op.create_table(
        "console_sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("account_id", sa.String(36), sa.ForeignKey("console_accounts.id"), nullable=False),
        sa.Column("stage", sa.String(8), nullable=False),
        sa.Column("address", sa.String(32), nullable=False),
        sa.Column("browser", sa.String(120), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
    )
    op.create_index("console_sessions_of", "console_sessions", ["account_id", "began_at"])


def _secrets() -> None:
    op.create_table(
        "console_recovery",
        sa.Column("account_id", sa.String(36), sa.ForeignKey("console_accounts.id"), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("used_at", INSTANT),
    )
    op.create_table(
        "console_invitations",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.String(36), sa.ForeignKey("console_accounts.id"), nullable=False),
        sa.Column("made_by", sa.String(120), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
    )
    op.create_table(
        "console_slowdowns",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
    )
