"""What settlement adds: opt-outs and priorities of documents, and who approved an operation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FIXED = {"documents": ("reversed", "revision"), "audit": ()}
"""Tables that get columns -> those of their columns that may change."""


def upgrade() -> None:
    """Add the columns, and let the guards of their tables know them."""
    op.add_column("documents", sa.Column("auto_apply", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("documents", sa.Column("priority", sa.BigInteger()))
    op.add_column("audit", sa.Column("approved_by", sa.Text()))
    if op.get_bind().dialect.name == "sqlite":
        for table, may_change in _FIXED.items():
            columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
            fixed = ", ".join(name for name in columns if name not in may_change)
            op.execute(f"DROP TRIGGER {table}_fixed")
            op.execute(
                f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OF {fixed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'guard: {table} never change'); END"
            )
