"""`undo_write_off`: what was written off is asked for again, once, and never twice for the same time."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough
from billpolicy.book.model import DebitMemo
from tests.helpers.books import book_from
from tests.helpers.scenes import refusals
from tests.helpers.steps import run, told

BOOK = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions:
- {id: S, account: ann, start: 2026-01-01, charges: [{id: gym, name: Gym, rate: 100.00}]}
"""
BILL = "operation: bill_run, date: 2026-01-01"
WRITE_OFF = "operation: write_off_invoice, invoice: INV00000001, date: 2026-01-02"
UNDO = "operation: undo_write_off, credit_memo: CM00000001, date: 2026-01-03"


def after(*operations: str, own: str = "") -> Book:
    left = book_from(BOOK)
    for count, text in enumerate(operations):
        left = run(left, text, own, f"op-{count}")[1]
    return left


def through(book: Book) -> str:
    return str(book.subscriptions["S"].charges[0].charged_through)


def test_what_was_written_off_is_asked_for_by_a_debit_memo_and_not_billed_again() -> None:
    written_off = after(BILL, WRITE_OFF)
    assert through(written_off) == "2026-01-01"  # docs/domain.md use case 3: reverted
    plan, left = run(written_off, UNDO)
    (planned,) = plan.documents
    assert isinstance(planned.document, DebitMemo)
    assert (planned.document.amount, planned.document.source) == (Decimal("100.00"), "CM00000001")
    assert through(left) == "2026-02-01"
    assert told(left, BILL).startswith("nothing-due: ")
    assert left.balance(left.numbered["INV00000001"]) == 0
    assert left.balance(planned.document) == Decimal("100.00")


YEAR = BOOK.replace("rate: 100.00", "rate: 1200.00, period: year")
CANCEL = "operation: cancel_subscription, subscription: S, date: 2026-01-02, effective_date: 2026-07-01"
BACK = "operation: undo_cancellation, subscription: S, date: 2026-01-02"
UNDO_2 = "operation: undo_write_off, credit_memo: CM00000002, date: 2026-01-03"


def after_a_year(*operations: str) -> Book:
    """A year is billed; then these."""
    left = book_from(YEAR)
    for count, text in enumerate((BILL, *operations)):
        left = run(left, text, id=f"op-{count}")[1]
    return left


def test_days_that_the_final_bill_gave_back_may_be_billed_anew() -> None:
    """1200.00 x 184 / 365 = 604.93 are credited from July on, and the 595.07 before are written off."""
    for more in ((), (BILL,)):
        left = after_a_year(f"{CANCEL}, write_off: true", BACK, *more)
        made, after_it = run(left, UNDO_2)
        (memo,) = made.documents
        assert (memo.document.kind, memo.document.amount) == ("debit_memo", Decimal("595.07"))
        assert through(after_it) == through(left) == ("2027-01-01" if more else "2026-07-01")


def test_the_days_before_those_that_were_given_back_are_not_asked_for_twice() -> None:
    """Where a policy lets the time of a partly paid invoice be billed again: that of all of the year is."""
    own = (
        "exceptions:\n- {id: again, operations: [write_off_invoice], overrides: [partly-paid-time-is-not-billed-again],"
        " then: {charged_through: revert}, because: test}\n"
    )
    left = run(after_a_year(CANCEL, BACK), WRITE_OFF, own, "off")[1]
    assert through(left) == "2026-01-01"
    assert through(run(left, UNDO_2)[1]) == "2026-07-01"
    again = run(left, BILL, id="again")[1]
    assert told(again, UNDO_2).startswith("billed-since: INV00000002 has billed the time of INV00000001 again")


