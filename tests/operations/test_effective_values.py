"""Subscriptions of one document agree where each by itself would give it the same value: docs/domain.md 1.5."""

from __future__ import annotations

import pytest

from billpolicy.report.explain import explain_plan
from billpolicy.report.explanation import Tried
from billpolicy.report.explanation_text import explanation_text
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.levels import NONE, changed
from tests.helpers.plan_views import debit_memo, inherited, made
from tests.helpers.scenes import book_after, plan, refused, run, versions

REVERSE = "operation: reverse_credit_memo\ncredit_memo: C1\n"
TOM = "{bill_to_contact: tom}"
ANN = "{bill_to_contact: ann}"


def book(*subscriptions: str, account: str = TOM) -> str:
    """A credit memo over one item of each of these subscriptions `s1`, `s2`, ..., which hold these values."""
    rows = "\n".join(f"- {{id: s{n}, account: a, attributes: {held}}}" for n, held in enumerate(subscriptions, 1))
    items = ", ".join(f"{{id: i{n}, subscription: s{n}, amount: 10.00}}" for n in range(1, len(subscriptions) + 1))
    return f"""
accounts: [{{id: a, currency: EUR, attributes: {account}}}]
contacts: [{{id: tom, account: a}}, {{id: ann, account: a}}]
subscriptions:
{rows}
credit_memos:
- {{number: C1, account: a, date: 2026-05-02, currency: EUR, attributes: {ANN}, items: [{items}]}}
"""


@pytest.mark.parametrize("held", [(TOM, NONE), (NONE, TOM), (NONE, TOM, NONE)])
def test_one_that_holds_none_inherits_what_the_other_holds(held: tuple[str, ...]) -> None:
    found = plan(book(*held), REVERSE)
    assert inherited(found)["bill_to_contact"] == ("tom", "subscription")
    assert debit_memo(found).attributes["bill_to_contact"] == "tom"


@pytest.mark.parametrize("held", [(ANN, NONE), (NONE, ANN), (TOM, ANN), (TOM, NONE, ANN)])
def test_one_that_inherits_another_value_does_not_agree(held: tuple[str, ...]) -> None:
    assert refused(book(*held), REVERSE) == ["level-ambiguous"]


def test_where_none_holds_a_value_the_chain_goes_on() -> None:
    assert inherited(plan(book(NONE, NONE), REVERSE))["bill_to_contact"] == ("tom", "account")


def test_where_nobody_further_on_holds_one_either_they_do_not_agree() -> None:
    assert refused(book(TOM, NONE, account=NONE), REVERSE) == ["level-ambiguous"]


def test_the_default_is_inherited_too() -> None:
    """As a bill run groups them: a subscription that names the default's term goes with one that comes to it."""
    term = changed("reverse_credit_memo", "payment_term: [subscription, account, default]", "")
    two = book("{payment_term: Due Upon Receipt}", NONE)
    assert inherited(plan(two, REVERSE, policy=term))["payment_term"] == ("Due Upon Receipt", "subscription")
    two = book("{payment_term: Due Upon Receipt}", NONE, account="{bill_to_contact: tom, payment_term: Net 30}")
    assert refused(two, REVERSE, policy=term) == ["level-ambiguous"]


def test_what_takes_effect_is_what_the_chain_comes_to() -> None:
    """Without the account in the chain, what it holds takes effect for nobody."""
    term = changed("reverse_credit_memo", "payment_term: [subscription, default]", "")
    account = "{bill_to_contact: tom, payment_term: Net 30}"
    assert refused(book("{payment_term: Net 30}", NONE, account=account), REVERSE, policy=term) == ["level-ambiguous"]
    two = book("{payment_term: Due Upon Receipt}", NONE, account=account)
    assert inherited(plan(two, REVERSE, policy=term))["payment_term"] == ("Due Upon Receipt", "subscription")
    alone = changed("reverse_credit_memo", "bill_to_contact: [subscription]", "")
    assert refused(book(TOM, NONE), REVERSE, policy=alone) == ["level-ambiguous"]
    assert inherited(plan(book(TOM, TOM), REVERSE, policy=alone))["bill_to_contact"] == ("tom", "subscription")


def test_the_explanation_names_each_and_what_is_in_effect() -> None:
    (explained,) = explain_plan(versions(), VOCABULARY, plan(book(TOM, NONE), REVERSE))
    (decision,) = (one for one in explained.decisions if one.key == "bill_to_contact")
    assert (decision.value, decision.level, decision.chain) == ("tom", "subscription", ("subscription", "account"))
    assert decision.tried == (
        Tried(level="subscription", label="subscription s1, s2", value="s1: tom, s2: none; in effect tom"),
    )
    text = explanation_text(explained)
    assert "    from     subscription s1, s2\n" in text
    assert "    chain    subscription (s1: tom, s2: none; in effect tom) > account\n" in text


def test_an_invoice_for_both_is_credited_whole_and_the_memo_reversed() -> None:
    """From the bill run on: the two share an invoice, so its credit memo can be reversed."""
    shared = """
accounts: [{id: a, currency: EUR, attributes: {bill_to_contact: tom}}]
contacts: [{id: tom, account: a}]
subscriptions:
- {id: s1, account: a, start: 2026-05-01, attributes: {bill_to_contact: tom}, charges: [{id: c, rate: 10.00}]}
- {id: s2, account: a, start: 2026-05-01, charges: [{id: c, rate: 20.00}]}
"""
    bill = "operation: bill_run\ndate: 2026-05-01"
    credit = "id: credit\noperation: credit_memo_from_invoice\ninvoice: INV00000001\ndate: 2026-05-02"
    found = plan(book_after(shared, bill, credit), "operation: reverse_credit_memo\ncredit_memo: CM00000001")
    assert inherited(found)["bill_to_contact"] == ("tom", "subscription")
    assert made(found).amount == 30  # 10.00 + 20.00
    assert len(run(shared, bill)[0].plan.documents) == 1  # type: ignore[union-attr]
