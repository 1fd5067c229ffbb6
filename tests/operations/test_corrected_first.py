"""Credit goes first to the documents that it corrects: docs/domain.md 5.2 and 6.3."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billpolicy.allocation.orders import DOCUMENT_ORDERS
from billpolicy.book.model import CreditMemo, Invoice
from billpolicy.operations.shared.billed_time import corrects
from billpolicy.planning.plan import in_turn
from tests.helpers.books import balances, book_from
from tests.helpers.plan_views import put, totals
from tests.helpers.scenes import plan as planned
from tests.helpers.steps import run

MONTHS = {"I4": ("2026-04-01", "2026-04-30"), "I5": ("2026-05-01", "2026-05-31"), "I6": ("2026-06-01", "2026-06-30")}
GYM = "subscription: S, subscribed_charge: gym"
NEVER = "operations: {{{}: {{corrected_first: {{is: false, because: test}}}}}}"


def scene(rest: str = "", amount: str = "90.00") -> str:
    """A subscription of 90.00 a month, of which April, May and June were billed, and none was paid."""
    invoices = "".join(
        f"- {{number: {number}, account: a, date: {start}, due_date: {start}, currency: USD, items: "
        f"[{{id: x, {GYM}, amount: {amount}, service_start: {start}, service_end: {end}}}]}}\n"
        for number, (start, end) in MONTHS.items()
    )
    return f"""
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions:
- {{id: S, account: a, start: 2026-04-01, charges: [{{id: gym, rate: 90.00, charged_through: 2026-07-01}}]}}
invoices:
{invoices}{rest}"""


CANCEL = "operation: cancel_subscription, subscription: S, date: 2026-06-11, effective_date: 2026-06-11"


def test_the_final_credit_goes_to_the_invoice_that_billed_the_time() -> None:
    """From 11 June on are 20 of 30 days: 60.00 of 90.00 (docs/domain.md 5.3)."""
    plan, after = run(book_from(scene()), CANCEL)
    assert {number: balances(after)[number] for number in MONTHS} == {"I4": 90, "I5": 90, "I6": 30}
    notes = [note for step in in_turn(plan) for note in step.notes]
    assert notes[0] == (
        "I6 before all others, since CM00000001 corrects it (`corrected_first`); "
        "by `oldest_due_first` alone, I4 would have come first"
    )
    _, after = run(book_from(scene()), CANCEL, NEVER.format("apply_credit_memo"))
    assert {number: balances(after)[number] for number in MONTHS} == {"I4": 30, "I5": 90, "I6": 90}


def test_what_is_more_than_that_invoice_owes_goes_on_in_the_order() -> None:
    """From 21 May on: 11 of 31 days of May, 31.94 rounded 31.935.. up, and June: 90.00; May owes 90.00, June 5.00."""
    paid = "payments: [{number: P1, account: a, date: 2026-06-02, currency: USD, amount: 85.00}]\n"
    paid += "applications: [{from: P1, to: I6, date: 2026-06-02, amount: 85.00}]\n"
    _, after = run(book_from(scene(paid)), CANCEL.replace("effective_date: 2026-06-11", "effective_date: 2026-05-21"))
    # 90.00 + 31.94 = 121.94: May 90.00 and June 5.00 are corrected, 26.94 are left for April.
    assert {number: balances(after)[number] for number in MONTHS} == {"I4": Decimal("63.06"), "I5": 0, "I6": 0}


LIMIT = """
follow_ups:
- id: small-rests
  after: subscription_canceled
  when: {invoice.balance: {at_most: 40.00 USD}}
  then: write_off_invoice
  because: test
