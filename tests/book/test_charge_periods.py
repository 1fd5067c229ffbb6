"""Charge periods, corrections and draws of a book: what they can say. What they cannot, each mistake with its place and
words: `tests/bad/book-charge-periods` and those beside it."""

from __future__ import annotations

import pytest

from billpolicy.book.book import Book
from tests.helpers.books import book_from
from tests.helpers.refusals import codes, refused

SEATS = "subscription: crm, subscribed_charge: seat"
BOOK = f"""
accounts: [{{id: a, currency: USD}}, {{id: b, currency: EUR}}]
subscriptions:
- id: crm
  account: a
  start: 2026-01-01
  charges: [{{id: seat, rate: 30.00, until: 2026-03-01}}, {{id: more, continues: seat, start: 2026-03-01, rate: 40.00}},
            {{id: calls, usage: true, rate: 0.10}}, {{id: pool, rate: 9.00, drawn_by: [calls]}}]
- {{id: euros, account: a, currency: EUR, start: 2026-01-01, charges: [{{id: seat, rate: 30.00}}]}}
invoices:
- number: I1
  account: a
  date: 2026-01-01
  currency: USD
  items:
  - {{id: 1, amount: 30.00, {SEATS}, service_start: 2026-01-01, service_end: 2026-01-31}}
  - {{id: 2, amount: -30.00, discounts: 1, subscription: crm}}
  - {{id: 3, amount: 60.00, subscription: crm}}
  - {{id: 4, amount: 70.00, subscription: crm, service_start: 2026-02-01, service_end: 2026-02-28,
     combines: [{{subscribed_charge: seat, amount: 30.00}}, {{subscribed_charge: more, amount: 40.00}}]}}
  - {{id: 5, amount: 9.00, subscription: crm, subscribed_charge: pool, service_start: 2026-01-01,
     service_end: 2026-01-31}}
- {{number: I2, account: a, date: 2026-03-01, currency: USD,
   items: [{{id: 1, amount: 40.00, {SEATS}, service_start: 2026-03-01, service_end: 2026-03-31}}]}}
- {{number: I3, account: a, date: 2026-03-01, currency: USD,
   items: [{{id: 1, amount: 1.00, subscription: crm, subscribed_charge: calls, service_start: 2026-01-01}}]}}
- {{number: I4, account: a, date: 2026-04-01, currency: USD,
   items: [{{id: 1, amount: 35.00, {SEATS}, service_start: 2026-01-01, service_end: 2026-01-31}},
           {{id: 2, amount: -30.00, {SEATS}, source: I1, source_item: 1}}]}}
credit_memos:
- {{number: C1, account: a, date: 2026-04-01, currency: USD, source: I1,
   items: [{{id: 1, amount: 70.00, source_item: 4}}]}}
- {{number: C2, account: a, date: 2026-04-01, currency: USD, bill_run: B,
   items: [{{id: 1, amount: 40.00, {SEATS}, source: I2, source_item: 1}}]}}
usage:
- {{id: u, subscription: crm, charge: calls, date: 2026-01-10, quantity: 50, billed_by: I3, amount: 1.00{{drawn}}}}
charge_periods: [{{{{periods}}}}]
"""
JANUARY = "subscription: crm, charge: seat, from: 2026-01-01, until: 2026-02-01, currency: USD"
LINE = "document: I1, item: 1"
FREE = f"id: I1/1, {JANUARY}, {LINE}, status: reopened"
"""Its discount has taken all of it, so no memo could."""


def book(*periods: str, drawn: str = "") -> Book:
    each = ", ".join(f"{{{one}}}" for one in periods)
    return book_from(BOOK.replace("{drawn}", drawn).replace("{{periods}}", each))


