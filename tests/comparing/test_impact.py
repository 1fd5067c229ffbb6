"""What a change does to operations: planned under both, told by what comes out and not by what it is called."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from billpolicy.book.load import book_from as book_of
from billpolicy.comparing.difference import diff
from billpolicy.comparing.impact import Sample, impact
from billpolicy.comparing.outcomes import Apart
from billpolicy.comparing.tally import Impact
from billpolicy.comparing.witnesses import witness_of_change
from billpolicy.exchange.operations_file import operation_from
from tests.comparing.test_changes import DISPUTES
from tests.helpers.books import book_from
from tests.helpers.scenes import operations, policy, versions

BOOK = """
accounts:
  - {id: acme, currency: EUR, country: DE, attributes: {bill_to_contact: ann, payment_term: Net 30}}
contacts:
  - {id: ann, account: acme}
  - {id: bob, account: acme}
  - {id: cleo, account: acme}
subscriptions:
  - {id: crm, account: acme, attributes: {bill_to_contact: cleo}}
invoices:
  - number: INV00000007
    account: acme
    date: 2026-05-01
    currency: EUR
    attributes: {bill_to_contact: bob, payment_term: Net 60}
    items:
      - {id: "1", subscription: crm, amount: 3000.00}
"""
CREDIT = """
operation: credit_memo_from_invoice
date: 2026-06-01
invoice: INV00000007
reason: Charge Dispute
items: [{item: "1", amount: AMOUNT}]
"""
DEBIT = """
operation: debit_memo_from_invoice
date: 2026-06-01
invoice: INV00000007
items: [{item: "1", amount: 100.00}]
"""


def of(old: str, new: str, *asked: str, book: str = BOOK, only: str | None = None) -> Impact:
    sample = Sample("here", book_from(book), tuple(operations(*asked)))
    today = datetime.date(2026, 6, 1)
    return impact(versions(old), versions(new), [sample], today=today, only=only)


def all_apart(found: Impact) -> list[list[Apart]]:
    return [list(case.apart) for case in found.examples]


def test_what_comes_out_the_same_is_only_counted() -> None:
    found = of(DISPUTES, DISPUTES.replace("id: disputes", "id: others"), CREDIT.replace("AMOUNT", "1000.00"), DEBIT)
    assert (found.operations, found.differing, found.examples, found.groups) == (2, 0, [], {})


def test_another_value_of_the_operations_that_a_condition_lets_in() -> None:
    """Of 900.00 and 1,000.00, the exception for 1,000.00 and more decides the second: cleo is the subscription's."""
    found = of("", DISPUTES, CREDIT.replace("AMOUNT", "900.00"), CREDIT.replace("AMOUNT", "1000.00"), DEBIT)
    assert (found.operations, found.differing) == (3, 1)
    assert all_apart(found) == [[Apart("value", "credit_memo_from_invoice", "bill_to_contact", "bob", "cleo")]]
    (case,) = found.examples
    assert (case.id, case.accounts) == ("op-2", ("acme",))
    assert case.old_amounts == case.new_amounts == {"EUR": Decimal("1000.00")}
    assert found.accounts == {"acme"}


def test_the_same_value_from_another_level() -> None:
    book = BOOK.replace("bill_to_contact: cleo", "bill_to_contact: bob")
    found = of("", DISPUTES, CREDIT.replace("AMOUNT", "1000.00"), book=book)
    assert all_apart(found) == [
        [Apart("level", "credit_memo_from_invoice", "bill_to_contact", "invoice", "subscription")]
    ]


def test_the_meaning_of_a_term_moves_the_due_date_and_nothing_else() -> None:
    """60 days from 2026-06-01 are 2026-07-31, 75 days 2026-08-15."""
    found = of("", "payment_terms: {Net 60: {net: 75}}", DEBIT)
    assert all_apart(found) == [
        [Apart("due_date", "debit_memo_from_invoice", "debit_memo", "2026-07-31", "2026-08-15")]
    ]


def test_a_series_counts_and_its_counter_does_not() -> None:
    """One memo less makes all later numbers other ones, which is nothing that was decided; another prefix is."""
    refused = DISPUTES.replace("bill_to_contact: [subscription, invoice, account]", "permission: refused")
    found = of("", refused, CREDIT.replace("AMOUNT", "1000.00"), CREDIT.replace("AMOUNT", "100.00"))
    assert all_apart(found) == [[Apart("refused", "credit_memo_from_invoice", None, None, "not-permitted")]]
    series = "sequence_sets: {DEFAULT: {invoice: {prefix: INV}, credit_memo: {prefix: CR}, debit_memo: {prefix: DM}}}"
    found = of("", series, CREDIT.replace("AMOUNT", "100.00"))
    assert all_apart(found) == [[Apart("series", "credit_memo_from_invoice", "credit_memo", "CM", "CR")]]


