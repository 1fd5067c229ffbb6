"""Minimum and maximum: whatever is billed when, an item comes to its charges, no less than the one and no more than the
other. docs/billing.md, "Minimum and maximum"."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import Book
from billpolicy.book.model import CreditMemo, Invoice, Item
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.money import from_minor, to_minor
from tests.helpers.bill_runs import charges, moves, subscribed
from tests.helpers.books import book_from
from tests.helpers.plan_views import documents
from tests.helpers.properties import examples
from tests.helpers.scenes import book_after, plan, refused
from tests.helpers.steps import run

CALLS = "id: calls, item: line, rate: 1.00, usage: true"
LEAST = "id: least, item: line, bills: minimum, rate: 100.00"
MOST = "id: most, item: line, bills: maximum, rate: 150.00"
FLAT = "id: flat, item: line, rate: 31.00"


def book_of(*each: str, more: str = "") -> Book:
    return book_from(subscribed(f"id: s, {more}{charges(*each)}"))


def used(quantity: str, on: str = "2026-01-10", id: str = "u") -> str:
    record = f"{{id: {id}, subscription: s, charge: calls, date: {on}, quantity: {quantity}}}"
    return f"operation: record_usage\nrecords: [{record}]"


def billed_on(date: str) -> str:
    return f"operation: bill_run\ndate: {date}"


def lines(book: Book, text: str, policy: str = "") -> list[str]:
    """What an operation bills and credits: each line as charge, amount with the sign of an invoice, and its days."""
    return [
        f"{item.subscribed_charge} {amount} {item.service_start}..{item.service_end}"
        for document in documents(plan(book, text, policy=policy))
        for item, amount in signed(document)
    ]


def signed(document: object) -> Iterator[tuple[Item, Decimal]]:
    if isinstance(document, Invoice | CreditMemo):
        sign = -1 if isinstance(document, CreditMemo) else 1
        for item in document.items:
            yield item, sign * item.amount


# -- what is billed ------------------------------------------------------------------------------------------------


def test_a_minimum_bills_what_its_item_falls_short_of_it() -> None:
    # 30.00 of usage and 31.00 in advance, together 61.00 of 100.00.
    book = book_after(book_of(CALLS, FLAT, LEAST), billed_on("2026-01-01"), used("30"))
    assert lines(book, billed_on("2026-02-01")) == [
        "calls 30.00 2026-01-01..2026-01-31",
        "flat 31.00 2026-02-01..2026-02-28",
        "least 39.00 2026-01-01..2026-01-31",
    ]


def test_a_maximum_gives_back_what_its_item_is_above_it() -> None:
    book = book_after(book_of(CALLS, FLAT, MOST), billed_on("2026-01-01"), used("130"))
    assert lines(book, billed_on("2026-02-01"))[-1] == "most -11.00 2026-01-01..2026-01-31"


def test_of_both_one_bills_at_most() -> None:
    for quantity, least, most in (("30", "39.00", "0.00"), ("100", "0.00", "0.00"), ("130", "0.00", "-11.00")):
        book = book_after(book_of(CALLS, FLAT, LEAST, MOST), billed_on("2026-01-01"), used(quantity))
        assert [one.split()[1] for one in lines(book, billed_on("2026-02-01"))[2:]] == [least, most]


def test_what_the_item_costs_nothing_at_all_is_the_whole_minimum() -> None:
    assert lines(book_of(CALLS, LEAST), billed_on("2026-02-01")) == ["least 100.00 2026-01-01..2026-01-31"]


def test_they_bill_in_arrears_whatever_their_timing() -> None:
    for timing in ("in_advance", "in_arrears"):
        book = book_of(CALLS, f"{LEAST}, timing: {timing}")
        assert refused(book, billed_on("2026-01-30")) == ["nothing-due"]
        assert moves(plan(book, billed_on("2026-01-31"))) == ["s/least: None -> 2026-02-01"]


def test_a_discount_counts_for_the_item_that_it_reduces_and_another_item_does_not() -> None:
    off = "id: off, rate: -10.00, discounts: flat"
    book = book_of(FLAT, off, "id: other, rate: 500.00", LEAST)
    # 31.00 - 10.00, and not the 500.00.
    assert lines(book, billed_on("2026-01-31"))[1] == "least 79.00 2026-01-01..2026-01-31"


def test_the_quantity_counts() -> None:
    book = book_of(FLAT, LEAST.replace("rate: 100.00", "rate: 20.00, quantity: 3"))
    assert lines(book, billed_on("2026-01-31"))[1] == "least 29.00 2026-01-01..2026-01-31"


def test_of_a_longer_stream_the_part_of_its_days_counts() -> None:
    # 90.00 for 90 days: 31.00, 28.00 and 31.00.
    book = book_of("id: q, item: line, rate: 90.00, period: quarter", LEAST)
    assert [one.split()[1] for one in lines(book, billed_on("2026-03-31"))] == ["69.00", "72.00", "69.00", "90.00"]


def test_a_period_that_is_cut_short_has_its_part_of_the_minimum() -> None:
    # 14 of 31 days: of 100.00 it is 45.161..., of 31.00 it is 14.00.
    book = book_of(FLAT, LEAST, more="term_end: 2026-01-15, ")
    assert lines(book, billed_on("2026-01-31"))[1] == "least 31.16 2026-01-01..2026-01-14"
    whole = "operations: {bill_run: {partial_charges: full}}"
    assert lines(book, billed_on("2026-01-31"), whole)[1] == "least 69.00 2026-01-01..2026-01-14"


# -- what comes later ----------------------------------------------------------------------------------------------


def test_late_usage_is_set_off_against_the_minimum() -> None:
    book = book_after(book_of(CALLS, LEAST), used("30"), billed_on("2026-02-01"), used("20", id="late"))
    found = plan(book, billed_on("2026-02-02"))
    (invoice,) = documents(found)
    assert isinstance(invoice, Invoice)
    calls, least = invoice.items
    assert (str(calls.amount), str(least.amount), str(invoice.amount)) == ("20.00", "-20.00", "0.00")
    # It says what it corrects, has no price of its own, and moves no date.
    assert (least.name, least.source, least.source_item) == ("least: Credit", "INV00000001", "2")
    assert (least.quantity, least.unit_price, moves(found)) == (None, None, [])


def test_late_usage_beyond_the_minimum_costs_the_rest() -> None:
    book = book_after(book_of(CALLS, LEAST), used("30"), billed_on("2026-02-01"), used("120", id="late"))
    assert [one.split()[1] for one in lines(book, billed_on("2026-02-02"))] == ["120.00", "-70.00"]


def test_what_is_given_back_later_brings_the_minimum_in() -> None:
    book = book_after(book_of(CALLS, LEAST), used("120"), billed_on("2026-02-01"), used("-50", id="late"))
    (memo,) = documents(plan(book, billed_on("2026-02-02")))
    assert [(item.name, str(amount)) for item, amount in signed(memo)] == [
        ("calls", "-50.00"),
        ("least: Adjustment", "30.00"),
    ]


def test_no_more_is_given_back_of_a_minimum_than_is_left_of_it() -> None:
    credit = "operation: credit_memo_from_invoice\ninvoice: INV00000001\ndate: 2026-02-01\n"
    credit += "items: [{item: '2', amount: 60.00}]"
    book = book_after(book_of(CALLS, LEAST), used("30"), billed_on("2026-02-01"), credit, used("30", id="late"))
    # Of 70.00 all but 10.00 was given back already.
    assert [one.split()[1] for one in lines(book, billed_on("2026-02-02"))] == ["30.00", "-10.00"]


def test_a_cancellation_leaves_the_part_of_the_minimum() -> None:
    book = book_after(book_of(FLAT, LEAST), billed_on("2026-01-31"))
    cancel = "operation: cancel_subscription\nsubscription: s\neffective_date: 2026-01-15\ndate: 2026-02-10"
    after = book_after(book, cancel)
    # The charge costs 14.00 and the minimum is 45.16, so 31.16 of it is left of 69.00.
    assert [(item.name, str(amount)) for item, amount in signed(after.numbered["CM00000001"])] == [
        ("flat: Proration Credit", "-17.00"),
        ("least: Proration Credit", "-37.84"),
    ]
    assert {c.id: str(c.charged_through) for c in after.subscriptions["s"].charges} == dict.fromkeys(
        ("flat", "least"), "2026-01-15"
    )


def test_what_was_billed_elsewhere_is_left_alone() -> None:
    """Of days that were charged before there was a book nothing is known: late usage brings no minimum in."""
    book = book_after(book_of(CALLS, f"{LEAST}, charged_through: 2026-02-01"), used("5"))
    assert lines(book, billed_on("2026-02-01")) == ["calls 5.00 2026-01-01..2026-01-31"]
    canceled = book_of(FLAT, f"{LEAST}, charged_through: 2026-02-01", more="canceled_on: 2026-01-15, ")
    assert lines(canceled, billed_on("2026-02-01"))[1] == "least 0.00 2026-01-15..2026-01-31"


def test_it_is_said_where_the_book_does_not_tell_what_was_billed() -> None:
    book = book_of(f"{FLAT}, charged_through: 2026-02-01", "id: new, item: line, rate: 1.00", LEAST)
    found = plan(book, billed_on("2026-01-31"))
    assert [one.code for one in found.warnings] == ["limit-unknown"]
    assert "`least` of `s` counts nothing of `flat`" in found.warnings[0].message
    told = book_after(book_of(FLAT, LEAST), billed_on("2026-01-01"))
    assert plan(told, billed_on("2026-01-31")).warnings == ()


# -- what is undone ------------------------------------------------------------------------------------------------


def test_a_reversed_invoice_lets_it_be_billed_again_at_what_it_is_then() -> None:
    book = book_after(book_of(CALLS, LEAST), used("30"), billed_on("2026-02-01"), used("20", id="late"))
    again = book_after(book, "operation: reverse_invoice\ninvoice: INV00000001\ndate: 2026-02-02")
    assert [one.split()[1] for one in lines(again, billed_on("2026-02-02"))] == ["50.00", "50.00"]


@pytest.mark.parametrize("status", ["draft", "posted"])
def test_an_adjustment_that_is_undone_comes_again_and_moves_no_date(status: str) -> None:
    first = book_after(book_of(CALLS, LEAST), used("120"), billed_on("2026-02-01"), used("-50", id="late"))
    before = first.subscriptions["s"]
    book = book_after(first, f"{billed_on('2026-03-01')}\nbill_as: {status}")
    # February's 100.00 and the 30.00 of January, less the 50.00.
    number = "TMP-INV-00000001" if status == "draft" else "INV00000002"
    undo = f"operation: cancel_draft\ndraft: {number}"
    if status == "posted":
        undo = f"operation: reverse_invoice\ninvoice: {number}\ndate: 2026-03-01"
    after = book_after(book, undo)
    assert after.subscriptions["s"] == before
    assert lines(after, billed_on("2026-03-01")) == lines(first, billed_on("2026-03-01"))


def test_a_minimum_of_january_on_a_draft_is_billed_again_when_that_is_canceled() -> None:
    book = book_after(book_of(CALLS, LEAST), used("30"), f"{billed_on('2026-02-01')}\nbill_as: draft")
    again = book_after(book, "operation: cancel_draft\ndraft: TMP-INV-00000001")
    assert [one.split()[1] for one in lines(again, billed_on("2026-02-02"))] == ["30.00", "70.00"]


# -- whatever the order --------------------------------------------------------------------------------------------

DAYS = st.integers(0, 119).map(lambda days: datetime.date(2026, 1, 1) + datetime.timedelta(days))
LAST = datetime.date(2026, 6, 1)
CENTS = st.integers(0, 20000).map(lambda cents: from_minor(cents, "USD"))


@st.composite
def items(draw: st.DrawFn) -> tuple[Book, Decimal, Decimal]:
    """A book with one item of several streams, its minimum and its maximum."""
    least, most = sorted((draw(CENTS), draw(CENTS)))
    streams = draw(
        st.lists(
            st.tuples(
                st.integers(-5000, 9999),
                st.sampled_from(("month", "quarter", "year")),
                st.sampled_from(("in_advance", "in_arrears")),
            ),
            max_size=3,
        )
    )
    each = [
        f"id: s{n}, item: line, rate: {from_minor(rate, 'USD')}, period: {period}, timing: {timing}"
        for n, (rate, period, timing) in enumerate(streams)
    ]
    limits = [
        f"id: least, item: line, bills: minimum, rate: {least}",
        f"id: most, item: line, bills: maximum, rate: {most}",
    ]
    return book_of(CALLS, *each, *limits), least, most


@st.composite
def histories(draw: st.DrawFn) -> list[str]:
    """Usage, bill runs, and at most one cancellation, in any order."""
    steps = []
    for n in range(draw(st.integers(1, 6))):
        on, quantity = draw(DAYS), draw(st.integers(-200, 300))
        record = f"{{id: u{n}, subscription: s, charge: calls, date: {on}, quantity: {quantity}}}"
        steps.append(f"operation: record_usage, records: [{record}]")
    steps += [f"operation: bill_run, date: {target}" for target in draw(st.lists(DAYS, max_size=4))]
    if draw(st.booleans()):
        ends = draw(DAYS)
        steps.append(f"operation: cancel_subscription, subscription: s, effective_date: {ends}, date: 2026-05-01")
    return draw(st.permutations(steps))


def walked(book: Book, steps: list[str], policy: str) -> Book:
    """The book after these steps; those that are refused, as they can be, change nothing."""
    for n, step in enumerate((*steps, f"operation: bill_run, date: {LAST}")):
        try:
            _, book = run(book, step, policy, id=f"op{n}")
        except Refused:
            continue
    return book


def whole(book: Book) -> list[tuple[Item, Decimal]]:
    """Every line of the book."""
    return [found for document in book.numbered.values() for found in signed(document)]


def part(item: Item, amount: Decimal, first: datetime.date, until: datetime.date) -> int:
    """What days have of a line, by their number: rounded as all days up to the last, less all before the first."""
    assert item.service_start is not None
    assert item.service_end is not None
    days = (item.service_end - item.service_start).days + 1

    def up_to(day: datetime.date) -> int:
        exact = Fraction(to_minor(amount, "USD") * min(max(0, (day - item.service_start).days), days), days)  # type: ignore[operator]
        return int(abs(exact) + Fraction(1, 2)) * (-1 if exact < 0 else 1)

    return up_to(until) - up_to(first)


@examples(150)
@given(items(), histories(), st.sampled_from(("exact", "none")))
def test_an_item_comes_to_no_less_than_its_minimum_and_no_more_than_its_maximum(
    of: tuple[Book, Decimal, Decimal], steps: list[str], partial_credits: str
) -> None:
    book, least, most = of
    policy = f"operations: {{bill_run: {{partial_credits: {partial_credits}}}}}"
    after = walked(book, steps, policy)
    ends = after.subscriptions["s"].canceled_on
    found = whole(after)
    for month in range(1, 5):
        first, until = datetime.date(2026, month, 1), datetime.date(2026, month + 1, 1)
        served = min(until, ends or until)
        share = Fraction(max(0, (served - first).days), (until - first).days)
        low, high = (int(to_minor(limit, "USD") * share + Fraction(1, 2)) for limit in (least, most))
        charged = sum(part(i, a, first, until) for i, a in found if i.subscribed_charge not in ("least", "most"))
        limits = [(i, a) for i, a in found if i.subscribed_charge in ("least", "most")]
        for item, _ in limits:
            assert item.service_start is not None
            assert item.service_end is not None
            assert item.service_start.month == item.service_end.month
        adjusted = sum(to_minor(a, "USD") for i, a in limits if i.service_start and i.service_start.month == month)
        if served > first:
            assert charged + adjusted == max(low, min(high, charged)), (month, found)
        else:
            assert adjusted == 0


def test_a_period_that_is_cut_short_counts_also_where_nothing_of_it_is_given_back() -> None:
    """Of a maximum of 0.01 a day of January is nothing, so the other cent of the 1.00 is given back, too."""
    book = book_of(CALLS, "id: most, item: line, bills: maximum, rate: 0.01")
    record = "{id: u, subscription: s, charge: calls, date: 2026-01-01, quantity: 1}"
    steps = [
        f"operation: record_usage, records: [{record}]",
        "operation: bill_run, date: 2026-01-31",
        "operation: cancel_subscription, subscription: s, effective_date: 2026-01-02, date: 2026-05-01",
    ]
    after = walked(book, steps, "operations: {bill_run: {partial_credits: none}}")
    given = [str(amount) for item, amount in whole(after) if item.subscribed_charge == "most" and amount]
    assert given == ["-0.99", "-0.01"]


@examples(100)
@given(items(), histories())
def test_it_is_the_same_in_one_bill_run_or_in_many(of: tuple[Book, Decimal, Decimal], steps: list[str]) -> None:
    """As far as what it is made of is the same: a cancellation credits what was billed, by other roundings."""
    book, _, _ = of
    steps = [step for step in steps if "cancel" not in step]
    at_once = [step for step in steps if "bill_run" not in step]
    totals = [sum(a for _, a in whole(walked(book, order, ""))) for order in (steps, at_once)]
    assert totals[0] == totals[1]
