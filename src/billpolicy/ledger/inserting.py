"""Inserting records, set-based: many rows with each statement. Shared by posting and importing.

Parts are written before their whole, because a whole is closed from the moment it stands (see the guards).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.changes import master_name, scope_of
from billpolicy.book.history import as_it_came, given_since
from billpolicy.book.model import (
    Account,
    Application,
    Charge,
    ChargePeriod,
    Contact,
    Document,
    MasterRecord,
    Numbered,
    Refund,
    Reversible,
    Subscription,
    UsageRecord,
    VoidNumber,
)
from billpolicy.book.numbers import NumberDraw
from billpolicy.ledger import rows, schema
from billpolicy.ledger.statements import Connection, Row, last_id
from billpolicy.ledger.tables import Table
from billpolicy.source.codec import encode

_RAISE = {
    scope: f"UPDATE {table.name} SET revision = revision + 1 WHERE {key} IN {{keys}}"
    for scope, table, key in (
        ("document", schema.documents, "number"),
        ("account", schema.accounts, "id"),
        ("subscription", schema.subscriptions, "id"),
    )
}


class Filed(NamedTuple):
    """A document to be written; `draw` and `operation` are None for what is imported, `import_id` for what is not."""

    document: Numbered
    draw: NumberDraw | None = None
    operation: str | None = None
    revision: int = 0
    changed_by: str | None = None
    """The last operation that changed the record itself; None for none."""
    import_id: int | None = None


class Put(NamedTuple):
    """An application to be written; `operation` is None for what is imported, `import_id` for what is not."""

    application: Application
    currency: str
    operation: str | None = None
    import_id: int | None = None


def write_charge_periods(connection: Connection, periods: Iterable[ChargePeriod], import_id: int | None = None) -> None:
    """Insert charge periods. `import_id`: the import that brought them."""
    connection.insert(schema.charge_periods, [period_row(one, import_id) for one in periods])


def period_row(period: ChargePeriod, import_id: int | None = None) -> Row:
    """The row of a charge period."""
    imported = None if import_id is None else encode(period)
    return rows.CHARGE_PERIODS.row(period, period.currency, imported=imported, import_id=import_id)


def write_void_numbers(connection: Connection, void_numbers: Iterable[VoidNumber], import_id: int) -> None:
    """Insert numbers that no document has, which an import brought."""
    connection.insert(schema.void_numbers, [rows.VOID_NUMBERS.row(one, import_id=import_id) for one in void_numbers])


def count_on(
    connection: Connection,
    last: Mapping[str, int],
    kinds: Mapping[str, str],
    before: Mapping[str, int],
    sources: Mapping[str, str | None],
    *,
    imported: bool = False,
) -> None:
    """Let the counters of these prefixes stand at their last numbers, where they did not `before`. `sources`: whose
    numbers those of them continue that are of no series."""
    moved = {prefix: counter for prefix, counter in last.items() if before.get(prefix) != counter}
    new = [prefix for prefix in moved if prefix not in before]
    connection.insert(
        schema.counters,
        [
            (prefix, kinds[prefix], moved[prefix] if imported else 0, moved[prefix], sources.get(prefix))
            for prefix in new
        ],
    )
    known = [(moved[prefix], prefix) for prefix in moved if prefix in before]
    if imported:
        connection.run(_COUNT_IMPORTED, [(counter, counter, prefix) for counter, prefix in known])
    else:
        connection.run(_COUNT_DRAWN, known)


def import_master(connection: Connection, records: Iterable[MasterRecord], import_id: int) -> None:
    """Insert records of master data of a book: as they came, and what was given to them since."""
    values: dict[Table, list[Row]] = defaultdict(list)
    for record in records:
        add_master(values, record, 0, import_id)
    insert_master(connection, values)


MASTER = (
    schema.accounts,
    schema.contacts,
    schema.charges,
    schema.subscriptions,
    schema.subscribed_charges,
    schema.accounting_periods,
    schema.held,
)
"""The tables that master data stand in, in an order in which each row finds those that it names."""


def insert_master(connection: Connection, values: Mapping[Table, list[Row]]) -> None:
    """Insert rows of master data, by table."""
    for table in MASTER:
        connection.insert(table, values.get(table, []))


def add_master(
    values: dict[Table, list[Row]], record: MasterRecord, revision: int, import_id: int | None = None
) -> None:
    """Rows of a new record; `revision`: how often operations of the same transaction have changed it since it came."""
    came: Any = as_it_came(record)
    if isinstance(came, Account):
        values[schema.accounts].append(rows.ACCOUNTS.row(came, revision=revision, import_id=import_id))
    elif isinstance(came, Contact):
        values[schema.contacts].append(rows.CONTACTS.row(came, import_id=import_id))
    elif isinstance(came, Charge):
        values[schema.charges].append(rows.CHARGES.row(came, import_id=import_id))
    elif isinstance(came, Subscription):
        canceled = None if import_id is None else rows.day_text(came.canceled_on)
        row = rows.SUBSCRIPTIONS.row(came, imported_canceled_on=canceled, revision=revision, import_id=import_id)
        values[schema.subscriptions].append(row)
        add_charges(values, came, 0, import_id)
    else:
        values[schema.accounting_periods].append(rows.PERIODS.row(came, import_id=import_id))
    add_given(values, record, 0, import_id)


def add_charges(values: dict[Table, list[Row]], came: Subscription, first: int, import_id: int | None = None) -> None:
    """Rows of the charges of a subscription, from the place of the `first` on."""
    for position, charge in enumerate(came.charges[first:], first):
        through = None if import_id is None else rows.day_text(charge.charged_through)
        row = rows.SUBSCRIBED_CHARGES.row(
            charge, subscription=came.id, position=position, imported_through=through, import_id=import_id
        )
        values[schema.subscribed_charges].append(row)


def add_given(values: dict[Table, list[Row]], record: MasterRecord, first: int, import_id: int | None = None) -> None:
    """Rows of the values that were given to a record since it came, from the place of the `first` on."""
    scope, id = scope_of(master_name(record))
    for position, held in enumerate(given_since(record)[first:], first):
        by = held.operation if import_id is None else None
        row = rows.HELD.row(held, scope=scope, id=id, position=position, posted_by=by, import_id=import_id)
        values[schema.held].append(row)


_COUNT_DRAWN = "UPDATE counters SET last = :last WHERE prefix = :prefix"
_COUNT_IMPORTED = "UPDATE counters SET imported = :imported, last = :last WHERE prefix = :prefix"


def write_documents(connection: Connection, filed: Iterable[Filed], last: int | None = None) -> None:
    """Insert documents with all their items. `last`: the id of the last that there is, where that is known."""
    values: dict[Table, list[Row]] = defaultdict(list)
    if last is None:
        last = last_id(connection, schema.documents)
    for id, (document, draw, operation, revision, changed_by, import_id) in enumerate(filed, last + 1):
        amount = rows.minor_of(document.amount, document.currency)
        if isinstance(document, Document):
            _add_items(values, document)
        elif isinstance(document, Refund):
            values[schema.refund_parts] += [
                rows.REFUND_PARTS.row(part, document.currency, refund=document.number, position=position)
                for position, part in enumerate(document.parts)
            ]
        imported = document if operation is None and isinstance(document, Reversible) else None
        row = rows.document_row(
            document,
            amount,
            id=id,
            prefix=draw and draw.prefix,
            start=draw and draw.start,
            counter=draw and draw.counter,
            operation=operation,
            revision=revision,
            imported_status=imported and imported.status,
            imported_reversed=imported and imported.reversed_,
            imported_posted_as=imported and getattr(imported, "posted_as", None),
            changed_by=changed_by,
            import_id=import_id,
        )
        values[schema.documents].append(row)
    for table in DOCUMENTS:
        connection.insert(table, values[table])


DOCUMENTS = (
    schema.items,
    schema.taxes,
    schema.combined,
    schema.refund_parts,
    schema.documents,
    schema.billed,
)
"""The tables that documents stand in; parts before their whole."""


def _add_items(values: dict[Table, list[Row]], document: Document) -> None:
    number, currency = document.number, document.currency
    for position, item in enumerate(document.items):
        values[schema.items].append(rows.ITEMS.row(item, currency, document=number, position=position))
        for place, tax in enumerate(item.taxes):
            row = rows.TAXES.row(tax, currency, document=number, item=item.id, position=place)
            values[schema.taxes].append(row)
        for place, share in enumerate(item.combines):
            row = rows.COMBINED.row(share, currency, document=number, item=item.id, position=place)
            values[schema.combined].append(row)
    # Which subscriptions a document bills or gives days of back, as far as anybody asks: of invoices, of what a bill
    # run made, and of credit memos that were made from no document.
    gives_back = document.kind == "credit_memo" and document.related is None
    if document.kind == "invoice" or document.bill_run is not None or gives_back:
        day = document.date.isoformat()
        values[schema.billed] += [
            (name, day, number, document.kind, document.bill_run) for name in document.subscriptions
        ]


def write_applications(connection: Connection, applied: Sequence[Put], last: int | None = None) -> None:
    """Insert applications with all their parts. `last`: the id of the last that there is, where that is known."""
    if not applied:
        return
    if last is None:
        last = last_id(connection, schema.applications)
    parts, wholes = [], []
    for key, (made, currency, operation, import_id) in enumerate(applied, last + 1):
        row = rows.APPLICATIONS.row(made, currency, id=key, currency=currency, operation=operation, import_id=import_id)
        wholes.append(row)
        parts += [
            rows.APPLICATION_PARTS.row(part, currency, application=key, position=position)
            for position, part in enumerate(made.parts)
        ]
    connection.insert(schema.application_parts, parts)
    connection.insert(schema.applications, wholes)


def write_usage(
    connection: Connection, records: Iterable[UsageRecord], book: Book, import_id: int | None = None
) -> None:
    """Insert usage records; the book has the documents that bill them. `import_id`: the import that brought them."""
    values = []
    for one in records:
        currency = "" if one.billed_by is None else book.numbered[one.billed_by].currency
        was = billed_as(one, book) if import_id is not None else (None,) * len(rows.IMPORTED_USAGE)
        as_imported = dict(zip(rows.IMPORTED_USAGE, was, strict=True))
        values.append(rows.USAGE.row(one, currency, import_id=import_id, **as_imported))
    connection.insert(schema.usage, values)


def billed_as(record: UsageRecord, book: Book) -> Row:
    """Which document bills it, at what, and what was drawn and of what, as the columns have it."""
    if record.billed_by is None:
        return None, None, None, None
    currency = book.numbered[record.billed_by].currency
    amounts = (None if amount is None else rows.minor_of(amount, currency) for amount in (record.amount, record.drawn))
    billed, drawn = amounts
    return record.billed_by, billed, drawn, record.drawn_from


def raise_revisions(connection: Connection, names: Iterable[str]) -> None:
    """Raise the revision of documents, of `account:ID` and of `subscription:ID` by one, as often as each is named."""
    seen: Counter[str] = Counter()
    rounds: dict[tuple[int, str], list[str]] = defaultdict(list)
    for name in names:
        scope, id = scope_of(name)
        rounds[seen[name], scope].append(id)
        seen[name] += 1
    for (_, scope), ids in rounds.items():  # a guard lets a revision go up by one
        connection.run(_RAISE[scope], [(connection.dialect.keys(ids),)])
