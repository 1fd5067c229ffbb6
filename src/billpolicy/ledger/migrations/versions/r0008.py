"""The text of each policy that something is posted under, so that it can be explained as it was decided then.

Of what was posted before nobody knows it any more: the table begins empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KNOWN = "EXISTS (SELECT 1 FROM policies WHERE digest = NEW.digest)"
_GUARDS = (
    ("fixed", "UPDATE", "", "policies never change"),
    ("stay", "DELETE", "", "policies are never deleted"),
    ("unique", "INSERT", f"WHEN {_KNOWN} ", "policies are never replaced"),
)


def upgrade() -> None:
    """Add the table, and its guards."""
    op.create_table(
        "policies",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("layers", sa.Text(), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for name, event, when, message in _GUARDS:
            op.execute(
                f"CREATE TRIGGER policies_{name} BEFORE {event} ON policies {when}"
                f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
            )