@pytest.mark.parametrize(
    "periods",
    [
        (FREE,),
        (FREE, FREE.replace("I1/1", "I1/2").replace("item: 1", "item: 2")),
        (f"{FREE}, quantity: 2, rate: 15.00, tax_code: standard",),
        # As an import or a bill run gives it that nobody has a document of.
        (f"id: crm/seat/2026-01-01, {JANUARY}, status: excluded_zero_amount",),
        (f"id: crm/seat/2026-01-01, {JANUARY}, status: reopened, quantity: 0, rate: -5.00",),
        (f"id: crm/seat/of-before, {JANUARY}, amount: 30.00, discount: -1.00, tax: 0",),
        (f"id: crm/seat/a, {JANUARY}, status: rebilled, rebilled_by: I2, rebilled_item: 1",),
        # Days of usage may be given back.
        (f"id: crm/calls/a, {JANUARY}, status: reopened, quantity: -5".replace("charge: seat", "charge: calls"),),
        # A line of a billing profile, taken back by one memo; one of its charges is continued by another one.
        (
            f"id: I1/4/seat, {JANUARY}, document: I1, item: 4, status: credited, memo: C1, memo_item: 1",
            f"id: I1/4/more, {JANUARY}, document: I1, item: 4, status: reopened, memo: C1",
        ),
        # By a bill run's memo, with or without its number.
        (f"id: I2/1, {JANUARY}, document: I2, item: 1, status: credited, memo: C2, memo_item: 1",),
        (f"id: I2/1, {JANUARY}, document: I2, item: 1, status: credited",),
        # By an invoice that bills it again beside that, and no memo.
        (f"id: I1/1, {JANUARY}, {LINE}, status: rebilled, memo: I4, memo_item: 2, rebilled_by: I4, rebilled_item: 1",),
        # A line without days, of which the book says what it billed: of one charge for two months.
        (
            f"id: I1/3, {JANUARY}, document: I1, item: 3, amount: 20.00",
            f"id: I1/3/b, {JANUARY}, document: I1, item: 3, amount: 40.00".replace("01-01", "02-01").replace(
                "until: 2026-02-01", "until: 2026-03-01"
            ),
        ),
        ("id: euros/seat/x, subscription: euros, charge: seat, from: 2026-01-01, until: 2026-02-01, currency: EUR",),
    ],
)
def test_what_a_charge_period_can_be(periods: tuple[str, ...]) -> None:
    assert len(book(*periods).charge_periods) == len(periods)


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("id: I1/1", "id: january", "charge-period-name"),
        ("id: I1/1", "id: I1/10", "charge-period-name"),
        ("subscription: crm", "subscription: euros", "charge-period-line"),
        ("charge: seat", "charge: calls", "charge-period-line"),
        ("charge: seat", "charge: sea", "reference-unknown"),
        ("until: 2026-02-01", "until: 2026-01-01", "period-empty"),
        ("currency: USD", "currency: EUR", "currency-mismatch"),
        ("status: reopened", "status: reopened, memo: C2", "charge-period-line"),
        ("status: reopened", "status: reopened, memo: C1, memo_item: 1", "charge-period-line"),
        ("status: reopened", "status: reopened, memo: I4, memo_item: 1", "charge-period-line"),
        ("status: reopened", "status: reopened, memo: I4", "charge-period-line"),
        ("status: reopened", "status: billed, memo: C1", "charge-period-odd"),
        ("status: reopened", "status: rebilled", "charge-period-odd"),
        ("status: reopened", "status: reopened, amount: 0.001", "amount-inexact"),
        ("item: 1, status", "item: 5, status", "charge-period-odd"),
        ("document: I1, item: 1", "document: I1", "charge-period-odd"),
        ("document: I1, item: 1", "document: I2, item: 1", "charge-period-name"),
        ("document: I1, item: 1", "document: C1, item: 1", "charge-period-line"),
    ],
)
def test_what_it_cannot_be(was: str, now: str, code: str) -> None:
    """Whatever else is wrong with it then, this is told."""
    told = FREE.replace(was, now)
    if code == "charge-period-odd" and "item: 5" in now:
        told = told.replace("I1/1", "I1/5").replace("charge: seat", "charge: pool")
    assert told != FREE
    found = codes(refused(lambda: book(told)))
    assert code in found


@pytest.mark.parametrize("drawn", [", drawn: 4.00, drawn_from: I1/5", ", drawn: 0, drawn_from: crm/pool/of-before"])
def test_usage_draws_from_lines_and_from_what_the_book_gives(drawn: str) -> None:
    given = f"id: crm/pool/of-before, {JANUARY}, amount: 9.00".replace("charge: seat", "charge: pool")
    assert str(book(given, drawn=drawn).usage["u"].drawn) in ("4.00", "0.00")


@pytest.mark.parametrize("end", ["2025-12-31", "2020-01-01"])
def test_a_line_does_not_end_before_it_begins(end: str) -> None:
    text = BOOK.replace("{drawn}", "").replace("{{periods}}", "")
    assert codes(refused(lambda: book_from(text.replace("service_end: 2026-01-31", f"service_end: {end}", 1)))) == [
        "period-empty"
    ]


def test_the_calendar_has_a_last_day() -> None:
    text = BOOK.replace("{drawn}", "").replace("{{periods}}", "")
    (item, *_) = book_from(text.replace("service_end: 2026-01-31", "service_end: 9999-12-31", 1)).numbered["I1"].items  # type: ignore[union-attr]
    assert [str(day) for day in item.days or ()] == ["2026-01-01", "9999-12-31"]
