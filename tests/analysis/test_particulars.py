"""Particular policies about which a proof once was wrong."""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.analysis.analyse import analyse
from billpolicy.analysis.compare import Comparer
from billpolicy.analysis.domain import Domain
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.policy.condition import Numbers, Values, Words
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.scenes import HEAD, policy


def codes(found: Policy, about: str = "") -> list[str]:
    """The codes of what is found, of one rule where it is named."""
    findings = [one.diagnostic for one in analyse(found).findings]
    return [
        one.code
        for one in findings
        if not about or one.message.removeprefix("the last day of ").startswith(f"`{about}`")
    ]


def rules(*lines: str, more: Sequence[str] = ()) -> Policy:
    """Exceptions of `apply_credits`, each as the inside of a mapping."""
    each = (f"  - {{operations: [apply_credits], {line}}}\n" for line in lines)
    return policy("".join(("exceptions:\n", *each, *more)))


def test_whoever_a_rule_leaves_out_by_name_is_no_stranger() -> None:
    lax = "id: limit, when: {actor.id: {none_of: [bob]}}, then: {permission: refused}"
    assert codes(rules(lax)) == []
    assert codes(rules(lax.replace("{none_of: [bob]}", "bob"))) == ["limit-passed"]


def test_a_limit_that_is_passed_in_one_operation_hides_none_of_another() -> None:
    """Of `apply_payment` strangers are stopped where the first rule is; but not where the second is."""
    text = """
exceptions:
  - {id: first, operations: [apply_credits, apply_payment], when: {actor.id: bob}, then: {permission: refused}}
  - id: stop
    operations: [apply_payment]
    when: {actor.role: {is: unset}, account.country: DE}
    then: {permission: refused}
  - id: more
    operations: [apply_payment]
    when: {actor.id: ana, date: {at_least: 2030-01-01}}
    then: {permission: refused}
"""
    stopped = text.replace("actor.id: bob}", "actor.id: bob, account.country: DE}")
    assert codes(policy(stopped)) == ["limit-passed", "limit-passed"]
    assert codes(policy(text)) == ["limit-passed"]


def test_a_limit_is_told_of_the_same_rule_wherever_it_stands() -> None:
    """So that a baseline knows it again after lines were put in another order."""
    small = "id: small, when: {account.country: DE, amount: {above: 100.00 EUR}}, then: {permission: approval}"
    large = "id: large, when: {account.country: DE, amount: {above: 900.00 EUR}}, then: {permission: refused}"
    for order in ((small, large), (large, small)):
        assert "limit-of-one-currency" in codes(rules(*order), "large")
        assert codes(rules(*order), "small") == []


def test_a_rule_through_which_another_overrides_matters_where_it_never_holds() -> None:
    """Without the link, which is in force on a day on which it does not hold, both `top` and `low` are left."""
    top = "id: top, when: {account.country: {none_of: [DE]}}, then: {permission: refused}, overrides: [link]"
    low = "id: low, when: {account.region: BY}, then: {permission: approval}"
    link = "id: link, when: {date: 2026-01-02}, then: {permission: allowed}, overrides: [low]"
    ended = f"{link}, effective: {{from: 2026-01-03, until: 2027-01-01}}"
    assert "exception-dead" not in codes(rules(top, low, ended), "link")
    assert "exception-dead" in codes(rules(top.replace("[link]", "[low]"), low, ended), "link")


def test_a_link_may_be_of_other_operations() -> None:
    """What it says itself, the base rule says as well."""
    allowed = "operations: {apply_payment: {permission: allowed}}\n"
    link = "  - {id: link, operations: [apply_payment], when: {}, then: {permission: allowed}, overrides: [low]}\n"
    top = "id: top, when: {account.country: DE}, then: {permission: refused}, overrides: [link]"
    low = "id: low, when: {account.region: BY}, then: {permission: approval}"
    assert redundant(rules(top, low, more=[link, allowed])) == []
    assert redundant(rules(top.replace("[link]", "[low]"), low, more=[link, allowed])) == ["link"]


