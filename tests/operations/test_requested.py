"""What a request says itself decides, and explanations say so: not the rule that was not asked."""

from __future__ import annotations

from billpolicy.planning.plan import Plan, in_turn
from billpolicy.report.explain import explain_plan
from billpolicy.report.explanation import Decision
from billpolicy.report.explanation_text import explanation_markdown, explanation_text
from billpolicy.report.plan import plan_report
from billpolicy.report.plan_text import plan_text
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.scenes import plan, versions

BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions:
- {id: S, account: a, start: 2026-05-01, charges: [{id: gym, rate: 30.00, charged_through: 2026-06-01}]}
invoices:
- number: I1
  account: a
  date: 2026-05-01
  currency: EUR
  items: [{id: x, amount: 100.00, taxes: [{id: vat, amount: 20.00}]}, {id: y, amount: 50.00}]
- {number: I2, account: a, date: 2026-05-02, currency: EUR, items: [{id: x, amount: 30.00}, {id: y, amount: 30.00}]}
payments:
- {number: P1, account: a, date: 2026-05-03, currency: EUR, amount: 100.00}
credit_memos:
- {number: C1, account: a, date: 2026-05-03, currency: EUR, items: [{id: 1, amount: 5.00}, {id: 2, amount: 5.00}]}
"""
ITEMS = (
    "operation: apply_payment\npayment: P1\napply:\n- {document: I1, amount: 30.00, items: [{item: y, amount: 30}]}\n"
)


def decided(found: Plan, key: str, policy: str = "") -> Decision:
    """One decision of the one thing that a plan explains."""
    (explained,) = explain_plan(versions(policy), VOCABULARY, found)
    (decision,) = (one for one in explained.decisions if one.key == key)
    return decision


def told(found: Plan, policy: str = "") -> str:
    return "".join(explanation_text(one) for one in explain_plan(versions(policy), VOCABULARY, found))


def test_items_that_are_named_decide_and_not_the_rule() -> None:
    found = plan(BOOK, ITEMS)
    allocation = decided(found, "allocation")
    assert (allocation.value, allocation.instead_of, allocation.except_on) == ("items named", "proration", ())
    order = decided(found, "document_order")
    assert (order.value, order.instead_of) == ("amounts named", "oldest_due_first")
    assert "    allocation      items named, as requested\n" in told(found)
    markdown = "\n".join(map(explanation_markdown, explain_plan(versions(), VOCABULARY, found)))
    assert "| `allocation` | items named, as requested | the request, instead of proration |" in markdown
    (report,) = plan_report(found, versions()).decisions
    in_json = {one.key: (one.value, one.instead_of, one.except_on) for one in report.decided}
    assert in_json["allocation"] == ("items named", "proration", ())
    assert in_json["residual"] == ("largest_remainder", None, ())


def test_where_only_some_documents_have_their_items_named_the_rule_decides_the_others() -> None:
    found = plan(BOOK, ITEMS + "- {document: I2, amount: 20.00}\n")
    allocation = decided(found, "allocation")
    assert (allocation.value, allocation.instead_of, allocation.except_on) == ("proration", None, ("I1",))
    assert "allocation      proration, but for what is named of I1\n" in told(found)
    assert "  by amounts named, allocation proration but for what is named of I1\n" in plan_text(found, versions())


def test_where_amounts_are_left_to_it_the_order_decides() -> None:
    found = plan(BOOK, ITEMS + "- {document: I2}\n")
    order = decided(found, "document_order")
    assert (order.value, order.except_on) == ("oldest_due_first", ("I1",))
    free = plan(BOOK, "operation: apply_payment\npayment: P1\n")
    assert decided(free, "document_order").instead_of is None
    assert decided(free, "allocation").except_on == ()
    assert "  by document_order oldest_due_first, allocation proration\n" in plan_text(free, versions())


def test_the_rule_still_decides_which_items_of_a_credit_memo_are_used() -> None:
    asked = ITEMS.replace("payment: P1", "credit_memo: C1").replace("apply_payment", "apply_credit_memo")
    found = plan(BOOK, asked.replace("30.00", "5.00").replace("amount: 30", "amount: 5"))
    allocation = decided(found, "allocation")
    assert (allocation.value, allocation.instead_of, allocation.except_on) == ("proration", None, ("I1",))


def test_an_exception_that_was_not_asked_is_no_reason() -> None:
    own = """