def test_time_that_was_billed_again_is_not_asked_for_twice() -> None:
    billed_again = after(BILL, WRITE_OFF, BILL)
    message = told(billed_again, UNDO)
    assert message == (
        "billed-since: INV00000002 has billed the time of INV00000001 again, so it would be asked for twice"
    )
    credited = run(billed_again, "operation: credit_memo_from_invoice, invoice: INV00000002, date: 2026-01-02")[1]
    assert told(credited, UNDO) == message  # so the hint is to reverse it, and only that
    reversed_ = run(billed_again, "operation: reverse_invoice, invoice: INV00000002, date: 2026-01-02")[1]
    plan, left = run(reversed_, UNDO)
    assert [planned.document.amount for planned in plan.documents] == [Decimal("100.00")]
    assert through(left) == "2026-02-01"


def test_where_the_date_was_kept_it_stays() -> None:
    own = "operations: {write_off_invoice: {charged_through: keep}}"
    left = after(BILL, WRITE_OFF, own=own)
    plan, left = run(left, UNDO, own)
    assert plan.of(ChargedThrough) == ()
    assert through(left) == "2026-02-01"


def test_a_write_off_is_undone_once() -> None:
    left = after(BILL, WRITE_OFF, UNDO)
    assert told(left, UNDO) == "undone-already: the write-off CM00000001 was undone already, by DM00000001"


def test_only_a_write_off_can_be_undone() -> None:
    credited = after(BILL, "operation: credit_memo_from_invoice, invoice: INV00000001, date: 2026-01-02")
    assert told(credited, UNDO) == "not-a-write-off: CM00000001 is not the memo of a write-off"
    applied = run(credited, "operation: apply_credit_memo, credit_memo: CM00000001, date: 2026-01-02")[1]
    assert told(applied, UNDO) == "not-a-write-off: CM00000001 is not the memo of a write-off"


def test_a_policy_that_still_knows_write_offs_by_their_reason_is_told_what_to_do() -> None:
    said = "{write_off_reason: Write-off}"
    for text in (f"operations: {{undo_write_off: {said}}}", f"every_operation: {said}"):
        (problem,) = refusals(text)
        assert (problem.code, problem.hint) == (
            "decision-unknown",
            "remove this line: the memo of a write-off says itself that it is one (`write_off: true`)",
        )


WRITTEN_OFF = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions: [{id: S, account: ann, start: 2025-01-01, charges: [{id: gym, rate: 100.00}, {id: pool, rate: 1.00}]}]
invoices:
- {number: I1, account: ann, date: 2026-01-01, currency: USD, items: [{id: x, amount: 100.00, DAYS}]}
MORE
credit_memos:
- {number: C1, account: ann, date: 2026-01-02, currency: USD, source: I1, reason: Write-off, write_off: true,
   items: [{id: x, source_item: x, amount: 100.00, DAYS}]}
