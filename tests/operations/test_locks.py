"""What goes on with a document of which a line was unwound, and what does not. docs/domain.md 7.

`I1` has three lines: seats, unwound; phone; and a fee that no bill run made. Before that, 10.00 of seats was goodwill
(`CM00000001`), and of the whole invoice 13.90 was written off (`CM00000002`) and asked for again in part.
"""

from __future__ import annotations

from dataclasses import fields

import pytest

from billpolicy.book.book import Book
from billpolicy.book.model import CreditMemo
from billpolicy.operations.registry import OPERATIONS
from tests.helpers.billed import billed, invoice, line
from tests.helpers.books import balances
from tests.helpers.plan_views import amounts, credit_memo
from tests.helpers.scenes import book_after, plan, refused, run

CHARGES = ("id: seats, rate: 100.00", "id: phone, rate: 10.00")
OTHER = "{id: b, currency: EUR, attributes: {bill_to_contact: eve}}"
BOOK = (
    billed(
        invoice(
            "I1",
            "jan",
            line("seats", "100.00", "jan"),
            line("phone", "10.00", "jan", id="2"),
            "{id: fee, line: 3, amount: 7.00}",
        ),
        invoice("I2", "feb", "{id: back, amount: -150.00}", line("phone", "10.00", "feb")),
        invoice("I3", "mar", line("phone", "10.00", "mar")),
        invoice(
            "D1", "mar", "{id: later, amount: 1.00}", more="  status: draft\n  attributes: {sequence_set: DEFAULT}\n"
        ),
        charges=CHARGES,
        rest="""
payments:
- {number: P1, account: a, date: 2026-02-01, currency: EUR, amount: 60.00}
- {number: P2, account: a, date: 2026-02-01, currency: EUR, amount: 5.00}
""",
    )
    .replace("contacts: [", "contacts: [{id: eve, account: b}, ")
    .replace("accounts: [", f"accounts: [{OTHER}, ")
)
BEFORE = (
    "operation: credit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: '1', amount: 10.00}]",
    "operation: write_off_invoice\ndate: 2026-04-01\ninvoice: I1\namount: 13.90",
    "operation: debit_memo_from_invoice\ndate: 2026-04-01\ninvoice: I1\nitems: [{item: fee, amount: 3.00}]",
    "operation: apply_payment\ndate: 2026-04-01\npayment: P1\napply: [{document: I1, amount: 60.00}]",
    "operation: adjust_credit_balance\ndate: 2026-04-01\naccount: a\ntype: increase\namount: 9.00",
    "operation: credit_only\ndate: 2026-04-02\ninvoice: I1\nlines: ['1']",
    "operation: credit_only\ndate: 2026-04-02\ninvoice: I2\nlines: ['1']",
)
"""CM00000001 is the goodwill, CM00000002 the write-off, CM00000003 and CM00000004 have unwound I1/1 and I2/1."""
DATED = "date: 2026-04-10\n"

ALLOWED: dict[str, str] = {
    # Settlement goes on: of the document, of its memo, and of what else is named.
    "create_payment": "account: a\namount: 1.00\napply: [{document: I1, amount: 1.00}]",
    "apply_payment": "payment: P2\napply: [{document: I1, amount: 5.00}]",
    "unapply_payment": "payment: P1\nunapply: [{document: I1}]",
    "apply_credit_memo": "credit_memo: CM00000003\napply: [{document: I3}]",
    "unapply_credit_memo": "credit_memo: CM00000003\nunapply: [{document: I1}]",
    "create_refund": "of: CM00000003\namount: 1.00",
    "reverse_payment": "payment: P1",
    "transfer_payment": "payment: P2\nto_account: b",
    "apply_credit_balance": "account: a\napply: [{document: I1, amount: 1.00}]",
    "transfer_negative_invoice": "invoice: I2",
    "undo_credit_adjustment": "adjustment: CBA-00000001",
    # What is done to other lines, and to memos that are not over the line.
    "credit_memo_from_invoice": "invoice: I1\nitems: [{item: '2', amount: 1.00}]",
    "debit_memo_from_invoice": "invoice: I1\nitems: [{item: fee, amount: 1.00}]",
    "write_off_invoice": "invoice: I1",
    "write_off_debit_memo": "debit_memo: DM00000001",
    "credit_only": "invoice: I1\nlines: ['2']",
    "credit_rebill": "invoice: I3",
    # A draft has no line that was unwound.
    "post_draft": "draft: D1",
    "cancel_draft": "draft: D1",
}
"""Operation -> what of it is done as ever."""
REFUSED: dict[str, tuple[str, ...]] = {
    "credit_memo_from_invoice": ("invoice: I1\nitems: [{item: '1', amount: 1.00}]",),
    "debit_memo_from_invoice": ("invoice: I1\nitems: [{item: '1', amount: 1.00}]",),
    "reverse_invoice": ("invoice: I1",),
    "reverse_credit_memo": ("credit_memo: CM00000001", "credit_memo: CM00000003"),
    "undo_write_off": ("credit_memo: CM00000002", "credit_memo: CM00000002\namount: 1.00"),
}
"""Operation -> what of it is refused, since the line is locked."""
NAMING = {"invoice", "credit_memo", "debit_memo", "payment", "draft", "of", "apply", "unapply", "adjustment"}
"""The fields of requests that name documents."""


