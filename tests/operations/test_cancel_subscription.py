"""`cancel_subscription`, what it sets off, and what is never billed twice or credited for nothing: docs/domain.md 5."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from pathlib import Path

import pytest

from billpolicy.book.book import Book
from billpolicy.book.changes import ChargedThrough
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.exchange.operations_file import operations_of
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.source.tree import parse_text
from tests.helpers.books import book_from
from tests.helpers.paths import STANDARD
from tests.helpers.planning import plan_on
from tests.helpers.steps import run, told

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
    left = book_from(book)
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
    """Its own time is billed again beside that: `test_taken_back.py`."""
    left = after(APRIL, MAY)
    plan, left = run(left, "operation: write_off_invoice, invoice: INV00000001, date: 2026-05-02")
    assert [warning.code for warning in plan.warnings] == ["time-reopened"]
    assert through(left) == "2026-06-01"


def test_the_write_off_of_the_newest_invoice_reopens_its_time() -> None:
    plan, left = run(after(APRIL, MAY), "operation: write_off_invoice, invoice: INV00000002, date: 2026-05-02")
    (warning,) = plan.warnings
    assert warning.code == "charged-through-reverted"
    assert warning.message == (
        "charge `gym` of subscription `S` is charged through 2026-05-01 again: "
        "the next bill run bills this time once more"
    )
    assert through(left) == "2026-05-01"


def test_the_rest_of_a_partly_paid_invoice_is_not_billed_again() -> None:
    paid = "operation: create_payment, account: ann, amount: 99.50, date: 2026-04-02, apply_to_open: true"
    plan, left = run(after(APRIL, paid), "operation: write_off_invoice, invoice: INV00000001, date: 2026-04-03")
    assert plan.of(ChargedThrough) == ()
    assert through(left) == "2026-05-01"


def test_a_reversed_credit_memo_is_made_again() -> None:
    """docs/domain.md 4.2: the charged-through date is reset, so that the next bill run recreates an equal memo."""
    left = after(APRIL, CANCEL + ", final_bill: false", "operation: bill_run, date: 2026-04-09, subscriptions: [S]")
    assert through(left) == "2026-04-09"
    reverse = "operation: reverse_credit_memo, credit_memo: CM00000001, date: 2026-04-10"
    plan, left = run(left, reverse)
    (warning,) = plan.warnings
    assert warning.code == "charged-through-reverted"
    assert warning.message.endswith("through 2026-05-01 again: the next bill run credits this time once more")
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


@pytest.mark.parametrize(("rate", "credit"), [("30.00", "1.00"), ("0.30", "0.01")])
def test_a_final_credit_is_used_however_small_it_is(rate: str, credit: str) -> None:
    """One of the 30 days of April is not used: 30.00 / 30 = 1.00, and 0.30 / 30 = 0.01."""
    left = after(APRIL, book=BOOK.replace("rate: 100.00", f"rate: {rate}"))
    plan, _ = run(left, "operation: cancel_subscription, subscription: S, date: 2026-04-30, effective_date: 2026-04-30")
    assert made(plan)[:1] == [("CM00000001", Decimal(credit))]
    assert "apply_credit_memo" in steps(plan)


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


def test_a_credit_goes_to_documents_or_to_what_a_subscription_owes() -> None:
    credited = after(APRIL, "operation: credit_memo_from_invoice, invoice: INV00000001, date: 2026-04-02")
    apply = "operation: apply_credit_memo, credit_memo: CM00000001, subscription: S, date: 2026-04-02"
    message = "apply-both: `apply` names documents and `subscription` takes all that it owes"
    assert told(credited, apply + ", apply: [{document: INV00000001}]") == message
    assert run(credited, apply)[1].balance(credited.numbered["INV00000001"]) == 0


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


def test_of_several_rules_for_one_write_off_the_strictest_counts() -> None:
    own = CLERKS + (
        "follow_ups: [{id: a-lenient-one, after: subscription_canceled, when: {write_off: true}, "
        "then: write_off_invoice, if_refused: leave_out}]"
    )
    message = told(after(APRIL), CANCEL + ", write_off: true, actor: kim", own)
    assert "(in the step `write_off_invoice`, by `write-off-on-cancellation`, " in message


def test_a_policy_can_let_the_cancellation_stay() -> None:
    """docs/domain.md 5.2: in Zuora cancel and billing survive a failing write-off."""
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
    assert plan.follow_ups[-1].plan.request.get("subscription") == "S"
    assert left.balance(left.numbered["INV00000001"]) == Decimal("50.00")
    assert [amount for _, amount in made(plan)] == [Decimal("73.33"), Decimal("26.67")]


def test_canceling_leaves_no_document_of_another_kind_behind() -> None:
    plan, left = run(after(APRIL), CANCEL + ", write_off: true")
    assert plan.follow_ups[-1].plan.request.get("subscription") is None  # all of the invoice is its own
    kinds = {type(one.document) for step in in_turn(plan) for one in step.documents}
    assert kinds == {CreditMemo}
    assert all(left.balance(one) == 0 for one in left.numbered.values() if isinstance(one, CreditMemo | Invoice))


@pytest.mark.parametrize(("if_refused", "is_left_out"), [("refuse", False), ("leave_out", True)])
def test_a_condition_that_cannot_be_asked_is_a_refusal_like_any_other(if_refused: str, is_left_out: bool) -> None:
    """A payment that was received is recorded, whatever stands in the book about the customer."""
    own = f"""
