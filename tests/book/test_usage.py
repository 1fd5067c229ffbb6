"""Usage in a book file: its charges, its days, and what bills it."""

from __future__ import annotations

import pytest

from tests.helpers.books import book_from
from tests.helpers.refusals import codes, refused

BOOK = """
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions:
- {{id: s, account: a, start: 2026-01-01, charges: [{{id: calls, rate: 0.10, {charge}}}, {{id: line, rate: 31.00}}]}}
invoices:
- number: INV1
  account: a
  date: 2026-02-01
  currency: USD
  items: [{{id: 1, amount: 2.00, subscription: s, subscribed_charge: calls}}]
- {{number: INV2, account: a, date: 2026-02-01, currency: USD, items: [{{id: 1, amount: 2.00}}]}}
- number: DRAFT
  account: a
  date: 2026-02-01
  currency: USD
  status: canceled
  items: [{{id: 1, amount: 2.00, subscription: s, subscribed_charge: calls}}]
payments: [{{number: P1, account: a, date: 2026-02-01, currency: USD, amount: 2.00}}]
usage:
- {{{used}}}
"""
USED = "id: u, subscription: s, charge: calls, date: 2026-01-10, quantity: 5"


def told(charge: str = "usage: true", used: str = USED) -> list[str]:
    return codes(refused(lambda: book_from(BOOK.format(charge=charge, used=used))))


def test_usage_that_is_billed_or_not() -> None:
    for more in ("", ", billed_by: INV1, amount: 0.50", ", billed_by: INV1, amount: 0"):
        book = book_from(BOOK.format(charge="usage: true, included: 0", used=USED + more))
        assert book.usage_of == {"s": ("u",)}
    assert str(book.usage["u"].amount) == "0.00"  # in the decimals of its currency


@pytest.mark.parametrize(
    "charge",
    [
        "included: 5",
        "usage: false, included: 0",
        "usage: true, included: -1",
        "usage: true, quantity: 2",
        "usage: true, period: one_time",
        "usage: true, charged_through: 2026-02-01",
    ],
)
def test_what_a_usage_charge_cannot_say(charge: str) -> None:
    assert "usage-charge-odd" in told(charge)


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("subscription: s", "subscription: x", "reference-unknown"),
        ("charge: calls", "charge: call", "reference-unknown"),
        ("charge: calls", "charge: line", "charge-not-by-usage"),
        ("2026-01-10", "2025-12-31", "usage-outside-service"),
        ("quantity: 5", "quantity: 5, billed_by: INV1", "usage-billed-odd"),
        ("quantity: 5", "quantity: 5, amount: 1.00", "usage-billed-odd"),
        ("quantity: 5", "quantity: 5, billed_by: INV9, amount: 1.00", "reference-unknown"),
        ("quantity: 5", "quantity: 5, billed_by: INV2, amount: 1.00", "usage-billed-odd"),
        ("quantity: 5", "quantity: 5, billed_by: P1, amount: 1.00", "usage-billed-odd"),
        ("quantity: 5", "quantity: 5, billed_by: DRAFT, amount: 1.00", "usage-billed-odd"),
        ("quantity: 5", "quantity: 5, billed_by: INV1, amount: 0.001", "amount-inexact"),
        ("quantity: 5", f"quantity: 5}}\n- {{{USED}", "id-repeated"),
    ],
)
def test_what_usage_cannot_be(was: str, now: str, code: str) -> None:
    assert told(used=USED.replace(was, now)) == [code]
