"""Every row that an import brought says which one, so that the link of an import stands for what it brought alone.

What was imported before imports were counted came with none of them: 0.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_IMPORTED = {
    "accounts": "created_by IS NULL",
    "contacts": "created_by IS NULL",
    "charges": "created_by IS NULL",
    "subscriptions": "created_by IS NULL",
    "subscribed_charges": "created_by IS NULL",
    "accounting_periods": "created_by IS NULL",
    "held": "posted_by IS NULL",
    "void_numbers": "number IS NOT NULL",
    "documents": "operation IS NULL",
    "applications": "operation IS NULL",
    "usage": "operation IS NULL",
    "charge_periods": "imported IS NOT NULL",
}
"""Table -> which of its rows were imported."""


def upgrade() -> None:
    """Add the column, which no guard lets be set: they are taken down, and put up again with the column in them."""
    on_a_server = op.get_bind().dialect.name == "postgresql"
    for table, imported in _IMPORTED.items():
        triggers = () if on_a_server else _taken_down(table)
        op.add_column(table, sa.Column("import_id", sa.Integer()))
        if on_a_server:
            op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        op.execute(f"UPDATE {table} SET import_id = 0 WHERE {imported}")
        if on_a_server:
            op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for trigger in triggers:
            op.execute(_with_the_column(trigger, table) if " UPDATE OF " in trigger else trigger)


def _taken_down(table: str) -> list[str]:
    """The statements that make its guards, which are down now."""
    found = op.get_bind().execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"), {"table": table}
    )
    triggers = [(name, sql) for name, sql in found]
    for name, _ in triggers:
        op.execute(f"DROP TRIGGER {name}")
    return [sql for _, sql in triggers]


def _with_the_column(trigger: str, table: str) -> str:
    return trigger.replace(f" ON {table} ", f", import_id ON {table} ", 1)
