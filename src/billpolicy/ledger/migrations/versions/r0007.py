"""What is billed is on record: charge periods, what lines combine and correct, taxes by code, draws on prepaid charges.

Of old documents only which subscriptions credit memos give days of back is written anew, since what is left of a line
depends on it: their lines tell what they billed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_DAY = sa.String(length=10)
_MAY_CHANGE = {
    "accounts": ("revision",),
    "charges": (),
    "subscribed_charges": ("charged_through",),
    "items": (),
    "taxes": (),
    "combined": (),
    "usage": ("billed_by", "amount_minor", "drawn_minor", "drawn_from"),
    "charge_periods": (
        "from_date",
        "until_date",
        "status",
        "quantity",
        "rate",
        "amount_minor",
        "discount_minor",
        "tax_minor",
        "tax_code",
        "memo",
        "memo_item",
        "rebilled_by",
        "rebilled_item",
        "operation",
    ),
}
"""Tables that are new or get columns -> those of their columns that may change."""
_NEW = ("combined", "charge_periods")
_GIVEN_BACK = """
INSERT INTO billed (subscription, date, document, kind, bill_run)
SELECT DISTINCT items.subscription, documents.date, documents.number, documents.kind, documents.bill_run
FROM documents JOIN items ON items.document = documents.number
WHERE items.subscription IS NOT NULL AND documents.kind = 'credit_memo'
AND documents.source IS NULL AND documents.bill_run IS NULL
"""


def upgrade() -> None:
    """Add columns and tables, and put the guards up again."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in _MAY_CHANGE if sqlite else ():
        if table not in _NEW:
            op.execute(f"DROP TRIGGER {table}_fixed")
    _add_columns()
    _add_tables()
    op.execute(_GIVEN_BACK)
    if sqlite:
        _put_up_guards()


def _add_columns() -> None:
    op.add_column("accounts", sa.Column("region", sa.Text()))
    op.add_column("charges", sa.Column("tax_code", sa.Text()))
    op.add_column("subscribed_charges", sa.Column("item", sa.Text()))
    for name, default in (("bills", "rate"), ("drawn_by", "[]")):
        op.add_column("subscribed_charges", sa.Column(name, sa.Text(), server_default=default, nullable=False))
    op.add_column("subscribed_charges", sa.Column("profile", sa.Text()))
    op.add_column("subscribed_charges", sa.Column("tax_code", sa.Text()))
    op.add_column("items", sa.Column("source", sa.Text()))
    condition = sa.text("source IS NOT NULL")
    op.create_index("ix_items_source", "items", ["source"], sqlite_where=condition, postgresql_where=condition)
    op.add_column("taxes", sa.Column("code", sa.Text()))
    for name in ("drawn", "imported_drawn"):
        op.add_column("usage", sa.Column(f"{name}_minor", sa.BigInteger()))
        op.add_column("usage", sa.Column(f"{name}_from", sa.Text()))


def _add_tables() -> None:
    op.create_table(
        "combined",
        sa.Column("document", sa.Text(), primary_key=True),
        sa.Column("item", sa.Text(), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("subscribed_charge", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("charge", sa.Text(), sa.ForeignKey("charges.id")),
        sa.Column("quantity", sa.Text()),
        sa.Column("unit_price", sa.Text()),
        sa.ForeignKeyConstraint(["document", "item"], ["items.document", "items.id"]),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "charge_periods",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("subscription", sa.Text(), sa.ForeignKey("subscriptions.id"), nullable=False),
        sa.Column("charge", sa.Text(), nullable=False),
        sa.Column("from_date", _DAY, nullable=False),
        sa.Column("until_date", _DAY, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text()),
        sa.Column("rate", sa.Text()),
        sa.Column("amount_minor", sa.BigInteger()),
        sa.Column("discount_minor", sa.BigInteger()),
        sa.Column("tax_minor", sa.BigInteger()),
        _document("document"),
        sa.Column("item", sa.Text()),
        sa.Column("tax_code", sa.Text()),
        _document("memo"),
        sa.Column("memo_item", sa.Text()),
        _document("rebilled_by"),
        sa.Column("rebilled_item", sa.Text()),
        sa.Column("operation", sa.Text(), sa.ForeignKey("operations.id")),
        sa.Column("imported", sa.Text()),
    )
    op.create_index("ix_charge_periods_subscription", "charge_periods", ["subscription"])
    for name, column, where in (
        ("reopened", "id", "status = 'reopened'"),
        ("rebilled_by", "rebilled_by", "rebilled_by IS NOT NULL"),
    ):
        condition = sa.text(where)
        op.create_index(
            f"ix_charge_periods_{name}", "charge_periods", [column], sqlite_where=condition, postgresql_where=condition
        )


def _document(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), sa.ForeignKey("documents.number", deferrable=True, initially="DEFERRED"))


def _put_up_guards() -> None:
    for table, may_change in _MAY_CHANGE.items():
        columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)]
        fixed = ", ".join(name for name in columns if name not in may_change)
        _guard(table, "fixed", f"UPDATE OF {fixed}", f"{table} never change")
    for table in _NEW:
        _guard(table, "stay", "DELETE", f"{table} are never deleted")
    stands = "EXISTS (SELECT 1 FROM documents WHERE number = NEW.document)"
    _guard("combined", "closed", "INSERT", "combined are never added later", stands)
    known = "EXISTS (SELECT 1 FROM charge_periods WHERE id = NEW.id)"
    _guard("charge_periods", "unique", "INSERT", "charge_periods are never replaced", known)
    drawn = (
        "(NEW.drawn_minor IS NULL) <> (NEW.drawn_from IS NULL) OR NEW.drawn_from IS NOT NULL AND NEW.billed_by IS NULL"
    )
    _guard("usage", "drawn", "UPDATE", "usage is drawn from something, as long as it is billed", drawn)


def _guard(table: str, name: str, event: str, message: str, condition: str | None = None) -> None:
    when = f"WHEN {condition} " if condition else ""
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} {when}"
        f"BEGIN SELECT RAISE(ABORT, 'guard: {message}'); END"
    )
