"""`debit_memo_from_charge`: docs/domain.md 1.2 row 11, 1.4 (live binding), 1.7 (due dates)."""

from __future__ import annotations

import pytest

from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import amounts, balances, debit_memo, inherited, numbers, stored
from tests.helpers.scenes import plan, refused

NAME = "debit_memo_from_charge"
ASK = f"operation: {NAME}\naccount: acme\ncharges: [{{charge: setup, amount: 25.00}}]\n"


# -- attributes ----------------------------------------------------------------------------------------------------


def test_the_account_gives_contact_term_and_set() -> None:
    found = plan(levelled(), ASK, policy=LEVELS)
    assert inherited(found) == {
        "bill_to_contact": ("alma", "account"),
        "payment_term": ("Net 60", "account"),
        "sequence_set": ("ACC", "account"),
    }
    assert numbers(found) == ["A-DM-00000001"]


def test_live_binding_leaves_contact_and_term_empty_and_snapshot_stores_them() -> None:
    assert stored(plan(levelled(), ASK, policy=LEVELS)) == {"sequence_set": "ACC"}
    assert stored(plan(levelled(), ASK, policy=changed(NAME, "attribute_binding: snapshot"))) == {
        "bill_to_contact": "alma",
        "payment_term": "Net 60",
        "sequence_set": "ACC",
    }


def test_what_the_account_lacks_is_the_default() -> None:
    assert inherited(plan(levelled(account="{bill_to_contact: alma}"), ASK, policy=LEVELS)) == {
        "bill_to_contact": ("alma", "account"),
        "payment_term": ("Due Upon Receipt", "default"),
        "sequence_set": ("DEFAULT", "default"),
    }
    assert refused(levelled(account=NONE), ASK, policy=LEVELS) == ["chain-exhausted"]


def test_a_term_that_is_not_declared_is_refused() -> None:
    account = "{bill_to_contact: alma, payment_term: Net 45}"
    assert refused(levelled(account=account), ASK, policy=LEVELS) == ["payment-term-unknown"]
    declared = LEVELS + "payment_terms: {Net 45: {net: 45}}\n"
    memo = debit_memo(plan(levelled(account=account), ASK, policy=declared))
    assert str(memo.due_date) == "2026-07-16"  # 2026-06-01 and 45 days: 29 of June, 16 of July


def test_the_request_is_heard_only_where_the_policy_says_so() -> None:
    named = ASK + "attributes: {payment_term: Net 90}"
    assert refused(levelled(), named, policy=LEVELS) == ["request-not-heard"]
    found = plan(levelled(), named, policy=changed(NAME, "payment_term: [request, account]"))
    assert str(debit_memo(found).due_date) == "2026-08-30"  # 29 of June, 31 of July, 30 of August
    # Not the account's value, so it is stored although the binding is live.
    assert stored(found) == {"payment_term": "Net 90", "sequence_set": "ACC"}


# -- what forbids it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("account: nobody\ncharges: [{charge: setup, amount: 1.00}]", ["account-unknown"]),
        ("account: acme\ncharges: []", ["charges-missing"]),
        ("account: acme\ncharges: [{charge: sets, amount: 1.00}]", ["charge-unknown"]),
        ("account: acme\ncharges: [{charge: setup, amount: 0.00}]", ["amount-sign"]),
        ("account: acme\ncharges: [{charge: setup, amount: 0.001}]", ["amount-inexact"]),
        ("account: acme\ncharges: [{charge: setup, amount: 1.00}]\nreason: Ad hoc credit", ["reason-unknown"]),
        ("account: acme\ncharges: [{charge: setup, amount: 1.00}]\ndate: 2026-03-31", ["period-closed"]),
    ],
)
def test_what_cannot_be_done_is_refused(text: str, codes: list[str]) -> None:
    closed = levelled(rest="accounting_periods: [{from: 2026-03-01, until: 2026-04-01, status: closed}]")
    assert refused(closed, f"operation: {NAME}\n{text}", policy=LEVELS) == codes


def test_the_item_limit_is_inclusive() -> None:
    two = ASK.replace("}]", "}, {charge: seats, amount: 1.00}]")
    assert refused(levelled(), two, policy=changed(NAME, "item_limit: 1")) == ["item-limit"]
    assert plan(levelled(), two, policy=changed(NAME, "item_limit: 2"))


# -- amounts and dates ---------------------------------------------------------------------------------------------


def test_items_are_the_charges_with_the_amounts_that_were_named() -> None:
    taxed = ASK.replace("amount: 25.00", "amount: 25.00, taxes: [{name: VAT, amount: 4.75}]")
    found = plan(levelled(), taxed + "reason: Ad hoc debit", policy=LEVELS)
    memo = debit_memo(found)
    assert amounts(memo) == {"setup": "25.00", "setup/1": "4.75"}
    assert (memo.source, memo.reason) == (None, "Ad hoc debit")
    assert balances(found) == {memo.number: "29.75"}


def test_the_term_gives_the_due_date_unless_one_is_named() -> None:
    assert str(debit_memo(plan(levelled(), ASK, policy=LEVELS)).due_date) == "2026-07-31"  # 60 days
    named = ASK + "due_date: 2026-06-02"
    assert str(debit_memo(plan(levelled(), named, policy=LEVELS)).due_date) == "2026-06-02"
