"""What a refund is decided by: what it pays back, its invoices, and how much of it was paid. docs/domain.md 2.11."""

from __future__ import annotations

import datetime

import pytest

from billpolicy.book.model import Refund
from billpolicy.policy.condition import Facts
from tests.helpers.scenes import book_after, plan, refused, run

ACCOUNT = """
accounts: [{id: acme, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: acme}]
"""
INVOICE = """invoices:
- {number: I1, account: acme, date: 2026-05-01, currency: EUR, items: [{id: a, amount: 120.00}]}
- {number: I2, account: acme, date: 2026-05-02, currency: EUR, items: [{id: a, amount: 50.00}]}
"""
MEMO = """credit_memos:
- {number: C9, account: acme, date: 2026-05-02, currency: EUR, items: [{id: 1, amount: 40.00}]}
"""
CREDIT = """id: credit
operation: credit_memo_from_invoice
date: 2026-05-05
invoice: I1
reason: Charge Dispute
"""
"""All of 120.00, as CM00000001."""


def paid(*amounts: str, to: str = "I1") -> str:
    """Payments P1, P2, ... that are put on an invoice as they come, each a day after the one before."""
    payments = [
        f"- {{number: P{n}, account: acme, date: 2026-05-0{n + 2}, currency: EUR, amount: {one}}}"
        for n, one in enumerate(amounts, 1)
    ]
    put = [f"- {{from: P{n}, to: {to}, date: 2026-05-0{n + 2}, amount: {one}}}" for n, one in enumerate(amounts, 1)]
    return "\n".join(["payments:", *payments, "applications:", *put, ""])


def refund(amount: str, of: str = "CM00000001", more: str = "") -> str:
    return f"operation: create_refund\ndate: 2026-05-20\nof: {of}\namount: {amount}\n{more}"


def facts(book: str, *operations: str) -> Facts:
    """By what the last of them was decided."""
    found = run(ACCOUNT + book, *operations)[-1]
    assert found.plan is not None, [str(problem) for problem in found.problems]
    return found.plan.resolved[0].facts


# -- whether it was ever paid --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came_in", "amount", "expected"),
    [
        (["120.00"], "120.00", "all"),
        (["30.00"], "30.00", "all"),
        (["30.00"], "30.01", "part"),
        (["30.00"], "120.00", "part"),
        (["10.00", "20.00"], "30.00", "all"),
        ([], "0.01", "nothing"),
    ],
)
def test_of_a_credit_memo_what_payments_have_put_on_its_invoice_was_paid(
    came_in: list[str], amount: str, expected: str
) -> None:
    found = facts(INVOICE + paid(*came_in) if came_in else INVOICE, CREDIT, refund(amount))
    assert (found["refund.of"], found["refund.paid"]) == ("credit_memo", expected)


def test_what_is_on_another_invoice_was_not_paid_for_this_one() -> None:
    assert facts(INVOICE + paid("30.00", to="I2"), CREDIT, refund("30.00"))["refund.paid"] == "nothing"


def test_what_was_taken_back_is_paid_no_more() -> None:
    back = "operation: unapply_payment\ndate: 2026-05-06\npayment: P1\nunapply: [{document: I1, amount: 20.00}]\n"
    found = INVOICE + paid("30.00")
    assert facts(found, CREDIT, back, refund("10.00"))["refund.paid"] == "all"
    assert facts(found, CREDIT, back, refund("10.01"))["refund.paid"] == "part"


def test_a_payment_that_bounced_has_paid_nothing() -> None:
    bounced = "operation: reverse_payment\ndate: 2026-05-06\npayment: P1\n"
    assert facts(INVOICE + paid("30.00"), CREDIT, bounced, refund("10.00"))["refund.paid"] == "nothing"


def test_credit_that_settles_an_invoice_is_no_money_that_came_in() -> None:
    put = "operation: apply_credit_memo\ndate: 2026-05-03\ncredit_memo: C9\napply: [{document: I1}]\n"
    assert facts(INVOICE + MEMO, put, CREDIT, refund("10.00"))["refund.paid"] == "nothing"