exceptions:
- id: fifo-here
  operations: [apply_payment]
  when: {account.id: a}
  then: {allocation: fifo}
  because: test
"""
    two = ITEMS.replace("[{item: y, amount: 30}]", "[{item: y, amount: 20}, {item: x, amount: 10}]")
    found = plan(BOOK, two, policy=own)
    assert decided(found, "allocation", own).instead_of == "fifo"
    assert "fifo-here" not in plan_text(found, versions(own))
    assert "  by amounts named, items named\n" in plan_text(found, versions(own))
    assert "instead of fifo, by exception fifo-here" in told(found, own)


def test_the_reason_is_the_one_that_the_document_has() -> None:
    asked = "operation: credit_memo_from_invoice\ninvoice: I1\n"
    found = plan(BOOK, asked + "reason: Charge Dispute")
    reason = decided(found, "reason_code")
    assert (reason.value, reason.instead_of) == ("Charge Dispute", "Correcting invoice error")
    (document,) = plan_report(found, versions()).documents
    assert document.decisions is not None
    (in_json,) = (one for one in document.decisions.decided if one.key == "reason_code")
    assert (in_json.value, in_json.instead_of) == ("Charge Dispute", "Correcting invoice error")
    reason = decided(plan(BOOK, asked), "reason_code")
    assert (reason.value, reason.instead_of) == ("Correcting invoice error", None)


def test_a_reason_of_a_bill_run_is_the_one_of_its_credit_memo() -> None:
    """It has no field `reason`, so no condition knows of it; the memo has it all the same."""
    ended = BOOK.replace("start: 2026-05-01,", "start: 2026-05-01, canceled_on: 2026-05-11,")
    found = plan(ended, "operation: bill_run\ndate: 2026-05-11\nreason: Service unavailable\nbill_as: draft")
    reason = decided(found, "reason_code")
    assert (reason.value, reason.instead_of) == ("Service unavailable", "Negative periodic charges")
    assert (decided(found, "bill_as").value, decided(found, "bill_as").instead_of) == ("draft", "posted")


def test_a_reason_of_a_reversal_is_not_that_of_what_it_pulls_in() -> None:
    pulled = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions: [{id: S, account: a, start: 2026-05-01, charges: [{id: gym, charged_through: 2026-06-01}]}]
invoices:
- {number: I1, account: a, date: 2026-05-01, currency: EUR, bill_run: B, attributes: {sequence_set: DEFAULT},
   items: [{id: x, amount: 30.00, subscription: S, subscribed_charge: gym}]}
credit_memos:
- {number: C1, account: a, date: 2026-05-01, currency: EUR, bill_run: B, attributes: {sequence_set: DEFAULT},
   items: [{id: x, amount: 10.00, subscription: S, subscribed_charge: gym}]}
"""
    found = plan(pulled, "operation: reverse_invoice\ninvoice: I1\nreason: Unsatisfactory service")
    reasons = {
        one.document: (decision.value, decision.instead_of)
        for one in explain_plan(versions(), VOCABULARY, found)
        for decision in one.decisions
        if decision.key == "reason_code"
    }
    assert reasons == {
        "credit_memo": ("Unsatisfactory service", "Invoice reversal"),
        "debit_memo": ("Credit memo reversal", None),
    }


def test_whether_there_is_a_final_bill() -> None:
    cancel = "operation: cancel_subscription\nsubscription: S\neffective_date: 2026-05-11\ndate: 2026-05-11\n"
    no, yes = plan(BOOK, cancel + "final_bill: false"), plan(BOOK, cancel)
    assert (decided(no, "final_bill").value, decided(no, "final_bill").instead_of) == ("leave", "bill")
    # What the cancellation asks of its steps is their own request, and is told only where it is not the rule's value.
    drafts = "operations: {bill_run: {bill_as: {is: draft, because: test}}}"
    assert "bill_as          posted\n" in told(yes)
    assert "bill_as          posted, as the step says\n" in told(plan(BOOK, cancel, policy=drafts), drafts)
    assert [one.operation for one in in_turn(yes)] == ["cancel_subscription", "bill_run"]
