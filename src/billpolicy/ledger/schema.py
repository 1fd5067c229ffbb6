"""The tables of a ledger.

One representation in every database: money is integer minor units of the currency beside it, a date is `YYYY-MM-DD`
text (it sorts as it should), a decimal that is no money is text as written, and mappings are canonical JSON text.
Text sorts by its code points, as in Python: what is planned must not depend on the language that a database sorts by.
The guards that keep posted rows from changing are triggers; they stand in the migrations.
"""

from __future__ import annotations

from typing import NamedTuple

from billpolicy.ledger.tables import Column, Index, Reference, Table, Type

APPLICATION_ID = 0x62706F6C
"""`bpol`: stands in the header of every ledger file, so that another program's file is never taken for one."""
REVISIONS = tuple(f"{number:04}" for number in range(1, 16))
"""The revisions of this schema that this program knows, oldest first; each is one file under `migrations/`."""

_TEXT, _CURRENCY, _DATE, _BOOLEAN = Type.TEXT, Type.CURRENCY, Type.DATE, Type.BOOLEAN
_INTEGER, _BIG_INTEGER, _ID = Type.INTEGER, Type.BIG_INTEGER, Type.ID
_CREATED_BY = Column("created_by", _TEXT, references="operations.id", comment="unset if it was imported")
"""Of master data, whose rows stand as they came; what becomes of their values stands in `held`."""
_IMPORT_ID = Column("import_id", _INTEGER, comment="which import brought it; 0: one of an earlier version; unset: none")
"""Of whatever can be imported."""
_REQUEST_ID = Column("request_id", _TEXT, comment="of the request by which a program did it; unset if none was given")
"""Of whatever somebody does."""


