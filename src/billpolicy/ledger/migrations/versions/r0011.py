"""Which payment term a due date was worked out from, and when money expires.

Of documents that were imported before, neither is known: the columns begin empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MAY_CHANGE = ("reversed", "reversed_reason", "status", "posted_as", "changed_by", "revision")


def upgrade() -> None:
    """Add the columns, and put the guard up again that keeps them as they are."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("DROP TRIGGER documents_fixed")
    op.add_column("documents", sa.Column("due_date_from", sa.Text()))
    op.add_column("documents", sa.Column("expires_on", sa.String(length=10)))
    if sqlite:
        columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("documents")]
        fixed = ", ".join(name for name in columns if name not in _MAY_CHANGE)
        op.execute(
            f"CREATE TRIGGER documents_fixed BEFORE UPDATE OF {fixed} ON documents "
            f"BEGIN SELECT RAISE(ABORT, 'guard: documents never change'); END"
        )
