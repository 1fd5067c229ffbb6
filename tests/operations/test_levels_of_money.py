"""Payments and refunds can take their values from the documents behind them; the standard policy asks the account.

docs/policy-language.md, levels and chains.
"""

from __future__ import annotations

import pytest

from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import inherited, numbers
from tests.helpers.scenes import plan, refused, run

PAY = "operation: create_payment\naccount: acme\namount: 30.00\n"
ON_I1 = PAY + "apply: [{document: I1}]\n"
SECOND = """- number: I2
  account: acme
  date: 2026-05-20
  due_date: 2026-05-20
  currency: EUR
  attributes: {attributes}
  items: [{{id: x, amount: 10.00}}]
"""


def two(attributes: str, first: str = "{sequence_set: INV}") -> str:
    """A book in which a second invoice, due before the first, of 10.00, holds these values."""
    second = SECOND.replace("{attributes}", attributes).replace("{{", "{").replace("}}", "}")
    return levelled(invoice=first).replace("credit_memos:", second + "credit_memos:")


# -- payments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chain", "asked", "value", "level"),
    [
        ("[invoice, account]", ON_I1, "INV", "invoice"),
        ("[subscription, account]", ON_I1, "SUB", "subscription"),
        ("[debit_memo, account]", ON_I1, "ACC", "account"),  # it pays none
        ("[invoice, account]", PAY, "ACC", "account"),
        ("[request, invoice]", ON_I1 + "attributes: {sequence_set: MEMO}\n", "MEMO", "request"),
    ],
)
def test_a_payment_takes_the_set_of_what_it_pays(chain: str, asked: str, value: str, level: str) -> None:
    found = plan(levelled(), asked, policy=changed("create_payment", f"sequence_set: {chain}"))
    assert inherited(found) == {"sequence_set": (value, level)}
    assert numbers(found) == [f"{value[0]}-PAY-00000001"]


FROM_INVOICES = changed("create_payment", "sequence_set: [invoice, account]")
ON_BOTH = PAY + "apply: [{document: I1}, {document: I2}]\n"


def test_invoices_that_agree_are_one_level() -> None:
    assert numbers(plan(two("{sequence_set: INV}"), ON_BOTH, policy=FROM_INVOICES)) == ["I-PAY-00000001"]


def test_an_invoice_without_a_value_agrees_where_the_account_gives_the_same() -> None:
    assert numbers(plan(two("{}", "{sequence_set: ACC}"), ON_BOTH, policy=FROM_INVOICES)) == ["A-PAY-00000001"]


@pytest.mark.parametrize("other", ["{sequence_set: MEMO}", "{}"])
def test_invoices_that_do_not_agree_are_refused(other: str) -> None:
    (found,) = run(two(other), ON_BOTH, policy=FROM_INVOICES)
    (problem,) = found.problems
    assert problem.code == "level-ambiguous"
    assert problem.message.startswith("the invoices do not agree on `sequence_set` (I1: INV, I2: ")


def test_only_what_the_money_comes_to_is_asked() -> None:
    """I2 is due first and takes 10.00, and nothing is left for I1."""
    ten = PAY.replace("30.00", "10.00")
    for asked in (ten + "apply_to_open: true\n", ten + "apply: [{document: I1}, {document: I2}]\n"):
        assert numbers(plan(two("{sequence_set: MEMO}"), asked, policy=FROM_INVOICES)) == ["M-PAY-00000001"]
    more = PAY.replace("30.00", "10.01") + "apply_to_open: true\n"
    assert refused(two("{sequence_set: MEMO}"), more, policy=FROM_INVOICES) == ["level-ambiguous"]


def test_the_order_that_is_decided_says_what_the_money_comes_to() -> None:
    oldest = FROM_INVOICES.replace("    sequence_set", "    document_order: oldest_document_first\n    sequence_set")
    ten = PAY.replace("30.00", "10.00") + "apply_to_open: true\n"
    assert numbers(plan(two("{sequence_set: MEMO}"), ten, policy=oldest)) == ["I-PAY-00000001"]  # I1 is of 1 May


