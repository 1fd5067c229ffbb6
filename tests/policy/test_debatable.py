"""Sentences of docs/policy-language.md that could be meant in two ways, each with what is decided then."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import LevelValues, Resolver
from billpolicy.policy.condition import Fact
from billpolicy.vocabulary.spec import Level
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import refused
from tests.helpers.scenes import plan, policy, refusals, refused_codes

DAY = datetime.date(2026, 6, 1)
LEVELS: tuple[Level, ...] = ("request", "invoice", "subscription", "account")


def decided(
    text: str, key: str, facts: dict[str, Fact], *, operation: str = "write_off_invoice", day: datetime.date = DAY
) -> str:
    """The rule that decides `key`. Every level has a value."""
    levels: dict[Level, LevelValues] = {level: LevelValues(level, {"bill_to_contact": level}) for level in LEVELS}
    levels["default"] = LevelValues("default", {"sequence_set": "DEFAULT"})
    return Resolver(policy(text), "python").resolve(operation, day, facts, levels).resolutions[key].rule


def rule(id: str, when: str, then: str, more: str = "") -> str:
    return f"- {{id: {id}, operations: [write_off_invoice], when: {when}, then: {then}{more}}}\n"


# -- rule 5: overrides ---------------------------------------------------------------------------------------------

GERMAN, LARGE = "{account.country: DE}", "{invoice.amount: {at_least: 1000.00 EUR}}"
FRENCH = "{account.country: FR}"


@pytest.mark.parametrize(
    "third",
    [
        pytest.param(rule("b", FRENCH, "{bill_to_contact: [request]}", ", overrides: [c]"), id="does not match"),
        pytest.param(
            rule("b", "{}", "{bill_to_contact: [request]}", ", overrides: [c], effective: {from: 2027-01-01}"),
            id="is not in force",
        ),
        pytest.param(rule("b", "{}", "{item_limit: 9}", ", overrides: [c]"), id="decides something else"),
        pytest.param(
            rule("b", "{}", "{bill_to_contact: [request]}", ", overrides: [c]").replace("write_off", "reverse"),
            id="is of another operation",
        ),
    ],
)
def test_overrides_count_through_a_third_rule_whatever_it_does_itself(third: str) -> None:
    """`a` overrides `b`, which overrides `c`: so `a` overrides `c`."""
    text = (
        "exceptions:\n"
        + rule("a", GERMAN, "{bill_to_contact: [account]}", ", overrides: [b]")
        + third
        + rule("c", LARGE, "{bill_to_contact: [invoice]}")
    )
    both: dict[str, Fact] = {"account.country": "DE", "invoice.amount": 2000_00, "invoice.amount.currency": "EUR"}
    assert decided(text, "bill_to_contact", both) == "a"
    # Without the third one nothing says which of the two wins.
    assert refused_codes(text.replace("overrides: [c]", "overrides: []")) == ["exceptions-conflict"]


def test_drops_apply_key_by_key() -> None:
    """What a narrower exception, or one that overrides, does not decide is left to the wider one, not to the base."""
    text = (
        "exceptions:\n"
        + rule("wide", "{account.country: [DE, AT]}", "{bill_to_contact: [account], item_limit: 5}")
        + rule("narrow", GERMAN, "{bill_to_contact: [request]}")
        + rule("over", "{account.id: x}", "{item_limit: 9}", ", overrides: [wide]")
    )
    facts: dict[str, Fact] = {"account.country": "DE", "account.id": "x"}
    assert decided(text, "bill_to_contact", facts) == "narrow"
    assert decided(text, "item_limit", facts) == "over"
    assert decided(text, "item_limit", {"account.country": "DE", "account.id": "y"}) == "wide"
    assert decided(text, "bill_to_contact", {"account.country": "AT", "account.id": "x"}) == "wide"


# -- rule 5: narrower ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "narrowed",
    [
        pytest.param(rule("b", GERMAN, "{bill_to_contact: [request]}", ", effective: {from: 2026-07-01}"), id="dates"),
        pytest.param(
            "- {id: b, operations: [write_off_invoice, reverse_invoice], "
            f"when: {GERMAN}, then: {{bill_to_contact: [request]}}}}\n",
            id="operations",
        ),
    ],
)
def test_dates_and_lists_of_operations_never_make_a_rule_narrower(narrowed: str) -> None:
    """Both have the same condition, so it is a conflict; although one has fewer days, or fewer operations."""
    text = "exceptions:\n" + rule("a", GERMAN, "{bill_to_contact: [account]}") + narrowed
    assert refused_codes(text) == ["exceptions-conflict"]
    said = text.replace("id: b,", "id: b, overrides: [a],")
    assert decided(said, "bill_to_contact", {"account.country": "DE"}, day=datetime.date(2026, 7, 1)) == "b"


def test_the_date_as_a_field_does_make_a_rule_narrower() -> None:
    text = (
        "exceptions:\n"
        + rule("a", GERMAN, "{bill_to_contact: [account]}")
        + rule("b", "{account.country: DE, date: {at_least: 2026-07-01}}", "{bill_to_contact: [request]}")
    )
    later = datetime.date(2026, 7, 1)
    assert decided(text, "bill_to_contact", {"account.country": "DE", "date": DAY.toordinal()}) == "a"
    assert decided(text, "bill_to_contact", {"account.country": "DE", "date": later.toordinal()}, day=later) == "b"


REQUIRED = "every_operation: {actor: required}\n"
ROLES = "roles: {clerk: [ines], lead: [maria]}\n" + REQUIRED
NOT_CLERKS, LEADS = "{actor.role: {none_of: [clerk]}}", "{actor.role: lead}"


def test_roles_are_a_closed_list_when_narrower_is_asked() -> None:
    """Of two roles, who is no clerk is a lead: neither condition is narrower. With a third role, one is."""
    same = (
        "exceptions:\n"
        + rule("no-clerks", NOT_CLERKS, "{permission: approval}")
        + rule("leads", LEADS, "{permission: refused}")
    )
    (found,) = refusals(ROLES + same)
    assert (found.code, "with `actor.id: maria`" in found.message) == ("exceptions-conflict", True)
    three = "roles: {clerk: [ines], lead: [maria], intern: [bob]}\n" + REQUIRED
    assert decided(three + same, "permission", {"actor.role": "lead"}) == "leads"
    assert decided(three + same, "permission", {"actor.role": "intern"}) == "no-clerks"


def test_every_role_named_is_the_same_as_a_role_at_all() -> None:
    text = (
        "exceptions:\n"
        + rule("named", "{actor.role: [clerk, lead]}", "{permission: approval}")
        + rule("set", "{actor.role: {is: set}}", "{permission: refused}")
    )
    assert refused_codes(ROLES + text) == ["exceptions-conflict"]


def test_two_conditions_that_no_role_satisfies_both_of_do_not_conflict() -> None:
    text = (
        "exceptions:\n"
        + rule("no-clerks", NOT_CLERKS, "{permission: approval}")
        + rule("no-leads", "{actor.role: {none_of: [lead]}}", "{permission: refused}")
    )
    assert decided(ROLES + text, "permission", {"actor.role": "lead"}) == "no-clerks"
    three = "roles: {clerk: [ines], lead: [maria], intern: [bob]}\n" + REQUIRED
    assert refused_codes(three + text) == ["exceptions-conflict"]


def test_reason_codes_are_a_closed_list_of_each_operation() -> None:
    """Of two reasons, who gives not the one gives the other. Refunds of payments have six (docs/domain.md 9.6): there
    one of them is narrower. The list is that of the operation that is decided, whichever the two are of."""
    text = """
