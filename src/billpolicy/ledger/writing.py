"""Writing records, set-based: many rows with each statement. Shared by posting and importing.

What is issued and applied is inserted. What else operations changed is told by the books before and after: a record
that is another one now is written as it is now, whatever kind of change that was. Parts are written before their
whole, because a whole is closed from the moment it stands (see the guards).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Table

from billpolicy.book.book import Book
from billpolicy.book.changes import Issued
from billpolicy.book.model import Application, Document, Numbered, Refund, Subscription
from billpolicy.book.numbers import NumberDraw
from billpolicy.ledger import journal, rows, schema
from billpolicy.ledger.statements import Connection, Row, insert_into
from billpolicy.posting.store import Entry

_SUBSCRIPTION = "subscription:"
_RAISE_DOCUMENT = "UPDATE documents SET revision = revision + 1 WHERE number = :number"
_RAISE_SUBSCRIPTION = "UPDATE subscriptions SET revision = revision + 1 WHERE id = :id"
_CHANGE_DOCUMENT = """
UPDATE documents SET revision = revision + 1, status = :status, reversed = :reversed, posted_as = :posted_as
WHERE number = :number
"""
_CHANGE_SUBSCRIPTION = "UPDATE subscriptions SET revision = revision + 1, canceled_on = :canceled_on WHERE id = :id"
_CHANGE_CHARGE = """
UPDATE subscribed_charges SET charged_through = :charged_through WHERE subscription = :subscription AND id = :id
"""


class Filed(NamedTuple):
    """A document to be written; `draw` and `operation` are None for what is imported."""

    document: Numbered
    draw: NumberDraw | None = None
    operation: str | None = None
    revision: int = 0


class Applied(NamedTuple):
    """An application to be written; `operation` is None for what is imported."""

    application: Application
    currency: str
    operation: str | None = None


def write_entries(connection: Connection, entries: Sequence[Entry], before: Book, after: Book) -> None:
    """Write operations with all that they make and change: `Writer.write`."""
    journal.write_operations(connection, entries)
    count_on(connection, after.counters, after.prefixes, before.counters)
    write_documents(
        connection,
        [
            Filed(after.numbered[number], change.draw, plan.id, after.revisions.get(number, 0))
            for plan, _, _ in entries
            for change in plan.of(Issued)
            for number in [change.document.number]
        ],
    )
    write_applications(
        connection,
        [
            Applied(made, after.numbered[made.from_].currency, plan.id)
            for plan, _, _ in entries
            for made in plan.applications
        ],
    )
    _write_changed(connection, Counter(name for plan, _, _ in entries for name in plan.touched), before, after)


def count_on(
    connection: Connection,
    last: Mapping[str, int],
    kinds: Mapping[str, str],
    before: Mapping[str, int],
    *,
    imported: bool = False,
) -> None:
    """Let the counters of these prefixes stand at their last numbers, where they did not `before`."""
    moved = {prefix: counter for prefix, counter in last.items() if before.get(prefix) != counter}
    new = [prefix for prefix in moved if prefix not in before]
    connection.run(
        insert_into(schema.counters),
        [(prefix, kinds[prefix], moved[prefix] if imported else 0, moved[prefix]) for prefix in new],
    )
    known = [(moved[prefix], prefix) for prefix in moved if prefix in before]
    if imported:
        connection.run(_COUNT_IMPORTED, [(counter, counter, prefix) for counter, prefix in known])
    else:
        connection.run(_COUNT_DRAWN, known)


_COUNT_DRAWN = "UPDATE counters SET last = :last WHERE prefix = :prefix"
_COUNT_IMPORTED = "UPDATE counters SET imported = :imported, last = :last WHERE prefix = :prefix"


def write_documents(connection: Connection, filed: Iterable[Filed]) -> None:
    """Insert documents with all their items."""
    values: dict[Table, list[Row]] = defaultdict(list)
    for document, draw, operation, revision in filed:
        amount = rows.minor_of(document.amount, document.currency)
        if isinstance(document, Document):
            _add_items(values, document)
        elif isinstance(document, Refund):
            values[schema.refund_parts] += [
                rows.REFUND_PARTS.row(part, document.currency, refund=document.number, position=position)
                for position, part in enumerate(document.parts)
            ]
        imported = document if operation is None and isinstance(document, Document) else None
        row = rows.document_row(
            document,
            amount,
            prefix=draw and draw.prefix,
            start=draw and draw.start,
            counter=draw and draw.counter,
            operation=operation,
            revision=revision,
            imported_status=imported and imported.status,
            imported_reversed=imported and imported.reversed_,
            imported_posted_as=imported and imported.posted_as,
        )
        values[schema.documents].append(row)
    for table in (schema.items, schema.taxes, schema.refund_parts, schema.documents, schema.billed):
        connection.run(insert_into(table), values[table])


def _add_items(values: dict[Table, list[Row]], document: Document) -> None:
    number, currency = document.number, document.currency
    for position, item in enumerate(document.items):
        values[schema.items].append(rows.ITEMS.row(item, currency, document=number, position=position))
        for place, tax in enumerate(item.taxes):
            row = rows.TAXES.row(tax, currency, document=number, item=item.id, position=place)
            values[schema.taxes].append(row)
    # Which subscriptions a document bills, as far as anybody asks: of invoices, and of what a bill run made.
    if document.kind == "invoice" or document.bill_run is not None:
        day = document.date.isoformat()
        values[schema.billed] += [
            (name, day, number, document.kind, document.bill_run) for name in document.subscriptions
        ]


def write_applications(connection: Connection, applied: Sequence[Applied]) -> None:
    """Insert applications with all their parts."""
    if not applied:
        return
    ((last,),) = connection.rows("SELECT coalesce(max(id), 0) FROM applications")
    parts, wholes = [], []
    for key, (made, currency, operation) in enumerate(applied, last + 1):
        wholes.append(rows.APPLICATIONS.row(made, currency, id=key, currency=currency, operation=operation))
        parts += [
            rows.APPLICATION_PARTS.row(part, currency, application=key, position=position)
            for position, part in enumerate(made.parts)
        ]
    connection.run(insert_into(schema.application_parts), parts)
    connection.run(insert_into(schema.applications), wholes)


def _write_changed(connection: Connection, times: Mapping[str, int], before: Book, after: Book) -> None:
    """Raise the revision of what stood before as often as it was changed, and write what is another record now."""
    documents, subscriptions, raised = [], [], []
    charges: list[Row] = []
    for name, count in times.items():
        if name.startswith(_SUBSCRIPTION):
            id = name.removeprefix(_SUBSCRIPTION)
            known, now = before.subscriptions[id], after.subscriptions[id]
            if known is not now:
                _can_change(replace(known, canceled_on=now.canceled_on, charges=now.charges), now, id)
                charges += _moved(known, now)
                subscriptions.append((now.canceled_on and now.canceled_on.isoformat(), id))
                count -= 1
        elif name in before.numbered:
            was, document = before.numbered[name], after.numbered[name]
            if document is not was:
                assert isinstance(was, Document)
                assert isinstance(document, Document)
                changed = document.status, document.reversed_, document.posted_as
                status, flag, posted_as = changed
                _can_change(replace(was, status=status, reversed_=flag, posted_as=posted_as), document, name)
                documents.append((*changed, name))
                count -= 1
        else:
            continue  # it was made by one of these operations, and is written as it is after all of them
        raised += [name] * count
    raise_revisions(connection, raised)
    connection.run(_CHANGE_DOCUMENT, documents)
    connection.run(_CHANGE_SUBSCRIPTION, subscriptions)
    connection.run(_CHANGE_CHARGE, charges)


def _moved(known: Subscription, now: Subscription) -> Iterator[Row]:
    for one, was in zip(now.charges, known.charges, strict=True):
        if one is not was:
            _can_change(replace(was, charged_through=one.charged_through), one, one.id)
            yield (one.charged_through and one.charged_through.isoformat(), now.id, one.id)


def _can_change(written: object, now: object, name: str) -> None:
    """A change of a field that no statement here writes is a bug: the ledger would not keep it."""
    if written != now:
        raise ValueError(f"a ledger cannot keep what was changed of {name}: {now}")


def raise_revisions(connection: Connection, names: Iterable[str]) -> None:
    """Raise the revision of documents and of `subscription:ID` by one, as often as each is named."""
    documents: list[Row] = []
    subscriptions: list[Row] = []
    for name in names:
        if name.startswith(_SUBSCRIPTION):
            subscriptions.append((name.removeprefix(_SUBSCRIPTION),))
        else:
            documents.append((name,))
    connection.run(_RAISE_DOCUMENT, documents)
    connection.run(_RAISE_SUBSCRIPTION, subscriptions)
