"""`cancel_subscription`, what it sets off, and what must not be billed twice or credited for nothing. Seed 2."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.plan import Plan, in_turn
from tests.operations.settling import load, run, told

BOOK = """
accounts: [{id: ann, currency: USD, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: ann}]
subscriptions:
- {id: S, account: ann, start: 2026-04-01, charges: [{id: gym, name: Gym, rate: 100.00}]}
"""
APRIL = "operation: bill_run, date: 2026-04-01, accounts: [ann]"
MAY = "operation: bill_run, date: 2026-05-01, accounts: [ann]"
CANCEL = "operation: cancel_subscription, subscription: S, date: 2026-04-09, effective_date: 2026-04-09"


OLDER = BOOK + (
    "invoices:\n- {number: OLD-1, account: ann, date: 2026-03-01, currency: USD, items: [{id: x, amount: 500.00}]}\n"
)


def after(*operations: str, own: str = "", book: str = BOOK) -> Book:
    """The book that these operations leave."""
    left = load(book)
    for count, text in enumerate(operations):
        left = run(left, text, own, f"op-{count}")[1]
    return left


def made(plan: Plan) -> list[tuple[str, Decimal]]:
    """Number and amount of every document of a chain."""
    return [(one.document.number, one.document.amount) for step in in_turn(plan) for one in step.documents]


def steps(plan: Plan) -> list[str]:
    return [step.operation for step in in_turn(plan)][1:]


def through(book: Book) -> str:
    return str(book.subscriptions["S"].charges[0].charged_through)


# -- nothing is billed twice ---------------------------------------------------------------------------------------


def test_a_draft_cannot_be_canceled_when_later_time_was_billed() -> None:
    """Going back to April would bill May a second time."""
    left = after(APRIL + ", bill_as: draft", MAY)
    message = told(left, "operation: cancel_draft, draft: TMP-INV-00000001, date: 2026-05-02")
    assert message.startswith("billed-since: charge `gym` of subscription `S` has been billed for time after")
    assert through(left) == "2026-06-01"


def test_the_newest_draft_can_be_canceled_and_its_time_is_billed_again() -> None:
    left = after(APRIL, MAY + ", bill_as: draft", "operation: cancel_draft, draft: TMP-INV-00000001, date: 2026-05-02")
    assert through(left) == "2026-05-01"
    plan, _ = run(left, MAY)
    assert made(plan) == [("INV00000002", Decimal("100.00"))]


def test_the_write_off_of_an_older_invoice_keeps_what_later_ones_billed() -> None:
    left = after(APRIL, MAY)
    plan, left = run(left, "operation: write_off_invoice, invoice: INV00000001, date: 2026-05-02")
    assert [warning.code for warning in plan.warnings] == ["charged-through-kept"]
    assert through(left) == "2026-06-01"


def test_the_write_off_of_the_newest_invoice_reopens_its_time() -> None:
    plan, left = run(after(APRIL, MAY), "operation: write_off_invoice, invoice: INV00000002, date: 2026-05-02")
    assert [warning.code for warning in plan.warnings] == ["charged-through-reverted"]
    assert through(left) == "2026-05-01"


def test_the_rest_of_a_partly_paid_invoice_is_not_billed_again() -> None:
    paid = "operation: create_payment, account: ann, amount: 99.50, date: 2026-04-02, apply_to_open: true"
    plan, left = run(after(APRIL, paid), "operation: write_off_invoice, invoice: INV00000001, date: 2026-04-03")
    assert plan.charged_through == ()
    assert through(left) == "2026-05-01"


def test_a_reversed_credit_memo_is_made_again() -> None:
    """Domain 4.2: the charged-through date is reset, so that the next bill run recreates an equal memo."""
    left = after(APRIL, CANCEL + ", final_bill: false", "operation: bill_run, date: 2026-04-09, subscriptions: [S]")
    assert through(left) == "2026-04-09"
    reverse = "operation: reverse_credit_memo, credit_memo: CM00000001, date: 2026-04-10"
    plan, left = run(left, reverse)
    assert [warning.code for warning in plan.warnings] == ["charged-through-reverted"]
    assert through(left) == "2026-05-01"
    again, _ = run(left, "operation: bill_run, date: 2026-04-11, subscriptions: [S]")
    assert made(again) == [("CM00000002", Decimal("73.33"))]  # 22 of 30 days


# -- nothing is credited for nothing -------------------------------------------------------------------------------


def test_time_that_is_only_on_a_draft_is_not_credited() -> None:
    left = after(APRIL + ", bill_as: draft")
    message = told(left, CANCEL)
    assert message.startswith("draft-open: `gym` of `S` from 2026-04-09 on would be credited, but is only on a draft,")
    posted = run(left, "operation: post_draft, draft: TMP-INV-00000001, date: 2026-04-08")[1]
    plan, _ = run(posted, CANCEL)
    assert steps(plan) == ["bill_run", "apply_credit_memo"]


def test_the_final_credit_is_used_before_the_follow_ups_of_the_bill_run() -> None:
    """Else a rule that applies every new memo would put it on another invoice, on another date."""
    own = "follow_ups: [{id: at-once, after: credit_memo_posted, then: apply_credits}]"
    billed = after(APRIL, book=OLDER)
    plan, left = run(billed, CANCEL, own)
    assert steps(plan) == ["bill_run", "apply_credit_memo"]
    assert left.balance(left.numbered["INV00000001"]) == Decimal("26.67")
    assert left.balance(left.numbered["OLD-1"]) == Decimal("500.00")


def test_what_the_final_credit_leaves_is_followed() -> None:
    own = "follow_ups: [{id: at-once, after: credit_memo_posted, then: apply_credits}]"
    paid = "operation: create_payment, account: ann, amount: 90.00, date: 2026-04-02, apply: [{document: INV00000001}]"
    plan, left = run(after(APRIL, paid, book=OLDER), CANCEL, own)
    assert steps(plan) == ["bill_run", "apply_credit_memo", "apply_credits"]
    assert left.balance(left.numbered["OLD-1"]) == Decimal("436.67")  # 500.00 - (73.33 - 10.00)


# -- what is written off -------------------------------------------------------------------------------------------

CLERKS = """
roles: {clerk: [kim]}
exceptions:
- id: clerks-do-not-write-off
  operations: [write_off_invoice]
  when: {actor.role: clerk}
  then: {permission: refused}
