"""What a ledger that lives adds: values with a history, usage, references and reversals of payments, write-offs.

Accounts, contacts, subscriptions, charges and accounting periods stand as they were imported or created, and never
change; what became of their values is in `held`, which only grows.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_DAY = sa.String(length=10)
_MASTER = {
    "accounts": "id = NEW.id",
    "contacts": "id = NEW.id",
    "charges": "id = NEW.id",
    "subscriptions": "id = NEW.id",
    "subscribed_charges": "subscription = NEW.subscription AND id = NEW.id",
    "accounting_periods": "from_date = NEW.from_date",
}
"""Tables of master data, and what a second row of the same key has in common with the first."""
_MAY_CHANGE = {
    "documents": ("reversed", "reversed_reason", "status", "posted_as", "changed_by", "revision"),
    "accounts": ("revision",),
    "subscriptions": ("canceled_on", "revision"),
    "subscribed_charges": ("charged_through",),
    "usage": ("billed_by", "amount_minor"),
}
_FLAGS = """
NEW.revision <> OLD.revision + 1 OR NEW.reversed < OLD.reversed
OR NEW.reversed_reason IS NOT OLD.reversed_reason AND NEW.reversed = OLD.reversed
OR NEW.changed_by IS NOT OLD.changed_by
AND NEW.reversed = OLD.reversed AND NEW.status = OLD.status AND NEW.posted_as IS OLD.posted_as
OR NEW.status <> OLD.status AND (OLD.status <> 'draft' OR NEW.status <> 'canceled' OR OLD.posted_as IS NOT NULL)
OR NEW.posted_as IS NOT OLD.posted_as
AND (OLD.posted_as IS NOT NULL OR OLD.status <> 'draft' OR NEW.status <> 'draft')
"""
_PAYMENTS = "UPDATE documents SET imported_status = status, imported_reversed = reversed"
"""They can be reversed now, so it is kept how they were imported; nothing has changed them yet."""
_WRITTEN_OFF = """
kind = 'credit_memo' AND operation IN (SELECT id FROM operations WHERE operation = 'write_off_invoice')
AND amount_minor = (
    SELECT sum(a.amount_minor) FROM applications a
    WHERE a.from_number = documents.number AND a.to_number = documents.source
)
"""
"""Of which nothing was unapplied: a memo that was used as money before this revision stays what it became."""


def upgrade() -> None:
    """Add columns and tables, fill what is known of old documents, and put the guards up again."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    old = ("documents_fixed", "documents_flags", "subscriptions_fixed", "subscriptions_flags")
    for trigger in (*old, "subscribed_charges_fixed", "operations_fixed") if sqlite else ():
        op.execute(f"DROP TRIGGER {trigger}")
    _add_columns()
    _add_tables()
    op.execute(f"UPDATE documents SET write_off = true WHERE {_WRITTEN_OFF}")
    op.execute(f"{_PAYMENTS} WHERE kind = 'payment' AND operation IS NULL")
    _write_journal()
    if sqlite:
        _put_up_guards()


def _add_columns() -> None:
    for table in _MASTER:
        # Alembic adds no reference to a table of SQLite; SQL does.
        op.execute(f"ALTER TABLE {table} ADD COLUMN created_by TEXT REFERENCES operations (id)")
    op.add_column("contacts", sa.Column("retired_on", _DAY))
    op.add_column("subscribed_charges", sa.Column("continues", sa.Text()))
    op.add_column("subscribed_charges", sa.Column("usage", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("subscribed_charges", sa.Column("included", sa.Text()))
    op.add_column("documents", sa.Column("reference", sa.Text()))
    op.add_column("documents", sa.Column("reversed_reason", sa.Text()))
    op.add_column("documents", sa.Column("write_off", sa.Boolean(), server_default=sa.false(), nullable=False))
    condition = sa.text("reference IS NOT NULL")
    columns = ["reference", "account"]
    op.execute("ALTER TABLE documents ADD COLUMN changed_by TEXT REFERENCES operations (id)")
    op.create_index("ix_documents_reference", "documents", columns, sqlite_where=condition, postgresql_where=condition)


def _add_tables() -> None:
    op.create_table(
        "held",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("since", _DAY),
        sa.Column("operation", sa.Text()),
        sa.Column("posted_by", sa.Text(), sa.ForeignKey("operations.id")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("subscription", sa.Text(), sa.ForeignKey("subscriptions.id"), nullable=False),
        sa.Column("charge", sa.Text(), nullable=False),
        sa.Column("date", _DAY, nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), sa.ForeignKey("operations.id")),
        sa.Column("billed_by", sa.Text(), sa.ForeignKey("documents.number", deferrable=True, initially="DEFERRED")),
        sa.Column("amount_minor", sa.BigInteger()),
        sa.Column("imported_billed_by", sa.Text()),
        sa.Column("imported_amount_minor", sa.BigInteger()),
    )
    op.create_index("ix_usage_subscription", "usage", ["subscription", "date"])
    for name, column, where in (
        ("ix_usage_billed_by", "billed_by", "billed_by IS NOT NULL"),
        ("ix_usage_operation", "operation", "operation IS NOT NULL"),
        ("ix_usage_unbilled", "subscription", "billed_by IS NULL"),
    ):
        op.create_index(name, "usage", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _write_journal() -> None:
    """Write-offs say in the journal what they are, as their memos do in the tables."""
    rows = sa.text(
        "SELECT operations.id, operations.plan FROM operations JOIN documents ON documents.operation = operations.id "
        "WHERE documents.write_off"
    )
    write = sa.text("UPDATE operations SET plan = :plan WHERE id = :id")
    for id, text in op.get_bind().execute(rows).all():
        plan = json.loads(text)
        for name, change in plan["changes"]:
            if name == "credit_memo_issued":
                change["document"]["write_off"] = True
        text = json.dumps(plan, separators=(",", ":"), ensure_ascii=False)
        op.get_bind().execute(write, {"plan": text, "id": id})


def _put_up_guards() -> None:
    for table in ("documents", "operations", "held", "usage", *_MASTER):
        columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
        fixed = ", ".join(name for name in columns if name not in _MAY_CHANGE.get(table, ()))
        _guard(table, "fixed", f"UPDATE OF {fixed}", f"{table} never change")
    _guard("documents", "flags", "UPDATE", "documents change one way, their revision by one", _FLAGS)
    for table in ("accounts", "subscriptions"):
        _guard(table, "flags", "UPDATE", "revisions only go up by one", "NEW.revision <> OLD.revision + 1")
    billed = "OLD.billed_by IS NOT NULL AND NEW.billed_by IS NOT NULL"
    _guard("usage", "flags", "UPDATE", "usage is billed once", billed)
    priced = "(NEW.billed_by IS NULL) <> (NEW.amount_minor IS NULL)"
    _guard("usage", "priced", "UPDATE", "usage has an amount as long as it is billed", priced)
    keys = {"held": "scope = NEW.scope AND id = NEW.id AND position = NEW.position", "usage": "id = NEW.id"}
    for table, same in (_MASTER | keys).items():
        if table not in ("subscriptions", "subscribed_charges"):  # theirs are up since 0004
            _guard(table, "stay", "DELETE", f"{table} are never deleted")
            exists = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"
            _guard(table, "unique", "INSERT", f"{table} are never replaced", exists)


def _guard(table: str, name: str, event: str, message: str, condition: str | None = None) -> None:
    when = f"WHEN {condition} " if condition else ""
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
    )