def redundant(found: Policy) -> list[str]:
    """The rules without which the same comes out."""
    findings = [one.diagnostic for one in analyse(found).findings]
    return [one.message.split("`")[1] for one in findings if one.code == "exception-redundant"]


def test_one_that_is_less_specific_may_still_drop_what_it_overrides() -> None:
    """`wide` never decides where `narrow` holds, and keeps `other` from conflicting with that."""
    wide = "id: wide, when: {account.country: [DE, FR]}, then: {permission: refused}, overrides: [other]"
    narrow = "id: narrow, when: {account.country: [DE, FR], date: {at_least: 2000-01-01}}, then: {permission: refused}"
    other = "id: other, when: {account.region: BY}, then: {permission: approval}"
    assert "exception-dead" not in codes(rules(wide, narrow, other), "wide")


def test_an_amount_of_what_is_on_no_invoice_has_a_currency() -> None:
    domain = Domain.of_operation(policy(), VOCABULARY["credit_only"])
    unset, euros = Values(Numbers(()), unset=True), Values(Words(frozenset(("EUR",))))
    facts = domain.possible({"invoice.balance": unset, "amount.currency": euros})
    assert facts is not None
    assert facts["amount.currency"] == "EUR"
    assert not any(fact.startswith("invoice.") for fact in facts)
    # Of an invoice all is known or nothing, and what is done to it is in its currency.
    there = Values(Words(frozenset(), complement=True))
    assert domain.possible({"invoice.balance": unset, "invoice.currency": there}) is None
    dollars = Values(Words(frozenset(("USD",))))
    assert domain.possible({"invoice.currency": dollars, "amount.currency": euros}) is None


def test_an_amount_that_is_not_there_has_no_currency() -> None:
    domain = Domain.of_operation(policy(), VOCABULARY["apply_credits"])
    unset, euros = Values(Numbers(()), unset=True), Values(Words(frozenset(("EUR",))))
    assert domain.possible({"amount": unset, "amount.currency": euros}) is None


def test_a_subscription_that_is_known_has_a_status() -> None:
    domain = Domain.of_operation(policy(), VOCABULARY["bill_run"])
    unset, one = Values(Words(frozenset()), unset=True), Values(Words(frozenset(("S-1",))))
    assert domain.possible({"subscription.id": one, "subscription.status": unset}) is None


def test_where_no_amount_is_known_its_document_still_has_a_currency() -> None:
    """The box of the difference says the currency of the payment, of which no amount need be named."""
    asks = """
exceptions:
  - id: dollars
    operations: [apply_payment]
    when: {payment.currency: USD}
    then: {permission: approval}
  - id: some
    operations: [apply_payment]
    when: {payment.currency: USD, amount: {at_least: 1.00 USD}}
    then: {permission: refused}
"""
    new = policy(asks.replace("then: {permission: approval}", "then: {permission: allowed}"))
    (found,) = Comparer(policy(asks), new).compare("apply_payment", "permission").differences
    assert found.box["amount"].unset
    assert found.box["payment.currency"].members == Words(frozenset(("USD",)))


def test_what_carries_on_must_be_able_to_hold_where_the_first_did() -> None:
    # The sign of a balance is told by the balance: these two never meet.
    text = """
exceptions:
  - id: first
    operations: [apply_payment]
    when: {payment.balance_is: zero}
    then: {permission: refused}
    effective: {from: 2026-01-01, until: 2026-07-01}
  - id: next
    operations: [apply_payment]
    when: {payment.balance: {above: 0.00 EUR}}
    then: {permission: approval}
    effective: {from: 2026-07-01}
"""
    assert codes(policy(text), "first") == ["ends-without-successor"]
    assert codes(policy(text.replace("balance_is: zero", "balance_is: above_zero")), "first") == []


def test_what_begins_when_the_policy_has_ended_carries_nothing_on() -> None:
    head = HEAD.replace("{from: 2000-01-01}", "{from: 2026-01-01, until: 2027-01-01}")
    text = """
exceptions:
  - id: first
    operations: [apply_credits]
    when: {account.country: DE}
    then: {permission: refused}
    effective: {from: 2026-01-01, until: 2026-07-01}
  - id: second
    operations: [apply_credits]
    when: {account.country: DE}
    then: {permission: refused}
    effective: {from: 2026-08-01}
"""
    assert codes(policy(text, head), "first") == []
    assert "dated-hole" in codes(policy(text, head))


