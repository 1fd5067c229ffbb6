"""What there is to do with credit balances after something was posted: each step asks only for what is left to do."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from billpolicy.book.book import Book
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.operation import Event
from billpolicy.planning.plan import in_turn
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Request, request_data
from tests.helpers.books import book_from
from tests.helpers.credit_balances import ACCOUNTS, ADJUST, TRANSFER, planned, used
from tests.helpers.scenes import operations, plan, versions

TODAY = datetime.date(2026, 9, 1)
SCENE = f"""{ACCOUNTS}
invoices:
- {{number: OLD, account: a, date: 2026-07-01, currency: USD, items: [{{id: x, amount: 30}}]}}
- {{number: NEW, account: a, date: 2026-09-05, currency: USD, items: [{{id: x, amount: 20}}]}}
- {{number: INV-001, account: a, date: 2026-08-01, currency: USD, items: [{{id: x, amount: -100}}]}}
- {{number: LATER, account: a, date: 2026-09-10, currency: USD, items: [{{id: x, amount: -1}}]}}
"""
CREDIT = "credit_adjustments:\n- {{number: C1, account: a, date: {}, currency: USD, amount: {}, type: increase}}\n"


def asked_for(operation: str, event: str, subject: str, after: Book) -> list[dict[str, object]]:
    """What a follow-up of this operation would be asked to do, as data."""
    (asked,) = operations(ADJUST + "type: increase\namount: 1")
    planning = Planning(versions(), after, asked, TODAY)
    follow = OPERATIONS[operation].follow
    assert follow is not None
    happened = Event(event, "bill_run", TODAY, after.numbered[subject], asked.request)
    return [_data(request) for request in follow(planning, happened)]


def _data(request: Request) -> dict[str, object]:
    assert request.id == ""
    data = request_data(replace(request, id="op"))
    return {key: value for key, value in data.items() if value not in (None, [], {}, ())}


@pytest.mark.parametrize(
    ("subject", "day"),
    [("INV-001", "2026-09-01"), ("LATER", "2026-09-10")],  # today, or the invoice's date
)
def test_a_negative_invoice_is_transferred(subject: str, day: str) -> None:
    found = asked_for("transfer_negative_invoice", "invoice_posted", subject, book_from(SCENE))
    assert found == [{"operation": "transfer_negative_invoice", "date": day, "invoice": subject}]


def test_an_invoice_that_is_not_negative_or_not_any_more_is_left_alone() -> None:
    assert asked_for("transfer_negative_invoice", "invoice_posted", "OLD", book_from(SCENE)) == []
    _, after = planned(SCENE, TRANSFER)
    assert asked_for("transfer_negative_invoice", "invoice_posted", "INV-001", after) == []


def test_after_an_increase_it_is_used_on_what_is_open() -> None:
    _, after = planned(SCENE, TRANSFER)
    common = {"operation": "apply_credit_balance", "account": "a", "currency": "USD", "date": "2026-09-01"}
    found = asked_for("apply_credit_balance", "credit_increased", "CBA-00000001", after)
    assert found == [{**common, "negative_invoice": "INV-001"}]
    after = book_from(SCENE + CREDIT.format("2026-10-01", 5))
    assert asked_for("apply_credit_balance", "credit_increased", "C1", after) == [{**common, "date": "2026-10-01"}]
    # Nothing that is open then.
    paid = SCENE.replace("amount: 30", "amount: 0").replace("amount: 20", "amount: 0")
    assert (
        asked_for("apply_credit_balance", "credit_increased", "C1", book_from(paid + CREDIT.format("2026-07-01", 5)))
        == []
    )
    # All of it is used on a later day already.
    _, after = planned(SCENE + CREDIT.format("2026-09-01", 5), ADJUST + "type: decrease\namount: 5\ndate: 2026-12-01")
    assert asked_for("apply_credit_balance", "credit_increased", "C1", after) == []


def test_after_a_document_was_posted_it_is_used_on_that() -> None:
    common = {"operation": "apply_credit_balance", "account": "a", "currency": "USD"}
    after = book_from(SCENE + CREDIT.format("2026-09-05", 5))
    # On 09-05, the date of NEW, there is something; for OLD that would be today, when there is nothing.
    found = asked_for("apply_credit_balance", "invoice_posted", "NEW", after)
    assert [
        {**each, "apply": [{k: v for k, v in one.items() if v} for one in each["apply"]]}  # type: ignore[attr-defined]
        for each in found
    ] == [{**common, "date": "2026-09-05", "apply": [{"document": "NEW"}]}]
    assert asked_for("apply_credit_balance", "invoice_posted", "OLD", after) == []
    assert asked_for("apply_credit_balance", "invoice_posted", "INV-001", after) == []
    opted_out = SCENE.replace("number: NEW", "number: NEW, auto_apply: false")
    after = book_from(opted_out + CREDIT.format("2026-09-05", 5))
    assert asked_for("apply_credit_balance", "invoice_posted", "NEW", after) == []


def test_after_an_increase_what_can_be_used_is_refunded() -> None:
    _, after = planned(SCENE, TRANSFER, ADJUST + "type: decrease\namount: 30\ndate: 2026-12-01")
    found = asked_for("refund_credit_balance", "credit_increased", "CBA-00000001", after)
    (request,) = found
    assert {key: str(request[key]) for key in ("account", "amount", "date")} == {
        "account": "a",
        "amount": "70.00",
        "date": "2026-09-01",
    }
    _, after = planned(after, ADJUST + "type: decrease\namount: 70")
    assert asked_for("refund_credit_balance", "credit_increased", "CBA-00000001", after) == []
    # An increase of a later day is paid back on that day.
    (request,) = asked_for(
        "refund_credit_balance", "credit_increased", "C1", book_from(SCENE + CREDIT.format("2026-10-01", 5))
    )
    assert (str(request["amount"]), str(request["date"])) == ("5.00", "2026-10-01")


FOLLOW_UPS = """
follow_ups:
- {id: use-it, after: credit_increased, then: apply_credit_balance, because: test}
- {id: pay-back, after: credit_increased, then: refund_credit_balance, because: test}
- {id: use-on-memos, after: debit_memo_posted, then: apply_credit_balance, because: test}
"""


def test_one_operation_transfers_uses_and_refunds() -> None:
    # -100: 30 on OLD, nothing on NEW, which is later; 70 are paid back.
    plan, after = planned(SCENE, TRANSFER, policy=FOLLOW_UPS)
    assert [(step.id, step.operation) for step in in_turn(plan)] == [
        ("op-1", "transfer_negative_invoice"),
        ("op-1/use-it/CBA-00000001", "apply_credit_balance"),
        ("op-1/pay-back/CBA-00000001", "refund_credit_balance"),
    ]
    assert used(plan.follow_ups[0].plan) == {"OLD": "30.00"}
    assert after.credit_balance("a", "USD") == 0
    assert str(after.numbered["R-00000001"].amount) == "70.00"


def test_a_debit_memo_is_paid_from_the_credit_balance() -> None:
    scene = f"{ACCOUNTS}charges: [{{id: setup, name: Setup}}]\n" + CREDIT.format("2026-08-01", 50)
    memo = "operation: debit_memo_from_charge\naccount: a\ncharges: [{charge: setup, amount: 30}]"
    contact = "{id: a, currency: USD, attributes: {bill_to_contact: c, payment_term: Net 30}}"
    scene = scene.replace("{id: a, currency: USD}", contact) + "contacts: [{id: c, account: a}]\n"
    plan, after = planned(scene, memo, policy=FOLLOW_UPS)
    assert used(plan.follow_ups[0].plan) == {"DM00000001": "30.00"}
    assert str(after.credit_balance("a", "USD")) == "20.00"


@pytest.mark.parametrize(("open_", "credit", "is_used"), [("0.01", "5", True), ("0", "5", False), ("30", "0.01", True)])
def test_it_is_used_down_to_the_last_cent(open_: str, credit: str, is_used: bool) -> None:
    scene = f"""{ACCOUNTS}
