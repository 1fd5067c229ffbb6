"""The tables of a ledger.

One representation in every database: money is integer minor units of the currency beside it, a date is `YYYY-MM-DD`
text (it sorts as it should), a decimal that is no money is text as written, and mappings are canonical JSON text.
The guards that keep posted rows from changing are triggers; they stand in the migrations.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
    true,
)

APPLICATION_ID = 0x62706F6C
"""`bpol`: stands in the header of every ledger file, so that another program's file is never taken for one."""
REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""The revisions of this schema that this program knows, oldest first; each is one file under `migrations/`."""

metadata = MetaData()
_ID = BigInteger().with_variant(Integer, "sqlite")
_DATE = String(10)


def _later(target: str) -> ForeignKey:
    """A reference that is checked at commit: the row it names may be written after this one."""
    return ForeignKey(target, deferrable=True, initially="DEFERRED")


accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("currency", String(3), nullable=False),
    Column("name", Text),
    Column("country", Text),
    Column("attributes", Text, nullable=False),
    Column("custom", Text, nullable=False),
    Column("revision", Integer, nullable=False),
)
contacts = Table(
    "contacts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", Text),
    Column("country", Text),
    Column("email", Text),
)
charges = Table(
    "charges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
)
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("plan", Text),
    Column("start", _DATE),
    Column("term_end", _DATE),
    Column("canceled_on", _DATE),
    Column("imported_canceled_on", _DATE, comment="canceled_on as it was imported, to know the same import again"),
    Column("bill_day", Integer),
    Column("invoice_separately", Boolean, nullable=False, server_default=false()),
    Column("currency", String(3)),
    Column("attributes", Text, nullable=False),
    Column("custom", Text, nullable=False),
    Column("revision", Integer, nullable=False),
)
subscribed_charges = Table(
    "subscribed_charges",
    metadata,
    Column("subscription", Text, ForeignKey("subscriptions.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("charge", Text, ForeignKey("charges.id")),
    Column("charged_through", _DATE),
    Column("imported_through", _DATE, comment="charged_through as it was imported, to know the same import again"),
    Column("name", Text),
    Column("rate", Text),
    Column("quantity", Text, nullable=False, server_default="1"),
    Column("period", Text, nullable=False, server_default="month"),
    Column("timing", Text, nullable=False, server_default="in_advance"),
    Column("start", _DATE),
    Column("until", _DATE),
    Column("discounts", Text),
    sqlite_with_rowid=False,
)
accounting_periods = Table(
    "accounting_periods",
    metadata,
    Column("from_date", _DATE, primary_key=True),
    Column("until_date", _DATE, nullable=False),
    Column("status", Text, nullable=False),
)
operations = Table(
    "operations",
    metadata,
    Column("id", Text, primary_key=True, comment="the idempotency key"),
    Column("operation", Text, nullable=False),
    Column("date", _DATE, nullable=False),
    Column("request", Text, nullable=False),
    Column("plan", Text, nullable=False, comment="all that the plan was, with every change that it makes"),
    Column("policy", Text, nullable=False),
    Column("policy_digest", Text, nullable=False),
    Column("engine", Text, nullable=False),
    Column("caused_by", Text, ForeignKey("operations.id"), comment="the operation that this one is a step of"),
    Column("step", Integer, comment="its place among the steps of that one, from 0"),
    Column("cause", Text, comment="why it follows: after what, and by which rule"),
)
audit = Table(
    "audit",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("operation", Text, ForeignKey("operations.id"), nullable=False, unique=True),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False, comment="a moment in UTC, ISO 8601"),
    Column("why", Text),
    Column("approved_by", Text),
)
counters = Table(
    "counters",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("kind", Text, nullable=False, comment="a used prefix stays bound to one kind of document"),
    Column("imported", BigInteger, nullable=False, comment="the highest counter that was imported; 0 for none"),
    Column("last", BigInteger, nullable=False, comment="the highest counter of all"),
)
documents = Table(
    "documents",
    metadata,
    Column("id", _ID, primary_key=True, comment="orders documents as they came"),
    Column("number", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("date", _DATE, nullable=False),
    Column("due_date", _DATE),
    Column("currency", String(3), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("reversed", Boolean, nullable=False),
    Column("split", Boolean, nullable=False),
    Column("auto_apply", Boolean, nullable=False, server_default=true()),
    Column("priority", BigInteger),
    Column("type", Text),
    Column("reason", Text),
    Column(
        "source",
        Text,
        _later("documents.number"),
        comment="of a memo, of a transferred payment, or of a change of a credit balance",
    ),
    Column("refund_of", Text, _later("documents.number")),
    Column("bill_run", Text),
    Column("comment", Text),
    Column("attributes", Text, nullable=False),
    Column("posted_as", Text, comment="of a draft: the number of the document that it became"),
    Column("prefix", Text, comment="with start and counter: how the number was drawn; unset if it was imported"),
    Column("start", BigInteger),
    Column("counter", BigInteger),
    Column("operation", Text, ForeignKey("operations.id"), comment="unset if it was imported"),
    Column("revision", Integer, nullable=False),
    Column("imported_status", Text, comment="status, reversed and posted_as as they were imported"),
    Column("imported_reversed", Boolean),
    Column("imported_posted_as", Text),
)
items = Table(
    "items",
    metadata,
    Column("document", Text, _later("documents.number"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("name", Text),
    Column("line", BigInteger),
    Column("discounts", Text),
    Column("subscription", Text, ForeignKey("subscriptions.id")),
    Column("subscribed_charge", Text),
    Column("charge", Text, ForeignKey("charges.id")),
    Column("quantity", Text),
    Column("unit_price", Text),
    Column("service_start", _DATE),
    Column("service_end", _DATE),
    Column("source_item", Text),
    sqlite_with_rowid=False,
)
taxes = Table(
    "taxes",
    metadata,
    Column("document", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("name", Text),
    Column("rate", Text),
    Column("jurisdiction", Text),
    Column("source_tax", Text),
    ForeignKeyConstraint(["document", "item"], ["items.document", "items.id"]),
    sqlite_with_rowid=False,
)
billed = Table(
    "billed",
    metadata,
    Column("subscription", Text, primary_key=True),
    Column("date", _DATE, primary_key=True),
    Column("document", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("bill_run", Text),
    sqlite_with_rowid=False,
    comment="derived: which subscriptions each invoice, and each other document of a bill run, has items of",
)
refund_parts = Table(
    "refund_parts",
    metadata,
    Column("refund", Text, _later("documents.number"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("item", Text, nullable=False),
    Column("tax", Text),
    Column("amount_minor", BigInteger, nullable=False),
    Column("source_item", Text),
    Column("source_tax", Text),
    sqlite_with_rowid=False,
)
applications = Table(
    "applications",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("from_number", Text, ForeignKey("documents.number"), nullable=False, index=True),
    Column("to_number", Text, ForeignKey("documents.number"), nullable=False, index=True),
    Column("date", _DATE, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("operation", Text, ForeignKey("operations.id"), comment="unset if it was imported"),
)
application_parts = Table(
    "application_parts",
    metadata,
    Column("application", BigInteger, _later("applications.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("item", Text, nullable=False),
    Column("tax", Text),
    Column("amount_minor", BigInteger, nullable=False),
    Column("source_item", Text),
    Column("source_tax", Text),
    sqlite_with_rowid=False,
)


def _where_set(name: str, *columns: Column[str] | Column[int], unique: bool = False) -> Index:
    """An index of only the rows that have the first column."""
    condition = text(f"{columns[0].name} IS NOT NULL")
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


_where_set("ix_documents_source", documents.c.source)
_where_set("ix_documents_refund_of", documents.c.refund_of)
_where_set("ix_documents_operation", documents.c.operation)
_where_set("ix_documents_draw", documents.c.prefix, documents.c.counter, unique=True)
_where_set("ix_operations_caused_by", operations.c.caused_by, operations.c.step, unique=True)
_where_set("ix_applications_operation", applications.c.operation)
_where_set("ix_billed_bill_run", billed.c.bill_run, billed.c.subscription)
_CREDIT = text("kind = 'credit_adjustment'")
Index(
    "ix_documents_credit",
    documents.c.account,
    documents.c.currency,
    documents.c.date,
    documents.c.type,
    documents.c.amount_minor,
    sqlite_where=_CREDIT,
    postgresql_where=_CREDIT,
)
