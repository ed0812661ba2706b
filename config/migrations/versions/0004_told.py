"""Which attempts the call records were told of; earlier ones are told of again, and count once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_told"
down_revision = "0003_records"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark."""
    op.add_column("attempts", sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("attempts_untold", "attempts", ["told", "ended_at"])


def downgrade() -> None:
    """Take it away."""
    op.drop_index("attempts_untold", "attempts")
    op.drop_column("attempts", "told")