applications: [{from: C1, to: I1, date: 2026-01-02, amount: 100.00}]
"""
UNDO_C1 = "operation: undo_write_off, credit_memo: C1, date: 2026-02-03"
OF_GYM = "subscription: S, subscribed_charge: gym"
JANUARY = f"{OF_GYM}, service_start: 2026-01-01, service_end: 2026-01-31"


def written_off(days: str = JANUARY, more: str = "") -> Book:
    """A book with a write-off of 100.00 for the time of `days`."""
    return book_from(WRITTEN_OFF.replace("DAYS", days).replace("MORE", more))


def later(item: str, amount: str = "0.01", status: str = "posted") -> str:
    head = f"number: I2, account: ann, date: 2026-02-01, currency: USD, status: {status}"
    return f"- {{{head}, items: [{{id: y, amount: {amount}, {item}}}]}}"


@pytest.mark.parametrize(
    ("days", "since", "is_billed_since"),
    [
        (JANUARY, f"{OF_GYM}, service_start: 2026-01-31, service_end: 2026-02-28", True),
        (JANUARY, f"{OF_GYM}, service_start: 2026-02-01, service_end: 2026-02-28", False),  # the day after
        (JANUARY, f"{OF_GYM}, service_start: 2025-12-01, service_end: 2026-01-01", True),
        (JANUARY, f"{OF_GYM}, service_start: 2025-12-01, service_end: 2025-12-31", False),  # the day before
        # Of nothing but a first day, that one.
        (JANUARY, f"{OF_GYM}, service_start: 2026-01-31", True),
        (JANUARY, f"{OF_GYM}, service_start: 2026-02-01", False),
        (f"{OF_GYM}, service_start: 2026-01-15", f"{OF_GYM}, service_start: 2026-01-15", True),
        (f"{OF_GYM}, service_start: 2026-01-15", f"{OF_GYM}, service_start: 2026-01-14", False),
        (f"{OF_GYM}, service_start: 2026-01-15", f"{OF_GYM}, service_start: 2026-01-16", False),
        (JANUARY, OF_GYM, False),
        (JANUARY, f"{OF_GYM}, service_end: 2026-01-31", False),
        (JANUARY, JANUARY.replace("gym", "pool"), False),
        (
            "subscription: S, service_start: 2026-01-15",
            "subscription: S, service_start: 2026-01-15",
            False,
        ),  # no charge
    ],
)
def test_time_that_shares_a_day_has_been_billed_since(days: str, since: str, is_billed_since: bool) -> None:
    in_book = written_off(days, later(since))
    if is_billed_since:
        assert told(in_book, UNDO_C1).startswith("billed-since: I2 has billed the time of I1 again")
    else:
        assert debited(in_book) == [Decimal("100.00")]


def debited(book: Book) -> list[Decimal]:
    return [planned.document.amount for planned in run(book, UNDO_C1)[0].documents]


def test_what_gives_time_back_or_was_never_posted_has_not_billed_it() -> None:
    assert debited(written_off(more=later(JANUARY, "-0.01"))) == [Decimal("100.00")]
    assert debited(written_off(more=later(JANUARY, status="canceled"))) == [Decimal("100.00")]
    assert debited(written_off(more=later(JANUARY, status="draft"))) == [Decimal("100.00")]


@pytest.mark.parametrize(
    ("kind", "fields", "is_undone"),
    [
        ("debit_memos", "", True),
        ("debit_memos", ", status: draft", False),
        ("debit_memos", ", status: canceled", False),
        ("credit_memos", "", False),  # a memo that was made from the memo asks for nothing
    ],
)
def test_only_a_posted_debit_memo_has_undone_it(kind: str, fields: str, is_undone: bool) -> None:
    memo = f"{{number: M1, account: ann, date: 2026-01-03, currency: USD, source: C1{fields}, items: ITEMS}}"
    memo = memo.replace("ITEMS", "[{id: '1', source_item: x, amount: 100.00}]")
    text = WRITTEN_OFF.replace("DAYS", JANUARY).replace("MORE", "")
    text = text.replace("credit_memos:", f"credit_memos:\n- {memo}") if kind == "credit_memos" else text
    in_book = book_from(text if kind == "credit_memos" else f"{text}{kind}: [{memo}]")
    if is_undone:
        assert told(in_book, UNDO_C1) == "undone-already: the write-off C1 was undone already, by M1"
    else:
        assert debited(in_book) == [Decimal("100.00")]


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2026-01-01", "date-too-early"),  # the write-off is of 01-02
        ("2026-01-02", None),
        ("2026-02-01", "period-closed"),
        ("2026-02-28", "period-closed"),
        ("2026-03-01", None),
    ],
)
def test_it_is_dated_after_the_write_off_and_in_no_closed_period(day: str, code: str | None) -> None:
    closed = "accounting_periods: [{from: 2026-02-01, until: 2026-03-01, status: closed}]"
    in_book = book_from(WRITTEN_OFF.replace("DAYS", JANUARY).replace("MORE", "") + closed)
    asked = UNDO_C1.replace("2026-02-03", day)
    if code is None:
        assert [planned.document.amount for planned in run(in_book, asked)[0].documents] == [Decimal("100.00")]
    else:
        assert told(in_book, asked).startswith(f"{code}: ")
