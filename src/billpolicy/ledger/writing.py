"""Writing records, set-based: many rows with each statement. Shared by posting and importing.

Parts are written before their whole, because a whole is closed from the moment it stands (see the guards).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Table

from billpolicy.book.model import Application, Document, Invoice, Numbered, Refund
from billpolicy.ledger import rows, schema
from billpolicy.ledger.fetch import run_with_keys
from billpolicy.ledger.statements import insert_into
from billpolicy.money import to_minor
from billpolicy.plan import NumberDraw

_BUMP_DOCUMENTS = "UPDATE documents SET revision = revision + 1 WHERE number IN {keys}"
_BUMP_SUBSCRIPTIONS = "UPDATE subscriptions SET revision = revision + 1 WHERE id IN {keys}"
_REVERSE = "UPDATE documents SET revision = revision + 1, reversed = TRUE WHERE number IN {keys}"


def write_documents(
    connection: sqlite3.Connection,
    documents: Sequence[Numbered],
    draws: Mapping[str, NumberDraw],
    operation: str | None,
) -> None:
    """Insert documents with all their items; `draws` by number, `operation` None for what is imported."""
    document_rows: list[rows.Row] = []
    item_rows: list[rows.Row] = []
    tax_rows: list[rows.Row] = []
    part_rows: list[rows.Row] = []
    billed_rows: list[rows.Row] = []
    for document in documents:
        if isinstance(document, Document):
            amount = 0
            for position, item in enumerate(document.items):
                row = rows.item_row(document, position, item)
                amount += row[3]
                item_rows.append(row)
                for tax_position, tax in enumerate(item.taxes):
                    row = rows.tax_row(document, item, tax_position, tax)
                    amount += row[4]
                    tax_rows.append(row)
            billed_rows.extend(rows.billed_rows(document))
        else:
            amount = to_minor(document.amount, document.currency)
            if isinstance(document, Refund):
                part_rows.extend(rows.refund_part_rows(document))
        document_rows.append(rows.document_row(document, amount, draws.get(document.number), operation))
    insert_rows(connection, schema.items, item_rows)
    insert_rows(connection, schema.taxes, tax_rows)
    insert_rows(connection, schema.refund_parts, part_rows)
    insert_rows(connection, schema.documents, document_rows)
    insert_rows(connection, schema.billed, billed_rows)


def write_applications(
    connection: sqlite3.Connection,
    applications: Sequence[tuple[Application, str]],
    operation: str | None,
) -> None:
    """Insert applications, each with its currency."""
    if not applications:
        return
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM applications").fetchone()
    numbered = list(enumerate(applications, last + 1))
    parts = [row for key, (one, currency) in numbered for row in rows.application_part_rows(key, one, currency)]
    insert_rows(connection, schema.application_parts, parts)
    wholes = [rows.application_row(key, one, currency, operation) for key, (one, currency) in numbered]
    insert_rows(connection, schema.applications, wholes)


def touched_documents(documents: Iterable[Numbered], applications: Iterable[Application]) -> set[str]:
    """The numbers of all documents whose balance or relations these new ones change, themselves left out."""
    touched: set[str] = set()
    new: set[str] = set()
    for document in documents:
        new.add(document.number)
        other = document.of if isinstance(document, Refund) else getattr(document, "source", None)
        if other is not None:
            touched.add(other)
    for application in applications:
        touched.add(application.from_)
        touched.add(application.to)
    return touched - new


def billed_subscriptions(documents: Iterable[Numbered]) -> set[str]:
    """The subscriptions that get a new invoice: what relied on having seen their newest one is out of date."""
    return {name for document in documents if isinstance(document, Invoice) for name in document.subscriptions}


def bump(
    connection: sqlite3.Connection,
    documents: Collection[str],
    reversed_: Collection[str] = (),
    subscriptions: Collection[str] = (),
) -> None:
    """Raise the revision of everything that changes, once each; `reversed_` documents also get their flag."""
    for text, keys in (
        (_BUMP_DOCUMENTS, set(documents).difference(reversed_)),
        (_REVERSE, reversed_),
        (_BUMP_SUBSCRIPTIONS, subscriptions),
    ):
        run_with_keys(connection, text, keys)


def insert_rows(connection: sqlite3.Connection, table: Table, values: Sequence[rows.Row]) -> None:
    """Insert whole rows, in the order of the table's columns."""
    if values:
        connection.executemany(insert_into(table), values)
