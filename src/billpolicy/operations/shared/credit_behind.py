"""Which increases of a credit balance a refund of it pays back. docs/domain.md 2.11.

What came first goes first: what was used of the balance has used the oldest increases. What was undone by hand is as if
it had never been.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal

from billpolicy.book.book import ZERO, Book
from billpolicy.book.model import CreditAdjustment
from billpolicy.policy.condition import Fact


def increases_behind(
    book: Book, account: str, currency: str, amount: Decimal, day: datetime.date
) -> list[CreditAdjustment]:
    """The increases until a day that an amount of the credit balance comes from, the oldest first."""
    changes = [one for one in book.credit_of.get(account, ()) if one.currency == currency and one.date <= day]
    numbers = {one.number for one in changes}
    undone = {one.document for one in changes if one.document in numbers}
    undoing = {one.number for one in changes if one.document in numbers}
    left = [one for one in changes if one.number not in undone | undoing]
    used = sum((one.amount for one in left if one.type == "decrease"), ZERO)
    found, until = [], used + amount
    for one in sorted(left, key=lambda one: (one.date, one.number)):
        if one.type == "increase":
            if used < one.amount and until > 0:
                found.append(one)
            used, until = used - one.amount, until - one.amount
    return found


def facts_of_credit(increases: Sequence[CreditAdjustment], day: datetime.date) -> dict[str, Fact]:
    """What conditions can ask about the credit that is paid back on a day."""
    if not increases:
        return {}
    by_hand = {one.document is None for one in increases}
    came_from = "both" if len(by_hand) > 1 else "by_hand" if True in by_hand else "negative_invoices"
    return {"refund.came_from": came_from, "days_since.increase": (day - increases[0].date).days}
