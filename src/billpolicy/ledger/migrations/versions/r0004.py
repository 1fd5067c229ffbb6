"""What cancellation, bill runs and credit balances add; and that operations can follow each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DAY = sa.String(length=10)
_MAY_CHANGE = {
    "documents": ("reversed", "status", "posted_as", "revision"),
    "operations": (),
    "subscriptions": ("canceled_on", "revision"),
    "subscribed_charges": ("charged_through",),
}
"""Tables that got columns, and now subscriptions too: those of their columns that may change."""
_FLAGS = """
NEW.revision <> OLD.revision + 1 OR NEW.reversed < OLD.reversed
OR NEW.status <> OLD.status AND (OLD.status <> 'draft' OR NEW.status <> 'canceled' OR OLD.posted_as IS NOT NULL)
OR NEW.posted_as IS NOT OLD.posted_as
AND (OLD.posted_as IS NOT NULL OR OLD.status <> 'draft' OR NEW.status <> 'draft')
"""
_CANCELED = """
NEW.revision <> OLD.revision + 1 OR NEW.canceled_on IS NOT OLD.canceled_on AND OLD.canceled_on IS NOT NULL
"""


def upgrade() -> None:
    """Add columns and indexes, and guards that know them."""
    _add_columns()
    condition = sa.text("caused_by IS NOT NULL")
    op.create_index(
        "ix_operations_caused_by",
        "operations",
        ["caused_by", "step"],
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )
    condition = sa.text("kind = 'credit_adjustment'")
    op.create_index(
        "ix_documents_credit",
        "documents",
        ["account", "currency", "date", "type", "amount_minor"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
    if op.get_bind().dialect.name == "sqlite":
        _put_up_guards()


def _add_columns() -> None:
    op.add_column("subscriptions", sa.Column("start", _DAY))
    op.add_column("subscriptions", sa.Column("term_end", _DAY))
    op.add_column("subscriptions", sa.Column("canceled_on", _DAY))
    op.add_column("subscriptions", sa.Column("imported_canceled_on", _DAY))
    op.add_column("subscriptions", sa.Column("bill_day", sa.Integer()))
    op.add_column(
        "subscriptions", sa.Column("invoice_separately", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("subscriptions", sa.Column("currency", sa.String(length=3)))
    op.add_column("subscribed_charges", sa.Column("name", sa.Text()))
    op.add_column("subscribed_charges", sa.Column("rate", sa.Text()))
    for name, default in (("quantity", "1"), ("period", "month"), ("timing", "in_advance")):
        op.add_column("subscribed_charges", sa.Column(name, sa.Text(), server_default=default, nullable=False))
    op.add_column("subscribed_charges", sa.Column("start", _DAY))
    op.add_column("subscribed_charges", sa.Column("until", _DAY))
    op.add_column("subscribed_charges", sa.Column("discounts", sa.Text()))
    op.add_column("documents", sa.Column("posted_as", sa.Text()))
    op.add_column("operations", sa.Column("step", sa.Integer()))
    op.add_column("operations", sa.Column("cause", sa.Text()))
    # Alembic adds no reference to a table of SQLite; SQL does.
    op.execute("ALTER TABLE operations ADD COLUMN caused_by TEXT REFERENCES operations (id)")


def _put_up_guards() -> None:
    for table in ("documents", "operations"):
        op.execute(f"DROP TRIGGER {table}_fixed")
    op.execute("DROP TRIGGER documents_flags")
    for table, may_change in _MAY_CHANGE.items():
        columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
        fixed = ", ".join(name for name in columns if name not in may_change)
        _guard(table, "fixed", f"UPDATE OF {fixed}", f"{table} never change")
    _guard("documents", "flags", "UPDATE", "documents change one way, their revision by one", _FLAGS)
    _guard("subscriptions", "flags", "UPDATE", "a subscription is canceled once", _CANCELED)
    for table, same in (
        ("subscriptions", "id = NEW.id"),
        ("subscribed_charges", "subscription = NEW.subscription AND id = NEW.id"),
    ):
        _guard(table, "stay", "DELETE", f"{table} are never deleted")
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"
        _guard(table, "unique", "INSERT", f"{table} are never replaced", exists)


def _guard(table: str, name: str, event: str, message: str, condition: str | None = None) -> None:
    when = f"WHEN {condition} " if condition else ""
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
    )
