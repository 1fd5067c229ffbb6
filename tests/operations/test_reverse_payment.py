"""`reverse_payment`: what is taken back, what is left, and every reason to refuse. docs/domain.md 4.6, 9.2."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.book.book import Book
from billpolicy.book.model import Payment
from billpolicy.vocabulary.settings import LINK_RULES
from tests.helpers.books import balances, book_from, open_at
from tests.helpers.plan_views import put, totals
from tests.helpers.steps import refused, run, told

BOOK = """
accounts: [{id: a, currency: USD}, {id: b, currency: USD}, {id: c, currency: USD}]
invoices:
- number: I1
  account: a
  date: 2026-01-01
  currency: USD
  items: [{id: x, amount: 100.00, taxes: [{id: t, amount: 20.00}]}, {id: y, amount: 50.00}]
- {number: I2, account: a, date: 2026-02-01, currency: USD, items: [{id: x, amount: 80.00}]}
- {number: J1, account: b, date: 2026-02-01, currency: USD, items: [{id: x, amount: 60.00}]}
- {number: K1, account: c, date: 2026-02-01, currency: USD, items: [{id: x, amount: 60.00}]}
debit_memos:
- {number: D1, account: a, date: 2026-02-01, currency: USD, items: [{id: x, amount: 30.00}]}
payments:
- {number: P1, account: a, date: 2026-03-02, currency: USD, amount: 300.00}
- {number: P2, account: a, date: 2026-03-02, currency: USD, amount: 10.00}
- {number: P3, account: a, date: 2026-03-02, currency: USD, status: draft, amount: 10.00}
- {number: P4, account: a, date: 2026-03-02, currency: USD, reversed: true, reversed_reason: Chargeback, amount: 10.00}
credit_adjustments:
- {number: K, account: a, date: 2026-03-01, currency: USD, amount: 15.00, type: increase}
accounting_periods:
- {from: 2026-05-01, until: 2026-06-01, status: closed}
"""
REVERSE = "operation: reverse_payment, payment: P1"
ON_TWO = (
    "operation: apply_payment, payment: P1, date: 2026-03-05, apply: [{document: I1}, {document: D1, amount: 25.00}]"
)
TO_B = "operation: transfer_payment, payment: P1, to_account: b, amount: 70.00, date: 2026-03-06"
"""Makes P-00000001."""
TO_C = "operation: transfer_payment, payment: P-00000001, to_account: c, amount: 20.00, date: 2026-03-07"
"""Makes P-00000002."""


@pytest.fixture(scope="module")
def book() -> Book:
    return book_from(BOOK)


def after(book: Book, *operations: str, own: str = "") -> Book:
    for text in operations:
        _, book = run(book, text, own)
    return book


def payment(book: Book, number: str) -> Payment:
    found = book.numbered[number]
    assert isinstance(found, Payment)
    return found


# -- what it does --------------------------------------------------------------------------------------------------


def test_everything_comes_back_from_where_it_was_put(book: Book) -> None:
    paid = after(book, ON_TWO, "operation: unapply_payment, payment: P1, unapply: [{document: I1, amount: 30.00}]")
    # 170 on I1, of which 30 was taken back first in, first out: of item x. 25 on D1; 300 - 140 - 25 = 135 unapplied.
    assert (paid.balance(paid.numbered["P1"]), paid.balance(paid.numbered["I1"])) == (Decimal("135.00"), Decimal(30))
    plan, now = run(paid, f"{REVERSE}, reason: Chargeback, comment: card")
    assert totals(plan) == {"I1": "-140.00", "D1": "-25.00"}
    assert put(plan)["I1"] == {"x": "-70.00", "x/t": "-20.00", "y": "-50.00"}
    assert [(one.number, one.before, one.after) for one in plan.balances] == [
        ("P1", Decimal(135), Decimal(0)),
        ("I1", Decimal(30), Decimal(170)),
        ("D1", Decimal(5), Decimal(30)),
    ]
    assert plan.documents == ()
    gone = payment(now, "P1")
    assert (gone.status, gone.reversed_, gone.reversed_reason) == ("posted", True, "Chargeback")
    assert (gone.amount, now.balance(gone)) == (Decimal(300), Decimal(0))
    assert open_at(now) == open_at(book)


def test_one_that_is_not_applied_bounces_too(book: Book) -> None:
    plan, now = run(book, "operation: reverse_payment, payment: P2")
    assert plan.applications == ()
    assert payment(now, "P2").reversed_reason == "Payment Reversal"  # of the standard policy
    assert balances(now) == {**balances(book), "P2": Decimal(0)}


def test_the_policy_says_the_reason_where_none_is_given(book: Book) -> None:
    own = """
