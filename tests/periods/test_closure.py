"""Which lines a correction takes with those that were selected, and why."""

from __future__ import annotations

import pytest

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import Book
from billpolicy.periods.closure import Closed, closure
from tests.helpers.books import book_from

YEAR = 2023


def book(charges: str, *invoices: str, more: str = "") -> Book:
    """A book of one subscription; `{id: 1, c: seats, from: 1/1, to: 1/31}` in an invoice is short for a line of it."""
    return book_from(f"""
accounts: [{{id: acme, currency: USD, attributes: {{bill_to_contact: ann}}}}]
contacts: [{{id: ann, account: acme}}]
subscriptions: [{{id: S, account: acme, start: {YEAR}-01-01, charges: [{charges}]}}]
invoices:
{"".join(f"- {invoice}" for invoice in invoices)}
{more}
""")


def invoice(number: str, *lines: str, status: str = "posted", more: str = "") -> str:
    items = ", ".join(f"{{id: {n}, line: {n}, {line}}}" for n, line in enumerate(lines, start=1))
    about = f"number: {number}, account: acme, date: {YEAR}-01-01, currency: USD, status: {status}"
    return f"{{{about}, items: [{items}]{more}}}\n"


def line(charge: str, first: str, last: str, more: str = "", amount: str = "10.00") -> str:
    """A line that bills a charge from one day, as `01-31`, through another one."""
    named = f", subscribed_charge: {charge}" if charge else ""
    days = f"service_start: {YEAR}-{first}, service_end: {YEAR}-{last}"
    return f"amount: {amount}, subscription: S{named}, {days}{more}"


def told(closed: Closed) -> list[str]:
    """Each line, the rule and the line that pulled it in: `B/1 later A/1`."""
    return [_name(one.line) + (f" {one.rule} {_name(one.by)}" if one.by else "") for one in closed.lines]


def _name(line: BilledLine) -> str:
    return f"{line.document}/{line.item}"


def closed(book: Book, *selected: str, later: bool = False, related: bool = True) -> Closed:
    return closure(book, [BilledLine(*name.split("/")) for name in selected], later=later, related=related)


SEATS = "{id: seats, rate: 10.00}"
MONTHS = (
    invoice("JAN", line("seats", "01-01", "01-31")),
    invoice("FEB", line("seats", "02-01", "02-28")),
    invoice("MAR", line("seats", "03-01", "03-31")),
)


def test_a_wrong_rate_that_goes_on_for_two_more_periods() -> None:
    """The seed's example: bill dates 1/1, 2/1 and 3/1; the rate of the first one is to be corrected."""
    told_of = told(closed(book(SEATS, *MONTHS), "JAN/1", later=True))
    assert told_of == ["MAR/1 later JAN/1", "FEB/1 later JAN/1", "JAN/1"]
    assert told(closed(book(SEATS, *MONTHS), "FEB/1", later=True)) == ["MAR/1 later FEB/1", "FEB/1"]
    assert told(closed(book(SEATS, *MONTHS), "JAN/1")) == ["JAN/1"]


def test_later_periods_of_another_item_are_none() -> None:
    other = book(
        f"{SEATS}, {{id: support, rate: 5.00}}",
        invoice("JAN", line("seats", "01-01", "01-31"), line("support", "01-01", "01-31")),
        invoice("FEB", line("seats", "02-01", "02-28"), line("support", "02-01", "02-28")),
    )
    assert told(closed(other, "JAN/2", later=True)) == ["FEB/2 later JAN/2", "JAN/2"]


def test_streams_of_one_item_with_months_and_quarters() -> None:
    """February is in the first quarter, and that has January and March; the second quarter shares a day with none."""
    streams = book(
        "{id: monthly, rate: 10.00, item: seats}, {id: quarterly, rate: 30.00, period: quarter, item: seats}",
        invoice("JAN", line("monthly", "01-01", "01-31"), line("quarterly", "01-01", "03-31")),
        invoice("FEB", line("monthly", "02-01", "02-28")),
        invoice("MAR", line("monthly", "03-01", "03-31")),
        invoice("APR", line("monthly", "04-01", "04-30"), line("quarterly", "04-01", "06-30")),
    )
    assert told(closed(streams, "FEB/1")) == ["MAR/1 item JAN/2", "FEB/1", "JAN/2 item FEB/1", "JAN/1 item JAN/2"]
    # Later ones come at once by February itself; January by the quarter, which came in the same turn.
    assert told(closed(streams, "FEB/1", later=True)) == [
        "APR/2 later FEB/1",
        "APR/1 later FEB/1",
        "MAR/1 later FEB/1",
        "FEB/1",
        "JAN/2 item FEB/1",
        "JAN/1 item JAN/2",
    ]


def test_a_charge_that_continues_another_one_is_of_its_item() -> None:
    raised = book(
        "{id: seats, rate: 10.00, until: 2023-02-01}, {id: more, rate: 12.00, start: 2023-02-01, continues: seats}",
        invoice("JAN", line("seats", "01-01", "01-31")),
        invoice("FEB", line("more", "02-01", "02-28")),
    )
    assert told(closed(raised, "JAN/1", later=True)) == ["FEB/1 later JAN/1", "JAN/1"]