fields: {{subscription.vip: {{type: boolean}}}}
follow_ups:
- id: vips
  after: invoice_left_open
  when: {{subscription.vip: true}}
  then: write_off_invoice
  if_refused: {if_refused}
"""
    book = after(APRIL, book=BOOK.replace("id: S,", "id: S, custom: {vip: maybe},", 1))
    pay = "operation: create_payment, account: ann, amount: 40.00, date: 2026-04-02, apply_to_open: true"
    if not is_left_out:
        assert told(book, pay, own).startswith("custom-value-wrong: `vip` of subscription `S` in the book is wrong")
        return
    plan, left = run(book, pay, own)
    assert [warning.code for warning in plan.warnings] == ["follow-up-left-out"]
    assert left.balance(left.numbered["INV00000001"]) == Decimal("60.00")


# -- the final bill ------------------------------------------------------------------------------------------------


def test_a_final_bill_is_posted_also_where_bill_runs_leave_drafts() -> None:
    """On a draft its credit would be given a second time by the write-off."""
    own = "operations: {bill_run: {bill_as: draft}}"
    billed = run(book_from(BOOK), APRIL + ", bill_as: posted", own)[1]
    plan, left = run(billed, CANCEL + ", write_off: true", own, "cancel")
    assert [amount for _, amount in made(plan)] == [Decimal("73.33"), Decimal("26.67")]
    assert left.balance(left.numbered["CM00000001"]) == 0


def test_nothing_is_written_off_while_a_final_credit_is_not_used() -> None:
    own = "operations: {bill_run: {negative_totals: negative_invoice}}"
    message = told(after(APRIL, own=own), CANCEL + ", write_off: true", own)
    assert message.startswith("credit-unused: INV00000002 holds a credit of 73.33 USD that is not used yet")
    flowing = (
        own
        + """