exceptions:
- {id: large, operations: [reverse_payment], when: {payment.amount: {above: 100.00 USD}},
   then: {reason_code: Chargeback}, because: test}
"""
    assert payment(after(book, REVERSE, own=own), "P1").reversed_reason == "Chargeback"
    assert payment(after(book, REVERSE.replace("P1", "P2"), own=own), "P2").reversed_reason == "Payment Reversal"


def test_what_was_transferred_of_it_goes_with_it(book: Book) -> None:
    """P1 300: 70 to b, of that 20 to c; b has put 50 on J1, c 15 on K1."""
    moved = after(
        book,
        ON_TWO,
        TO_B,
        TO_C,
        "operation: apply_payment, payment: P-00000001",
        "operation: apply_payment, payment: P-00000002, amount: 15.00",
    )
    assert [moved.balance(moved.numbered[number]) for number in ("P1", "P-00000001", "P-00000002", "J1", "K1")] == [
        Decimal("35.00"),  # 300 - 170 - 25 - 70
        Decimal(0),
        Decimal("5.00"),
        Decimal("10.00"),
        Decimal("45.00"),
    ]
    plan, now = run(moved, f"{REVERSE}, reason: Payment Rejection")
    # Of each the money that it gave is taken back before it gives back its own.
    assert [(made.from_, made.to, made.amount) for made in plan.applications] == [
        ("P-00000002", "K1", Decimal(-15)),
        ("P-00000001", "P-00000002", Decimal(-20)),
        ("P-00000001", "J1", Decimal(-50)),
        ("P1", "I1", Decimal(-170)),
        ("P1", "D1", Decimal(-25)),
        ("P1", "P-00000001", Decimal(-70)),
    ]
    for number in ("P1", "P-00000001", "P-00000002"):
        assert payment(now, number).reversed_reason == "Payment Rejection"
        assert now.balance(now.numbered[number]) == 0
    assert {number: left for number, left in balances(now).items() if number in balances(book)} == {
        **balances(book),
        "P1": Decimal(0),
    }


def test_what_was_transferred_back_goes_too(book: Book) -> None:
    there = after(book, TO_B, "operation: transfer_payment, payment: P-00000001, to_account: a, amount: 30.00")
    plan, now = run(there, REVERSE)
    assert [made.to for made in plan.applications] == ["P-00000002", "P-00000001"]
    assert balances(now) == {**balances(book), "P1": 0, "P-00000001": 0, "P-00000002": 0}


@pytest.mark.parametrize("rule", LINK_RULES)
def test_no_rule_of_today_moves_it_elsewhere(book: Book, rule: str) -> None:
    """All of each link comes back, whatever the policy says of a part."""
    own = f"every_operation:\n  allocation: {{is: {rule}, because: test}}\n"
    assert open_at(after(after(book, ON_TWO), REVERSE, own=own)) == open_at(book)


# -- what a reversed payment is ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "operation: apply_payment, payment: P4",
        "operation: unapply_payment, payment: P4",
        "operation: create_refund, of: P4, amount: 1.00",
        "operation: transfer_payment, payment: P4, to_account: b",
        "operation: reverse_payment, payment: P4",
    ],
)
def test_it_is_done_with(book: Book, text: str) -> None:
    assert told(book, text) == "reversed: P4 has been reversed (Chargeback); it cannot change any more"


def test_rules_pass_it_over(book: Book) -> None:
    """Only P2's 10 is used of 300 and 10: P1 is gone."""
    plan, _ = run(after(book, REVERSE), "operation: apply_credits, account: a")
    assert totals(plan) == {"I1": "10.00"}


