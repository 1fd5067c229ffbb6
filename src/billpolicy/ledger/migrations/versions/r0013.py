"""The hash chain: a link for whatever is written for good.

What was written before has no links; `ledger/evidence.py` lets the chain begin over all of it once the tables are what
they are to be.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KNOWN = "EXISTS (SELECT 1 FROM chain WHERE id = NEW.id)"
_GUARDS = (
    ("fixed", "UPDATE", "", "chain links never change"),
    ("stay", "DELETE", "", "chain links are never deleted"),
    ("unique", "INSERT", f"WHEN {_KNOWN} ", "chain links are never replaced"),
)


_COUNTED = ("approvals", "audit", "documents", "waiting")
"""Tables whose rows the program counts itself: a counter of the server leaves gaps."""


def upgrade() -> None:
    """Add the table, and its guards."""
    op.create_table(
        "chain",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "what", "content", "digest")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _as_the_schema_has_them()
    if op.get_bind().dialect.name == "sqlite":
        for name, event, when, message in _GUARDS:
            op.execute(
                f"CREATE TRIGGER chain_{name} BEFORE {event} ON chain {when}"
                f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
            )


def _as_the_schema_has_them() -> None:
    """No ledger was kept in PostgreSQL before: text sorts by its code points there, and no server counts rows."""
    inspector = sa.inspect(op.get_bind())
    for table in inspector.get_table_names():
        for column in inspector.get_columns(table):
            if isinstance(column["type"], sa.String) and table != "alembic_version":
                op.execute(f'ALTER TABLE {table} ALTER COLUMN {column["name"]} TYPE {column["type"]} COLLATE "C"')
    for table in _COUNTED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN id DROP DEFAULT")
        op.execute(f"DROP SEQUENCE {table}_id_seq")
