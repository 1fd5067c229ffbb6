"""Books from text and back, and what they hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billpolicy.book.book import Book, Place
from billpolicy.book.load import book_of
from billpolicy.book.model import BookFile, CreditMemo, DebitMemo, Invoice
from billpolicy.source.tree import parse_text


def book_from(text: str) -> Book:
    """The book of this text. Raises `Refused`."""
    return book_of(parse_text(text, "book.yaml"))


def file_of(book: Book) -> BookFile:
    """The book as a file would have it."""
    kinds: dict[str, list[Any]] = defaultdict(list)
    for document in book.numbered.values():
        kinds[document.kind].append(document)
    return BookFile(
        accounts=tuple(book.accounts.values()),
        contacts=tuple(book.contacts.values()),
        subscriptions=tuple(book.subscriptions.values()),
        charges=tuple(book.charges.values()),
        invoices=tuple(kinds["invoice"]),
        credit_memos=tuple(kinds["credit_memo"]),
        debit_memos=tuple(kinds["debit_memo"]),
        payments=tuple(kinds["payment"]),
        refunds=tuple(kinds["refund"]),
        credit_adjustments=tuple(kinds["credit_adjustment"]),
        applications=tuple(made for each in book.applications_from.values() for made in each),
        usage=tuple(book.usage.values()),
        charge_periods=tuple(book.charge_periods.values()),
        accounting_periods=book.periods,
    )


def balances(book: Book) -> Mapping[str, Decimal]:
    """Number -> its balance."""
    return {number: book.balance(document) for number, document in book.numbered.items()}


def open_at(book: Book) -> Mapping[str, Mapping[Place, Decimal]]:
    """Number of each invoice and memo -> what is open on each of its places."""
    return {
        number: book.open_places(document)
        for number, document in book.numbered.items()
        if isinstance(document, Invoice | CreditMemo | DebitMemo)
    }


def contents(book: Book) -> Mapping[str, object]:
    """What a book holds, whatever the order in which it came."""
    return {
        "records": (book.accounts, book.contacts, book.subscriptions, book.charges, book.numbered),
        "applications from": Counter(one for made in book.applications_from.values() for one in made),
        "applications to": Counter(one for made in book.applications_to.values() for one in made),
        "refunds": {source: Counter(refund.number for refund in made) for source, made in book.refunds_of.items()},
        "credit": {account: Counter(change.number for change in made) for account, made in book.credit_of.items()},
        "memos": {source: Counter(memo.number for memo in made) for source, made in book.created_from.items()},
        "usage": book.usage,
        "charge periods": book.charge_periods,
        "periods": book.periods,
        "counters": book.counters,
    }
