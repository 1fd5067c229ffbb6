"""Counters of numbers that continue that of a source, and numbers that no document has, each with its reason.

What was counted before is of series, and of no number was it said why it is missing: the table begins empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KNOWN = "EXISTS (SELECT 1 FROM void_numbers WHERE number = NEW.number)"
_GUARDS = (
    ("fixed", "UPDATE", "", "void numbers never change"),
    ("stay", "DELETE", "", "void numbers are never deleted"),
    ("unique", "INSERT", f"WHEN {_KNOWN} ", "void numbers are never replaced"),
)


def upgrade() -> None:
    """Add the column and the table, and its guards."""
    op.add_column("counters", sa.Column("source", sa.Text()))
    op.create_index("ix_counters_source", "counters", ["source"])
    op.create_table(
        "void_numbers",
        sa.Column("number", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("date", sa.String(10)),
    )
    if op.get_bind().dialect.name == "sqlite":
        for name, event, when, message in _GUARDS:
            op.execute(
                f"CREATE TRIGGER void_numbers_{name} BEFORE {event} ON void_numbers {when}"
                f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
            )
        op.execute(
            "CREATE TRIGGER counters_source BEFORE UPDATE ON counters WHEN NEW.source IS NOT OLD.source "
            "BEGIN SELECT RAISE(ABORT, 'guard: whose numbers are continued never changes'); END"
        )
