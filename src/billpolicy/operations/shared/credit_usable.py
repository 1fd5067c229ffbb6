"""What can be used of a credit balance on a day, and what to say when that is not enough (domain sections 2.7, 6.1)."""

from __future__ import annotations

import datetime
from decimal import Decimal

from billpolicy.book.book import Book
from billpolicy.book.model import Account
from billpolicy.planning.planning import Planning


def check_usable(
    planning: Planning,
    account: Account,
    currency: str,
    day: datetime.date,
    wanted: Decimal | None,
    *path: str | int,
) -> Decimal:
    """How much can be used on a day; noted is a problem where that is less than `wanted`, or nothing at all."""
    book = planning.book
    usable = book.credit_usable(account.id, currency, day)
    there = book.credit_balance(account.id, currency, day)
    if usable > 0 and (wanted is None or wanted <= usable):
        return usable
    balance = f"the credit balance of account `{account.id}` is {there} {currency} on {day}"
    if usable < there:
        balance += f", and {there - usable} of it is used on later dates"
    message = balance if wanted is None else f"{wanted} is more than the {usable} that can be used: {balance}"
    planning.problem("credit-unavailable", message, *path, hint=_hint(book, account.id, currency, day, usable))
    return usable


def _hint(book: Book, account: str, currency: str, day: datetime.date, usable: Decimal) -> str:
    later = sorted({change.date for change in book.credit_of.get(account, ()) if change.date > day})
    for date in later:
        more = book.credit_usable(account, currency, date)
        if more > usable:
            return f"from {date} on {more} {currency} can be used"
    return f"use at most {usable} {currency}" if usable > 0 else "there is nothing to use, on that date or later"
