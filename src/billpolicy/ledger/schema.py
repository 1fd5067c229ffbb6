"""The tables of a ledger.

One representation in every database: money is integer minor units of the currency beside it, a date is `YYYY-MM-DD`
text (it sorts as it should), a decimal that is no money is text as written, and mappings are canonical JSON text.
Text sorts by its code points, as in Python: what is planned must not depend on the language that a database sorts by.
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
REVISIONS = tuple(f"{number:04}" for number in range(1, 15))
"""The revisions of this schema that this program knows, oldest first; each is one file under `migrations/`."""

metadata = MetaData()
_ID = BigInteger().with_variant(Integer, "sqlite")
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_CURRENCY = String(3).with_variant(String(3, collation="C"), "postgresql")
_DATE = String(10).with_variant(String(10, collation="C"), "postgresql")


def _later(target: str) -> ForeignKey:
    """A reference that is checked at commit: the row it names may be written after this one."""
    return ForeignKey(target, deferrable=True, initially="DEFERRED")


def _created_by() -> Column[str]:
    """Of master data, whose rows stand as they came; what becomes of their values stands in `held`."""
    return Column("created_by", _TEXT, ForeignKey("operations.id"), comment="unset if it was imported")


def _import_id() -> Column[int]:
    """Of whatever can be imported."""
    return Column("import_id", Integer, comment="which import brought it; 0: one of an earlier version; unset: none")


accounts = Table(
    "accounts",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("currency", _CURRENCY, nullable=False),
    Column("name", _TEXT),
    Column("country", _TEXT),
    Column("attributes", _TEXT, nullable=False),
    Column("custom", _TEXT, nullable=False),
    Column("revision", Integer, nullable=False),
    _created_by(),
    Column("region", _TEXT),
    _import_id(),
)
contacts = Table(
    "contacts",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("account", _TEXT, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", _TEXT),
    Column("country", _TEXT),
    Column("email", _TEXT),
    _created_by(),
    Column("retired_on", _DATE),
    _import_id(),
)
charges = Table(
    "charges",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("name", _TEXT, nullable=False),
    Column("type", _TEXT, nullable=False),
    _created_by(),
    Column("tax_code", _TEXT),
    _import_id(),
)
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("account", _TEXT, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("plan", _TEXT),
    Column("start", _DATE),
    Column("term_end", _DATE),
    Column("canceled_on", _DATE),
    Column("imported_canceled_on", _DATE, comment="canceled_on as it was imported, to know the same import again"),
    Column("bill_day", Integer),
    Column("invoice_separately", Boolean, nullable=False, server_default=false()),
    Column("currency", _CURRENCY),
    Column("attributes", _TEXT, nullable=False),
    Column("custom", _TEXT, nullable=False),
    Column("revision", Integer, nullable=False),
    _created_by(),
    _import_id(),
)
subscribed_charges = Table(
    "subscribed_charges",
    metadata,
    Column("subscription", _TEXT, ForeignKey("subscriptions.id"), primary_key=True),
    Column("id", _TEXT, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("charge", _TEXT, ForeignKey("charges.id")),
    Column("charged_through", _DATE),
    Column("imported_through", _DATE, comment="charged_through as it was imported, to know the same import again"),
    Column("name", _TEXT),
    Column("rate", _TEXT),
    Column("quantity", _TEXT, nullable=False, server_default="1"),
    Column("period", _TEXT, nullable=False, server_default="month"),
    Column("timing", _TEXT, nullable=False, server_default="in_advance"),
    Column("start", _DATE),
    Column("until", _DATE),
    Column("discounts", _TEXT),
    _created_by(),
    Column("continues", _TEXT),
    Column("usage", Boolean, nullable=False, server_default=false()),
    Column("included", _TEXT),
    Column("item", _TEXT),
    Column("bills", _TEXT, nullable=False, server_default="rate"),
    Column("drawn_by", _TEXT, nullable=False, server_default="[]"),
    Column("profile", _TEXT),
    Column("tax_code", _TEXT),
    _import_id(),
    sqlite_with_rowid=False,
)
accounting_periods = Table(
    "accounting_periods",
    metadata,
    Column("from_date", _DATE, primary_key=True),
    Column("until_date", _DATE, nullable=False),
    Column("status", _TEXT, nullable=False),
    _created_by(),
    _import_id(),
)
held = Table(
    "held",
    metadata,
    Column("scope", _TEXT, primary_key=True, comment="whose value it is: account, contact, subscription, ..."),
    Column("id", _TEXT, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False, comment="in the order in which they came"),
    Column("field", _TEXT, nullable=False),
    Column("value", _TEXT, comment="as text; null is none"),
    Column("since", _DATE, comment="the first day on which it holds; null is from the beginning"),
    Column("operation", _TEXT, comment="what gave it, as it is told"),
    Column("posted_by", _TEXT, ForeignKey("operations.id"), comment="unset if it was imported"),
    _import_id(),
    sqlite_with_rowid=False,
)
operations = Table(
    "operations",
    metadata,
    Column("id", _TEXT, primary_key=True, comment="the idempotency key"),
    Column("operation", _TEXT, nullable=False),
    Column("date", _DATE, nullable=False),
    Column("request", _TEXT, nullable=False),
    Column("plan", _TEXT, nullable=False, comment="all that the plan was, with every change that it makes"),
    Column("policy", _TEXT, nullable=False),
    Column("policy_digest", _TEXT, nullable=False),
    Column("engine", _TEXT, nullable=False),
    Column("caused_by", _TEXT, ForeignKey("operations.id"), comment="the operation that this one is a step of"),
    Column("step", Integer, comment="its place among the steps of that one, from 0"),
    Column("cause", _TEXT, comment="why it follows: after what, and by which rule"),
)
policies = Table(
    "policies",
    metadata,
    Column("digest", _TEXT, primary_key=True, comment="as operations name it"),
    Column("name", _TEXT, nullable=False),
    Column("layers", _TEXT, nullable=False, comment="every file that it was read from, the base first"),
)
audit = Table(
    "audit",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False, comment="1, 2, 3, ... in the order of posting"),
    Column("operation", _TEXT, ForeignKey("operations.id"), nullable=False, unique=True),
    Column("who", _TEXT, nullable=False),
    Column("at", _TEXT, nullable=False, comment="a moment in UTC, ISO 8601"),
    Column("why", _TEXT),
    Column("approved_by", _TEXT),
)
waiting = Table(
    "waiting",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("operation", _TEXT, nullable=False, index=True, comment="the id that it will be posted under"),
    Column("kind", _TEXT, nullable=False),
    Column("date", _DATE, nullable=False),
    Column("request", _TEXT, nullable=False),
    Column("actor", _TEXT, nullable=False),
    Column("who", _TEXT, nullable=False),
    Column("at", _TEXT, nullable=False, comment="a moment in UTC, ISO 8601"),
    Column("policy", _TEXT, nullable=False),
    Column("policy_digest", _TEXT, nullable=False),
    Column("content", _TEXT, nullable=False, comment="what is approved"),
    Column("digest", _TEXT, nullable=False, comment="of content: what an approval names"),
    Column("awaited", _TEXT, nullable=False, comment="the approvals that it lacked when it began to wait"),
)
approvals = Table(
    "approvals",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("waiting", _ID, ForeignKey("waiting.id"), nullable=False, index=True),
    Column("person", _TEXT, nullable=False),
    Column("at", _TEXT, nullable=False),
    Column("comment", _TEXT),
    Column("digest", _TEXT, nullable=False, comment="of what was approved"),
)
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("waiting", _ID, ForeignKey("waiting.id"), primary_key=True, autoincrement=False),
    Column("who", _TEXT, nullable=False),
    Column("at", _TEXT, nullable=False),
    Column("why", _TEXT),
)
chain = Table(
    "chain",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False, comment="1, 2, 3, ..."),
    Column("kind", _TEXT, nullable=False, comment="operation, import, ...: `chain.Kind`"),
    Column("what", _TEXT, nullable=False, comment="names what it is of"),
    Column("content", _TEXT, nullable=False, comment="the digest of that"),
    Column("digest", _TEXT, nullable=False, comment="of all this and of the digest before"),
)
counters = Table(
    "counters",
    metadata,
    Column("prefix", _TEXT, primary_key=True),
    Column("kind", _TEXT, nullable=False, comment="a used prefix stays bound to one kind of document"),
    Column("imported", BigInteger, nullable=False, comment="the highest counter that was imported; 0 for none"),
    Column("last", BigInteger, nullable=False, comment="the highest counter of all"),
    Column("source", _TEXT, index=True, comment="whose number its numbers continue; unset if they are of a series"),
)
void_numbers = Table(
    "void_numbers",
    metadata,
    Column("number", _TEXT, primary_key=True),
    Column("kind", _TEXT, nullable=False),
    Column("reason", _TEXT, nullable=False, comment="why no document has it"),
    Column("date", _DATE),
    _import_id(),
)
documents = Table(
    "documents",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False, comment="1, 2, 3, ... as they came"),
    Column("number", _TEXT, nullable=False, unique=True),
    Column("kind", _TEXT, nullable=False),
    Column("account", _TEXT, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("date", _DATE, nullable=False),
    Column("due_date", _DATE),
    Column("currency", _CURRENCY, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("status", _TEXT, nullable=False),
    Column("reversed", Boolean, nullable=False),
    Column("split", Boolean, nullable=False),
    Column("auto_apply", Boolean, nullable=False, server_default=true()),
    Column("priority", BigInteger),
    Column("type", _TEXT),
    Column("reason", _TEXT),
    Column(
        "source",
        _TEXT,
        _later("documents.number"),
        comment="of a memo, of a transferred payment, or of a change of a credit balance",
    ),
    Column("refund_of", _TEXT, _later("documents.number")),
    Column("bill_run", _TEXT),
    Column("comment", _TEXT),
    Column("attributes", _TEXT, nullable=False),
    Column("posted_as", _TEXT, comment="of a draft: the number of the document that it became"),
    Column("prefix", _TEXT, comment="with start and counter: how the number was drawn; unset if it was imported"),
    Column("start", BigInteger),
    Column("counter", BigInteger),
    Column("operation", _TEXT, ForeignKey("operations.id"), comment="unset if it was imported"),
    Column("revision", Integer, nullable=False),
    Column("imported_status", _TEXT, comment="status, reversed and posted_as as they were imported"),
    Column("imported_reversed", Boolean),
    Column("imported_posted_as", _TEXT),
    Column("reference", _TEXT, comment="of a payment or refund: what others know it by"),
    Column("reversed_reason", _TEXT, comment="of a payment that was reversed"),
    Column("write_off", Boolean, nullable=False, server_default=false(), comment="a memo that is no money"),
    Column("changed_by", _TEXT, ForeignKey("operations.id"), comment="the last to reverse, post or cancel it itself"),
    Column("due_date_from", _TEXT, comment="the payment term that the due date was worked out from as it was imported"),
    Column("expires_on", _DATE, comment="of a credit memo or payment: the first day on which it is not used any more"),
    _import_id(),
)
items = Table(
    "items",
    metadata,
    Column("document", _TEXT, _later("documents.number"), primary_key=True),
    Column("id", _TEXT, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("name", _TEXT),
    Column("line", BigInteger),
    Column("discounts", _TEXT),
    Column("subscription", _TEXT, ForeignKey("subscriptions.id")),
    Column("subscribed_charge", _TEXT),
    Column("charge", _TEXT, ForeignKey("charges.id")),
    Column("quantity", _TEXT),
    Column("unit_price", _TEXT),
    Column("service_start", _DATE),
    Column("service_end", _DATE),
    Column("source_item", _TEXT),
    Column("source", _TEXT, comment="the invoice that source_item is on, where it is not the source of the document"),
    sqlite_with_rowid=False,
)
taxes = Table(
    "taxes",
    metadata,
    Column("document", _TEXT, primary_key=True),
    Column("item", _TEXT, primary_key=True),
    Column("id", _TEXT, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("name", _TEXT),
    Column("rate", _TEXT),
    Column("jurisdiction", _TEXT),
    Column("source_tax", _TEXT),
    Column("code", _TEXT),
    ForeignKeyConstraint(["document", "item"], ["items.document", "items.id"]),
    sqlite_with_rowid=False,
)
combined = Table(
    "combined",
    metadata,
    Column("document", _TEXT, primary_key=True),
    Column("item", _TEXT, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("subscribed_charge", _TEXT, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("charge", _TEXT, ForeignKey("charges.id")),
    Column("quantity", _TEXT),
    Column("unit_price", _TEXT),
    ForeignKeyConstraint(["document", "item"], ["items.document", "items.id"]),
    sqlite_with_rowid=False,
    comment="what each charge has on an item that bills several",
)
billed = Table(
    "billed",
    metadata,
    Column("subscription", _TEXT, primary_key=True),
    Column("date", _DATE, primary_key=True),
    Column("document", _TEXT, primary_key=True),
    Column("kind", _TEXT, nullable=False),
    Column("bill_run", _TEXT),
    sqlite_with_rowid=False,
    comment="derived: which subscriptions each invoice, document of a bill run and memo from no document has items of",
)
refund_parts = Table(
    "refund_parts",
    metadata,
    Column("refund", _TEXT, _later("documents.number"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("item", _TEXT, nullable=False),
    Column("tax", _TEXT),
    Column("amount_minor", BigInteger, nullable=False),
    Column("source_item", _TEXT),
    Column("source_tax", _TEXT),
    sqlite_with_rowid=False,
)
applications = Table(
    "applications",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("from_number", _TEXT, ForeignKey("documents.number"), nullable=False, index=True),
    Column("to_number", _TEXT, ForeignKey("documents.number"), nullable=False, index=True),
    Column("date", _DATE, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("operation", _TEXT, ForeignKey("operations.id"), comment="unset if it was imported"),
    _import_id(),
)
application_parts = Table(
    "application_parts",
    metadata,
    Column("application", BigInteger, _later("applications.id"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("item", _TEXT, nullable=False),
    Column("tax", _TEXT),
    Column("amount_minor", BigInteger, nullable=False),
    Column("source_item", _TEXT),
    Column("source_tax", _TEXT),
    sqlite_with_rowid=False,
)


usage = Table(
    "usage",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("subscription", _TEXT, ForeignKey("subscriptions.id"), nullable=False),
    Column("charge", _TEXT, nullable=False),
    Column("date", _DATE, nullable=False),
    Column("quantity", _TEXT, nullable=False),
    Column("operation", _TEXT, ForeignKey("operations.id"), comment="unset if it was imported"),
    Column("billed_by", _TEXT, _later("documents.number"), comment="the document that bills it"),
    Column("amount_minor", BigInteger, comment="what it was billed at, in the currency of that document"),
    Column("imported_billed_by", _TEXT, comment="what is billed and drawn of it as it was imported"),
    Column("imported_amount_minor", BigInteger),
    Column("drawn_minor", BigInteger, comment="what of its worth a prepaid charge paid, in the same currency"),
    Column("drawn_from", _TEXT, comment="the charge period that it was drawn from first"),
    Column("imported_drawn_minor", BigInteger),
    Column("imported_drawn_from", _TEXT),
    _import_id(),
)
Index("ix_usage_subscription", usage.c.subscription, usage.c.date)
charge_periods = Table(
    "charge_periods",
    metadata,
    Column("id", _TEXT, primary_key=True),
    Column("subscription", _TEXT, ForeignKey("subscriptions.id"), nullable=False, index=True),
    Column("charge", _TEXT, nullable=False),
    Column("from_date", _DATE, nullable=False),
    Column("until_date", _DATE, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    Column("status", _TEXT, nullable=False),
    Column("quantity", _TEXT),
    Column("rate", _TEXT),
    Column("amount_minor", BigInteger),
    Column("discount_minor", BigInteger),
    Column("tax_minor", BigInteger),
    Column("document", _TEXT, _later("documents.number"), comment="the invoice whose line billed it"),
    Column("item", _TEXT),
    Column("tax_code", _TEXT),
    Column("memo", _TEXT, _later("documents.number"), comment="the memo whose line unwound it"),
    Column("memo_item", _TEXT),
    Column("rebilled_by", _TEXT, _later("documents.number"), comment="the invoice whose line has billed it again"),
    Column("rebilled_item", _TEXT),
    Column("operation", _TEXT, ForeignKey("operations.id"), comment="unset if it stands as it was imported"),
    Column("imported", _TEXT, comment="all of it as it was imported, as JSON; unset if it was not"),
    _import_id(),
    comment="those that are on record; of all others the lines of invoices tell",
)


CHANGES = {
    "accounts": ("revision",),
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
    "counters": ("imported", "last"),
    "documents": ("reversed", "reversed_reason", "status", "posted_as", "changed_by", "revision"),
    "subscribed_charges": ("charged_through",),
    "subscriptions": ("canceled_on", "revision"),
    "usage": ("billed_by", "amount_minor", "drawn_minor", "drawn_from"),
}
"""Table -> those of its columns that become others once a row stands. Of every other table none does. (A migration says
so itself, as it was then.)"""
PARTS = (
    (items, "document", documents.c.number),
    (taxes, "document", documents.c.number),
    (combined, "document", documents.c.number),
    (refund_parts, "refund", documents.c.number),
    (application_parts, "application", applications.c.id),
)
"""Tables of parts of a whole, the column that names the whole, and what of the whole it names. Parts are written before
their whole, and none is added once that stands."""


def key_of(table: Table) -> str:
    """The columns by which the rows of a table are told apart, as SQL: also an order in which they stand alike in every
    database."""
    return ", ".join(f"{table.name}.{column.name}" for column in table.primary_key.columns)


def _where_set(name: str, *columns: Column[str] | Column[int], unique: bool = False) -> Index:
    """An index of only the rows that have the first column."""
    condition = text(f"{columns[0].name} IS NOT NULL")
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


_REOPENED = text("status = 'reopened'")
Index("ix_charge_periods_reopened", charge_periods.c.id, sqlite_where=_REOPENED, postgresql_where=_REOPENED)
Index("ix_audit_at", audit.c.at)
_where_set("ix_charge_periods_rebilled_by", charge_periods.c.rebilled_by)
_where_set("ix_documents_source", documents.c.source)
_where_set("ix_documents_refund_of", documents.c.refund_of)
_where_set("ix_documents_reference", documents.c.reference, documents.c.account)
_where_set("ix_documents_operation", documents.c.operation)
_where_set("ix_documents_draw", documents.c.prefix, documents.c.counter, unique=True)
_where_set("ix_operations_caused_by", operations.c.caused_by, operations.c.step, unique=True)
_where_set("ix_items_source", items.c.source)
_where_set("ix_applications_operation", applications.c.operation)
_where_set("ix_billed_bill_run", billed.c.bill_run, billed.c.subscription)
_where_set("ix_usage_billed_by", usage.c.billed_by)
_where_set("ix_usage_operation", usage.c.operation)
_UNBILLED = text("billed_by IS NULL")
Index("ix_usage_unbilled", usage.c.subscription, sqlite_where=_UNBILLED, postgresql_where=_UNBILLED)
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
