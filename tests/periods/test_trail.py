"""The trail of a line: all that hangs together with it, in its order, from wherever it is asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import Book
from billpolicy.book.changes import billing
from billpolicy.book.model import Numbered
from billpolicy.periods.trail import Step, Trail, called, trails_of
from tests.helpers.books import book_from
from tests.helpers.trails import CORRECTED


@pytest.fixture(scope="module")
def corrected() -> Book:
    return book_from(CORRECTED)


def words(step: Step) -> str:
    """`credited INV/1 CM/1`: what happened, to what, and by what."""
    of, by = ("/".join(line) if line else None for line in (step.of, step.by))
    period = step.period and step.period.id
    return f"{step.what} {of or (period if by else None) or '-'} {by or period}"


def told(book: Book, *names: str) -> list[list[str]]:
    nodes = [node for name in names for node in called(book, name)]
    return [[words(step) for step in trail.steps] for trail in trails_of(book, nodes)]


def lines(trail: Trail) -> dict[str, tuple[str | None, bool]]:
    """What is left of each line, and whether it is locked."""
    return {"/".join(one.line): (str(one.left) if one.left is not None else None, one.locked) for one in trail.lines}


STORY = [
    "billed - INV00000001/1",
    "credited INV00000001/1 CM00000001/1",
    "credited INV00000001/1 CM00000002/1",
    "reopened CM00000002/1 INV00000001/1",
    "billed_again INV00000001/1 INV00000002/1",
]


@pytest.mark.parametrize("line", ["INV00000001/1", "CM00000001/1", "CM00000002/1", "INV00000002/1"])
def test_the_trail_is_the_same_from_wherever_it_is_asked(corrected: Book, line: str) -> None:
    assert told(corrected, line) == [STORY]


def test_what_is_left_and_what_is_locked(corrected: Book) -> None:
    (trail,) = trails_of(corrected, called(corrected, "INV00000001/1"))
    # Of 100.00 the goodwill took 10.00 and the correction the other 90.00.
    assert lines(trail) == {
        "INV00000001/1": ("0.00", True),
        "CM00000001/1": (None, False),
        "CM00000002/1": (None, True),
        "INV00000002/1": ("110.00", False),
    }
    assert [one.status for one in trail.lines[0].periods] == ["rebilled"]
    assert [(one.status, one.id) for one in trail.lines[-1].periods] == [("billed", "INV00000002/1")]


def test_a_document_is_all_its_lines_each_trail_once(corrected: Book) -> None:
    both = told(corrected, "INV00000001")
    assert both == [STORY, ["billed - INV00000001/2"]]
    assert told(corrected, "INV00000001", "INV00000002/1", "CM00000002") == both


def test_a_credit_only_reopens_nothing(corrected: Book) -> None:
    period = replace(corrected.charge_periods["INV00000001/1"], status="credited", rebilled_by=None, rebilled_item=None)
    book = corrected.with_charge_periods([period])
    assert told(book, "INV00000001/1") == [STORY[:3]]
    (trail,) = trails_of(book, called(book, "INV00000001/1"))
    assert trail.lines[0].locked


@pytest.mark.parametrize(
    ("number", "fields"), [("CM00000002", {"write_off": True}), ("INV00000001", {"reversed_": True})]
)
def test_time_that_a_write_off_or_a_reversal_opens_locks_nothing(corrected: Book, number: str, fields: Any) -> None:
    book = corrected.with_posted([changed(corrected, number, **fields)])
    (trail,) = trails_of(book, called(book, "INV00000001/1"))
    assert not any(locked for _, locked in lines(trail).values())


def test_a_line_is_locked_also_where_nothing_was_left_to_credit(corrected: Book) -> None:
    period = replace(corrected.charge_periods["INV00000001/1"], memo=None, memo_item=None)
    book = corrected.with_charge_periods([period])
    (trail,) = trails_of(book, called(book, "INV00000001/1"))
    assert [name for name, (_, locked) in lines(trail).items() if locked] == ["INV00000001/1"]


def test_a_line_that_was_billed_again_can_be_corrected_once_more(corrected: Book) -> None:
    invoice = changed(corrected, "INV00000002", number="INV00000003")
    book = corrected.with_posted([invoice, changed(corrected, "CM00000002", number="CM00000003", source="INV00000002")])
    again: Any = {"document": "INV00000002", "memo": "CM00000003", "rebilled_by": "INV00000003"}
    period = replace(book.charge_periods["INV00000001/1"], id="INV00000002/1", **again)
    story = [
        *STORY,
        "credited INV00000002/1 CM00000003/1",
        "reopened CM00000003/1 INV00000002/1",
        "billed_again INV00000002/1 INV00000003/1",
    ]
    for line in ("INV00000001/1", "CM00000003/1", "INV00000003/1"):
        assert told(book.with_charge_periods([period]), line) == [story]


def changed(book: Book, of: str, **fields: Any) -> Numbered:
    """A document of a book, with other values in some fields."""
    document: Any = book.numbered[of]
    other: Numbered = replace(document, **fields)
    return other


PLAIN = """
accounts: [{id: a, currency: EUR}]
subscriptions:
- {id: s, account: a, start: 2026-01-01, charges: [{id: c, rate: 31.00, charged_through: 2026-02-01}]}
invoices:
- number: I1
  account: a
  date: 2026-01-01
  currency: EUR
  items:
  - {id: x, amount: 31.00, subscription: s, subscribed_charge: c, quantity: 1, unit_price: 31.00,
     service_start: 2026-01-01, service_end: 2026-01-31}