def test_nothing_is_paid_back_twice_by_two_memos_of_one_invoice() -> None:
    """100.00 came in. One memo pays 70.00 of it back, so of the other 30.00 are left."""
    half = CREDIT.replace("id: credit", "id: half") + "items: [{item: a, amount: 70.00}]\n"
    other = CREDIT + "items: [{item: a, amount: 50.00}]\n"
    done = [half, other, refund("70.00", more="reason: Other\n")]
    found = INVOICE + paid("100.00")
    assert facts(found, *done, refund("30.00", "CM00000002"))["refund.paid"] == "all"
    assert facts(found, *done, refund("30.01", "CM00000002"))["refund.paid"] == "part"
    assert facts(found, *done, refund("30.00", "CM00000002"), refund("1.00", "CM00000002"))["refund.paid"] == "nothing"


def test_goodwill_of_no_invoice_was_never_paid() -> None:
    found = facts(INVOICE + MEMO + paid("120.00"), refund("40.00", "C9"))
    assert found["refund.paid"] == "nothing"
    assert not [name for name in found if name.startswith(("invoice.", "payment."))]


def test_what_a_payment_has_unapplied_came_in() -> None:
    found = facts(INVOICE + paid("30.00").replace("amount: 30.00}\napp", "amount: 80.00}\napp"), refund("50.00", "P1"))
    assert (found["refund.of"], found["refund.paid"]) == ("payment", "all")


BACK = "operation: unapply_payment\ndate: 2026-05-06\npayment: P1\n"


def of_payment(*operations: str, came_in: tuple[str, ...] = ("120.00",), amount: str, of: str = "P1") -> str:
    """How much was paid of a refund of a payment after these operations."""
    return str(facts(INVOICE + paid(*came_in), *operations, refund(amount, of))["refund.paid"])


def test_what_a_memo_has_paid_back_of_its_invoice_is_not_paid_back_of_the_payment_once_more() -> None:
    """120.00 came in and went out again by the memo; then the payment is taken off the invoice."""
    assert of_payment(CREDIT, refund("120.00"), BACK, amount="120.00") == "nothing"
    assert of_payment(CREDIT, refund("120.00"), BACK, amount="0.01") == "nothing"


def test_of_a_payment_what_memos_have_not_paid_back_is_left() -> None:
    """120.00 came in, 50.00 went out by the memo: 70.00 are left."""
    done = (CREDIT, refund("50.00"), BACK)
    assert of_payment(*done, amount="70.00") == "all"
    assert of_payment(*done, amount="70.01") == "part"
    assert of_payment(*done, refund("70.00", "P1"), amount="0.01") == "nothing"


def test_what_is_on_the_invoice_still_covers_what_its_memo_has_paid_back() -> None:
    """Of 120.00 on the invoice 50.00 went out by the memo, so 70.00 may leave it: the next cent is paid back twice."""
    for taken_back, amount, expected in (
        ("70.00", "70.00", "all"),
        ("70.01", "70.01", "part"),  # 49.99 are on the invoice, and 70.00 are left
        ("70.01", "70.00", "all"),
    ):
        back = BACK + f"unapply: [{{document: I1, amount: {taken_back}}}]\n"
        assert of_payment(CREDIT, refund("50.00"), back, amount=amount) == expected


def test_another_payment_on_the_invoice_covers_it_too() -> None:
    """Of 100.00 and 20.00 the memo has paid 20.00 back: the 20.00 that stay are these."""
    assert of_payment(CREDIT, refund("20.00"), BACK, came_in=("100.00", "20.00"), amount="100.00") == "all"
    assert of_payment(CREDIT, refund("30.00"), BACK, came_in=("100.00", "20.00"), amount="90.00") == "all"
    assert of_payment(CREDIT, refund("30.00"), BACK, came_in=("100.00", "20.00"), amount="90.01") == "part"


def test_where_it_is_now_does_not_matter() -> None:
    """It was taken back, put on another invoice, and taken back there."""
    put = "operation: apply_payment\ndate: 2026-05-07\npayment: P1\napply: [{document: I2}]\n"
    again = BACK.replace("05-06", "05-08") + "unapply: [{document: I2}]\n"
    assert of_payment(CREDIT, refund("120.00"), BACK, put, again, amount="120.00") == "nothing"
    # 50.00 are on I2 and cover nothing of what the memo of I1 has paid back: of the other 70.00 nothing is left.
    done = (CREDIT, refund("120.00"), BACK, put)
    assert of_payment(*done, amount="70.00") == "nothing"


