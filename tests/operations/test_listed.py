"""Where a policy lists the values of a field of billpolicy, no other one comes in, and nothing is decided by one."""

from __future__ import annotations

import pytest

from tests.helpers.scenes import book_after, plan, refused

POLICY = """
fields:
  account.country: {values: [DE, AT]}
  subscription.plan: {values: [gold, pilot]}
  payment.type: {values: [external]}
  credit_memo.reason: {values: [Charge Dispute]}
"""
BOOK = """
accounts:
- {id: bonn, currency: EUR, country: DE, attributes: {bill_to_contact: ann}}
- {id: paris, currency: EUR, country: FR, attributes: {bill_to_contact: pia}}
- {id: nowhere, currency: EUR, attributes: {bill_to_contact: ned}}
contacts: [{id: ann, account: bonn}, {id: pia, account: paris}, {id: ned, account: nowhere}]
subscriptions:
- {id: S1, account: bonn, start: 2026-01-01, plan: gold, charges: [{id: seat, rate: 5.00}]}
- {id: S2, account: bonn, start: 2026-01-01, plan: glod, charges: [{id: seat, rate: 5.00}]}
invoices:
- number: INV00000001
  account: bonn
  date: 2026-02-01
  currency: EUR
  items:
  - {id: a, line: 1, amount: 10.00, subscription: S1}
  - {id: b, line: 2, amount: 10.00, subscription: S2}
"""
PAY = "operation: create_payment\namount: 5.00\n"
CREDIT = "operation: credit_memo_from_invoice\ninvoice: INV00000001\nreason: "
NOT = ["value-not-listed"]


@pytest.mark.parametrize(
    "asked",
    [
        # Decided by a value that is none.
        f"{PAY}account: paris",
        "operation: create_contact\ncontact: new\naccount: paris",
        # One subscription of two, though the plan of both is unset, since they differ.
        f"{CREDIT}Charge Dispute",
        # It would come in.
        "operation: create_account\naccount: new\ncurrency: EUR\ncountry: FR",
        "operation: change_account\naccount: bonn\ncountry: FR",
        "operation: change_subscription\nsubscription: S1\nplan: silver",
        "operation: create_subscription\nsubscription: S9\naccount: bonn\nstart: 2026-06-01\nplan: silver",
        f"{PAY}account: bonn\ntype: electronic",
    ],
)
def test_what_the_policy_does_not_list_is_refused(asked: str) -> None:
    assert refused(BOOK, asked, policy=POLICY) == NOT


@pytest.mark.parametrize("account", ["bonn", "nowhere"])
def test_what_it_lists_is_taken_and_so_is_none(account: str) -> None:
    assert plan(BOOK, f"{PAY}account: {account}", policy=POLICY).documents


def test_a_memo_has_one_of_the_reasons_that_the_policy_lists() -> None:
    book = BOOK.replace("glod", "gold")
    assert plan(book, f"{CREDIT}Charge Dispute", policy=POLICY).documents
    assert refused(book, f"{CREDIT}Ad hoc credit", policy=POLICY) == NOT


def test_what_is_wrong_in_the_book_can_be_mended() -> None:
    """What is held until then is not in the way of what mends it, but of all else."""
    mended = book_after(BOOK, "operation: change_account\naccount: paris\ncountry: AT", policy=POLICY)
    assert plan(mended, f"{PAY}account: paris", policy=POLICY).documents
    mended = book_after(BOOK, "operation: change_subscription\nsubscription: S2\nplan: gold", policy=POLICY)
    assert plan(mended, f"{CREDIT}Charge Dispute", policy=POLICY).documents
    assert refused(BOOK, "operation: change_account\naccount: paris\nname: Paris", policy=POLICY) == NOT
