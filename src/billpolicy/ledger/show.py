"""What `billpolicy ledger show` tells of one document, account or operation. Plain data; the command words it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.model import (
    Account,
    Application,
    Contact,
    CreditAdjustment,
    Document,
    Numbered,
    Refund,
    Subscription,
)
from billpolicy.book.needs import Needs
from billpolicy.deciding.resolver import Resolved
from billpolicy.ledger import fetch
from billpolicy.ledger.journal import Audit, Cause, audit_of, audits_on, cause_of, posted_plan, resolutions_of
from billpolicy.ledger.slices import read_slice
from billpolicy.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class ShownOperation:
    """An operation that was posted: its plan as it was, and who posted it when and why."""

    plan: Plan
    """With all that followed it."""
    audit: Audit
    caused_by: Cause | None
    """What it is a step of; None if it was asked for itself."""


class OpenPlace(NamedTuple):
    """What is open on an item (`tax` is None), or on one tax of it."""

    item: str
    tax: str | None
    open: Decimal


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """One document and all that hangs on it."""

    document: Numbered
    revision: int
    balance: Decimal
    open_places: tuple[OpenPlace, ...]
    """What is open on each item and each tax; empty for what has no items."""
    applications_from: tuple[Application, ...]
    """What of it was put on others, and below zero what was taken back, in the order of posting."""
    applications_to: tuple[Application, ...]
    """What was put on it: the same from the other side."""
    kinds: Mapping[str, str]
    """The kinds of it and of the documents on the other side of its applications, by number."""
    refunds: tuple[Refund, ...]
    created: tuple[Numbered, ...]
    """The memos that were created from it."""
    operation: ShownOperation | None
    """The operation that made it; None if it was imported."""
    changed_by: tuple[Audit, ...]
    """The later operations that applied, refunded, reversed or created something from it, oldest first."""
    resolved: Resolved | None
    """How its attributes were resolved; None if it was imported."""


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """One account with everything that is its own; `balances` by the number of the document."""

    account: Account
    revision: int
    contacts: tuple[Contact, ...]
    subscriptions: tuple[Subscription, ...]
    documents: tuple[Numbered, ...]
    balances: Mapping[str, Decimal]
    credit: Mapping[str, Decimal]
    """Currency -> the credit balance, with every change of it that is known; nothing where it never changed."""
    adjustments: tuple[CreditAdjustment, ...]
    """The changes of the credit balance, by date."""


def show_document(connection: sqlite3.Connection, number: str) -> ShownDocument | None:
    """A document by its number; None if the ledger has none."""
    book = read_slice(connection, Needs(numbers=frozenset({number})))
    document = book.numbered.get(number)
    if document is None:
        return None
    made = (*book.applications_from.get(number, ()), *book.applications_to.get(number, ()))
    sides = sorted({number, *(one.to for one in made), *(one.from_ for one in made)})
    row = connection.execute("SELECT operation FROM documents WHERE number = ?", (number,)).fetchone()
    return ShownDocument(
        document=document,
        revision=book.revisions[number],
        balance=book.balance(document),
        open_places=_open_places(book, document),
        applications_from=book.applications_from.get(number, ()),
        applications_to=book.applications_to.get(number, ()),
        kinds={name: book.numbered[name].kind for name in sides},
        refunds=book.refunds_of.get(number, ()),
        created=book.created_from.get(number, ()),
        operation=None if row[0] is None else show_operation(connection, row[0]),
        changed_by=tuple(audit for audit in audits_on(connection, number) if audit.operation != row[0]),
        resolved=resolutions_of(connection, [number]).get(number),
    )


def _open_places(book: Book, document: Numbered) -> tuple[OpenPlace, ...]:
    if not isinstance(document, Document):
        return ()
    return tuple(OpenPlace(*place, left) for place, left in book.open_places(document).items())


def show_account(connection: sqlite3.Connection, id: str) -> ShownAccount | None:
    """An account by its id; None if the ledger has none."""
    accounts, revisions = fetch.accounts(connection, [id])
    if id not in accounts:
        return None
    numbers = [row[0] for row in connection.execute("SELECT number FROM documents WHERE account = ?", (id,))]
    owned = [row[0] for row in connection.execute("SELECT id FROM subscriptions WHERE account = ? ORDER BY id", (id,))]
    subscriptions, _ = fetch.subscriptions(connection, owned)
    book = read_slice(connection, Needs(numbers=frozenset(numbers)))
    documents = sorted((book.numbered[number] for number in numbers), key=lambda one: (one.date, one.number))
    adjustments = tuple(one for one in documents if isinstance(one, CreditAdjustment))
    currencies = sorted({one.currency for one in adjustments})
    return ShownAccount(
        account=accounts[id],
        revision=revisions[f"account:{id}"],
        contacts=tuple(fetch.contacts(connection, [id]).values()),
        subscriptions=tuple(subscriptions[name] for name in owned),
        documents=tuple(documents),
        balances={document.number: book.balance(document) for document in documents},
        credit={currency: book.credit_balance(id, currency) for currency in currencies},
        adjustments=adjustments,
    )


def show_operation(connection: sqlite3.Connection, id: str) -> ShownOperation | None:
    """An operation by its id; None if none was posted."""
    if connection.execute("SELECT 1 FROM operations WHERE id = ?", (id,)).fetchone() is None:
        return None
    return ShownOperation(posted_plan(connection, id), audit_of(connection, id), cause_of(connection, id))