def test_what_is_on_another_invoice_does_not_cover_what_a_memo_has_paid_back() -> None:
    """Of 200.00 the memo of I1 has paid 120.00 back, and 50.00 are on I2: 30.00 are left of the 150.00 unapplied."""
    book = INVOICE + paid("120.00").replace("amount: 120.00}\napp", "amount: 200.00}\napp")
    put = "operation: apply_payment\ndate: 2026-05-07\npayment: P1\napply: [{document: I2}]\n"
    done = (CREDIT, refund("120.00"), BACK, put)
    assert facts(book, *done, refund("30.00", "P1"))["refund.paid"] == "all"
    assert facts(book, *done, refund("30.01", "P1"))["refund.paid"] == "part"


def test_money_that_was_transferred_is_the_same_money() -> None:
    """50.00 of 120.00 went out by the memo; 120.00 go to another account, and on from there: 70.00 are left."""
    others = ACCOUNT + "".join(f"- {{id: {name}, account: {name}}}\n" for name in ("beta", "gamma"))
    others = others.replace("accounts: [", "accounts: [{id: beta, currency: EUR}, {id: gamma, currency: EUR}, ")
    others = others.replace("contacts: [{id: ann, account: acme}]", "contacts:\n- {id: ann, account: acme}")
    to = "operation: transfer_payment\ndate: 2026-05-08\npayment: {}\nto_account: {}\n"
    moved = (to.format("P1", "beta"), to.format("P-00000001", "gamma"))
    for amount, expected in (("70.00", "all"), ("70.01", "part")):
        asked = refund(amount, "P-00000002")
        found = run(others + INVOICE + paid("120.00"), CREDIT, refund("50.00"), BACK, *moved, asked)[-1]
        assert found.plan is not None, found.problems
        assert found.plan.resolved[0].facts["refund.paid"] == expected
        assert "invoice.number" not in found.plan.resolved[0].facts, "that is of another account"


def test_a_book_in_which_money_was_transferred_in_a_circle_comes_to_an_end() -> None:
    book = """accounts: [{id: acme, currency: EUR}, {id: beta, currency: EUR}]
payments:
- {number: P1, account: acme, date: 2026-05-02, currency: EUR, amount: 50.00, source: P2}
- {number: P2, account: beta, date: 2026-05-02, currency: EUR, amount: 50.00, source: P1}
applications:
- {from: P1, to: P2, date: 2026-05-02, amount: 50.00}
- {from: P2, to: P1, date: 2026-05-02, amount: 50.00}
"""
    assert refused(book, refund("1.00", "P1")) == ["over-refunded"]


def test_a_memo_of_another_invoice_takes_nothing_from_a_payment() -> None:
    """The memo of I2 was never paid; the payment was on I1 only."""
    other = CREDIT.replace("invoice: I1", "invoice: I2")
    assert of_payment(other, refund("50.00"), BACK, amount="120.00") == "all"


def test_a_memo_that_says_no_source_is_of_the_invoice_that_its_lines_name() -> None:
    book = """subscriptions: [{id: S1, account: acme}]
credit_memos:
- number: C9
  account: acme
  date: 2026-05-04
  currency: EUR
  bill_run: BR
  items: [{id: 1, source: I1, source_item: a, subscription: S1, amount: 40.00}]
"""
    found = book + INVOICE.replace("amount: 120.00", "subscription: S1, amount: 120.00") + paid("120.00")
    done = (refund("40.00", "C9"), BACK)
    assert facts(found, *done, refund("80.00", "P1"))["refund.paid"] == "all"
    assert facts(found, *done, refund("80.01", "P1"))["refund.paid"] == "part"