def test_a_minimum_of_the_item() -> None:
    limited = book(
        "{id: calls, rate: 0.10, usage: true, item: phone}, "
        "{id: least, rate: 50.00, item: phone, bills: minimum, timing: in_arrears}, {id: other, rate: 9.00}",
        invoice(
            "FEB",
            line("calls", "01-01", "01-31"),
            line("least", "01-01", "01-31"),
            line("other", "01-01", "01-31"),
        ),
    )
    assert told(closed(limited, "FEB/1")) == ["FEB/1", "FEB/2 minimum_maximum FEB/1"]
    assert told(closed(limited, "FEB/2")) == ["FEB/1 minimum_maximum FEB/2", "FEB/2"]


PREPAID = (
    "{id: bundle, rate: 100.00, period: quarter, drawn_by: [calls]}, {id: calls, rate: 0.10, usage: true}, "
    "{id: texts, rate: 0.05, usage: true}"
)


def test_a_prepaid_charge_and_the_usage_that_draws_from_it() -> None:
    prepaid = book(
        PREPAID,
        invoice("JAN", line("bundle", "01-01", "03-31")),
        invoice("FEB", line("calls", "01-01", "01-31"), line("texts", "01-01", "01-31")),
        invoice("MAR", line("calls", "02-01", "02-28")),
        invoice("MAY", line("calls", "04-01", "04-30")),
    )
    assert told(closed(prepaid, "FEB/1")) == ["MAR/1 prepaid JAN/1", "JAN/1 prepaid FEB/1", "FEB/1"]
    assert told(closed(prepaid, "JAN/1")) == ["MAR/1 prepaid JAN/1", "JAN/1", "FEB/1 prepaid JAN/1"]
    assert told(closed(prepaid, "FEB/2")) == ["FEB/2"]


def test_usage_that_draws_from_what_was_carried_over() -> None:
    """The record says from which period it was drawn; the days of the two have nothing in common."""
    carried = book(
        PREPAID,
        invoice("JAN", line("bundle", "01-01", "03-31")),
        invoice("MAY", line("calls", "04-01", "04-30")),
        more="usage: [{id: u, subscription: S, charge: calls, date: 2023-04-02, quantity: 9, billed_by: MAY, amount: 0,"
        " drawn: 0.90, drawn_from: JAN/1}]",
    )
    assert told(closed(carried, "MAY/1")) == ["MAY/1", "JAN/1 prepaid MAY/1"]
    assert told(closed(carried, "JAN/1")) == ["MAY/1 prepaid JAN/1", "JAN/1"]


def test_charges_that_are_combined_on_one_line() -> None:
    """The line is whole, and each of its charges pulls in what belongs to it."""
    combined = book(
        "{id: a1, rate: 10.00, item: a, profile: P}, {id: b1, rate: 10.00, item: b, profile: P}, "
        "{id: a2, rate: 10.00, item: a}, {id: b2, rate: 10.00, item: b}",
        invoice(
            "JAN",
            line(
                "",
                "01-01",
                "01-31",
                ", combines: [{subscribed_charge: a1, amount: 10.00}, {subscribed_charge: b1, amount: 10.00}]",
                "20.00",
            ),
            line("a2", "01-01", "01-31"),
            line("b2", "01-01", "01-31"),
        ),
        invoice("FEB", line("b2", "02-01", "02-28")),
    )
    assert told(closed(combined, "JAN/2")) == ["JAN/1 item JAN/2", "JAN/2", "JAN/3 item JAN/1"]
    assert told(closed(combined, "JAN/2", later=True))[0] == "FEB/1 later JAN/1"
    assert [one.charge for one in closed(combined, "JAN/1").lines[0].periods] == ["a1", "b1"]


def test_a_discount_and_what_it_reduces() -> None:
    reduced = book(
        f"{SEATS}, {{id: off, rate: -2.00, discounts: seats}}",
        invoice(
            "JAN",
            line("seats", "01-01", "01-31"),
            line("off", "01-01", "01-31", ", discounts: 1", "-2.00"),
            "amount: -1.00, discounts: 1",
        ),
        invoice("FEB", line("off", "02-01", "02-28", "", "-2.00")),
    )
    assert told(closed(reduced, "JAN/1")) == ["JAN/1", "JAN/2 discount JAN/1", "JAN/3 discount JAN/1"]
    # Of the same days as the invoice is the line that has none.
    assert told(closed(reduced, "JAN/3")) == ["JAN/1 discount JAN/3", "JAN/2 discount JAN/1", "JAN/3"]
    assert told(closed(reduced, "JAN/1", later=True))[0] == "FEB/1 later JAN/2"


