"""`undo_write_off`: what was written off is asked for again, once, and never twice for the same time."""

from __future__ import annotations

from decimal import Decimal

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough
from billpolicy.book.model import DebitMemo
from tests.helpers.books import book_from
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
    assert told(credited, UNDO).startswith("not-a-write-off: CM00000001 is not applied in full to an invoice")
    applied = run(credited, "operation: apply_credit_memo, credit_memo: CM00000001, date: 2026-01-02")[1]
    assert told(applied, UNDO).startswith("not-a-write-off: CM00000001 has the reason `Correcting invoice error`")