"""


def test_a_write_off_limit_meets_the_invoice_that_was_corrected() -> None:
    """Of June 30.00 are left, which is within the limit; April with its 90.00 is not."""
    plan, after = run(book_from(scene()), CANCEL, LIMIT)
    written_off = [one.request["invoice"] for one in in_turn(plan) if one.operation == "write_off_invoice"]
    assert written_off == ["I6"]
    assert {number: balances(after)[number] for number in MONTHS} == {"I4": 90, "I5": 90, "I6": 0}


# -- by hand ---------------------------------------------------------------------------------------------------------

OF_JUNE = (
    "credit_memos:\n"
    f"- {{number: C1, account: a, date: 2026-06-11, currency: USD, items: "
    f"[{{id: x, {GYM}, amount: 60.00, service_start: 2026-06-11, service_end: 2026-06-30}}]}}\n"
)
FROM_MAY = (
    "credit_memos:\n"
    "- {number: C1, account: a, date: 2026-06-11, currency: USD, source: I5, items: [{id: x, amount: 60.00}]}\n"
)


@pytest.mark.parametrize(("memo", "number"), [(OF_JUNE, "I6"), (FROM_MAY, "I5")])
@pytest.mark.parametrize(
    ("operation", "of"),
    [("apply_credit_memo", "credit_memo: C1"), ("apply_credits", "account: a")],
)
def test_a_credit_memo_goes_home_first(memo: str, number: str, operation: str, of: str) -> None:
    """By the time that it gives back, or to the invoice that it was made from."""
    asked = f"operation: {operation}\n{of}\ndate: 2026-06-15"
    assert totals(planned(scene(memo), asked)) == {number: "60.00"}
    assert totals(planned(scene(memo), asked, policy=NEVER.format(operation))) == {"I4": "60.00"}


def test_each_memo_goes_home_and_cash_takes_what_is_left() -> None:
    both = OF_JUNE + FROM_MAY.removeprefix("credit_memos:\n").replace("C1", "C2")
    both += "payments: [{number: P1, account: a, date: 2026-06-02, currency: USD, amount: 100.00}]\n"
    plan = planned(scene(both), "operation: apply_credits\naccount: a\ndate: 2026-06-15")
    # 60.00 each home; of the cash 90.00 to April, due first, and 10.00 to May.
    assert [(one.from_, one.to, str(one.amount)) for one in plan.applications] == [
        ("C1", "I6", "60.00"),
        ("C2", "I5", "60.00"),
        ("P1", "I4", "90.00"),
        ("P1", "I5", "10.00"),
    ]


@pytest.mark.parametrize("order", sorted(DOCUMENT_ORDERS))
def test_it_comes_first_whatever_the_order(order: str) -> None:
    """60.00 on 20.00 of June, and 40.00 of it on the 20.00 and 20.00 of April and May."""
    plan = planned(
        scene(OF_JUNE, "20.00"),
        "operation: apply_credit_memo\ncredit_memo: C1\ndate: 2026-06-15\namount: 30.00",
        policy=f"every_operation: {{document_order: {order}}}\n",
    )
    assert totals(plan)["I6"] == "20.00"
    rest = {number: amount for number, amount in totals(plan).items() if number != "I6"}
    assert rest == (
        {"I4": "5.00", "I5": "5.00"}
        if order == "equal_spread"
        else {"I5": "10.00"}
        if order == "newest_document_first"
        else {"I4": "10.00"}
    )


def test_amounts_that_are_named_are_not_moved() -> None:
    asked = "operation: apply_credit_memo\ncredit_memo: C1\ndate: 2026-06-15\n"
    found = planned(scene(OF_JUNE), asked + "apply: [{document: I4, amount: 50.00}, {document: I5}, {document: I6}]")
    assert totals(found) == {"I4": "50.00", "I6": "10.00"}
    assert put(planned(scene(OF_JUNE), asked + "apply: [{document: I4}]")) == {"I4": {"x": "60.00"}}


def test_what_is_closed_already_leaves_it_to_the_order() -> None:
    paid = "payments: [{number: P1, account: a, date: 2026-06-02, currency: USD, amount: 90.00}]\n"
    paid += "applications: [{from: P1, to: I6, date: 2026-06-02, amount: 90.00}]\n"
    found = planned(scene(OF_JUNE + paid), "operation: apply_credit_memo\ncredit_memo: C1\ndate: 2026-06-15")
    assert (totals(found), found.notes) == ({"I4": "60.00"}, ())


@pytest.mark.parametrize(
    ("memo", "corrected"),
    [
        (f"items: [{{id: x, {GYM}, amount: 1.00, service_start: 2026-05-31, service_end: 2026-06-01}}]", ["I5", "I6"]),
        (f"items: [{{id: x, {GYM}, amount: 1.00, service_start: 2026-07-01, service_end: 2026-07-31}}]", []),
        # What a memo takes back of a credit is not given back.
        (
            (
                f"items: [{{id: x, {GYM}, amount: -1.00, service_start: 2026-06-01, service_end: 2026-06-30}}, "
                "{id: y, amount: 2.00}]"
            ),
            [],
        ),
        ("items: [{id: x, subscription: S, amount: 1.00, service_start: 2026-06-01, service_end: 2026-06-30}]", []),
        # The one that it was made from, also where its time is that of another.
        (
            f"source: I4, items: [{{id: x, {GYM}, amount: 1.00, service_start: 2026-06-01, service_end: 2026-06-30}}]",
            ["I4"],
        ),
        ("items: [{id: x, amount: 1.00}]", []),
    ],
)
def test_what_a_credit_memo_corrects(memo: str, corrected: list[str]) -> None:
    book = book_from(scene(f"credit_memos:\n- {{number: C1, account: a, date: 2026-06-11, currency: USD, {memo}}}\n"))
    credit = book.numbered["C1"]
    assert isinstance(credit, CreditMemo)
    documents = (book.numbered[number] for number in MONTHS)
    found = corrects(credit, [one for one in documents if isinstance(one, Invoice)])
    assert [number for number, amount in found.items() if amount > 0] == corrected


# -- each invoice what was credited of it ----------------------------------------------------------------------------


def test_a_final_credit_of_two_months_gives_each_what_is_credited_of_it() -> None:
    """From 21 May on: 31.94 of May, 90.00 of June. May owes 90.00 and would take 121.94 by the order alone."""
    back = CANCEL.replace("effective_date: 2026-06-11", "effective_date: 2026-05-21")
    plan, after = run(book_from(scene()), back)
    assert {number: balances(after)[number] for number in MONTHS} == {"I4": 90, "I5": Decimal("58.06"), "I6": 0}
    # So what was not credited can be written off, invoice by invoice.
    plan, after = run(book_from(scene()), f"{back}, write_off: true")
    assert {number: balances(after)[number] for number in MONTHS} == {"I4": 0, "I5": 0, "I6": 0}
    memos = [one.document for step in in_turn(plan) for one in step.documents]
    assert [(memo.number, str(memo.amount)) for memo in memos if isinstance(memo, CreditMemo)] == [
        ("CM00000001", "121.94"),
        ("CM00000002", "90.00"),
        ("CM00000003", "58.06"),
    ]


def test_what_an_invoice_does_not_need_goes_on_what_else_is_corrected_and_then_to_others() -> None:
    """June owes 5.00 of its 90.00, of which 90.00 were credited: 85.00 more go on May, which owes 58.06 then, and the
    last 26.94 on April."""
    paid = "payments: [{number: P1, account: a, date: 2026-06-02, currency: USD, amount: 85.00}]\n"
    paid += "applications: [{from: P1, to: I6, date: 2026-06-02, amount: 85.00}]\n"
    _, after = run(book_from(scene(paid)), CANCEL.replace("effective_date: 2026-06-11", "effective_date: 2026-05-21"))
    assert {number: balances(after)[number] for number in MONTHS} == {"I4": Decimal("63.06"), "I5": 0, "I6": 0}


def test_of_a_negative_invoice_too() -> None:
    own = (
        "operations: {bill_run: {negative_totals: negative_invoice}}\n"
        "follow_ups:\n"
        "- {id: t, after: invoice_posted, when: {invoice.balance_is: below_zero}, then: transfer_negative_invoice}\n"
        "- {id: u, after: credit_increased, then: apply_credit_balance}\n"
    )
    back = CANCEL.replace("effective_date: 2026-06-11", "effective_date: 2026-05-21")
    _, after = run(book_from(scene()), back, own)
    assert {number: balances(after)[number] for number in MONTHS} == {"I4": 90, "I5": Decimal("58.06"), "I6": 0}