@pytest.fixture(scope="module")
def book() -> Book:
    return book_after(BOOK, *BEFORE)


def test_every_operation_that_names_a_document_is_here() -> None:
    naming = {
        name for name, operation in OPERATIONS.items() if NAMING & {field.name for field in fields(operation.request)}
    }
    assert naming == {*ALLOWED, *REFUSED}


@pytest.mark.parametrize(("operation", "text"), ALLOWED.items())
def test_what_goes_on(book: Book, operation: str, text: str) -> None:
    assert plan(book, f"operation: {operation}\n{DATED}{text}")


@pytest.mark.parametrize(("operation", "text"), [(name, text) for name, texts in REFUSED.items() for text in texts])
def test_what_does_not(book: Book, operation: str, text: str) -> None:
    (planned,) = run(book, f"operation: {operation}\n{DATED}{text}")
    assert "line-locked" in [problem.code for problem in planned.problems]
    problem = next(problem for problem in planned.problems if problem.code == "line-locked")
    assert "I1/1" in problem.message
    assert problem.message.endswith("was credited by CM00000003/1")
    assert problem.hint == "nothing of it is asked for any more; name other lines"


@pytest.mark.parametrize("text", ["invoice: I1", "credit_memo: CM00000003"])
def test_what_is_never_reversed_is_not_told_what_to_do_first(book: Book, text: str) -> None:
    """Memos were made from I1 and money is on it, but undoing that would not help."""
    operation = f"reverse_{text.partition(':')[0]}"
    assert refused(book, f"operation: {operation}\n{DATED}{text}") == ["line-locked"]


def test_all_that_is_left_to_credit_is_that_of_the_other_lines(book: Book) -> None:
    """Written off were 13.90 of 139.00 that was open, spread: a tenth of each place."""
    found = plan(book, f"operation: credit_memo_from_invoice\n{DATED}invoice: I1")
    assert amounts(credit_memo(found)) == {"2": "9.00", "2/vat": "1.80", "fee": "6.30"}


def test_a_write_off_leaves_the_line_out(book: Book) -> None:
    found = plan(book, f"operation: write_off_invoice\n{DATED}invoice: I1")
    assert {item.source_item for item in credit_memo(found).items} == {"2", "fee"}
    assert not [note for note in found.notes if "stays open" in note]  # its memo has settled it


def test_what_opens_on_the_line_again_is_not_written_off(book: Book) -> None:
    """The memo is taken off the line. Of its 108.00 after the write-off P1 has paid 108.00 x 60.00 / 125.10 = 51.80."""
    take_off = f"operation: unapply_credit_memo\n{DATED}credit_memo: CM00000003\nunapply: [{{document: I1}}]"
    opened, theirs = book_after(book, take_off), "56.20"
    found = plan(opened, f"operation: write_off_invoice\n{DATED}invoice: I1")
    assert {item.source_item for item in credit_memo(found).items} == {"2", "fee"}
    assert f"{theirs} EUR stays open on lines of I1 that were unwound" in found.notes
    assert str(balances(book_after(opened, f"operation: write_off_invoice\n{DATED}invoice: I1"))["I1"]) == theirs
    alone = f"operation: write_off_invoice\n{DATED}invoice: I1"
    assert refused(book_after(opened, alone), alone) == ["line-locked"]


def test_an_invoice_that_a_bill_run_made_is_not_reversed_with_its_credits() -> None:
    """The sibling of a bill run gives days of an unwound line back, so it is locked as the line is."""
    credited = (
        BOOK
        + """
credit_memos:
- number: C9
  account: a
  date: 2026-03-01
  currency: EUR
  items: [{id: '1', subscription: s, subscribed_charge: seats, amount: 5.00, quantity: 1, unit_price: -100.00,
    service_start: 2026-01-30, service_end: 2026-01-31, source: I1, source_item: '1'}]
"""
    )
    after = book_after(credited, BEFORE[-2])
    memo = after.numbered["CM00000001"]
    assert isinstance(memo, CreditMemo)
    assert str(memo.items[0].amount) == "95.00"  # 100.00 less the 5.00 that a bill run gave back
    assert refused(after, f"operation: reverse_credit_memo\n{DATED}credit_memo: C9") == ["line-locked"]