"""
WRITTEN_OFF = """
credit_memos:
- {number: W1, account: a, date: 2026-02-01, currency: EUR, source: I1, write_off: true,
   items: [{id: w, amount: 31.00, source_item: x}]}
debit_memos:
- {number: D1, account: a, date: 2026-03-01, currency: EUR, source: W1,
   items: [{id: d, amount: 31.00, source_item: w}]}
- {number: D2, account: a, date: 2026-01-15, currency: EUR, source: I1,
   items: [{id: d, amount: 5.00, source_item: x}]}
applications:
- {from: W1, to: I1, date: 2026-02-01, amount: 31.00, parts: [{item: x, amount: 31.00, source_item: w}]}
"""


@pytest.mark.parametrize("line", ["I1/x", "W1/w", "D1/d", "D2/d"])
def test_a_write_off_that_was_undone(line: str) -> None:
    assert told(book_from(PLAIN + WRITTEN_OFF), line) == [
        ["billed - I1/x", "debited I1/x D2/d", "written_off I1/x W1/w", "taken_back W1/w D1/d"]
    ]


def test_a_reversal_is_told_as_one() -> None:
    memo = """
credit_memos:
- {number: R1, account: a, date: 2026-02-01, currency: EUR, source: I1, reversed: true,
   items: [{id: r, amount: 31.00, source_item: x}]}
applications: [{from: R1, to: I1, date: 2026-02-01, amount: 31.00, parts: [{item: x, amount: 31.00, source_item: r}]}]
"""
    plain = PLAIN.replace("currency: EUR\n  items", "currency: EUR\n  reversed: true\n  items")
    (trail,) = trails_of(book := book_from(plain + memo), called(book, "R1/r"))
    assert list(map(words, trail.steps)) == ["billed - I1/x", "reversed I1/x R1/r"]
    assert lines(trail) == {"I1/x": ("0.00", False), "R1/r": (None, False)}


@pytest.mark.parametrize("line", ["I1/x", "B1/b", "B2/b"])
@pytest.mark.parametrize("named", ["source: I1, source_item: x, ", ""], ids=["named", "by days"])
def test_days_that_bill_runs_gave_back(line: str, named: str) -> None:
    # 10 of 31 days on a credit memo, and 5 beside other lines on an invoice. The days of B3 were not billed by I1.
    def credit(number: str, amount: str, first: str, last: str) -> str:
        return (
            f"- {{number: {number}, account: a, date: {last}, currency: EUR, bill_run: BR-{number}, items: [{{id: b, "
            f"amount: {amount}, {named if number != 'B3' else ''}subscription: s, subscribed_charge: c, "
            f"unit_price: -31.00, service_start: {first}, service_end: {last}}}]}}\n"
        )

    book = book_from(
        PLAIN
        + credit("B2", "-5.00", "2026-01-17", "2026-01-21")
        + "credit_memos:\n"
        + credit("B1", "10.00", "2026-01-22", "2026-01-31")
        + credit("B3", "3.00", "2026-02-01", "2026-02-03")
    )
    assert told(book, line) == [["billed - I1/x", "credited I1/x B2/b", "credited I1/x B1/b"]]
    (trail,) = trails_of(book, called(book, line))
    assert lines(trail)["I1/x"] == ("16.00", False)  # 31 - 10 - 5
    assert told(book, "B3") == [["credited - B3/b"]]


def test_a_draft_that_was_posted_is_what_it_was_posted_as_and_a_canceled_one_is_nothing() -> None:
    draft = "- {number: T1, account: a, date: 2026-01-01, currency: EUR, status: draft, posted_as: I1, items: []}\n"
    items = "[{id: x, amount: 31.00}]"
    gone = draft.replace("T1", "T2").replace("draft, posted_as: I1", "canceled").replace("[]", items)
    book = book_from(PLAIN + draft.replace("[]", items) + gone)
    assert told(book, "T1/x") == told(book, "T1") == [["billed - I1/x"]]
    assert called(book, "T2/x") == called(book, "T2") == ()


def test_a_name_with_slashes_is_all_that_goes_by_it() -> None:
    def invoice(number: str, *items: str) -> str:
        listed = ", ".join(f"{{id: {id}, amount: 1.00}}" for id in items)
        return f"- {{number: {number}, account: a, date: 2026-01-01, currency: EUR, items: [{listed}]}}\n"

    book = book_from(PLAIN + invoice("A", "1/1", "1") + invoice("A/1", "1", "2") + invoice("A/1/1", "1"))
    assert called(book, "A/1/1") == (("A/1/1", "1"), ("A", "1/1"), ("A/1", "1"))
    assert called(book, "A/1/2") == (("A/1", "2"),)
    assert called(book, "A/1") == (("A/1", "1"), ("A/1", "2"), ("A", "1"))
    assert called(book, "A/1/3") == called(book, "A/") == called(book, "/") == ()


EXCLUDED = """
charge_periods:
- {id: s/c/2026-02-01, subscription: s, charge: c, from: 2026-02-01, until: 2026-03-01, currency: EUR,
   status: excluded_zero_amount, amount: 0.00}
