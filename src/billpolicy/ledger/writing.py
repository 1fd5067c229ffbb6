"""Writing records, set-based: many rows with each statement. Shared by posting and importing.

Parts are written before their whole, because a whole is closed from the moment it stands (see the guards).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Table

from billpolicy.book.model import Application, Document, Numbered, Refund
from billpolicy.ledger import rows, schema
from billpolicy.ledger.amounts import minor_of
from billpolicy.ledger.statements import insert_into
from billpolicy.planning.plan import NumberDraw, Plan

_SUBSCRIPTION = "subscription:"
_RAISE_DOCUMENT = "UPDATE documents SET revision = revision + 1 WHERE number = ?"
_RAISE_SUBSCRIPTION = "UPDATE subscriptions SET revision = revision + 1 WHERE id = ?"
_REVERSE = "UPDATE documents SET revision = revision + 1, reversed = TRUE WHERE number = ?"
_POST_DRAFT = "UPDATE documents SET revision = revision + 1, posted_as = ? WHERE number = ?"
_CANCEL_DRAFT = "UPDATE documents SET revision = revision + 1, status = 'canceled' WHERE number = ?"
_CANCEL = "UPDATE subscriptions SET revision = revision + 1, canceled_on = ? WHERE id = ?"
_MOVE = "UPDATE subscribed_charges SET charged_through = ? WHERE subscription = ? AND id = ?"


class Filed(NamedTuple):
    """A document to be written; `draw` and `operation` are None for what is imported."""

    document: Numbered
    draw: NumberDraw | None = None
    operation: str | None = None


class Applied(NamedTuple):
    """An application to be written; `operation` is None for what is imported."""

    application: Application
    currency: str
    operation: str | None = None


class Work(NamedTuple):
    """A plan to be written, and what it changes of what stands: `plan.changed`, found once."""

    plan: Plan
    changed: frozenset[str]


def write_documents(connection: sqlite3.Connection, filed: Iterable[Filed]) -> None:
    """Insert documents with all their items."""
    values: dict[Table, list[rows.Row]] = defaultdict(list)
    for document, draw, operation in filed:
        if isinstance(document, Document):
            amount = 0
            for position, item in enumerate(document.items):
                row = rows.item_row(document, position, item)
                amount += row[3]
                values[schema.items].append(row)
                for tax_position, tax in enumerate(item.taxes):
                    row = rows.tax_row(document, item, tax_position, tax)
                    amount += row[4]
                    values[schema.taxes].append(row)
            values[schema.billed].extend(rows.billed_rows(document))
        else:
            amount = minor_of(document.amount, document.currency)
            if isinstance(document, Refund):
                values[schema.refund_parts].extend(rows.refund_part_rows(document))
        values[schema.documents].append(rows.document_row(document, amount, draw, operation))
    for table in (schema.items, schema.taxes, schema.refund_parts, schema.documents, schema.billed):
        insert_rows(connection, table, values[table])


def write_applications(connection: sqlite3.Connection, applied: Sequence[Applied]) -> None:
    """Insert applications with all their parts."""
    if not applied:
        return
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM applications").fetchone()
    numbered = list(enumerate(applied, last + 1))
    parts = [row for key, (one, currency, _) in numbered for row in rows.application_part_rows(key, one, currency)]
    insert_rows(connection, schema.application_parts, parts)
    insert_rows(connection, schema.applications, [rows.application_row(key, *one) for key, one in numbered])


def write_changes(connection: sqlite3.Connection, works: Iterable[Work]) -> None:
    """Change what these plans change of what stood before each of them; its revision rises by one for each plan."""
    raised: list[str] = []
    values: dict[str, list[rows.Row]] = defaultdict(list)
    for plan, changed in works:
        new = {planned.document.number for planned in plan.documents}
        reversed_ = [number for number in plan.reversed_ if number not in new]
        canceled = {f"{_SUBSCRIPTION}{one.subscription}" for one in plan.cancellations}
        flagged = canceled.union(reversed_, plan.posted_drafts, plan.canceled_drafts)
        raised.extend(changed - flagged)
        values[_REVERSE].extend((number,) for number in reversed_)
        values[_POST_DRAFT].extend((posted, draft) for draft, posted in plan.posted_drafts.items())
        values[_CANCEL_DRAFT].extend((number,) for number in plan.canceled_drafts)
        values[_CANCEL].extend((one.on.isoformat(), one.subscription) for one in plan.cancellations)
        values[_MOVE].extend((m.after.isoformat(), m.subscription, m.charge) for m in plan.charged_through)
    raise_revisions(connection, raised)
    for text, parameters in values.items():
        if parameters:
            connection.executemany(text, parameters)


def raise_revisions(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Raise the revision of documents and of `subscription:ID` by one, as often as each is named."""
    documents: list[rows.Row] = []
    subscriptions: list[rows.Row] = []
    for name in names:
        if name.startswith(_SUBSCRIPTION):
            subscriptions.append((name.removeprefix(_SUBSCRIPTION),))
        else:
            documents.append((name,))
    connection.executemany(_RAISE_DOCUMENT, documents)
    connection.executemany(_RAISE_SUBSCRIPTION, subscriptions)


def insert_rows(connection: sqlite3.Connection, table: Table, values: Sequence[rows.Row]) -> None:
    """Insert whole rows, in the order of the table's columns."""
    if values:
        connection.executemany(insert_into(table), values)
