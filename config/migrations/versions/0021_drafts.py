"""Cases that must keep passing, whom each version changed something for, and who asks for a second person."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021_drafts"
down_revision = "0020_publishing"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add both tables and the column; tell of what is published already whom it changed something for."""
    op.add_column("rule_drafts", sa.Column("asked_by", sa.String(120)))
    changes = op.create_table(
        "rule_changes",
        sa.Column("association", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "rule_cases",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("association", sa.String(64), nullable=False, index=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("commune", sa.String(5), nullable=False),  # INSEE code
        sa.Column("need", sa.String(20)),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("regulator", sa.String(64), nullable=False),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
    )
    before: dict[str, Any] = {}
    published = sa.text("SELECT version, document FROM rule_books ORDER BY version")
    for version, document in op.get_bind().execute(published).all():
        after = _parts(json.loads(document))
        slugs = [slug for slug in before.keys() | after.keys() if before.get(slug) != after.get(slug)]
        if slugs:
            op.bulk_insert(changes, [{"association": slug, "version": version} for slug in sorted(slugs)])
        before = after


def downgrade() -> None:
    """Take them away."""
    op.drop_table("rule_cases")
    op.drop_table("rule_changes")
    op.drop_column("rule_drafts", "asked_by")


def _parts(document: dict[str, Any]) -> dict[str, Any]:
    """By association, what it says of itself, its desks, its closures."""
    desks = {desk["id"]: desk for desk in document.get("regulators", [])}
    closures = document.get("closures", [])
    return {
        one["slug"]: (
            one,
            [
                desks.get(n)
                for n in (*one.get("regulators", []), *one.get("callbacks", {}).get("regulators", []))
            ],
            [closure for closure in closures if closure.get("association") == one["slug"]],
        )
        for one in document.get("associations", [])
    }