"""


def test_a_write_off_that_is_refused_refuses_the_cancellation() -> None:
    """The default: all or nothing."""
    message = told(after(APRIL), CANCEL + ", write_off: true, actor: kim", CLERKS)
    assert message.startswith("not-permitted: `kim` may not do this")
    assert "(in the step `write_off_invoice`, by `write-off-on-cancellation`, " in message


def test_a_policy_can_let_the_cancellation_stay() -> None:
    """Domain 5.2: in Zuora cancel and billing survive a failing write-off."""
    own = (
        CLERKS
        + """
follow_ups:
- id: write-off-on-cancellation
  after: subscription_canceled
  when: {write_off: true}
  then: write_off_invoice
  if_refused: leave_out
"""
    )
    plan, left = run(after(APRIL), CANCEL + ", write_off: true, actor: kim", own)
    assert steps(plan) == ["bill_run", "apply_credit_memo"]
    assert [warning.code for warning in plan.warnings] == ["follow-up-left-out"]
    assert left.subscriptions["S"].canceled_on == datetime.date(2026, 4, 9)
    assert left.balance(left.numbered["INV00000001"]) == Decimal("26.67")


@pytest.mark.parametrize(("limit", "written_off"), [("26.66", False), ("26.67", True), ("26.68", True)])
def test_a_threshold_is_a_condition_of_the_follow_up(limit: str, written_off: bool) -> None:
    own = f"""
follow_ups:
- id: write-off-on-cancellation
  after: subscription_canceled
  when: {{write_off: true, invoice.balance: {{at_most: {limit} USD}}}}
  then: write_off_invoice
"""
    plan, left = run(after(APRIL), CANCEL + ", write_off: true", own)
    assert ("write_off_invoice" in steps(plan)) is written_off
    assert (left.balance(left.numbered["INV00000001"]) == 0) is written_off


def test_a_policy_that_never_writes_off_refuses_to_be_asked_for_it() -> None:
    own = "follow_ups: [{id: write-off-on-cancellation, then: nothing}]"
    assert told(after(APRIL), CANCEL + ", write_off: true", own).startswith("write-off-unknown: ")


def test_a_shared_invoice_is_refused_where_the_policy_says_so() -> None:
    two = BOOK + "- {id: T, account: ann, start: 2026-04-01, charges: [{id: pool, rate: 50.00}]}\n"
    own = "operations: {cancel_subscription: {shared_invoices: refuse}}"
    message = told(after(APRIL, book=two), CANCEL + ", write_off: true", own)
    assert message.startswith("invoice-shared: INV00000001 also bills T")
    plan, left = run(after(APRIL, book=two), CANCEL + ", write_off: true")
    assert left.balance(left.numbered["INV00000001"]) == Decimal("50.00")
    assert [amount for _, amount in made(plan)] == [Decimal("73.33"), Decimal("26.67")]


def test_canceling_leaves_no_document_of_another_kind_behind() -> None:
    plan, left = run(after(APRIL), CANCEL + ", write_off: true")
    kinds = {type(one.document) for step in in_turn(plan) for one in step.documents}
    assert kinds == {CreditMemo}
    assert all(left.balance(one) == 0 for one in left.numbered.values() if isinstance(one, CreditMemo | Invoice))
