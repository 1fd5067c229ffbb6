"""Double entry: each movement on its accounts, by arithmetic that is shown; and on random walks all adds up."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest

from billpolicy.accounting.entries import CONTROL, entries_of
from billpolicy.accounting.movements import movements_of, owed
from billpolicy.book.book import Book
from billpolicy.diagnostics.diagnostic import Refused
from tests.helpers.books import book_from
from tests.helpers.scenes import versions
from tests.helpers.walks import Walk, hold, walk

BOOK = """
accounts: [{id: a, currency: EUR}, {id: b, currency: EUR}]
charges: [{id: setup, name: Setup, type: one_time, tax_code: standard}]
subscriptions: [{id: s, account: a, charges: [{id: seats}, {id: calls, usage: true}]}]
invoices:
- number: I-1
  account: a
  date: 2026-01-10
  due_date: 2026-02-09
  currency: EUR
  items:
  - {id: x, amount: 100.00, charge: setup, taxes: [{id: t, amount: 19.00, code: standard, jurisdiction: DE}]}
  - {id: y, amount: 50.00, subscription: s, subscribed_charge: seats}
  - {id: z, amount: 7.00, subscription: s, subscribed_charge: calls}
- {number: I-2, account: a, date: 2026-01-20, currency: EUR, status: draft, items: [{id: i, amount: 50.00}]}
- {number: I-3, account: a, date: 2026-01-05, currency: EUR, items: [{id: i, amount: -30.00}]}
credit_memos:
- number: W-1
  account: a
  date: 2026-03-01
  currency: EUR
  source: I-1
  write_off: true
  reason: Write-off
  items: [{id: w, amount: 40.00, source_item: x, taxes: [{id: u, amount: 7.60, source_tax: t}]}]
- number: C-1
  account: a
  date: 2026-03-02
  currency: EUR
  source: I-1
  reason: Charge Dispute
  items: [{id: c, amount: 7.00, source_item: z}]
debit_memos:
- number: D-1
  account: a
  date: 2026-04-01
  currency: EUR
  source: W-1
  items: [{id: d, amount: 10.00, source_item: w}]
payments:
- {number: P-1, account: a, date: 2026-01-15, currency: EUR, amount: 80.00, type: electronic}
- {number: P-2, account: b, date: 2026-01-16, currency: EUR, amount: 20.00, source: P-1}
- {number: P-3, account: a, date: 2026-01-01, currency: EUR, amount: 5.00, reversed: true}
refunds:
- {number: R-1, account: b, date: 2026-02-01, currency: EUR, amount: 7.00, of: P-2}
- {number: R-2, account: a, date: 2026-02-02, currency: EUR, amount: 4.00}
credit_adjustments:
- {number: K-1, account: a, date: 2026-01-06, currency: EUR, amount: 30.00, type: increase, document: I-3}
- {number: K-2, account: a, date: 2026-01-12, currency: EUR, amount: 10.00, type: decrease, document: I-1}
- {number: K-3, account: a, date: 2026-01-13, currency: EUR, amount: 2.00, type: increase, reason: Other}
- {number: K-4, account: a, date: 2026-02-02, currency: EUR, amount: 4.00, type: decrease, document: R-2}
applications:
- {from: I-3, to: K-1, date: 2026-01-06, amount: 30.00, parts: [{item: transferred, source_item: i, amount: 30.00}]}
- {from: K-2, to: I-1, date: 2026-01-12, amount: 10.00, parts: [{item: y, amount: 10.00}]}
- {from: P-1, to: P-2, date: 2026-01-16, amount: 20.00, parts: [{item: transferred, amount: 20.00}]}
- {from: P-1, to: I-1, date: 2026-01-17, amount: 40.00, parts: [{item: y, amount: 40.00}]}
- {from: P-1, to: I-1, date: 2026-01-18, amount: -40.00, parts: [{item: y, amount: -40.00}]}
- from: W-1
  to: I-1
  date: 2026-03-01
  amount: 47.60
  parts: [{item: x, amount: 40.00, source_item: w}, {item: x, tax: t, amount: 7.60, source_item: w, source_tax: u}]
"""
EXTRA = """
accounts:
  tax: {otherwise: liabilities:tax, by_code: {standard: liabilities:vat}}
  revenue: {otherwise: income:revenue, by_charge: {setup: income:setup}, by_charge_type: {usage: income:usage}}
  write_off: {otherwise: expenses:bad-debt, by_reason: {Write-off: expenses:given-up}}
