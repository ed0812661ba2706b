"""More ways into the console: passkeys, identities of OpenID Connect, ways back a second person grants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_access"
down_revision = "0010_console"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables; sessions of before were all begun with a password."""
    op.add_column(
        "console_sessions", sa.Column("way", sa.String(12), nullable=False, server_default="password")
    )
    op.create_table(
        "console_passkeys",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account_id", sa.String(36), sa.ForeignKey("console_accounts.id"), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("credential", sa.Text, nullable=False),
        sa.Column("public_key", sa.Text, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
    )
    op.create_index("console_passkeys_of", "console_passkeys", ["account_id"])
    op.create_table(
        "console_challenges",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("expires_at", INSTANT, nullable=False),
    )
    op.create_table(
        "console_identities",
        sa.Column("provider", sa.String(32), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("account_id", sa.String(36), sa.ForeignKey("console_accounts.id"), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
    )
    op.create_index("console_identities_of", "console_identities", ["account_id"])
    _way_backs()


def _way_backs() -> None:
    op.create_table(
        "console_way_backs",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("account_id", sa.String(36), sa.ForeignKey("console_accounts.id"), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("known", sa.Boolean, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("granted_by", sa.String(120)),
        sa.Column("closed_at", INSTANT),
    )
    op.create_index("console_way_backs_of", "console_way_backs", ["account_id"])


def downgrade() -> None:
    """Back to passwords and codes alone."""
    for table in ("console_way_backs", "console_identities", "console_challenges", "console_passkeys"):
        op.drop_table(table)
    op.drop_column("console_sessions", "way")