def test_refusals_by_their_codes() -> None:
    """3,000.00 are billed: the second half does not fit any more where the first was not refused."""
    refused = DISPUTES.replace("bill_to_contact: [subscription, invoice, account]", "permission: refused")
    memo = CREDIT.replace("AMOUNT", "2000.00")
    found = of("", refused, memo, memo)
    assert all_apart(found) == [
        [Apart("refused", "credit_memo_from_invoice", None, None, "not-permitted")],
        [Apart("refused_otherwise", "credit_memo_from_invoice", None, "available-to-credit", "not-permitted")],
    ]
    assert [one[0].kind for one in all_apart(of(refused, "", memo))] == ["no_longer_refused"]


def test_what_follows() -> None:
    new = """
follow_ups:
  - {id: use-it, after: credit_memo_posted, then: apply_credits}
"""
    found = of("", new, CREDIT.replace("AMOUNT", "100.00"))
    assert all_apart(found) == [[Apart("follows", "apply_credits", None, None, "follows")]]
    assert all_apart(of(new, "", CREDIT.replace("AMOUNT", "100.00"))) == [
        [Apart("follows", "apply_credits", None, "follows", None)]
    ]


def test_money_that_is_put_elsewhere() -> None:
    """100.00 on two invoices of 300.00 and 100.00: by proportion 75.00 and 25.00, or all on the larger."""
    book = """
accounts: [{id: acme, currency: EUR, attributes: {bill_to_contact: ann}}]
contacts: [{id: ann, account: acme}]
invoices:
  - {number: INV00000001, account: acme, date: 2026-05-01, due_date: 2026-05-01, currency: EUR,
     items: [{id: "1", amount: 100.00}]}
  - {number: INV00000002, account: acme, date: 2026-05-02, due_date: 2026-05-02, currency: EUR,
     items: [{id: "1", amount: 300.00}]}
"""
    pay = """
operation: create_payment
date: 2026-06-01
account: acme
amount: 100.00
currency: EUR
apply: [{document: INV00000001}, {document: INV00000002}]
"""
    old = "operations: {create_payment: {document_order: oldest_due_first}}"
    new = "operations: {create_payment: {document_order: largest_balance_first}}"
    (found,) = all_apart(of(old, new, pay, book=book))
    assert Apart("value", "create_payment", "document_order", "oldest_due_first", "largest_balance_first") in found
    assert (
        Apart(
            "placed",
            "create_payment",
            None,
            "100.00 EUR from the new payment on INV00000001",
            "100.00 EUR from the new payment on INV00000002",
        )
        in found
    )


def test_only_what_is_asked_for() -> None:
    new = DISPUTES + "payment_terms: {Net 60: {net: 75}}\n"
    memo = CREDIT.replace("AMOUNT", "1000.00")
    assert of("", new, memo, DEBIT).differing == 2
    assert of("", new, memo, DEBIT, only="bill_to_contact").differing == 1
    assert of("", new, memo, DEBIT, only="debit_memo_from_invoice").differing == 1
    assert of("", new, memo, DEBIT, only="sequence_set").differing == 0


def test_examples_are_few_and_all_are_counted() -> None:
    found = of("", DISPUTES, *[CREDIT.replace("AMOUNT", "1000.00")] * 3)
    assert (found.differing, len(found.examples), list(found.groups.values())) == (3, 2, [3])
    assert found.new_amounts == {"EUR": Decimal("3000.00")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", DISPUTES),
        (DISPUTES, DISPUTES.replace("[subscription, invoice, account]", "[invoice, subscription, account]")),
        (DISPUTES, DISPUTES.replace("1000.00", "2000.00")),
        ("", "every_operation: {permission: approval}"),
        ("payment_terms: {Net 14: {net: 14}}", "payment_terms: {Net 14: {net: 14}}\ndefaults: {payment_term: Net 14}"),
        ("", "follow_ups: [{id: use-it, after: credit_memo_posted, then: apply_credits}]"),
    ],
)
def test_each_difference_has_a_witness_that_comes_out_otherwise(old: str, new: str) -> None:
    """Run again as a sample, as anybody can: the decision that is claimed comes out as either side says."""
    difference = diff(policy(old), policy(new))
    assert difference.decisions.changed
    for change in difference.decisions.changed:
        found = witness_of_change(change, difference)
        assert found is not None, change.key
        made = found.witness
        sample = Sample("witness", book_of(made.book), tuple(map(operation_from, made.operations)), made.today)
        ran = impact(versions(old), versions(new), [sample])
        assert ran.differing >= 1
        assert ran.examples[-1].apart == found.apart
