"""Prepaid charges, and what usage draws from them: docs/billing.md, Prepaid. All values are worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import Book
from tests.helpers.bill_runs import amounts, charges, subscribed
from tests.helpers.scenes import book_after, plan, refused
from tests.operations.test_record_usage import record

PREPAID = "id: pre, name: Prepaid, rate: 50.00, drawn_by: [calls]"
CALLS = "id: calls, name: Calls, rate: 0.50, usage: true"
BOOK = subscribed("id: s1, " + charges(PREPAID, CALLS))
CARRIED = "operations: {bill_run: {prepaid_unused: carry_over}}"


def run(month: int, id: str = "") -> str:
    """A bill run on the first of a month of 2026."""
    return f"id: {id or f'b{month}'}\noperation: bill_run\ndate: 2026-{month:02}-01\n"


def of_february(id: str, quantity: int) -> str:
    return record(f"{id} 10 {quantity}").replace("2026-01-10", "2026-02-10")


def drawn(book: Book) -> dict[str, tuple[str, str, str | None]]:
    """Record -> what it is billed at, what it drew, and from where first."""
    return {id: (str(one.amount), str(one.drawn), one.drawn_from) for id, one in sorted(book.usage.items())}


def test_usage_draws_in_the_order_of_dates_and_the_rest_is_billed() -> None:
    # 60 x 0.50 = 30.00 and 70 x 0.50 = 35.00; of the 50.00 the first draws 30.00 and the second 20.00: 15.00 is left.
    history = (run(1), record("u2 11 70", "u1 10 60"))
    found = plan(book_after(BOOK, *history), run(2))
    assert amounts(found) == {"INV00000002": ["15.00", "50.00"]}
    assert found.notes[0] == "s1/pre from 2026-01-01: usage draws 50.00, 0.00 is left"
    assert drawn(book_after(BOOK, *history, run(2))) == {
        "u1": ("0.00", "30.00", "INV00000001/1"),
        "u2": ("15.00", "20.00", "INV00000001/1"),
    }


@pytest.mark.parametrize(
    ("policy", "february"),
    [
        ("", "20.00"),  # 20.00 of January expired: 70.00 less the 50.00 of February
        (CARRIED, "0.00"),  # 20.00 of January and 50.00 of February cover the 70.00
    ],
)
def test_what_is_unused_expires_or_is_carried_over(policy: str, february: str) -> None:
    history = (run(1), record("u1 10 60"), run(2), of_february("u2", 140))
    book = book_after(BOOK, *history, policy=policy)
    assert amounts(plan(book, run(3), policy=policy))["INV00000003"][0] == february


def test_what_is_carried_over_is_drawn_first() -> None:
    # January leaves 20.00. February's 30.00 draws these, then 10.00 of its own 50.00; March's 90.00 the other 40.00
    # and 50.00 of March: nothing is billed. April's 50.10 finds 50.00 of April.
    book = book_after(BOOK, run(1), record("u1 10 60"), run(2), of_february("u2", 60), run(3), policy=CARRIED)
    assert drawn(book)["u2"] == ("0.00", "30.00", "INV00000001/1")
    march = record("u3 10 180").replace("2026-01-10", "2026-03-10")
    book = book_after(book, march, run(4), policy=CARRIED)
    assert drawn(book)["u3"] == ("0.00", "90.00", "INV00000002/2")


def test_a_prepaid_charge_that_is_billed_in_the_same_run() -> None:
    book = book_after(BOOK, record("u1 10 60"), run(2))
    # One invoice: calls (nothing), January's and February's prepaid.
    assert drawn(book) == {"u1": ("0.00", "30.00", "INV00000001/2")}


def test_late_usage_draws_what_is_left_of_its_own_period() -> None:
    book = book_after(BOOK, run(1), record("u1 10 60"), run(2), record("late 05 60"), run(3))
    # 30.00 of 50.00 is drawn; of the late 30.00 20.00 is drawn, and 10.00 billed.
    assert drawn(book)["late"] == ("10.00", "20.00", "INV00000001/1")


def test_usage_that_is_given_back_puts_back_what_was_drawn() -> None:
    book = book_after(BOOK, run(1), record("u1 10 60"), run(2), record("back 12 -20", "more 13 60"), run(3))
    # 30.00 is drawn; -10.00 puts as much back, so 30.00 is there for the 30.00 of `more`.
    assert drawn(book)["back"] == ("0.00", "-10.00", "INV00000001/1")
    assert drawn(book)["more"] == ("0.00", "30.00", "INV00000001/1")


def test_more_is_given_back_than_was_drawn() -> None:
    book = book_after(BOOK, run(1), record("u1 10 10"), run(2), record("back 12 -20"), run(3))
    # 5.00 was drawn: -10.00 puts that back, and 5.00 is credited.
    assert drawn(book)["back"] == ("-5.00", "-5.00", "INV00000001/1")


def test_what_was_credited_of_a_prepaid_charge_cannot_be_drawn() -> None:
    credit = "operation: credit_memo_from_invoice\ninvoice: INV00000001\ndate: 2026-01-05\n"
    credit += "items: [{item: '1', amount: 40.00}]"
    book = book_after(BOOK, run(1), credit, record("u1 10 60"), run(2))
    assert drawn(book) == {"u1": ("20.00", "10.00", "INV00000001/1")}


def test_a_discount_was_not_paid_so_it_cannot_be_drawn() -> None:
    discount = "id: off, rate: -15.00, discounts: pre"
    book = book_after(subscribed("id: s1, " + charges(PREPAID, CALLS, discount)), run(1), record("u1 10 100"), run(2))
    assert drawn(book)["u1"][:2] == ("15.00", "35.00")


def test_only_the_items_that_it_names_draw_from_it() -> None:
    texts = "id: texts, rate: 0.50, usage: true"
    book = subscribed("id: s1, " + charges(PREPAID, CALLS, texts))
    other = record("t1 10 60").replace("charge: calls", "charge: texts")
    assert drawn(book_after(book, run(1), other, run(2))) == {"t1": ("30.00", "None", None)}


def test_streams_of_an_item_draw_together() -> None:
    prepaid = PREPAID.replace("[calls]", "[traffic]")
    streams = (CALLS + ", item: traffic", "id: texts, rate: 1.00, usage: true, item: traffic")
    book = subscribed("id: s1, " + charges(prepaid, *streams))
    other = record("t1 11 40").replace("charge: calls", "charge: texts")
    # 30.00 of calls on the 10th, then 40.00 of texts on the 11th: 20.00 of these are covered.
    after = book_after(book, run(1), record("u1 10 60"), other, run(2))
    assert drawn(after) == {"t1": ("20.00", "20.00", "INV00000001/1"), "u1": ("0.00", "30.00", "INV00000001/1")}


def test_drafts_that_are_posted_and_canceled() -> None:
    drafted = "operations: {bill_run: {bill_as: draft}}"
    book = book_after(BOOK, record("u1 10 60"), run(2), policy=drafted)
    assert drawn(book) == {"u1": ("0.00", "30.00", "TMP-INV-00000001/2")}
    post = "operation: post_draft\ndraft: TMP-INV-00000001\ndate: 2026-02-01"
    assert drawn(book_after(book, post)) == {"u1": ("0.00", "30.00", "INV00000001/2")}
    assert drawn(book_after(book, post.replace("post_draft", "cancel_draft"))) == {"u1": ("None", "None", None)}


def test_usage_waits_for_a_prepaid_charge_that_is_on_a_draft() -> None:
    draft = run(1, "draft") + "bill_as: draft\n"
    book = book_after(BOOK, draft, record("u1 10 60"))
    assert refused(book, run(2)) == ["draft-open"]
    post = "operation: post_draft\ndraft: TMP-INV-00000001\ndate: 2026-01-01"
    assert drawn(book_after(book, post, run(2))) == {"u1": ("0.00", "30.00", "INV00000001/1")}
    cancel = post.replace("post_draft", "cancel_draft")
    assert drawn(book_after(book, cancel, run(2)))["u1"][1] == "30.00"


@given(st.lists(st.tuples(st.integers(1, 28), st.integers(1, 200), st.booleans()), min_size=1, max_size=6))
def test_what_is_drawn_and_billed_is_what_usage_is_worth(used: list[tuple[int, int, bool]]) -> None:
    """Whatever comes late: the draws of a period are what it is worth, at most what was paid; the rest is billed."""
    early = [f"u{n} {day:02} {count}" for n, (day, count, late) in enumerate(used) if not late]
    late = [f"u{n} {day:02} {count}" for n, (day, count, late) in enumerate(used) if late]
    steps = [
        run(1),
        *([record(*early)] if early else []),
        run(2),
        *([record(*late, id="late")] if late else []),
        run(3),
    ]
    book = book_after(BOOK, *steps)
    worth = sum((Decimal("0.50") * count for _, count, _ in used), Decimal(0))
    total = sum((one.drawn or Decimal(0) for one in book.usage.values()), Decimal(0))
    billed = sum((one.amount or Decimal(0) for one in book.usage.values()), Decimal(0))
    assert (total, billed) == (min(worth, Decimal(50)), max(worth - 50, Decimal(0)))