def test_what_a_bill_run_gives_back_is_of_the_invoice_that_its_lines_name() -> None:
    """A month is paid, and canceled: 100.00 for June, of which 20 days of 30 are given back."""
    book = f"""{ACCOUNT}
subscriptions:
- id: S1
  account: acme
  start: 2026-06-01
  charges: [{{id: seats, rate: 100.00, charged_through: 2026-07-01}}]
invoices:
- number: I1
  account: acme
  date: 2026-06-01
  currency: EUR
  items:
  - id: a
    subscription: S1
    subscribed_charge: seats
    amount: 100.00
    service_start: 2026-06-01
    service_end: 2026-06-30
payments: [{{number: P1, account: acme, date: 2026-06-02, currency: EUR, amount: 100.00}}]
applications: [{{from: P1, to: I1, date: 2026-06-02, amount: 100.00}}]
"""
    cancel = "operation: cancel_subscription\ndate: 2026-06-11\nsubscription: S1\neffective_date: 2026-06-11\n"
    ask = "operation: create_refund\ndate: 2026-06-12\nof: CM00000001\namount: 66.67\n"
    found = run(book, cancel, ask)[-1].plan
    assert found is not None
    about = found.resolved[0].facts
    assert (about["refund.paid"], about["invoice.number"], about["payment.number"]) == ("all", "I1", "P1")
    assert about["subscription.id"] == "S1"


# -- what is behind it ---------------------------------------------------------------------------------------------


def test_the_documents_behind_a_refund_of_a_credit_memo() -> None:
    found = facts(INVOICE + paid("30.00"), CREDIT, refund("10.00", more="type: electronic\n"))
    assert found["credit_memo.reason"] == "Charge Dispute"
    assert (found["invoice.number"], found["invoice.balance"]) == ("I1", 9000)
    assert (found["payment.number"], found["payment.type"], found["refund.type"]) == ("P1", "external", "electronic")
    # On 20 May: of the invoice of the 1st, the payment of the 3rd and the memo of the 5th.
    ages = {name: days for name, days in found.items() if name.startswith("days_since.")}
    assert ages == {"days_since.invoice": 19, "days_since.payment": 17, "days_since.credit_memo": 15}


def test_of_several_payments_only_how_old_the_first_is_can_be_asked() -> None:
    found = facts(INVOICE + paid("10.00", "20.00"), CREDIT, refund("10.00"))
    assert {name for name in found if "payment" in name} == {"days_since.payment"}
    assert found["days_since.payment"] == 17


def test_of_a_payment_the_invoice_that_it_was_put_on_also_where_it_was_taken_back() -> None:
    back = "operation: unapply_payment\ndate: 2026-05-06\npayment: P1\n"
    found = facts(INVOICE + paid("30.00"), back, refund("30.00", "P1"))
    assert found["invoice.number"] == "I1"
    assert "credit_memo.number" not in found


# -- what a policy makes of it -------------------------------------------------------------------------------------

ONLY_WHAT_WAS_PAID = """exceptions:
- id: only-what-was-paid
  operations: [create_refund]
  when: {refund.paid: [nothing, part]}
  then: {permission: refused}
"""


def test_a_company_can_forbid_what_was_never_paid() -> None:
    after = book_after(ACCOUNT + INVOICE + paid("30.00"), CREDIT)
    assert refused(after, refund("120.00"), policy=ONLY_WHAT_WAS_PAID) == ["not-permitted"]
    assert plan(after, refund("30.00"), policy=ONLY_WHAT_WAS_PAID).documents
    assert plan(after, refund("120.00")).documents, "the standard policy allows it, as Zuora does"


def test_what_came_in_once_does_not_go_out_twice() -> None:
    after = book_after(ACCOUNT + INVOICE + paid("120.00"), CREDIT, refund("120.00"), BACK)
    assert refused(after, refund("120.00", "P1"), policy=ONLY_WHAT_WAS_PAID) == ["not-permitted"]
    assert plan(after, refund("120.00", "P1")).documents, "the standard policy allows it, as Zuora does"


def test_a_payment_is_refunded_within_some_days_only() -> None:
    late = """exceptions:
- {id: late, operations: [create_refund], when: {days_since.payment: {above: 17 days}}, then: {permission: approval}}
"""
    book = ACCOUNT + "payments: [{number: P1, account: acme, date: 2026-05-03, currency: EUR, amount: 30.00}]\n"
    assert plan(book, refund("10.00", "P1"), policy=late).documents
    assert refused(book, refund("10.00", "P1").replace("05-20", "05-21"), policy=late) == ["approval-missing"]


