"""The latest of three dates counts, and the plan says which: docs/domain.md 5.2."""

from __future__ import annotations

import datetime

import pytest

from billpolicy.book.model import Invoice
from billpolicy.operations.shared.what_is_open import latest, latest_in_words, owing_invoices
from tests.helpers.books import book_from


@pytest.mark.parametrize(
    ("memo", "invoice", "today", "day", "won"),
    [
        # The two worked cases of docs/domain.md 5.2.
        ("2023-05-24", "2023-06-01", "2023-05-30", "2023-06-01", "the invoice's"),
        ("2023-05-24", "2023-05-01", "2023-05-30", "2023-05-30", "today's"),
        ("2023-06-02", "2023-06-01", "2023-05-30", "2023-06-02", "the memo's"),
        ("2023-06-01", "2023-06-01", "2023-05-30", "2023-06-01", "the memo's and the invoice's"),
        ("2023-05-01", "2023-06-01", "2023-06-01", "2023-06-01", "the invoice's and today's"),
        ("2023-06-01", "2023-05-01", "2023-06-01", "2023-06-01", "the memo's and today's"),
        ("2023-06-01", "2023-06-01", "2023-06-01", "2023-06-01", "the memo's and the invoice's and today's"),
    ],
)
def test_the_latest_of_the_three(memo: str, invoice: str, today: str, day: str, won: str) -> None:
    of = Invoice(number="INV-1", account="a", date=date(invoice), currency="USD", items=())
    assert latest(date(memo), of, date(today)) == date(day)
    assert latest_in_words(date(day), date(memo), of, date(today)) == (
        f"applied to INV-1 on {day}, {won} date; the three dates: memo {memo}, INV-1 {invoice}, today {today}"
    )


date = datetime.date.fromisoformat


BOOK = """
accounts: [{id: a, currency: USD}]
subscriptions: [{id: S, account: a}, {id: T, account: a}]
invoices:
- {number: I6, account: a, date: 2026-01-01, currency: USD, items: [{id: x, subscription: S, amount: 0.01}]}
- {number: I5, account: a, date: 2026-01-02, due_date: 2026-03-01, currency: USD,
   items: [{id: x, subscription: S, amount: 1.00}]}
- {number: I4, account: a, date: 2026-01-01, due_date: 2026-03-01, currency: USD,
   items: [{id: x, subscription: S, amount: 1.01}, {id: y, subscription: T, amount: 9.00}]}
- {number: I3, account: a, date: 2026-01-01, due_date: 2026-03-01, currency: USD,
   items: [{id: x, subscription: S, amount: 1.00}]}
- {number: I2, account: a, date: 2026-01-05, due_date: 2026-02-01, currency: USD,
   items: [{id: x, subscription: S, amount: 1.00}]}
- {number: I1, account: a, date: 2026-01-01, currency: USD,
   items: [{id: x, subscription: S, amount: 0.00}, {id: y, subscription: T, amount: 9.00}]}
- {number: I0, account: a, date: 2026-01-01, currency: USD, items: [{id: x, subscription: T, amount: 1.00}]}
"""


def test_the_invoices_that_a_subscription_owes_on_are_those_due_first_down_to_the_last_cent() -> None:
    # By due date, then date, then number; those that are never due come last. On I1 and I0 only T owes.
    assert [invoice.number for invoice in owing_invoices(book_from(BOOK), "S")] == ["I2", "I3", "I4", "I5", "I6"]
    assert [invoice.number for invoice in owing_invoices(book_from(BOOK), "T")] == ["I4", "I0", "I1"]
