"""The latest of three dates counts, and the plan says which: docs/domain.md 5.2."""

from __future__ import annotations

import datetime

import pytest

from billpolicy.book.model import Invoice
from billpolicy.operations.shared.what_is_open import latest, latest_in_words


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