reason_codes: {credit_balance_refund: [Other, Standard Refund]}
exceptions:
- {id: a, operations: [OPERATIONS], when: {reason: {none_of: [Other]}}, then: {repeated_reference: warn}}
- {id: b, operations: [OPERATIONS], when: {reason: Standard Refund}, then: {repeated_reference: allow}}
"""
    refund = text.replace("OPERATIONS", "create_refund")
    assert decided(refund, "repeated_reference", {"reason": "Standard Refund"}, operation="create_refund") == "b"
    assert decided(refund, "repeated_reference", {"reason": "Chargeback"}, operation="create_refund") == "a"
    (found,) = refusals(text.replace("OPERATIONS", "create_refund, refund_credit_balance"))
    assert found.code == "exceptions-conflict"
    assert "`repeated_reference` of `refund_credit_balance`, and neither wins" in found.message


def test_the_lists_are_those_of_the_whole_policy(tmp_path: Path) -> None:
    """A role that an upper layer adds is one of those that a condition of its base means."""
    base = tmp_path / "base.yaml"
    head = "effective: {from: 2026-01-01}\npolicy: "
    others = "exceptions:\n" + rule("no-clerks", NOT_CLERKS, "{permission: approval}")
    base.write_text(f"{head}base\nextends: {STANDARD}\n{ROLES}{others}", encoding="utf-8")
    top = tmp_path / "top.yaml"
    interns = "exceptions:\n" + rule("leads", LEADS, "{permission: refused}")
    top.write_text(f"{head}top\nextends: base.yaml\nroles: {{intern: [bob]}}\n{interns}", encoding="utf-8")
    resolver = Resolver(prove(top), "python")  # with clerks and leads alone it would be a conflict
    for role, deciding in (("intern", "no-clerks"), ("lead", "leads"), ("clerk", "write_off_invoice.permission")):
        resolved = resolver.resolve("write_off_invoice", DAY, {"actor.role": role}, {}, with_gaps=True)
        assert resolved.resolutions["permission"].rule == deciding


def test_a_reason_code_that_a_layer_takes_away_is_told_where_a_condition_asks_about_it(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    head = "effective: {from: 2026-01-01}\npolicy: "
    rules = """