follow_ups:
- {id: becomes-credit, after: invoice_posted, when: {invoice.balance_is: below_zero}, then: transfer_negative_invoice}
- {id: is-used, after: credit_increased, then: apply_credit_balance}
"""
    )
    plan, left = run(after(APRIL, own=own), CANCEL + ", write_off: true", flowing, "cancel")
    assert steps(plan) == ["bill_run", "transfer_negative_invoice", "apply_credit_balance", "write_off_invoice"]
    assert all(left.balance(one) == 0 for one in left.numbered.values())


def test_a_term_that_ends_later_is_billed_as_it_comes() -> None:
    term = BOOK.replace("start: 2026-04-01,", "start: 2026-04-01, term_end: 2027-04-01,", 1)
    plan, left = run(after(APRIL, book=term), "operation: cancel_subscription, subscription: S, at: end_of_term")
    assert steps(plan) == []
    assert made(run(left, MAY, id="may")[0]) == [("INV00000002", Decimal("100.00"))]


def test_what_was_invoiced_beyond_the_term_is_no_end() -> None:
    short = BOOK.replace("start: 2026-04-01,", "start: 2026-04-01, term_end: 2026-04-16,", 1)
    beyond = short.replace("rate: 100.00", "rate: 100.00, charged_through: 2026-05-01")
    message = told(book_from(beyond), "operation: cancel_subscription, subscription: S, at: end_of_invoiced_period")
    assert message == "date-outside-term: 2026-05-01 is after the term ends (2026-04-16)"


def test_where_the_calendar_ends_a_follow_up_is_refused_in_words() -> None:
    own = "follow_ups: [{id: again, after: charges_reopened, then: bill_run}]"
    late = BOOK.replace("2026-04-01", "9999-10-01")
    billed = run(book_from(late), "operation: bill_run, date: 9999-10-01", own)[1]
    message = told(billed, "operation: write_off_invoice, invoice: INV00000001, date: 9999-12-15", own)
    assert message.startswith("date-too-late: ")


def test_each_step_is_followed_by_the_policy_of_its_own_day(tmp_path: Path) -> None:
    """A cancellation dated under the old policy, whose credit is used under the new one."""
    old = "effective: {from: 2000-01-01, until: 2026-06-01}\n"
    old += "follow_ups: [{id: write-off-on-cancellation, then: nothing}]"
    new = "effective: {from: 2026-06-01}\nfollow_ups: [{id: rest, after: invoice_left_open, then: write_off_invoice}]"
    for name, text in (("old", old), ("new", new)):
        (tmp_path / f"{name}.yaml").write_text(f"policy: {name}\nextends: {STANDARD}\n{text}\n")
    both = Versions(Resolver(prove(tmp_path / f"{name}.yaml"), "python") for name in ("old", "new"))
    (asked,) = operations_of(parse_text(f"operations:\n- {{id: op, {CANCEL}}}\n", "ops.yaml"))
    plan, left = plan_on(both, after(APRIL), asked, datetime.date(2026, 6, 10))
    assert [(step.operation, step.policy) for step in in_turn(plan)] == [
        ("cancel_subscription", "old"),
        ("bill_run", "old"),
        ("apply_credit_memo", "new"),
        ("write_off_invoice", "new"),
    ]
    assert left.balance(left.numbered["INV00000001"]) == 0


# -- the first day without service ---------------------------------------------------------------------------------

TERM = BOOK.replace("start: 2026-04-01,", "start: 2026-04-01, term_end: 2026-05-01,", 1)
ASK = "operation: cancel_subscription, subscription: S, date: 2026-04-09"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("", "date-missing: `at: date` needs the day"),
        ("at: date", "date-missing: `at: date` needs the day"),
        ("effective_date: 2026-03-31", "date-outside-term: 2026-03-31 is before the subscription begins (2026-04-01)"),
        ("effective_date: 2026-05-02", "date-outside-term: 2026-05-02 is after the term ends (2026-05-01)"),
        (
            "at: end_of_term, effective_date: 2026-05-01",
            "date-unwanted: `effective_date` says another day than `at: end_of_term`",
        ),
        ("at: end_of_invoiced_period", "not-invoiced: nothing of subscription `S` has been invoiced yet"),
    ],
)
def test_a_day_that_is_missing_or_outside_the_term_is_refused(fields: str, message: str) -> None:
    assert told(book_from(TERM), ", ".join(filter(None, (ASK, fields)))) == message


def test_what_is_canceled_or_has_no_term_is_refused() -> None:
    canceled = book_from(BOOK.replace("start: 2026-04-01,", "start: 2026-04-01, canceled_on: 2026-04-20,", 1))
    message = "canceled-already: subscription `S` is canceled already, on 2026-04-20"
    assert told(canceled, f"{ASK}, effective_date: 2026-04-20") == message
    assert told(book_from(BOOK), f"{ASK}, at: end_of_term") == "term-missing: subscription `S` has no term that ends"


@pytest.mark.parametrize("day", ["2026-04-01", "2026-05-01"])
def test_the_first_day_and_the_day_on_which_the_term_ends_are_possible(day: str) -> None:
    _, left = run(book_from(TERM), f"{ASK}, effective_date: {day}, final_bill: false")
    assert str(left.subscriptions["S"].canceled_on) == day


def test_it_ends_where_the_last_of_its_charges_was_invoiced() -> None:
    two = "charges: [{id: gym, charged_through: 2026-04-21}, {id: pool}, {id: sauna, charged_through: 2026-04-11}]}"
    book = re.sub(r"charges: .*", two, TERM)
    _, left = run(book_from(book), f"{ASK}, at: end_of_invoiced_period, final_bill: false")
    assert str(left.subscriptions["S"].canceled_on) == "2026-04-21"


@pytest.mark.parametrize(("day", "is_open"), [("2026-04-08", False), ("2026-04-09", True)])
def test_it_is_dated_in_no_closed_period(day: str, is_open: bool) -> None:
    closed = book_from(BOOK + "accounting_periods: [{from: 2026-04-01, until: 2026-04-09, status: closed}]\n")
    ask = f"operation: cancel_subscription, subscription: S, date: {day}, effective_date: 2026-04-01, final_bill: false"
    if is_open:
        assert str(run(closed, ask)[1].subscriptions["S"].canceled_on) == "2026-04-01"
    else:
        assert told(closed, ask).startswith("period-closed: 2026-04-08 lies in a closed accounting period")


# -- a write-off before the final bill -----------------------------------------------------------------------------


def test_what_a_later_bill_run_will_credit_is_warned_of() -> None:
    """100.00 are written off, with the 73.33 for 22 of 30 days that the bill run of May does not credit any more."""
    left = after(APRIL)
    plan, canceled = run(left, f"{CANCEL}, final_bill: false, write_off: true")
    (warning,) = (one for step in in_turn(plan) for one in step.warnings)
    assert warning.code == "credit-to-come"
    assert warning.message == (
        "service of subscription `S` ends on 2026-04-09, but `gym` is charged through 2026-05-01: "
        "what is written off here of the time between, no later bill run credits any more"
    )
    plan, left = run(canceled, MAY)
    assert (made(plan), through(left)) == ([], "2026-04-09")


def test_also_where_it_is_written_off_by_hand() -> None:
    left = after(APRIL, f"{CANCEL}, final_bill: false")
    plan, _ = run(left, "operation: write_off_invoice, invoice: INV00000001, date: 2026-04-10")
    assert [one.code for one in plan.warnings] == ["credit-to-come"]


@pytest.mark.parametrize(
    ("operations", "write_off"),
    [
        ([APRIL, CANCEL], "INV00000001"),  # credited by the final bill
        ([APRIL], "INV00000001"),  # not canceled
        ([APRIL, f"{CANCEL.replace('effective_date: 2026-04-09', 'effective_date: 2026-05-01')}"], "INV00000001"),
        # May is to be credited, but April is written off.
        ([APRIL, MAY, f"{CANCEL.replace('2026-04-09', '2026-05-09')}, final_bill: false"], "INV00000001"),
    ],
)
def test_of_nothing_else(operations: list[str], write_off: str) -> None:
    left = after(*operations)
    plan, _ = run(left, f"operation: write_off_invoice, invoice: {write_off}, date: 2026-05-10")
    assert "credit-to-come" not in [one.code for one in plan.warnings]
