"""The memo of a write-off is never money: nothing unapplies, applies, refunds or reverses it. docs/domain.md 3.2."""

from __future__ import annotations

import pytest

from billpolicy.book.book import Book
from tests.helpers.books import book_from
from tests.helpers.steps import refused, run, told

BOOK = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
invoices:
- {number: I1, account: ann, date: 2026-01-01, currency: USD, items: [{id: x, amount: 90.00}]}
- {number: I2, account: ann, date: 2026-01-01, currency: USD, items: [{id: x, amount: 40.00}]}
"""
WRITE_OFF = "operation: write_off_invoice, invoice: I1, date: 2026-01-02"
AS_MONEY = {
    "unapplied": "operation: unapply_credit_memo, credit_memo: CM00000001",
    "applied to anything else": "operation: apply_credit_memo, credit_memo: CM00000001, apply: [{document: I2}]",
    "refunded": "operation: create_refund, of: CM00000001, amount: 90.00",
    "reversed": "operation: reverse_credit_memo, credit_memo: CM00000001",
}


def written_off(own: str = "") -> Book:
    return run(book_from(BOOK), WRITE_OFF, own, "w")[1]


@pytest.mark.parametrize("what", AS_MONEY)
def test_it_cannot_be_used_as_money(what: str) -> None:
    (problem,) = refused(written_off(), f"{AS_MONEY[what]}, date: 2026-01-03")
    assert (problem.code, problem.message) == (
        "write-off-no-money",
        f"CM00000001 writes off what was not paid, so it is no money and cannot be {what}",
    )
    assert problem.hint == "`undo_write_off` asks for it again; nothing else can be done to CM00000001"


@pytest.mark.parametrize("what", AS_MONEY)
def test_also_where_a_part_was_written_off_or_undone(what: str) -> None:
    _, part = run(book_from(BOOK), f"{WRITE_OFF}, amount: 30.00")
    assert told(part, f"{AS_MONEY[what]}, date: 2026-01-03").startswith("write-off-no-money: ")
    _, undone = run(part, "operation: undo_write_off, credit_memo: CM00000001, amount: 10.00, date: 2026-01-03")
    assert told(undone, f"{AS_MONEY[what]}, date: 2026-01-04").startswith("write-off-no-money: ")
    memo = AS_MONEY[what].replace("CM00000001", "CM00000002")
    _, again = run(undone, "operation: write_off_debit_memo, debit_memo: DM00000001, date: 2026-01-04")
    assert told(again, f"{memo}, date: 2026-01-05").startswith("write-off-no-money: ")


def test_it_is_no_money_by_any_reason() -> None:
    _, left = run(book_from(BOOK), f"{WRITE_OFF}, reason: Charge Dispute")
    for text in AS_MONEY.values():
        assert told(left, f"{text}, date: 2026-01-03").startswith("write-off-no-money: ")
    assert run(left, "operation: undo_write_off, credit_memo: CM00000001, date: 2026-01-03")[0].documents


def test_a_credit_memo_with_the_reason_of_write_offs_is_money() -> None:
    credit = "operation: credit_memo_from_invoice, invoice: I1, reason: Write-off, date: 2026-01-02"
    _, left = run(book_from(BOOK), credit)
    for what in ("applied to anything else", "refunded"):
        assert run(left, f"{AS_MONEY[what]}, date: 2026-01-03")
    (problem,) = refused(left, "operation: undo_write_off, credit_memo: CM00000001, date: 2026-01-03")
    assert (problem.code, problem.hint) == ("not-a-write-off", "name the credit memo of a write-off")


def test_rules_and_follow_ups_find_nothing_of_it() -> None:
    own = (
        "follow_ups:\n- {id: spend, after: credit_memo_posted, then: apply_credits, because: test}\n"
        "- {id: on-debits, after: debit_memo_posted, then: apply_credits, because: test}\n"
    )
    left = written_off(own)
    assert told(left, "operation: apply_credits, account: ann, date: 2026-01-03", own).startswith("nothing-unapplied: ")
    plan, _ = run(left, "operation: undo_write_off, credit_memo: CM00000001, date: 2026-01-03", own)
    assert plan.follow_ups == ()


def test_undoing_it_shows_no_balance_that_does_not_move() -> None:
    plan, _ = run(written_off(), "operation: undo_write_off, credit_memo: CM00000001, date: 2026-01-03")
    assert [change.number for change in plan.balances] == ["DM00000001"]


IMPORTED = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions: [{id: S, account: ann, charges: [{id: gym}]}]
invoices:
- {number: I1, account: ann, date: 2026-01-01, currency: USD, bill_run: B,
   items: [{id: x, amount: 90.00, subscription: S, subscribed_charge: gym}]}
- {number: I2, account: ann, date: 2026-01-02, currency: USD, bill_run: B2,
   items: [{id: x, amount: 90.00, subscription: S, subscribed_charge: gym}]}
credit_memos:
- {number: C1, account: ann, date: 2026-01-02, currency: USD, source: I1, bill_run: B2, FLAG
   items: [{id: x, source_item: x, amount: 90.00, subscription: S, subscribed_charge: gym}]}
applications: [{from: C1, to: I1, date: 2026-01-02, amount: 90.00}]
"""


def test_imported_the_flag_says_it() -> None:
    flagged = book_from(IMPORTED.replace("FLAG", "write_off: true,"))
    for text in AS_MONEY.values():
        assert told(flagged, f"{text.replace('CM00000001', 'C1')}, date: 2026-01-03").startswith("write-off-no-money: ")
    assert run(flagged, "operation: undo_write_off, credit_memo: C1, date: 2026-01-03")[0].documents


def test_imported_without_the_flag_it_is_a_memo_like_others() -> None:
    plain = book_from(IMPORTED.replace("FLAG", "reason: Write-off,"))
    assert run(plain, "operation: unapply_credit_memo, credit_memo: C1, date: 2026-01-03")
    (problem,) = refused(plain, "operation: undo_write_off, credit_memo: C1, date: 2026-01-03")
    assert (problem.code, problem.message) == ("not-a-write-off", "C1 is not the memo of a write-off")
    assert problem.hint == (
        "if it is one, its book must say `write_off: true`; once it is imported, ask by `debit_memo_from_invoice`"
    )
    asked = "operation: debit_memo_from_invoice, invoice: I1, items: [{item: x, amount: 90.00}], date: 2026-01-03"
    assert run(plain, asked)[0].documents


def test_a_reversal_does_not_pull_it_in() -> None:
    """I2 is of the same bill run as the memo says it is of, and of the same charge."""
    flagged = book_from(IMPORTED.replace("FLAG", "write_off: true,"))
    assert told(flagged, "operation: reverse_invoice, invoice: I2, date: 2026-01-03") == (
        "write-off-no-money: C1 writes off what was not paid, "
        "so it is no money and cannot be reversed (together with I2)"
    )


def test_an_invoice_that_was_written_off_is_corrected_by_a_memo() -> None:
    problems = refused(written_off(), "operation: reverse_invoice, invoice: I1, date: 2026-01-03")
    assert [(problem.code, problem.hint) for problem in problems] == [
        ("already-applied", "correct it with a memo instead"),
        ("has-memos", "correct it with a memo instead"),
    ]
