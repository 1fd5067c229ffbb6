"""What is proven to be the same is planned the same: operations for which that was not so."""

from __future__ import annotations

from pathlib import Path

from billpolicy.comparing.allow import hold, load_allowed
from billpolicy.comparing.difference import diff
from billpolicy.deciding.assumptions import broken_in
from tests.helpers.books import book_from
from tests.helpers.plan_views import debit_memo
from tests.helpers.scenes import plan, policy, refused

BOOK = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: c, cost_center: of-account}}]
contacts: [{id: c, account: a}]
subscriptions: [{id: s, account: a}, {id: t, account: a}]
invoices:
- {number: I1, account: a, date: 2026-01-05, currency: EUR, attributes: {cost_center: of-invoice, bill_to_contact: c},
   items: [{id: x, amount: 90.00, subscription: s}, {id: y, amount: 10.00, subscription: t}]}
"""
COST_CENTER = """
attributes: {cost_center: {documents: [debit_memo, credit_memo], exhausted: refuse}}
every_operation: {cost_center: [account]}
"""


def test_a_document_that_does_not_have_an_attribute_is_no_level_of_it() -> None:
    from_invoice = COST_CENTER + "operations: {debit_memo_from_invoice: {cost_center: [invoice, account]}}\n"
    assert diff(policy(COST_CENTER), policy(from_invoice)).equivalent
    memo = "operation: debit_memo_from_invoice\ninvoice: I1\ndate: 2026-03-01\nitems: [{item: x, amount: 5.00}]"
    for own in (COST_CENTER, from_invoice):
        assert debit_memo(plan(BOOK, memo, policy=own)).attributes["cost_center"] == "of-account"


def test_a_part_that_is_written_off_is_decided_by_the_whole_invoice() -> None:
    """Of 100.00, 10.00 are of subscription `t`: an `invoice.amount` is the whole of it all the same."""
    small = """
exceptions:
- {id: small, operations: [write_off_invoice], when: {invoice.amount: {below: 50.00 EUR}}, then: {permission: refused},
   because: FIN-1}
"""
    part = "operation: write_off_invoice\ninvoice: I1\nsubscription: t\ndate: 2026-03-01"
    assert plan(BOOK, part, policy=small).documents
    assert refused(BOOK, part, policy=small.replace("below", "above")) == ["not-permitted"]


def test_what_would_follow_on_facts_that_are_assumed_not_to_be_is_refused() -> None:
    assumed = """
assumptions: [{id: euro, then: {invoice.currency: EUR}, because: the bank}]
"""
    dollars = """
follow_ups:
- {id: x, after: invoice_posted, when: {invoice.currency: USD}, then: apply_credits, because: never}
"""
    assert diff(policy(assumed), policy(assumed + dollars)).equivalent
    book = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
subscriptions: [{id: s, account: a, start: 2026-01-01, charges: [{id: c, name: C, rate: 10.00}]}]
credit_memos: [{number: M1, account: a, date: 2026-01-05, currency: USD, items: [{id: x, amount: 9.00}]}]
"""
    assert refused(book, "operation: bill_run\ndate: 2026-03-02", policy=assumed + dollars) == ["assumption-broken"]


def test_what_is_assumed_of_an_account_is_asked_where_there_is_no_invoice() -> None:
    """Proofs rely on it there, so it is held against the account of a charge; only what is not so is told."""
    assumed = "assumptions: [{id: euro, then: {account.currency: EUR, invoice.currency: EUR}, because: the bank}]\n"
    dollars = """
exceptions:
- {id: x, operations: [debit_memo_from_charge], when: {account.currency: USD}, then: {permission: refused}, because: no}
"""
    assert diff(policy(assumed), policy(assumed + dollars)).equivalent
    book = """
accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]
contacts: [{id: c, account: a}]
charges: [{id: x, name: X}]
"""
    charge = "operation: debit_memo_from_charge\naccount: a\ndate: 2026-03-02\ncharges: [{charge: x, amount: 5.00}]"
    for each in (assumed, assumed + dollars):
        assert refused(book, charge, policy=each) == ["assumption-broken"]
    (told, *_) = broken_in(book_from(book), policy(assumed))
    assert told.message.startswith("account `a` contradicts the assumption `euro`")
    assert told.message.endswith("`account.currency` is EUR")


def test_the_amount_of_lines_to_be_credited_may_be_below_zero() -> None:
    below = """
exceptions:
- {id: below, operations: [credit_only], when: {amount: {below: 0.00 EUR}}, then: {permission: refused}, because: FIN-1}
"""
    assert not diff(policy(), policy(below)).equivalent


def test_an_allowance_covers_regions_that_are_too_many_to_list_only_where_it_says_so(tmp_path: Path) -> None:
    one = (
        "- {{id: e{0}, operations: [credit_memo_from_invoice], because: x, "
        "when: {{account.id: a{0:04}, subscription.plan: p{0}}}, then: {{bill_to_contact: [account]}}}}\n"
    )
    difference = diff(policy(), policy("exceptions:\n" + "".join(one.format(number) for number in range(1002))))
    file = tmp_path / "allow.yaml"
    for most, beyond in ((1002, 0), (1001, 1)):
        these = ", ".join(f"a{number:04}" for number in range(most))
        said = f"operations: [credit_memo_from_invoice], decisions: [bill_to_contact], when: {{account.id: [{these}]}}"
        file.write_text(f"allow: [{{{said}, because: x}}]\n", encoding="utf-8")
        found = hold(difference, load_allowed(file, difference.old, difference.new)).beyond
        assert len(found) == beyond