def test_of_several_follow_ups_the_strictest_counts() -> None:
    lax = "  - {id: lax, after: invoice_posted, then: write_off_invoice, if_refused: leave_out}\n"
    strict = "  - {id: strict, after: invoice_posted, then: write_off_invoice}\n"
    one, both = policy(f"follow_ups:\n{strict}"), policy(f"follow_ups:\n{lax}{strict}")
    assert Comparer(one, both).compare_follow_ups("invoice_posted", "write_off_invoice").equal
    lenient = policy(f"follow_ups:\n{lax}")
    (found,) = Comparer(lenient, both).compare_follow_ups("invoice_posted", "write_off_invoice").differences
    assert (found.old.rule, found.new.rule) == ("lax", "strict")


def test_what_is_allowed_of_facts_that_an_operation_has_not_allows_nothing_there() -> None:
    strict = policy("operations: {apply_credits: {permission: refused}}\n")
    from_ = {"from": Values(Numbers(((1, None),)))}
    assert not Comparer(policy(), strict).compare("apply_credits", "permission", [from_]).equal
    assert Comparer(policy(), strict).compare("apply_credits", "permission", [{}]).equal


BRANDS = """\
fields: {account.brand: {type: choice, values: [arve, sequoia]}, account.currency: {values: [EUR, USD]}}
assumptions:
  - {id: arve, when: {account.brand: arve}, then: {%s}}
  - {id: euros, when: {invoice.currency: EUR}, then: {account.currency: EUR}}
exceptions:
  - {id: of-arve, operations: [%s], when: {account.brand: arve}, then: {bill_to_contact: [request, account]}}
  - {id: dollars, operations: [%s], when: {account.currency: USD}, then: {bill_to_contact: [account]}}
"""


def disagreeing(assumed: str, *operations: str) -> str:
    """What is said of the conflict between the two; nothing where it is proven that there is none."""
    names = ", ".join(operations)
    try:
        policy(BRANDS % (assumed, names, names))
    except Refused as refused:
        (found,) = refused.diagnostics
        assert found.code == "exceptions-conflict"
        return found.message
    return ""


def test_an_assumption_holds_of_the_account_where_there_is_no_invoice() -> None:
    """A charge has no invoice, so nothing can be said of its currency; what is said of the account's still holds: an
    account of arve has no dollars, and the two never meet."""
    both = "account.currency: EUR, invoice.currency: EUR"
    assert not disagreeing(both, "credit_memo_from_charge")
    assert not disagreeing(both, "credit_memo_from_charge", "credit_memo_from_invoice")


def test_what_is_proven_where_there_is_an_invoice_is_not_where_there_is_none() -> None:
    """An invoice of arve is in euros, and whoever has one in euros has an account in euros: so no memo from an invoice
    is of arve and in dollars. One from a charge may be, though it is asked about by the same exceptions."""
    assert not disagreeing("invoice.currency: EUR", "credit_memo_from_invoice")
    for charge in (
        "credit_memo_from_charge",
        "debit_memo_from_charge",
    ):  # before it by name, and after
        found = disagreeing("invoice.currency: EUR", "credit_memo_from_invoice", charge)
        assert f"disagree about `bill_to_contact` of `{charge}`, and neither wins" in found


def test_a_chain_that_many_rules_have_is_told_once() -> None:
    """What it lacks is one default, however many operations have it; another chain of the attribute is told apart."""
    text = """
attributes: {channel: {type: text, documents: [invoice, credit_memo, debit_memo]}}
every_operation: {channel: [account]}
operations: {debit_memo_from_charge: {channel: [request, account]}}
"""
    found = [one.diagnostic for one in analyse(policy(text)).findings if one.diagnostic.code == "chain-open"]
    said = [one.message for one in found if one.message.startswith("`channel`")]
    assert len(said) == 2
    assert sum("other rules with this chain" in one for one in said) == 1
