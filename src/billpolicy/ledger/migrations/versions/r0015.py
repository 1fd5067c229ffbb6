"""Whatever somebody does says by which request of a program it was done, where that gives its id.

What was done before came with none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_FIXED = "id, operation, who, at, why, approved_by, request_id"
"""Every column of the table `audit`, whose guard names them; that of the others is of any column."""


def upgrade() -> None:
    """Add the column, and let the guard know it."""
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    for table in ("audit", "waiting", "approvals", "withdrawals"):
        op.add_column(table, sa.Column("request_id", text))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_fixed")
        op.execute(
            f"CREATE TRIGGER audit_fixed BEFORE UPDATE OF {_FIXED} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'guard: audit never change'); END"
        )