exceptions: [{id: bounced, operations: [reverse_payment], when: {reason: Chargeback}, then: {permission: approval}}]
follow_ups:
- {id: let-go, after: subscription_canceled, when: {reason: {none_of: [Bad debt, Other]}}, then: write_off_invoice}
"""
    base.write_text(f"{head}base\nextends: {STANDARD}\n{rules}", encoding="utf-8")
    codes = "{payment_reversal: [Payment Reversal], cancellation: [Other]}"
    top = tmp_path / "top.yaml"
    top.write_text(f"{head}top\nextends: base.yaml\nreason_codes: {codes}\n", encoding="utf-8")
    found = refused(lambda: prove(top)).diagnostics
    assert [(one.code, one.message, one.position and one.position.file) for one in found] == [
        (
            "value-not-allowed",
            f"`{rule}` asks about `{code}`, which is no longer a reason code of {category}",
            str(base),
        )
        for rule, code, category in (
            ("bounced", "Chargeback", "payment reversals"),
            ("let-go", "Bad debt", "cancellations"),
        )
    ]


# -- rule 4: chains ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ("[account, default]", []),
        ("[default, account]", ["`sequence_set` never comes from `account` here: `default` before it always has"]),
        ("[default, invoice, account]", ["`sequence_set` never comes from `invoice` or `account` here: `default` b"]),
    ],
)
def test_levels_after_default_have_no_effect_and_are_told(chain: str, said: list[str]) -> None:
    base = f"operations: {{write_off_invoice: {{sequence_set: {chain}}}}}\n"
    exception = "exceptions:\n" + rule("one", GERMAN, f"{{sequence_set: {chain}}}")
    for text, line in ((base, 4), (exception, 5)):
        found = policy(text).warnings
        assert [(one.code, one.severity) for one in found] == [("level-without-effect", "warning")] * len(said)
        assert [one.message[: len(part)] for one, part in zip(found, said, strict=True)] == said
        assert [one.position and one.position.line for one in found] == [line] * len(said)


def test_a_policy_without_a_default_is_told_that_and_not_that_levels_have_no_effect() -> None:
    """`default` then never has a value; that it is named is an error of its own."""
    assert refused_codes("operations: {write_off_invoice: {bill_to_contact: [default, account]}}") == [
        "default-missing"
    ]


def test_a_document_that_cannot_have_an_attribute_is_a_level_without_effect() -> None:
    """docs/domain.md 1.1: a credit memo has no payment term."""
    (found,) = policy("operations: {reverse_credit_memo: {payment_term: [credit_memo, account, default]}}").warnings
    assert (found.code, found.message) == (
        "level-without-effect",
        "`payment_term` never comes from `credit_memo` here: credit memos do not have it",
    )


# -- facts that several objects have -------------------------------------------------------------------------------


def test_subscriptions_that_disagree_leave_the_fact_unset() -> None:
    """Then no comparison with it holds, not even `none_of`; only `{is: unset}` does."""
    book = """
accounts: [{id: acme, currency: EUR, attributes: {bill_to_contact: anna}}]
contacts: [{id: anna, account: acme}, {id: ben, account: acme}]
subscriptions:
- {id: S1, account: acme, plan: gold}
- {id: S2, account: acme, plan: PLAN}
invoices:
- number: I1
  account: acme
  date: 2026-05-01
  currency: EUR
  items: [{id: a, amount: 10.00, subscription: S1}, {id: b, amount: 10.00, subscription: S2}]
"""
    text = """
exceptions:
"""
    text += rule("gold", "{subscription.plan: gold}", "{item_limit: 3}")
    text += rule("no-gold", "{subscription.plan: {none_of: [gold]}}", "{item_limit: 4}")
    text += rule("several", "{subscription.plan: {is: unset}}", "{item_limit: 5}")
    for plan_of_the_other, deciding in (("gold", "gold"), ("iron", "several"), ("null", "several")):
        made = plan(book.replace("PLAN", plan_of_the_other), "operation: write_off_invoice\ninvoice: I1", policy=text)
        (document,) = made.documents
        assert document.resolved.resolutions["item_limit"].rule == deciding
