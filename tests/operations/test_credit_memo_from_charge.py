"""`credit_memo_from_charge`: docs/domain.md 1.2 row 10, 1.4 (live binding)."""

from __future__ import annotations

import pytest

from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import amounts, balances, credit_memo, inherited, numbers, stored
from tests.helpers.scenes import plan, refused

NAME = "credit_memo_from_charge"
ASK = f"operation: {NAME}\naccount: acme\ncharges: [{{charge: setup, amount: 25.00}}]\n"


# -- attributes ----------------------------------------------------------------------------------------------------


def test_the_account_gives_contact_and_set() -> None:
    found = plan(levelled(), ASK, policy=LEVELS)
    assert inherited(found) == {"bill_to_contact": ("alma", "account"), "sequence_set": ("ACC", "account")}
    assert numbers(found) == ["A-CM-00000001"]


def test_live_binding_leaves_the_contact_empty_and_snapshot_stores_it() -> None:
    # The set has numbered the memo, so it is stored either way.
    assert stored(plan(levelled(), ASK, policy=LEVELS)) == {"sequence_set": "ACC"}
    snapshot = changed(NAME, "attribute_binding: snapshot")
    assert stored(plan(levelled(), ASK, policy=snapshot)) == {"bill_to_contact": "alma", "sequence_set": "ACC"}


def test_an_account_without_values_has_the_default_set_and_no_contact() -> None:
    assert numbers(plan(levelled(account="{bill_to_contact: alma}"), ASK, policy=LEVELS)) == ["CM00000001"]
    assert refused(levelled(account=NONE), ASK, policy=LEVELS) == ["chain-exhausted"]
    assert refused(levelled(account="{bill_to_contact: otto}"), ASK, policy=LEVELS) == ["contact-unknown"]


def test_the_request_is_heard_only_where_the_policy_says_so() -> None:
    named = ASK + "attributes: {bill_to_contact: rita}"
    assert refused(levelled(), named, policy=LEVELS) == ["request-not-heard"]
    heard = changed(NAME, "bill_to_contact: [request, account]")
    assert inherited(plan(levelled(), named, policy=heard))["bill_to_contact"] == ("rita", "request")
    assert refused(levelled(), ASK + "attributes: {payment_term: Net 30}", policy=LEVELS) == ["attribute-not-here"]


def test_a_contact_that_was_asked_for_is_stored_whatever_the_binding() -> None:
    # Live binding reads the account's current value; a value that is not the account's would be lost.
    heard = changed(NAME, "bill_to_contact: [request, account]")
    found = plan(levelled(), ASK + "attributes: {bill_to_contact: rita}", policy=heard)
    assert stored(found) == {"bill_to_contact": "rita", "sequence_set": "ACC"}


# -- what forbids it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("account: nobody\ncharges: [{charge: setup, amount: 1.00}]", ["account-unknown"]),
        ("account: acme\ncharges: []", ["charges-missing"]),
        ("account: acme\ncharges: [{charge: sets, amount: 1.00}]", ["charge-unknown"]),
        ("account: acme\ncharges: [{charge: setup, amount: 0.00}]", ["amount-sign"]),
        ("account: acme\ncharges: [{charge: setup, amount: -1.00}]", ["amount-sign"]),
        ("account: acme\ncharges: [{charge: setup, amount: 1.001}]", ["amount-inexact"]),
        ("account: acme\ncharges: [{charge: setup, amount: 1.00, taxes: [{name: VAT, amount: 0}]}]", ["amount-sign"]),
        ("account: acme\ncharges: [{charge: setup, amount: 1.00}]\nreason: Ad hoc debit", ["reason-unknown"]),
        ("account: acme\ncharges: [{charge: setup, amount: 1.00}]\ndate: 2026-03-31", ["period-closed"]),
    ],
)
def test_what_cannot_be_done_is_refused(text: str, codes: list[str]) -> None:
    closed = levelled(rest="accounting_periods: [{from: 2026-03-01, until: 2026-04-01, status: closed}]")
    assert refused(closed, f"operation: {NAME}\n{text}", policy=LEVELS) == codes


def test_the_item_limit_counts_items_and_taxes_inclusively() -> None:
    taxed = ASK.replace("amount: 25.00", "amount: 25.00, taxes: [{name: VAT, amount: 5.00}]")
    assert refused(levelled(), taxed, policy=changed(NAME, "item_limit: 1")) == ["item-limit"]
    assert plan(levelled(), taxed, policy=changed(NAME, "item_limit: 2"))


# -- amounts -------------------------------------------------------------------------------------------------------


def test_items_are_the_charges_with_the_amounts_and_taxes_that_were_named() -> None:
    found = plan(
        levelled(),
        f"""operation: {NAME}
account: acme
charges:
- {{charge: seats, amount: 30, quantity: 3, service_start: 2026-05-01, service_end: 2026-05-31,
   taxes: [{{name: VAT, amount: 5.70, rate: 0.19}}, {{name: City, amount: 0.3}}]}}
- {{charge: setup, amount: 4.00}}
""",
        policy=LEVELS,
    )
    memo = credit_memo(found)
    assert amounts(memo) == {"seats": "30.00", "seats/1": "5.70", "seats/2": "0.30", "setup": "4.00"}
    assert [(item.id, item.line, item.name) for item in memo.items] == [("1", 1, "Seats"), ("2", 2, "Setup")]
    assert [tax.name for tax in memo.items[0].taxes] == ["VAT", "City"]
    assert (memo.source, memo.reason, memo.currency) == (None, "Correcting invoice error", "EUR")
    assert balances(found) == {memo.number: "40.00"}  # 30 + 5.70 + 0.30 + 4


def test_amounts_are_in_the_currency_of_the_account() -> None:
    yen = levelled().replace(
        "{id: other, currency: EUR}", "{id: other, currency: JPY, attributes: {bill_to_contact: otto}}"
    )
    asked = ASK.replace("acme", "other")
    assert refused(yen, asked.replace("25.00", "0.5"), policy=LEVELS) == ["amount-inexact"]
    memo = credit_memo(plan(yen, asked.replace("25.00", "25"), policy=LEVELS))
    assert (str(memo.amount), memo.currency) == ("25", "JPY")