def test_twice_is_refused(book: Book) -> None:
    assert told(after(book, REVERSE), REVERSE) == (
        "reversed: P1 has been reversed (Payment Reversal); it cannot change any more"
    )


# -- what forbids it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "asked", "codes"),
    [
        ([], "payment: P9", ["document-unknown"]),
        ([], "payment: I1", ["document-unknown"]),
        ([], "payment: P3", ["not-posted"]),
        ([], "payment: P1, reason: Standard Refund", ["reason-unknown"]),
        ([], "payment: P1, date: 2026-03-01", ["date-too-early"]),
        ([], "payment: P1, date: 2026-05-31", ["period-closed"]),
        ([ON_TWO], "payment: P1, date: 2026-03-04", ["date-too-early"]),  # applied on the 5th
        ([TO_B, TO_C], "payment: P1, date: 2026-03-06", ["date-too-early"]),  # transferred on on the 7th
        ([TO_B], "payment: P-00000001", ["payment-transferred"]),
        (["operation: create_refund, of: P1, amount: 0.01"], "payment: P1", ["already-refunded"]),
        ([TO_B, "operation: create_refund, of: P-00000001, amount: 5.00"], "payment: P1", ["already-refunded"]),
    ],
)
def test_it_is_refused(book: Book, before: list[str], asked: str, codes: list[str]) -> None:
    moved = after(book, *before)
    assert [problem.code for problem in refused(moved, f"operation: reverse_payment, {asked}")] == codes


def test_a_refusal_says_what_was_refunded_and_what_to_do(book: Book) -> None:
    moved = after(book, TO_B, "operation: create_refund, of: P-00000001, amount: 5.00")
    (problem,) = refused(moved, REVERSE)
    assert problem.message == (
        "P1 cannot be reversed: 5.00 USD of P-00000001, which was transferred from it, has been refunded"
    )
    assert problem.hint is not None
    assert "debit memo" in problem.hint


def test_all_reasons_are_told_at_once(book: Book) -> None:
    moved = after(book, "operation: create_refund, of: P1, amount: 5.00", ON_TWO)
    problems = refused(moved, "operation: reverse_payment, payment: P1, date: 2026-02-01, reason: no")
    assert [problem.code for problem in problems] == ["already-refunded", "date-too-early", "reason-unknown"]


def test_who_may(book: Book) -> None:
    """Also of what goes with it: the policy asks of each account."""
    own = """
exceptions:
- {id: b-is-closed, operations: [reverse_payment], when: {account.id: b}, then: {permission: refused}, because: test}
"""
    _, reversed_ = run(book, REVERSE, own)
    assert payment(reversed_, "P1").reversed_
    assert [problem.code for problem in refused(after(book, TO_B), REVERSE, own)] == ["not-permitted"]


# -- what follows --------------------------------------------------------------------------------------------------


def follow(operation: str, when: str = "{}") -> str:
    return f"follow_ups:\n- {{id: then, after: payment_reversed, when: {when}, then: {operation}, because: test}}\n"


def test_other_money_of_the_account_can_follow(book: Book) -> None:
    """P2's 10 goes on I1, which is open again."""
    own = follow("apply_credits", "{payment.amount: {at_least: 300.00 USD}, operation: reverse_payment}")
    plan, now = run(after(book, ON_TWO), REVERSE, own)
    (step,) = plan.follow_ups
    assert (step.after, totals(step.plan)) == ("P1 was reversed", {"I1": "10.00"})
    assert now.balance(now.numbered["I1"]) == Decimal("160.00")
    assert run(book, REVERSE.replace("P1", "P2"), own)[0].follow_ups == ()  # 10 is less than 300


def test_the_credit_balance_can_follow(book: Book) -> None:
    plan, now = run(after(book, ON_TWO), REVERSE, follow("apply_credit_balance"))
    assert totals(plan.follow_ups[0].plan) == {"I1": "15.00"}
    assert now.credit_balance("a", "USD") == 0


def test_what_goes_with_it_is_not_followed(book: Book) -> None:
    """That is about other accounts; P2 is of this one."""
    plan, _ = run(after(book, TO_B), REVERSE, follow("apply_credits"))
    assert [step.after for step in plan.follow_ups] == ["P1 was reversed"]
