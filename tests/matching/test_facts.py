"""What conditions can ask of the book: each fact of one object, and what several objects agree on."""

from __future__ import annotations

import datetime

import pytest

from billpolicy.deciding.facts import facts_about
from billpolicy.vocabulary.spec import FieldSpec, FieldType
from tests.helpers.books import book_from

BOOK = """
accounts: [{id: a, currency: USD, country: DE, custom: {vip: 'true', since: 2026-01-31, odd: maybe}}]
subscriptions:
- {id: S1, account: a, plan: gold}
- {id: S2, account: a, plan: gold, canceled_on: 2026-01-31}
- {id: S3, account: a}
invoices:
- {number: I1, account: a, date: 2026-01-31, due_date: 2026-03-02, currency: USD, items: [{id: x, amount: 10.00}]}
- {number: I2, account: a, date: 2026-01-31, currency: JPY, items: [{id: x, amount: 10}]}
- {number: I3, account: a, date: 2026-01-31, currency: USD, items: [{id: x, amount: 10.00}]}
payments: [{number: P1, account: a, date: 2026-02-01, currency: USD, amount: 50.00}]
"""
PAID = "applications: [{{from: P1, to: I1, date: 2026-02-01, amount: {}}}]\n"


def about(text: str, scope: str, *names: str) -> dict[str, object]:
    """The facts of some objects of one scope, of which nothing is wrong."""
    found = book_from(text)
    known = {"account": found.accounts, "subscription": found.subscriptions}.get(scope, found.numbered)
    facts, wrong = facts_about(found, {scope: [known[name] for name in names]}, {})
    assert wrong == []
    return dict(facts)


def test_an_invoice_in_minor_units_and_ordinal_days() -> None:
    assert about(BOOK, "invoice", "I1") == {
        "invoice.number": "I1",
        "invoice.date": datetime.date(2026, 1, 31).toordinal(),
        "invoice.due_date": datetime.date(2026, 3, 2).toordinal(),
        "invoice.currency": "USD",
        "invoice.amount": 1000,
        "invoice.amount.currency": "USD",
        "invoice.balance": 1000,
        "invoice.balance.currency": "USD",
        "invoice.balance_is": "above_zero",
        "invoice.settled": "nothing",
    }
    assert "invoice.due_date" not in about(BOOK, "invoice", "I3")  # what is not set is no fact


@pytest.mark.parametrize(
    ("paid", "balance", "sign", "settled"),
    [("0.01", 999, "above_zero", "part"), ("9.99", 1, "above_zero", "part"), ("10.00", 0, "zero", "all")],
)
def test_how_much_of_it_is_settled(paid: str, balance: int, sign: str, settled: str) -> None:
    facts = about(BOOK + PAID.format(paid), "invoice", "I1")
    assert [facts[f"invoice.{name}"] for name in ("balance", "balance_is", "settled")] == [balance, sign, settled]


def test_a_negative_invoice_is_below_zero() -> None:
    assert about(BOOK.replace("amount: 10}", "amount: -1}"), "invoice", "I2")["invoice.balance_is"] == "below_zero"


def test_of_several_only_what_they_agree_on_is_a_fact() -> None:
    assert about(BOOK, "subscription", "S1", "S2") == {"subscription.plan": "gold"}
    assert about(BOOK, "subscription", "S1", "S3") == {"subscription.status": "active"}
    assert about(BOOK, "subscription") == {}
    same = about(BOOK, "invoice", "I1", "I3")
    assert (same["invoice.amount"], same["invoice.amount.currency"]) == (1000, "USD")


def test_amounts_of_several_agree_with_their_currency_or_not_at_all() -> None:
    # 10.00 USD and 1000 JPY are both 1000 minor units.
    facts = about(BOOK.replace("amount: 10}", "amount: 1000}"), "invoice", "I1", "I2")
    assert not [name for name in facts if "amount" in name or name.startswith("invoice.balance.")]
    # The same currency, other amounts.
    facts = about(BOOK + PAID.format("1.00"), "invoice", "I1", "I3")
    assert "invoice.balance" not in facts
    assert "invoice.balance.currency" not in facts
    assert facts["invoice.amount"] == 1000


def test_custom_values_are_of_the_type_that_a_policy_declares() -> None:
    types: dict[str, FieldType] = {"vip": "boolean", "since": "date", "odd": "boolean", "unset": "text"}
    declared = {f"account.{name}": FieldSpec(f"account.{name}", type_) for name, type_ in types.items()}
    found = book_from(BOOK)
    facts, wrong = facts_about(found, {"account": [*found.accounts.values()]}, declared)
    assert facts == {
        "account.id": "a",
        "account.currency": "USD",
        "account.country": "DE",
        "account.vip": True,
        "account.since": datetime.date(2026, 1, 31).toordinal(),
    }
    assert wrong == ["`odd` of account `a` in the book is wrong: `maybe` is neither `true` nor `false`"]
