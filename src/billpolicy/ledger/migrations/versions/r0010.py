"""What was posted in a day or a month is found quickly: limits over time are counted from the journal."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_audit_at", "audit", ["at"])
