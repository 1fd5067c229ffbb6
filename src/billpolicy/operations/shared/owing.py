"""What a subscription still owes, and the three dates of which the latest one counts (seed 2; domain section 5.2)."""

from __future__ import annotations

import datetime

from billpolicy.book.book import ZERO, Book
from billpolicy.book.model import Invoice


def owing_invoices(book: Book, subscription: str) -> list[Invoice]:
    """The posted invoices on which items of a subscription are still open: by due date, date and number."""
    found = [
        document
        for document in map(book.numbered.__getitem__, book.numbers_on.get(subscription, ()))
        if isinstance(document, Invoice)
        and document.status == "posted"
        and not document.reversed_
        and sum(book.open_places(document, subscription).values(), ZERO) > 0
    ]
    last = datetime.date.max
    return sorted(found, key=lambda invoice: (invoice.due_date or last, invoice.date, invoice.number))


def is_shared(invoice: Invoice, subscription: str) -> bool:
    """Whether an invoice has items that are not of this subscription: of another one, or of none."""
    return any(item.subscription != subscription for item in invoice.items)


def latest(memo_date: datetime.date, invoice: Invoice, today: datetime.date) -> datetime.date:
    """When a memo takes effect on an invoice on cancellation: the latest of memo date, invoice date and today."""
    return max(memo_date, invoice.date, today)


def latest_in_words(day: datetime.date, memo_date: datetime.date, invoice: Invoice, today: datetime.date) -> str:
    """Which of the three dates won."""
    dates = (("the memo's", memo_date), ("the invoice's", invoice.date), ("today's", today))
    won = " and ".join(whose for whose, date in dates if date == day)
    all_three = f"memo {memo_date}, {invoice.number} {invoice.date}, today {today}"
    return f"applied to {invoice.number} on {day}, {won} date; the three dates: {all_three}"