accounts = Table(
    "accounts",
    Column("id", _TEXT, primary_key=True),
    Column("currency", _CURRENCY, nullable=False),
    Column("name", _TEXT),
    Column("country", _TEXT),
    Column("attributes", _TEXT, nullable=False),
    Column("custom", _TEXT, nullable=False),
    Column("revision", _INTEGER, nullable=False),
    _CREATED_BY,
    Column("region", _TEXT),
    _IMPORT_ID,
)
contacts = Table(
    "contacts",
    Column("id", _TEXT, primary_key=True),
    Column("account", _TEXT, references="accounts.id", nullable=False, indexed=True),
    Column("name", _TEXT),
    Column("country", _TEXT),
    Column("email", _TEXT),
    _CREATED_BY,
    Column("retired_on", _DATE),
    _IMPORT_ID,
)
charges = Table(
    "charges",
    Column("id", _TEXT, primary_key=True),
    Column("name", _TEXT, nullable=False),
    Column("type", _TEXT, nullable=False),
    _CREATED_BY,
    Column("tax_code", _TEXT),
    _IMPORT_ID,
)
subscriptions = Table(
    "subscriptions",
    Column("id", _TEXT, primary_key=True),
    Column("account", _TEXT, references="accounts.id", nullable=False, indexed=True),
    Column("plan", _TEXT),
    Column("start", _DATE),
    Column("term_end", _DATE),
    Column("canceled_on", _DATE),
    Column("imported_canceled_on", _DATE, comment="canceled_on as it was imported, to know the same import again"),
    Column("bill_day", _INTEGER),
    Column("invoice_separately", _BOOLEAN, nullable=False, default=False),
    Column("currency", _CURRENCY),
    Column("attributes", _TEXT, nullable=False),
    Column("custom", _TEXT, nullable=False),
    Column("revision", _INTEGER, nullable=False),
    _CREATED_BY,
    _IMPORT_ID,
)
subscribed_charges = Table(
    "subscribed_charges",
    Column("subscription", _TEXT, references="subscriptions.id", primary_key=True),
    Column("id", _TEXT, primary_key=True),
    Column("position", _INTEGER, nullable=False),
    Column("charge", _TEXT, references="charges.id"),
    Column("charged_through", _DATE),
    Column("imported_through", _DATE, comment="charged_through as it was imported, to know the same import again"),
    Column("name", _TEXT),
    Column("rate", _TEXT),
    Column("quantity", _TEXT, nullable=False, default="1"),
    Column("period", _TEXT, nullable=False, default="month"),
    Column("timing", _TEXT, nullable=False, default="in_advance"),
    Column("start", _DATE),
    Column("until", _DATE),
    Column("discounts", _TEXT),
    _CREATED_BY,
    Column("continues", _TEXT),
    Column("usage", _BOOLEAN, nullable=False, default=False),
    Column("included", _TEXT),
    Column("item", _TEXT),
    Column("bills", _TEXT, nullable=False, default="rate"),
    Column("drawn_by", _TEXT, nullable=False, default="[]"),
    Column("profile", _TEXT),
    Column("tax_code", _TEXT),
    _IMPORT_ID,
    without_rowid=True,
)
accounting_periods = Table(
    "accounting_periods",
    Column("from_date", _DATE, primary_key=True),
    Column("until_date", _DATE, nullable=False),
    Column("status", _TEXT, nullable=False),
    _CREATED_BY,
    _IMPORT_ID,
)
held = Table(
    "held",
    Column("scope", _TEXT, primary_key=True, comment="whose value it is: account, contact, subscription, ..."),
    Column("id", _TEXT, primary_key=True),
    Column("position", _INTEGER, primary_key=True, comment="in the order in which they came"),
    Column("field", _TEXT, nullable=False),
    Column("value", _TEXT, comment="as text; null is none"),
    Column("since", _DATE, comment="the first day on which it holds; null is from the beginning"),
    Column("operation", _TEXT, comment="what gave it, as it is told"),
    Column("posted_by", _TEXT, references="operations.id", comment="unset if it was imported"),
    _IMPORT_ID,
    without_rowid=True,
)
operations = Table(
    "operations",
    Column("id", _TEXT, primary_key=True, comment="the idempotency key"),
    Column("operation", _TEXT, nullable=False),
    Column("date", _DATE, nullable=False),
    Column("request", _TEXT, nullable=False),
    Column("plan", _TEXT, nullable=False, comment="all that the plan was, with every change that it makes"),
    Column("policy", _TEXT, nullable=False),
    Column("policy_digest", _TEXT, nullable=False),
    Column("engine", _TEXT, nullable=False),
    Column("caused_by", _TEXT, references="operations.id", comment="the operation that this one is a step of"),
    Column("step", _INTEGER, comment="its place among the steps of that one, from 0"),
    Column("cause", _TEXT, comment="why it follows: after what, and by which rule"),
)
policies = Table(
    "policies",
    Column("digest", _TEXT, primary_key=True, comment="as operations name it"),
    Column("name", _TEXT, nullable=False),
    Column("layers", _TEXT, nullable=False, comment="every file that it was read from, the base first"),
)
audit = Table(
    "audit",
    Column("id", _ID, primary_key=True, comment="1, 2, 3, ... in the order of posting"),
    Column("operation", _TEXT, references="operations.id", nullable=False, unique=True),
    Column("who", _TEXT, nullable=False),
    Column("at", _TEXT, nullable=False, comment="a moment in UTC, ISO 8601"),
    Column("why", _TEXT),
    Column("approved_by", _TEXT),
    _REQUEST_ID,
)
waiting = Table(
    "waiting",
    Column("id", _ID, primary_key=True),
    Column("operation", _TEXT, nullable=False, indexed=True, comment="the id that it will be posted under"),
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
    _REQUEST_ID,
)
approvals = Table(
    "approvals",
    Column("id", _ID, primary_key=True),
    Column("waiting", _ID, references="waiting.id", nullable=False, indexed=True),
    Column("person", _TEXT, nullable=False),
    Column("at", _TEXT, nullable=False),
    Column("comment", _TEXT),
    Column("digest", _TEXT, nullable=False, comment="of what was approved"),
    _REQUEST_ID,
)
withdrawals = Table(
    "withdrawals",
    Column("waiting", _ID, references="waiting.id", primary_key=True),
    Column("who", _TEXT, nullable=False),
    Column("at", _TEXT, nullable=False),
    Column("why", _TEXT),
    _REQUEST_ID,
)
chain = Table(
    "chain",
    Column("id", _ID, primary_key=True, comment="1, 2, 3, ..."),
    Column("kind", _TEXT, nullable=False, comment="operation, import, ...: `chain.Kind`"),
    Column("what", _TEXT, nullable=False, comment="names what it is of"),
    Column("content", _TEXT, nullable=False, comment="the digest of that"),
    Column("digest", _TEXT, nullable=False, comment="of all this and of the digest before"),
)
counters = Table(
    "counters",
    Column("prefix", _TEXT, primary_key=True),
    Column("kind", _TEXT, nullable=False, comment="a used prefix stays bound to one kind of document"),
    Column("imported", _BIG_INTEGER, nullable=False, comment="the highest counter that was imported; 0 for none"),
    Column("last", _BIG_INTEGER, nullable=False, comment="the highest counter of all"),
    Column("source", _TEXT, indexed=True, comment="whose number its numbers continue; unset if they are of a series"),
)
void_numbers = Table(
    "void_numbers",
    Column("number", _TEXT, primary_key=True),
    Column("kind", _TEXT, nullable=False),
    Column("reason", _TEXT, nullable=False, comment="why no document has it"),
    Column("date", _DATE),
    _IMPORT_ID,
)
documents = Table(
    "documents",
    Column("id", _ID, primary_key=True, comment="1, 2, 3, ... as they came"),
    Column("number", _TEXT, nullable=False, unique=True),
    Column("kind", _TEXT, nullable=False),
    Column("account", _TEXT, references="accounts.id", nullable=False, indexed=True),
    Column("date", _DATE, nullable=False),
    Column("due_date", _DATE),
    Column("currency", _CURRENCY, nullable=False),
    Column("amount_minor", _BIG_INTEGER, nullable=False),
    Column("status", _TEXT, nullable=False),
    Column("reversed", _BOOLEAN, nullable=False),
    Column("split", _BOOLEAN, nullable=False),
    Column("auto_apply", _BOOLEAN, nullable=False, default=True),
    Column("priority", _BIG_INTEGER),
    Column("type", _TEXT),
    Column("reason", _TEXT),
    Column(
        "source",
        _TEXT,
        references="documents.number",
        later=True,
        comment="of a memo, of a transferred payment, or of a change of a credit balance",
    ),
    Column("refund_of", _TEXT, references="documents.number", later=True),
    Column("bill_run", _TEXT),
    Column("comment", _TEXT),
    Column("attributes", _TEXT, nullable=False),
    Column("posted_as", _TEXT, comment="of a draft: the number of the document that it became"),
    Column("prefix", _TEXT, comment="with start and counter: how the number was drawn; unset if it was imported"),
    Column("start", _BIG_INTEGER),
    Column("counter", _BIG_INTEGER),
    Column("operation", _TEXT, references="operations.id", comment="unset if it was imported"),
    Column("revision", _INTEGER, nullable=False),
    Column("imported_status", _TEXT, comment="status, reversed and posted_as as they were imported"),
    Column("imported_reversed", _BOOLEAN),
    Column("imported_posted_as", _TEXT),
    Column("reference", _TEXT, comment="of a payment or refund: what others know it by"),
    Column("reversed_reason", _TEXT, comment="of a payment that was reversed"),
    Column("write_off", _BOOLEAN, nullable=False, default=False, comment="a memo that is no money"),
    Column("changed_by", _TEXT, references="operations.id", comment="the last to reverse, post or cancel it itself"),
    Column("due_date_from", _TEXT, comment="the payment term that the due date was worked out from as it was imported"),
    Column("expires_on", _DATE, comment="of a credit memo or payment: the first day on which it is not used any more"),
    _IMPORT_ID,
)
items = Table(
    "items",
    Column("document", _TEXT, references="documents.number", later=True, primary_key=True),
    Column("id", _TEXT, primary_key=True),
    Column("position", _INTEGER, nullable=False),
    Column("amount_minor", _BIG_INTEGER, nullable=False),
    Column("name", _TEXT),
    Column("line", _BIG_INTEGER),
    Column("discounts", _TEXT),
    Column("subscription", _TEXT, references="subscriptions.id"),
    Column("subscribed_charge", _TEXT),
    Column("charge", _TEXT, references="charges.id"),
    Column("quantity", _TEXT),
    Column("unit_price", _TEXT),
    Column("service_start", _DATE),
    Column("service_end", _DATE),
    Column("source_item", _TEXT),
    Column("source", _TEXT, comment="the invoice that source_item is on, where it is not the source of the document"),
    without_rowid=True,
)
_OF_ITEM = Reference(("document", "item"), "items", ("document", "id"))
taxes = Table(
    "taxes",
    Column("document", _TEXT, primary_key=True),
    Column("item", _TEXT, primary_key=True),
    Column("id", _TEXT, primary_key=True),
    Column("position", _INTEGER, nullable=False),
    Column("amount_minor", _BIG_INTEGER, nullable=False),
    Column("name", _TEXT),
    Column("rate", _TEXT),
    Column("jurisdiction", _TEXT),
    Column("source_tax", _TEXT),
    Column("code", _TEXT),
    references=[_OF_ITEM],
    without_rowid=True,
)
combined = Table(
    "combined",
    Column("document", _TEXT, primary_key=True),
    Column("item", _TEXT, primary_key=True),
    Column("position", _INTEGER, primary_key=True),
    Column("subscribed_charge", _TEXT, nullable=False),
    Column("amount_minor", _BIG_INTEGER, nullable=False),
    Column("charge", _TEXT, references="charges.id"),
    Column("quantity", _TEXT),
    Column("unit_price", _TEXT),
    references=[_OF_ITEM],
    without_rowid=True,
    comment="what each charge has on an item that bills several",
)
billed = Table(
    "billed",
    Column("subscription", _TEXT, primary_key=True),
    Column("date", _DATE, primary_key=True),
    Column("document", _TEXT, primary_key=True),
    Column("kind", _TEXT, nullable=False),
    Column("bill_run", _TEXT),
    without_rowid=True,
    comment="derived: which subscriptions each invoice, document of a bill run and memo from no document has items of",
)
refund_parts = Table(
    "refund_parts",
    Column("refund", _TEXT, references="documents.number", later=True, primary_key=True),
    Column("position", _INTEGER, primary_key=True),
    Column("item", _TEXT, nullable=False),
    Column("tax", _TEXT),
    Column("amount_minor", _BIG_INTEGER, nullable=False),
    Column("source_item", _TEXT),
    Column("source_tax", _TEXT),
    without_rowid=True,
)
applications = Table(
    "applications",
    Column("id", _ID, primary_key=True),
    Column("from_number", _TEXT, references="documents.number", nullable=False, indexed=True),
    Column("to_number", _TEXT, references="documents.number", nullable=False, indexed=True),
    Column("date", _DATE, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    Column("amount_minor", _BIG_INTEGER, nullable=False),
    Column("operation", _TEXT, references="operations.id", comment="unset if it was imported"),
    _IMPORT_ID,
)
application_parts = Table(
    "application_parts",
    Column("application", _BIG_INTEGER, references="applications.id", later=True, primary_key=True),
    Column("position", _INTEGER, primary_key=True),
    Column("item", _TEXT, nullable=False),
    Column("tax", _TEXT),
    Column("amount_minor", _BIG_INTEGER, nullable=False),
    Column("source_item", _TEXT),
    Column("source_tax", _TEXT),
    without_rowid=True,
)


usage = Table(
    "usage",
    Column("id", _TEXT, primary_key=True),
    Column("subscription", _TEXT, references="subscriptions.id", nullable=False),
    Column("charge", _TEXT, nullable=False),
    Column("date", _DATE, nullable=False),
    Column("quantity", _TEXT, nullable=False),
    Column("operation", _TEXT, references="operations.id", comment="unset if it was imported"),
    Column("billed_by", _TEXT, references="documents.number", later=True, comment="the document that bills it"),
    Column("amount_minor", _BIG_INTEGER, comment="what it was billed at, in the currency of that document"),
    Column("imported_billed_by", _TEXT, comment="what is billed and drawn of it as it was imported"),
    Column("imported_amount_minor", _BIG_INTEGER),
    Column("drawn_minor", _BIG_INTEGER, comment="what of its worth a prepaid charge paid, in the same currency"),
    Column("drawn_from", _TEXT, comment="the charge period that it was drawn from first"),
    Column("imported_drawn_minor", _BIG_INTEGER),
    Column("imported_drawn_from", _TEXT),
    _IMPORT_ID,
)
charge_periods = Table(
    "charge_periods",
    Column("id", _TEXT, primary_key=True),
    Column("subscription", _TEXT, references="subscriptions.id", nullable=False, indexed=True),
    Column("charge", _TEXT, nullable=False),
    Column("from_date", _DATE, nullable=False),
    Column("until_date", _DATE, nullable=False),
    Column("currency", _CURRENCY, nullable=False),
    Column("status", _TEXT, nullable=False),
    Column("quantity", _TEXT),
    Column("rate", _TEXT),
    Column("amount_minor", _BIG_INTEGER),
    Column("discount_minor", _BIG_INTEGER),
    Column("tax_minor", _BIG_INTEGER),
    Column("document", _TEXT, references="documents.number", later=True, comment="the invoice whose line billed it"),
    Column("item", _TEXT),
    Column("tax_code", _TEXT),
    Column("memo", _TEXT, references="documents.number", later=True, comment="the memo whose line unwound it"),
    Column("memo_item", _TEXT),
    Column(
        "rebilled_by",
        _TEXT,
        references="documents.number",
        later=True,
        comment="the invoice whose line has billed it again",
    ),
    Column("rebilled_item", _TEXT),
    Column("operation", _TEXT, references="operations.id", comment="unset if it stands as it was imported"),
    Column("imported", _TEXT, comment="all of it as it was imported, as JSON; unset if it was not"),
    _IMPORT_ID,
    comment="those that are on record; of all others the lines of invoices tell",
)


TABLES = (
    accounts,
    contacts,
    charges,
    subscriptions,
    subscribed_charges,
    accounting_periods,
    held,
    operations,
    policies,
    audit,
    waiting,
    approvals,
    withdrawals,
    chain,
    counters,
    void_numbers,
    documents,
    items,
    taxes,
    combined,
    billed,
    refund_parts,
    applications,
    application_parts,
    usage,
    charge_periods,
)
"""Every table of a ledger."""
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


class PartOf(NamedTuple):
    """A table of parts of a whole. They are written before their whole, and none is added once that stands."""

    table: Table
    column: str
    """Names the whole."""
    whole: Table
    key: str
    """What of the whole is named."""


PARTS = (
    PartOf(items, "document", documents, "number"),
    PartOf(taxes, "document", documents, "number"),
    PartOf(combined, "document", documents, "number"),
    PartOf(refund_parts, "refund", documents, "number"),
    PartOf(application_parts, "application", applications, "id"),
)


def key_of(table: Table) -> str:
    """The columns by which the rows of a table are told apart, as SQL: also an order in which they stand alike in every
    database."""
    return ", ".join(f"{table.name}.{name}" for name in table.key)


def _where_set(name: str, table: Table, *columns: str, unique: bool = False) -> Index:
    """An index of only the rows that have the first column."""
    return Index(name, table, columns, f"{columns[0]} IS NOT NULL", unique)


INDEXES = (
    *(
        Index(f"ix_{table.name}_{column.name}", table, (column.name,))
        for table in TABLES
        for column in table.columns
        if column.indexed
    ),
    Index("ix_usage_subscription", usage, ("subscription", "date")),
    Index("ix_charge_periods_reopened", charge_periods, ("id",), "status = 'reopened'"),
    Index("ix_audit_at", audit, ("at",)),
    _where_set("ix_charge_periods_rebilled_by", charge_periods, "rebilled_by"),
    _where_set("ix_documents_source", documents, "source"),
    _where_set("ix_documents_refund_of", documents, "refund_of"),
    _where_set("ix_documents_reference", documents, "reference", "account"),
    _where_set("ix_documents_operation", documents, "operation"),
    _where_set("ix_documents_draw", documents, "prefix", "counter", unique=True),
    _where_set("ix_operations_caused_by", operations, "caused_by", "step", unique=True),
    _where_set("ix_items_source", items, "source"),
    _where_set("ix_applications_operation", applications, "operation"),
    _where_set("ix_billed_bill_run", billed, "bill_run", "subscription"),
    _where_set("ix_usage_billed_by", usage, "billed_by"),
    _where_set("ix_usage_operation", usage, "operation"),
    Index("ix_usage_unbilled", usage, ("subscription",), "billed_by IS NULL"),
    Index(
        "ix_documents_credit",
        documents,
        ("account", "currency", "date", "type", "amount_minor"),
        "kind = 'credit_adjustment'",
    ),
)
"""Every index, but for those of keys and of what is unique, which databases make by themselves."""