# -- refunds -------------------------------------------------------------------------------------------------------

OF_C1 = "operation: create_refund\nof: C1\namount: 5.00\n"
OF_P1 = "operation: create_refund\nof: P1\namount: 20.00\n"


@pytest.mark.parametrize(
    ("chain", "value", "level"),
    [
        ("[credit_memo, account]", "MEMO", "credit_memo"),
        ("[invoice, account]", "INV", "invoice"),
        ("[subscription, account]", "SUB", "subscription"),
        ("[payment, invoice]", "INV", "invoice"),  # it is of no payment
    ],
)
def test_a_refund_of_a_memo_takes_the_set_of_what_is_behind_it(chain: str, value: str, level: str) -> None:
    made_from_i1 = (
        levelled()
        .replace("number: C1\n", "number: C1\n  source: I1\n")
        .replace(
            "[{id: x, subscription: s1, amount: 10.00, taxes: [{id: vat, amount: 2.00}]}]",
            "[{id: x, source_item: x, subscription: s1, amount: 10.00}]",
        )
    )
    found = plan(made_from_i1, OF_C1, policy=changed("create_refund", f"sequence_set: {chain}"))
    assert inherited(found) == {"sequence_set": (value, level)}


@pytest.mark.parametrize(
    ("chain", "value", "level"),
    [("[invoice, account]", "INV", "invoice"), ("[credit_memo, account]", "ACC", "account")],
)
def test_a_refund_of_a_payment_takes_the_set_of_what_it_was_put_on(chain: str, value: str, level: str) -> None:
    put = "applications: [{from: P1, to: I1, date: 2026-05-10, amount: 30.00, parts: [{item: x, amount: 30.00}]}]\n"
    found = plan(levelled(rest=put), OF_P1, policy=changed("create_refund", f"sequence_set: {chain}"))
    assert inherited(found) == {"sequence_set": (value, level)}


REFERENCES = """attributes:
  profile: {type: text, documents: [payment, refund]}
every_operation: {profile: {from: [account], because: x}}
operations:
  create_refund: {profile: [payment, account]}
  transfer_payment: {profile: [payment, account]}
"""


def test_a_payment_that_holds_values_of_its_own_is_a_level() -> None:
    held = levelled(account="{profile: usual, bill_to_contact: alma}").replace(
        "amount: 50.00}", "amount: 50.00, attributes: {profile: special}}"
    )
    assert inherited(plan(held, OF_P1, policy=REFERENCES))["profile"] == ("special", "payment")
    moved = "operation: transfer_payment\npayment: P1\nto_account: other\n"
    assert inherited(plan(held, moved, policy=REFERENCES))["profile"] == ("special", "payment")


# -- reversals -----------------------------------------------------------------------------------------------------


def test_a_reversal_of_a_memo_takes_the_term_of_its_invoice() -> None:
    """A credit memo has no term, and its invoice has Net 30."""
    made_from_i1 = (
        levelled()
        .replace("number: C1\n", "number: C1\n  source: I1\n")
        .replace(
            "[{id: x, subscription: s1, amount: 10.00, taxes: [{id: vat, amount: 2.00}]}]",
            "[{id: x, source_item: x, subscription: s1, amount: 10.00}]",
        )
    )
    ask = "operation: reverse_credit_memo\ncredit_memo: C1\n"
    said = changed("reverse_credit_memo", "payment_term: [invoice, account]")
    assert inherited(plan(made_from_i1, ask, policy=said))["payment_term"] == ("Net 30", "invoice")
    # Of one that was made from none there is no invoice, and the account is asked.
    assert inherited(plan(levelled(), ask, policy=said))["payment_term"] == ("Net 60", "account")


def test_the_standard_policy_asks_the_account() -> None:
    assert numbers(plan(levelled(), ON_I1, policy=LEVELS)) == ["A-PAY-00000001"]
    assert numbers(plan(levelled(account=NONE), ON_I1, policy=LEVELS)) == ["P-00000001"]