def test_a_payment_sees_its_own_type() -> None:
    said = """exceptions:
- {id: cards, operations: [create_payment], when: {payment.type: electronic}, then: {permission: refused}}
"""
    ask = "operation: create_payment\naccount: acme\namount: 5.00\n"
    assert plan(ACCOUNT, ask, policy=said).documents
    assert refused(ACCOUNT, ask + "type: electronic\n", policy=said) == ["not-permitted"]


def test_credit_balance_is_paid_back_by_a_type() -> None:
    said = """exceptions:
- {id: cards, operations: [refund_credit_balance], when: {refund.type: electronic}, then: {permission: refused}}
"""
    raised = "operation: adjust_credit_balance\naccount: acme\namount: 5.00\ntype: increase\n"
    ask = "operation: refund_credit_balance\naccount: acme\namount: 5.00\n"
    after = book_after(ACCOUNT, raised)
    assert plan(after, ask, policy=said).documents
    assert refused(after, ask + "type: electronic\n", policy=said) == ["not-permitted"]


# -- credit balance ------------------------------------------------------------------------------------------------


def raised(day: str, amount: str, type: str = "increase") -> str:
    return f"operation: adjust_credit_balance\ndate: {day}\naccount: acme\namount: {amount}\ntype: {type}\n"


NEGATIVE = """invoices:
- {number: I1, account: acme, date: 2026-05-01, currency: EUR, items: [{id: a, amount: -20.00}]}
"""
LOWERED = raised("2026-05-06", "9.00", "decrease")
MOVED = "operation: transfer_negative_invoice\ndate: 2026-05-04\ninvoice: I1\n"


@pytest.mark.parametrize(
    ("before", "amount", "came_from", "days"),
    [
        ([raised("2026-05-02", "10.00"), MOVED], "10.00", "by_hand", 18),  # what came first goes first
        ([raised("2026-05-02", "10.00"), MOVED], "10.01", "both", 18),
        ([MOVED, raised("2026-05-05", "10.00")], "20.00", "negative_invoices", 16),
        (
            [raised("2026-05-02", "10.00"), MOVED, raised("2026-05-06", "10.00", "decrease")],
            "20.00",
            "negative_invoices",
            16,
        ),
        ([raised("2026-05-02", "10.00"), MOVED, raised("2026-05-06", "4.00", "decrease")], "6.00", "by_hand", 18),
        # What was undone by hand is as if it had never been.
        (
            [
                raised("2026-05-02", "10.00"),
                MOVED,
                "operation: undo_credit_adjustment\ndate: 2026-05-07\nadjustment: CBA-00000001\n",
            ],
            "20.00",
            "negative_invoices",
            16,
        ),
    ],
)
def test_what_raised_the_credit_balance_that_is_paid_back(
    before: list[str], amount: str, came_from: str, days: int
) -> None:
    ask = f"operation: refund_credit_balance\ndate: 2026-05-20\naccount: acme\namount: {amount}\n"
    found = facts(NEGATIVE, *before, ask)
    assert (found["refund.came_from"], found["days_since.increase"]) == (came_from, days)


def test_goodwill_in_a_credit_balance_can_be_kept_from_going_out_as_money() -> None:
    said = """exceptions:
- id: goodwill-is-no-money
  operations: [refund_credit_balance]
  when: {refund.came_from: {none_of: [negative_invoices]}}
  then: {permission: refused}
"""
    ask = "operation: refund_credit_balance\ndate: 2026-05-20\naccount: acme\namount: 20.00\n"
    assert plan(book_after(ACCOUNT + NEGATIVE, MOVED), ask, policy=said).documents
    by_hand = book_after(ACCOUNT + NEGATIVE, raised("2026-05-02", "5.00"), MOVED)
    assert refused(by_hand, ask, policy=said) == ["not-permitted"]


# -- as a follow-up ------------------------------------------------------------------------------------------------


def follow_up(after: str, when: str = "{}", more: str = "") -> str:
    return f"follow_ups: [{{id: back, after: {after}, when: {when}, then: create_refund{more}}}]\n"