def test_of_several_reasons_the_first_rule_counts_and_then_the_newest_line() -> None:
    """March follows February, and shares days with the quarter; the minimum is of a month of its own."""
    several = book(
        "{id: monthly, rate: 10.00, item: seats}, {id: quarterly, rate: 30.00, period: quarter, item: seats}, "
        "{id: least, rate: 50.00, item: seats, bills: minimum, timing: in_arrears}",
        invoice("Q1", line("quarterly", "01-01", "03-31")),
        invoice("FEB", line("monthly", "02-01", "02-28"), line("least", "03-01", "03-31")),
        invoice("MAR", line("monthly", "03-01", "03-31")),
        invoice("APR", line("monthly", "04-01", "04-30")),
    )
    assert told(closed(several, "Q1/1", "FEB/1", later=True)) == [
        "APR/1 later FEB/1",
        "FEB/2 minimum_maximum Q1/1",
        "MAR/1 item Q1/1",
        "FEB/1",
        "Q1/1",
    ]
    assert told(closed(several, "Q1/1", "FEB/2"))[:3] == ["FEB/2", "MAR/1 item Q1/1", "FEB/1 item Q1/1"]
    assert told(closed(several, "FEB/2"))[1] == "MAR/1 minimum_maximum FEB/2"


def test_only_what_was_selected() -> None:
    assert told(closed(book(SEATS, *MONTHS), "JAN/1", "MAR/1", related=False)) == ["MAR/1", "JAN/1"]


def test_drafts_are_found_and_canceled_ones_are_not() -> None:
    drafts = book(
        SEATS,
        invoice("JAN", line("seats", "01-01", "01-31")),
        invoice("FEB", line("seats", "02-01", "02-28"), status="draft"),
        invoice("CANCELED", line("seats", "02-01", "02-28"), status="canceled"),
    )
    assert told(closed(drafts, "JAN/1", later=True)) == ["FEB/1 later JAN/1", "JAN/1"]


def test_lines_that_were_unwound_are_found_and_pull_in_nothing() -> None:
    """The quarter was credited by itself: nothing of it holds January and February together any more."""
    charges = "{id: monthly, rate: 10.00, item: seats}, {id: quarterly, rate: 30.00, period: quarter, item: seats}"
    period = (
        "credit_memos: [{number: C1, account: acme, date: 2023-04-01, currency: USD, source: Q1, "
        "items: [{id: 1, amount: 10.00, source_item: 1}]}]\n"
        "charge_periods: [{id: Q1/1, subscription: S, charge: quarterly, from: 2023-01-01, until: 2023-04-01, "
        "currency: USD, status: credited, amount: 10.00, document: Q1, item: 1, memo: C1, memo_item: 1}]"
    )
    quarter = invoice("Q1", line("quarterly", "01-01", "03-31"))
    unwound = book(charges, quarter, *(each.replace("seats", "monthly") for each in MONTHS), more=period)
    found = closed(unwound, "FEB/1")
    assert told(found) == ["FEB/1", "Q1/1 item FEB/1"]
    assert [one.is_unwound for one in found.lines] == [False, True]
    assert told(closed(unwound, "Q1/1")) == ["Q1/1"]


def test_lines_of_a_reversed_invoice_are_unwound() -> None:
    reversed_ = book(SEATS, MONTHS[0], invoice("FEB", line("seats", "02-01", "02-28"), more=", reversed: true"))
    found = closed(reversed_, "JAN/1", later=True)
    assert [(one.line.document, one.is_unwound) for one in found.lines] == [("FEB", True), ("JAN", False)]


def test_excluded_periods_are_told_and_pull_in_nothing() -> None:
    """Of a later month with nothing else, of the same month by another stream, and not of another item."""
    excluded = (
        "{{id: S/{charge}/{first}, subscription: S, charge: {charge}, from: {first}, until: {until}, currency: USD, "
        "status: excluded_zero_{what}, quantity: 0, amount: 0}}"
    )
    periods = [
        excluded.format(charge="free", first="2023-01-01", until="2023-02-01", what="amount"),
        excluded.format(charge="seats", first="2023-04-01", until="2023-05-01", what="quantity"),
        excluded.format(charge="other", first="2023-01-01", until="2023-02-01", what="amount"),
    ]
    known = book(
        f"{SEATS}, {{id: free, rate: 0.00, item: seats}}, {{id: other, rate: 0.00}}",
        *MONTHS,
        more=f"charge_periods: [{', '.join(periods)}]",
    )
    found = closed(known, "JAN/1", later=True)
    assert [(one.period.id, one.rule, _name(one.by)) for one in found.excluded] == [
        ("S/seats/2023-04-01", "later", "JAN/1"),
        ("S/free/2023-01-01", "item", "JAN/1"),
    ]
    assert [one.period.id for one in closed(known, "JAN/1").excluded] == ["S/free/2023-01-01"]
    assert closed(known, "FEB/1").excluded == ()


def test_a_line_that_the_book_does_not_have() -> None:
    for name in ("JAN/9", "APR/1"):
        with pytest.raises(KeyError):
            closed(book(SEATS, *MONTHS), name)