"""


def journal(book: Book, policy: str = "") -> dict[str, list[str]]:
    """Entries by id: each line as customer, account and amount."""
    decided = versions(policy)
    found = entries_of(book, decided.policies)
    return {one.id: [f"{line.customer} {line.account} {line.amount}" for line in one.lines] for one in found}


def test_each_kind_of_movement_is_posted_to_its_accounts() -> None:
    assert journal(book_from(BOOK), EXTRA) == {
        "P-3": ["a assets:bank 5.00", "a liabilities:unapplied-payments -5.00"],
        "P-3/reversal": ["a assets:bank -5.00", "a liabilities:unapplied-payments 5.00"],
        "I-3": ["a assets:receivable -30.00", "a income:revenue 30.00"],
        "I-3/K-1/1": ["a assets:receivable 30.00", "a liabilities:credit-balance -30.00"],
        "I-1": [
            "a assets:receivable 176.00",  # 100 + 19 + 50 + 7
            "a income:setup -100.00",
            "a liabilities:vat -19.00",
            "a income:revenue -50.00",
            "a income:usage -7.00",
        ],
        "K-2/I-1/1": ["a liabilities:credit-balance 10.00", "a assets:receivable -10.00"],
        "K-3": ["a expenses:credit-by-hand 2.00", "a liabilities:credit-balance -2.00"],
        "P-1": ["a assets:payment-provider 80.00", "a liabilities:unapplied-payments -80.00"],
        "P-1/P-2/1": ["a liabilities:unapplied-payments 20.00", "b liabilities:unapplied-payments -20.00"],
        "P-1/I-1/1": ["a liabilities:unapplied-payments 40.00", "a assets:receivable -40.00"],
        "P-1/I-1/2": ["a liabilities:unapplied-payments -40.00", "a assets:receivable 40.00"],
        "R-1": ["b liabilities:unapplied-payments 7.00", "b assets:bank -7.00"],
        "R-2": ["a liabilities:credit-balance 4.00", "a assets:bank -4.00"],
        "W-1": [
            "a liabilities:unapplied-credit-memos -47.60",
            "a expenses:given-up 40.00",
            "a expenses:bad-debt:tax 7.60",
        ],
        "W-1/I-1/1": ["a liabilities:unapplied-credit-memos 47.60", "a assets:receivable -47.60"],
        "C-1": ["a liabilities:unapplied-credit-memos -7.00", "a income:usage 7.00"],
        "D-1": ["a assets:receivable 10.00", "a expenses:bad-debt -10.00"],
    }


def test_lines_tell_what_they_are_about() -> None:
    decided = versions(EXTRA)
    found = {one.id: one for one in entries_of(book_from(BOOK), decided.policies)}
    receivable, setup, tax, seats, _ = found["I-1"].lines
    assert (str(receivable.due_date), receivable.document, receivable.item) == ("2026-02-09", "I-1", None)
    assert (setup.item, setup.charge, setup.subscription, setup.due_date) == ("x", "setup", None, None)
    assert (tax.item, tax.tax, tax.charge) == ("x", "standard", None)
    assert (seats.item, seats.charge, seats.subscription) == ("y", "seats", "s")
    assert found["W-1"].reason == "Write-off"
    assert found["W-1"].lines[2].tax == "standard"  # as the tax that it mirrors
    assert [line.document for line in found["P-1/P-2/1"].lines] == ["P-1", "P-2"]


def test_a_policy_without_accounts_is_refused_and_each_role_told_once() -> None:
    policy = versions("").policies[0]
    with pytest.raises(Refused) as refused:
        entries_of(book_from(BOOK), [replace(policy, accounts={})])
    assert [one.code for one in refused.value.diagnostics] == ["accounts-missing"] * len(policy.accounts)


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_what_stands_for_a_customer_is_what_it_owes(first: int) -> None:
    hold(_agrees, (walk(seed) for seed in range(first, first + 20)))


def _agrees(found: Walk) -> None:
    decided = versions(found.policy)
    control = {account for role in CONTROL for account in [decided.policies[-1].accounts[role].otherwise]}
    book = found.steps[-1].after
    stands: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in entries_of(book, decided.policies):
        assert sum(line.amount for line in entry.lines) == 0
        for line in entry.lines:
            if line.account in control:
                stands[line.customer, entry.currency] += line.amount
    expected = owed(movements_of(book))
    assert {key: amount for key, amount in stands.items() if amount} == {
        key: amount for key, amount in expected.items() if amount
    }