"""


def test_what_no_line_billed() -> None:
    book = book_from(PLAIN + EXCLUDED)
    assert told(book, "s/c/2026-02-01") == [["excluded - s/c/2026-02-01"]]
    assert told(book, "I1") == [["billed - I1/x"]]


def test_a_line_of_several_charges_ends_the_trails_of_all(corrected: Book) -> None:
    # Both lines of the first invoice were unwound by lines of one memo and billed again on one line.
    first = corrected.charge_periods["INV00000001/1"]
    second = replace(first, id="INV00000001/2", charge="support", item="2", memo_item="2")
    (item,) = billing(corrected, "CM00000002").items
    memo = changed(corrected, "CM00000002", items=(item, replace(item, id="2", source_item="2", taxes=())))
    book = corrected.with_posted([memo]).with_charge_periods([second])
    story = [
        "billed - INV00000001/1",
        "billed - INV00000001/2",
        "credited INV00000001/1 CM00000001/1",
        "credited INV00000001/1 CM00000002/1",
        "credited INV00000001/2 CM00000002/2",
        "reopened CM00000002/1 INV00000001/1",
        "reopened CM00000002/2 INV00000001/2",
        "billed_again INV00000001/1 INV00000002/1",
        "billed_again INV00000001/2 INV00000002/1",
    ]
    for line in ("INV00000001/1", "INV00000001/2", "INV00000002/1"):
        assert told(book, line) == [story]


def test_in_a_ledger_they_stand_as_they_were_posted(corrected: Book) -> None:
    # The goodwill was dated back, but posted after the correction; the first invoice was imported.
    made_by = {"CM00000001": "GW-1", "CM00000002": "CR-1", "INV00000002": "CR-1/rebill"}
    posted = {"CR-1": 1, "CR-1/rebill": 2, "GW-1": 3}
    (trail,) = trails_of(corrected, called(corrected, "INV00000002/1"), made_by, posted)
    assert [(step.what, step.operation) for step in trail.steps] == [
        ("billed", None),
        ("credited", "CR-1"),
        ("reopened", "CR-1"),
        ("billed_again", "CR-1/rebill"),
        ("credited", "GW-1"),
    ]


def test_what_follows_never_stands_before_what_it_follows_from(corrected: Book) -> None:
    # A memo dated before its invoice, which bills its time ahead.
    early = changed(corrected, "CM00000002", date=dt.date(2025, 12, 1))
    assert told(corrected.with_posted([early]), "INV00000001/1") == [
        [STORY[0], *STORY[2:3], STORY[3], STORY[1], STORY[4]]
    ]


LINES = [("INV00000001", "1"), ("INV00000001", "2"), ("INV00000002", "1"), ("CM00000001", "1"), ("CM00000002", "1")]


@given(st.lists(st.tuples(*[st.sampled_from([*LINES, (None, None)])] * 3), max_size=6), st.sampled_from(LINES))
def test_it_ends_whatever_the_book_says(
    links: list[tuple[tuple[str | None, str | None], ...]], asked: tuple[str, str]
) -> None:
    book = book_from(CORRECTED)
    model = book.charge_periods["INV00000001/1"]
    periods = [
        replace(
            model,
            id=f"p{place}",
            document=line[0],
            item=line[1],
            memo=memo[0],
            memo_item=memo[1],
            rebilled_by=again[0],
            rebilled_item=again[1],
        )
        for place, (line, memo, again) in enumerate(links)
    ]
    book = book.with_charge_periods(periods)
    (trail,) = trails_of(book, [BilledLine(*asked)])
    assert len(set(trail.steps)) == len(trail.steps)
    assert BilledLine(*asked) in {one.line for one in trail.lines}
    # The same whichever of its lines is asked for.
    for one in trail.lines:
        assert [again.steps for again in trails_of(book, [one.line])] == [trail.steps]
