"""Operations that wait for approvals, the approvals that are given to them, and those that wait no more.

What stands there never changes: an operation that waits anew is another row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WITHDRAWN = "EXISTS (SELECT 1 FROM withdrawals WHERE waiting = NEW.waiting)"
_OTHER = "NEW.digest IS NOT (SELECT digest FROM waiting WHERE id = NEW.waiting)"
_POSTED = "EXISTS (SELECT 1 FROM operations o JOIN waiting w ON w.operation = o.id WHERE w.id = NEW.waiting)"
_ALONE = """
EXISTS (SELECT 1 FROM operations WHERE id = NEW.operation) OR EXISTS (
    SELECT 1 FROM waiting w WHERE w.operation = NEW.operation AND w.id NOT IN (SELECT waiting FROM withdrawals)
)
"""
_GUARDS = (
    ("waiting", "alone", "INSERT", f"WHEN {_ALONE} ", "an operation waits once, and not when it is posted"),
    *(
        (table, "unique", "INSERT", f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) ", f"{table} stay")
        for table in ("waiting", "approvals")
    ),
    ("approvals", "standing", "INSERT", f"WHEN {_WITHDRAWN} OR {_POSTED} ", "what waits no more is not approved"),
    ("approvals", "whole", "INSERT", f"WHEN {_OTHER} ", "an approval names what it approves"),
    ("withdrawals", "standing", "INSERT", f"WHEN {_WITHDRAWN} OR {_POSTED} ", "what waits no more is not withdrawn"),
    *(
        (table, name, event, "", f"{table} {never}")
        for table in ("waiting", "approvals", "withdrawals")
        for name, event, never in (("fixed", "UPDATE", "never change"), ("stay", "DELETE", "are never deleted"))
    ),
)


def upgrade() -> None:
    """Add the tables, and their guards."""
    op.create_table(
        "waiting",
        sa.Column("id", _ID, primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("operation", "kind")),
        sa.Column("date", sa.String(10), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("request", "actor", "who", "at", "policy", "policy_digest", "content", "digest", "awaited")
        ),
    )
    op.create_index("ix_waiting_operation", "waiting", ["operation"])
    op.create_table(
        "approvals",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("waiting", _ID, sa.ForeignKey("waiting.id"), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
    )
    op.create_index("ix_approvals_waiting", "approvals", ["waiting"])
    op.create_table(
        "withdrawals",
        sa.Column("waiting", _ID, sa.ForeignKey("waiting.id"), primary_key=True, autoincrement=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table, name, event, when, message in _GUARDS:
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when}"
                f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
            )