invoices: [{{number: I1, account: a, date: 2026-07-01, currency: USD, items: [{{id: x, amount: {open_}}}]}}]
"""
    after = book_from(scene + CREDIT.format("2026-07-01", credit))
    assert bool(asked_for("apply_credit_balance", "invoice_posted", "I1", after)) is is_used
    assert bool(asked_for("apply_credit_balance", "credit_increased", "C1", after)) is is_used


@pytest.mark.parametrize(("amount", "events"), [("40.00", []), ("39.99", ["I1 was left open"])])
def test_an_invoice_is_left_open_while_a_cent_is_open_on_it(amount: str, events: list[str]) -> None:
    """What happened is seen by a follow-up that never holds: of an open invoice nothing is zero."""
    never = """
follow_ups:
- id: never
  after: invoice_left_open
  when: {invoice.balance_is: zero}
  then: write_off_invoice
"""
    paid = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
invoices: [{number: I1, account: a, date: 2026-05-01, currency: USD, items: [{id: x, amount: 40.00}]}]
payments: [{number: P1, account: a, date: 2026-05-02, currency: USD, amount: 50.00}]
"""
    asked = f"operation: apply_payment\npayment: P1\namount: {amount}\napply: [{{document: I1}}]"
    assert [one.after for one in plan(paid, asked, policy=never).passed_over] == events