def steps(book: str, *operations: str, policy: str) -> list[tuple[str, str]]:
    """The refunds that follow the last of some operations: of what, and how much."""
    found = run(ACCOUNT + book, *operations, policy=policy)[-1].plan
    assert found is not None
    made = [planned.document for step in found.follow_ups for planned in step.plan.documents]
    return [(str(one.of), str(one.amount)) for one in made if isinstance(one, Refund)]


def test_what_a_payment_has_left_is_paid_back() -> None:
    ask = "operation: create_payment\naccount: acme\namount: 130.00\napply: [{document: I1}]\n"
    found = steps(INVOICE, ask, policy=follow_up("payment_posted"))
    assert found == [("P-00000001", "10.00")]


def test_a_memo_is_paid_back_where_all_of_it_was_paid() -> None:
    only = follow_up("credit_memo_posted", "{refund.paid: all, days_since.payment: {within: 30 days}}")
    assert steps(INVOICE + paid("120.00"), CREDIT, policy=only) == [("CM00000001", "120.00")]
    assert steps(INVOICE + paid("119.99"), CREDIT, policy=only) == []


def test_what_open_invoices_can_take_is_not_paid_back() -> None:
    """`apply_credits` comes first, whatever the ids."""
    both = """follow_ups:
- {id: a-back, after: credit_memo_posted, then: create_refund}
- {id: b-use, after: credit_memo_posted, then: apply_credits}
"""
    assert steps(INVOICE + paid("120.00"), CREDIT, policy=both) == [("CM00000001", "70.00")]  # 50.00 go on I2


def test_what_a_final_credit_leaves_is_paid_back() -> None:
    book = """subscriptions:
- {id: S1, account: acme, start: 2026-06-01, charges: [{id: seats, rate: 100.00, charged_through: 2026-07-01}]}
invoices:
- number: I1
  account: acme
  date: 2026-06-01
  currency: EUR
  items:
  - id: a
    subscription: S1
    subscribed_charge: seats
    amount: 100.00
    service_start: 2026-06-01
    service_end: 2026-06-30
payments: [{number: P1, account: acme, date: 2026-06-02, currency: EUR, amount: 60.00}]
applications: [{from: P1, to: I1, date: 2026-06-02, amount: 60.00}]
"""
    cancel = "operation: cancel_subscription\ndate: 2026-06-11\nsubscription: S1\neffective_date: 2026-06-11\n"
    found = steps(book, cancel, policy=follow_up("subscription_canceled"))
    assert found == [("CM00000001", "26.67")]  # 20 of 30 days are 66.67, of which 40.00 go on what is open


def test_what_is_expired_by_then_is_left_alone() -> None:
    """A back-dated memo is refunded on the day of planning, 20 May: until the day before that it could be used."""
    goodwill = "operation: credit_memo_from_charge\naccount: acme\ndate: 2026-05-05\nexpires_on: {}\n"
    goodwill += "charges: [{{charge: gift, amount: 5.00}}]\n"
    for expires_on, expected in (("2026-05-20", []), ("2026-05-21", [("CM00000001", "5.00")])):
        found = run(
            ACCOUNT + "charges: [{id: gift, name: Gift}]\n",
            goodwill.format(expires_on),
            policy=follow_up("credit_memo_posted"),
            today=datetime.date(2026, 5, 20),
        )[-1].plan
        assert found is not None
        made = [planned.document for step in found.follow_ups for planned in step.plan.documents]
        assert [(str(one.of), str(one.amount)) for one in made if isinstance(one, Refund)] == expected


def test_the_memo_of_a_write_off_is_never_paid_back() -> None:
    write_off = "operation: write_off_invoice\ndate: 2026-05-05\ninvoice: I1\n"
    assert steps(INVOICE, write_off, policy=follow_up("credit_memo_posted")) == []


def test_a_refund_that_the_policy_forbids_leaves_the_memo() -> None:
    said = follow_up("credit_memo_posted", more=", if_refused: leave_out") + ONLY_WHAT_WAS_PAID
    (found,) = run(ACCOUNT + INVOICE + paid("30.00"), CREDIT, policy=said)
    assert found.plan is not None
    assert [str(one.code) for one in found.plan.warnings] == ["follow-up-left-out"]
