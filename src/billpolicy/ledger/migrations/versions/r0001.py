"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _where(column: str) -> dict[str, Any]:
    condition = sa.text(f"{column} IS NOT NULL")
    return {"sqlite_where": condition, "postgresql_where": condition}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounting_periods",
        sa.Column("from_date", sa.String(length=10), nullable=False),
        sa.Column("until_date", sa.String(length=10), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("from_date"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("country", sa.Text()),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("custom", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "billed",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("date", sa.String(length=10), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bill_run", sa.Text()),
        sa.PrimaryKeyConstraint("subscription", "date", "document"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_billed_bill_run", "billed", ["bill_run", "subscription"], **_where("bill_run"))
    op.create_table(
        "charges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "counters",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("imported", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("prefix"),
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("date", sa.String(length=10), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_digest", sa.Text(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "audit",
        sa.Column("id", _ID, nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.ForeignKeyConstraint(["operation"], ["operations.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("operation"),
    )
    op.create_table(
        "contacts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("country", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_contacts_account", "contacts", ["account"])
    op.create_table(
        "documents",
        sa.Column("id", _ID, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("date", sa.String(length=10), nullable=False),
        sa.Column("due_date", sa.String(length=10)),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reversed", sa.Boolean(), nullable=False),
        sa.Column("split", sa.Boolean(), nullable=False),
        sa.Column("type", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("source", sa.Text()),
        sa.Column("refund_of", sa.Text()),
        sa.Column("bill_run", sa.Text()),
        sa.Column("comment", sa.Text()),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text()),
        sa.Column("start", sa.BigInteger()),
        sa.Column("counter", sa.BigInteger()),
        sa.Column("operation", sa.Text()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"]),
        sa.ForeignKeyConstraint(["operation"], ["operations.id"]),
        sa.ForeignKeyConstraint(["refund_of"], ["documents.number"], initially="DEFERRED", deferrable=True),
        sa.ForeignKeyConstraint(["source"], ["documents.number"], initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_documents_account", "documents", ["account"])
    op.create_index("ix_documents_draw", "documents", ["prefix", "counter"], unique=True, **_where("prefix"))
    op.create_index("ix_documents_operation", "documents", ["operation"], **_where("operation"))
    op.create_index("ix_documents_refund_of", "documents", ["refund_of"], **_where("refund_of"))
    op.create_index("ix_documents_source", "documents", ["source"], **_where("source"))
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text()),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("custom", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_subscriptions_account", "subscriptions", ["account"])
    op.create_table(
        "applications",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("from_number", sa.Text(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=False),
        sa.Column("date", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.Text()),
        sa.ForeignKeyConstraint(["from_number"], ["documents.number"]),
        sa.ForeignKeyConstraint(["operation"], ["operations.id"]),
        sa.ForeignKeyConstraint(["to_number"], ["documents.number"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_applications_from_number", "applications", ["from_number"])
    op.create_index("ix_applications_operation", "applications", ["operation"], **_where("operation"))
    op.create_index("ix_applications_to_number", "applications", ["to_number"])
    op.create_table(
        "items",
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("line", sa.BigInteger()),
        sa.Column("discounts", sa.Text()),
        sa.Column("subscription", sa.Text()),
        sa.Column("subscribed_charge", sa.Text()),
        sa.Column("charge", sa.Text()),
        sa.Column("quantity", sa.Text()),
        sa.Column("unit_price", sa.Text()),
        sa.Column("service_start", sa.String(length=10)),
        sa.Column("service_end", sa.String(length=10)),
        sa.Column("source_item", sa.Text()),
        sa.ForeignKeyConstraint(["charge"], ["charges.id"]),
        sa.ForeignKeyConstraint(["document"], ["documents.number"], initially="DEFERRED", deferrable=True),
        sa.ForeignKeyConstraint(["subscription"], ["subscriptions.id"]),
        sa.PrimaryKeyConstraint("document", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refund_parts",
        sa.Column("refund", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("tax", sa.Text()),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("source_item", sa.Text()),
        sa.Column("source_tax", sa.Text()),
        sa.ForeignKeyConstraint(["refund"], ["documents.number"], initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("refund", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "resolutions",
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("resolved", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.number"]),
        sa.PrimaryKeyConstraint("document"),
    )
    op.create_table(
        "subscribed_charges",
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("charge", sa.Text()),
        sa.Column("charged_through", sa.String(length=10)),
        sa.Column("imported_through", sa.String(length=10)),
        sa.ForeignKeyConstraint(["charge"], ["charges.id"]),
        sa.ForeignKeyConstraint(["subscription"], ["subscriptions.id"]),
        sa.PrimaryKeyConstraint("subscription", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "application_parts",
        sa.Column("application", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("tax", sa.Text()),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("source_item", sa.Text()),
        sa.Column("source_tax", sa.Text()),
        sa.ForeignKeyConstraint(["application"], ["applications.id"], initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("application", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "taxes",
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("rate", sa.Text()),
        sa.Column("jurisdiction", sa.Text()),
        sa.Column("source_tax", sa.Text()),
        sa.ForeignKeyConstraint(["document", "item"], ["items.document", "items.id"]),
        sa.PrimaryKeyConstraint("document", "item", "id"),
        sqlite_with_rowid=False,
    )
    # ### end Alembic commands ###
