"""The invoices that a negative invoice corrects (seed 3: a final credit first clears the invoice it gives back)."""

from __future__ import annotations

import datetime

from billpolicy.book.book import Book
from billpolicy.book.model import Invoice, Item


def corrected_by(book: Book, negative: Invoice) -> tuple[Invoice, ...]:
    """The posted invoices with something open that billed what a negative invoice gives back, oldest first.

    They have an item of the same charge of the same subscription whose service period overlaps that of an item below
    zero.
    """
    given_back = [item for item in negative.items if item.amount < 0]
    numbers = {number for item in given_back for number in book.numbers_on.get(item.subscription or "", ())}
    found = [
        document
        for document in (book.numbered[number] for number in sorted(numbers))
        if isinstance(document, Invoice)
        and (document.account, document.currency) == (negative.account, negative.currency)
        and document.status == "posted"
        and not document.reversed_
        and any(_same_time(item, back) for item in document.items for back in given_back)
        and book.balance(document) > 0
    ]
    return tuple(sorted(found, key=lambda invoice: (invoice.date, invoice.number)))


def _same_time(item: Item, back: Item) -> bool:
    if back.subscription is None or back.subscribed_charge is None:
        return False
    if (item.subscription, item.subscribed_charge) != (back.subscription, back.subscribed_charge):
        return False
    (first, last), (back_first, back_last) = _period(item), _period(back)
    return first <= back_last and back_first <= last


def _period(item: Item) -> tuple[datetime.date, datetime.date]:
    """Both days are of the period; without one of them it is open on that side, as of a one-time charge."""
    return item.service_start or datetime.date.min, item.service_end or datetime.date.max
