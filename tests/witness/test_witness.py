"""What a witness holds: levels that are told apart, people, and nothing that cannot be; and that it is a file."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

import billpolicy
from billpolicy.deciding.resolver import Resolver
from billpolicy.exchange.schemas import schema_of
from billpolicy.policy.condition import Fact, Facts
from billpolicy.policy.model import Policy
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import LEVELS, FieldSpec, Level
from billpolicy.witness.running import run
from billpolicy.witness.witness import OWN, Witness, witness
from tests.helpers import scenes
from tests.helpers.levels import LEVELS as SETS
from tests.helpers.properties import examples

DAY = datetime.date(2026, 3, 1)
POLICY = f"roles: {{clerk: [ines, ana], lead: [maria]}}\nfields: {{account.segment: {{type: text}}}}\n{SETS}"
"""With sequence sets of its own: there is one for each level."""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return scenes.policy(POLICY)


def held(policy: Policy, found: Witness, key: str) -> dict[Level, str]:
    """What the levels hold of an attribute when the operation is decided."""
    book = billpolicy.book_from(found.book)
    (asked, *_) = run(policy, book, found.operations, found.today).asked
    values = {level: source.held.get(key) for level, source in asked.levels.items() if level != "default"}
    return {level: str(value) for level, value in values.items() if value is not None}


# -- levels --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["bill_to_contact", "payment_term", "sequence_set"])
def test_each_level_of_the_attribute_under_test_holds_another_value(policy: Policy, key: str) -> None:
    every: dict[Level, str | None] = dict.fromkeys(("request", "invoice", "subscription", "account"), OWN)
    found = witness([policy], "debit_memo_from_invoice", {}, date=DAY, levels=every, attribute=key)
    assert found is not None
    values = held(policy, found, key)
    assert set(values) == set(every)
    assert len(set(values.values())) == len(every)


def test_contacts_are_called_after_their_level(policy: Policy) -> None:
    found = witness([policy], "credit_memo_from_invoice", {}, date=DAY, attribute="bill_to_contact")
    assert found is not None
    assert held(policy, found, "bill_to_contact") == {
        "invoice": "invoice-bill-to-contact",
        "account": "account-bill-to-contact",
    }


@pytest.mark.parametrize("without", ["request", "invoice", "subscription", "account"])
def test_a_level_that_is_to_hold_none(policy: Policy, without: Level) -> None:
    for operation in ("debit_memo_from_invoice", "bill_run"):
        found = witness([policy], operation, {}, date=DAY, levels={without: None}, attribute="bill_to_contact")
        assert found is not None
        assert without not in held(policy, found, "bill_to_contact")


def test_other_attributes_are_to_be_found_wherever_their_chains_ask(policy: Policy) -> None:
    """A chain that asks neither the account nor a default has its value where it begins, so that all can be planned."""
    only = "operations: {credit_memo_from_invoice: {bill_to_contact: [subscription]}}\n"
    other = scenes.policy(only)
    found = witness([other], "credit_memo_from_invoice", {}, date=DAY)
    assert found is not None
    assert run(other, billpolicy.book_from(found.book), found.operations, found.today).problems == ()


@pytest.mark.parametrize("operation", sorted(set(VOCABULARY) - {"reopen_accounting_period"}))
def test_a_usual_witness_is_not_refused(policy: Policy, operation: str) -> None:
    """But where the policy wants the approval of a second person."""
    found = witness([policy], operation, {}, date=DAY)
    assert found is not None
    assert run(policy, billpolicy.book_from(found.book), found.operations, found.today).problems == ()


def test_a_value_that_is_given(policy: Policy) -> None:
    levels: dict[Level, str | None] = {"account": "anna", "invoice": None}
    found = witness([policy], "credit_memo_from_invoice", {}, date=DAY, levels=levels, attribute="bill_to_contact")
    assert found is not None
    assert held(policy, found, "bill_to_contact") == {"account": "anna"}
    with pytest.raises(ValueError, match="say of which `attribute`"):
        witness([policy], "credit_memo_from_invoice", {}, date=DAY, levels=levels)


def test_nothing_at_all_is_held_and_the_chain_is_exhausted(policy: Policy) -> None:
    """A gap is shown by a book in which no level holds a value; the operation is refused."""
    none: dict[Level, str | None] = dict.fromkeys(LEVELS)
    found = witness([policy], "credit_memo_from_invoice", {}, date=DAY, levels=none, attribute="bill_to_contact")
    assert found is not None
    ran = run(policy, billpolicy.book_from(found.book), found.operations, found.today)
    assert [problem.code for problem in ran.problems] == ["chain-exhausted"]


# -- facts ---------------------------------------------------------------------------------------------------------


def test_a_role_is_that_of_somebody_who_has_it(policy: Policy) -> None:
    found = witness([policy], "create_payment", {"actor.role": "clerk"}, date=DAY)
    assert found is not None
    assert found.operations[-1]["actor"] in ("ines", "ana")
    assert witness([policy], "create_payment", {"actor.role": "boss"}, date=DAY) is None
    assert witness([policy], "create_payment", {"actor.role": "lead", "actor.id": "ines"}, date=DAY) is None
    assert witness([policy], "create_payment", {"actor.role": None, "actor.id": "otto"}, date=DAY) is not None


def test_subscriptions_that_disagree_leave_the_fact_unset(policy: Policy) -> None:
    facts: dict[str, Fact | None] = {"subscription.status": None, "subscription.plan": "cloud"}
    found = witness([policy], "write_off_invoice", facts, date=DAY)
    assert found is not None
    ended = ["canceled_on" in one for one in found.book["subscriptions"]]
    assert sorted(ended) == [False, True]
    assert witness([policy], "cancel_subscription", facts, date=DAY) is None


@pytest.mark.parametrize(("currency", "written"), [("JPY", "5"), ("EUR", "0.05"), ("KWD", "0.005"), ("CLF", "0.0005")])
def test_amounts_are_exact_in_every_currency(policy: Policy, currency: str, written: str) -> None:
    facts: dict[str, Fact | None] = {"amount": 5, "amount.currency": currency}
    found = witness([policy], "create_payment", facts, date=DAY)
    assert found is not None
    assert found.operations[-1]["amount"] == written


@pytest.mark.parametrize("minor", [1, 11_900, 11_901, 5_000_000])
def test_so_much_can_be_done_to_the_document(policy: Policy, minor: int) -> None:
    """Where only the amount of the operation is said, the document has room for it: nothing is refused."""
    facts: dict[str, Fact | None] = {"amount": minor, "amount.currency": "EUR"}
    for operation in sorted(VOCABULARY):
        if any(field.name == "amount" for field in VOCABULARY[operation].fields):
            found = witness([policy], operation, facts, date=DAY)
            assert found is not None
            assert run(policy, billpolicy.book_from(found.book), found.operations, found.today).problems == ()


def test_a_day_that_the_facts_contradict(policy: Policy) -> None:
    assert witness([policy], "create_payment", {"date": DAY.toordinal() + 1}, date=DAY) is None
    assert witness([policy], "create_payment", {"date": DAY.toordinal()}, date=DAY) is not None
    assert witness([policy], "create_payment", {}, date=datetime.date(1999, 12, 31)) is None  # not in force


def test_what_is_dated_ahead_and_back_needs_another_day_of_planning(policy: Policy) -> None:
    ahead = DAY + datetime.timedelta(9)
    facts: dict[str, Fact | None] = {"from": ahead.toordinal(), "back_dated": True}
    found = witness([policy], "change_account", facts, date=DAY)
    assert found is not None
    assert found.today == ahead + datetime.timedelta(1)


def test_the_same_witness_every_time(policy: Policy) -> None:
    one, other = (witness([policy], "undo_write_off", {}, date=DAY) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.json() == other.json()


def test_policies_that_do_not_declare_the_same(policy: Policy) -> None:
    """What only one of them knows is shown under that one, whichever is named first."""
    other = scenes.policy("roles: {clerk: [ana], lead: [ines]}\nfields: {account.tier: {type: integer}}\n")
    facts: dict[str, Fact | None] = {"account.segment": "enterprise", "account.tier": 3, "actor.role": "clerk"}
    for both in ((policy, other), (other, policy)):
        found = witness(both, "credit_memo_from_invoice", facts, date=DAY)
        assert found is not None
        assert found.book["accounts"][0]["custom"] == {"segment": "enterprise", "tier": "3"}
        assert found.operations[-1]["actor"] == "ana"
    assert witness([other], "create_payment", {"account.segment": "enterprise"}, date=DAY) is None


# -- it is a file --------------------------------------------------------------------------------------------------


def test_its_parts_are_what_the_schemas_say(policy: Policy) -> None:
    holders = {name: Draft7Validator(schema_of(name)) for name in ("book", "operations", "witness")}
    for operation in VOCABULARY:
        found = witness([policy], operation, {}, date=DAY)
        assert found is not None
        whole = json.loads(found.json())
        parts = {"book": whole["book"], "operations": {"operations": whole["operations"]}, "witness": whole}
        for name, part in parts.items():
            assert list(holders[name].iter_errors(part)) == []


# -- random facts --------------------------------------------------------------------------------------------------

TEXTS = st.sampled_from(("DE", "EUR", "any other", "1", "true", "2026-01-01", "INV00000001", "x y", "é", "{a: b}"))
CURRENCIES = st.sampled_from(("EUR", "JPY", "KWD"))
MINOR = st.one_of(st.integers(-3, 3), st.integers(-20_000, 20_000), st.integers(-(10**16), 10**16))


def values(field: FieldSpec) -> st.SearchStrategy[Fact]:
    by_type: dict[str, st.SearchStrategy[Fact]] = {
        "text": TEXTS,
        "country": TEXTS,
        "currency": TEXTS,
        "boolean": st.booleans(),
        "integer": st.integers(-9, 9),
        "date": st.integers(-400, 400).map(lambda days: DAY.toordinal() + days),
        "days": st.integers(-9, 400),
        "money": MINOR,
    }
    if field.type != "choice":
        return by_type[field.type]
    codes = ("Charge Dispute", "Other") if field.codes != "roles" else ("clerk", "lead")
    return st.sampled_from(field.choices or codes)


@st.composite
def wanted(draw: st.DrawFn) -> tuple[str, dict[str, Fact | None]]:
    """An operation and facts of it that may or may not go together; each may be unset."""
    operation = draw(st.sampled_from(sorted(VOCABULARY)))
    fields = [field for field in VOCABULARY[operation].fields if field.name != "date"]
    facts: dict[str, Fact | None] = {}
    for field in draw(st.lists(st.sampled_from(fields), unique=True, max_size=5)) if fields else ():
        value = None if draw(st.integers(0, 4)) == 0 else draw(values(field))
        facts[field.name] = value
        if field.type == "money":
            facts[f"{field.name}.currency"] = None if value is None else draw(CURRENCIES)
    return operation, facts


class _Noted(Resolver):
    """What it is asked, noted by other means than a witness itself has."""

    facts: list[tuple[str, Facts]]

    def resolve(self, operation: str, date: Any, facts: Any, levels: Any, **how: Any) -> Any:
        self.facts.append((operation, dict(facts)))
        return super().resolve(operation, date, facts, levels, **how)


@examples(150)
@given(wanted())
def test_a_witness_shows_just_what_was_asked_for(of: tuple[str, dict[str, Fact | None]]) -> None:
    operation, facts = of
    policy = scenes.policy(POLICY)
    found = witness([policy], operation, facts, date=DAY)
    if found is None:
        return
    resolver = _Noted(policy, "python")
    resolver.facts = []
    again = json.loads(found.json())
    list(
        billpolicy.plan_all(
            billpolicy.Versions([resolver]),
            billpolicy.book_from(again["book"]),
            again["operations"],
            today=found.today,
        )
    )
    of_it = [noted for name, noted in resolver.facts if name == operation]
    assert any(all(noted.get(fact) == value for fact, value in facts.items()) for noted in of_it)


FROM_LEVELS = """
attributes: {profile: {type: text, documents: [invoice, credit_memo, debit_memo, payment, refund]}}
every_operation: {profile: {from: [account], because: test}}
"""


@pytest.mark.parametrize(
    ("operation", "level"),
    [
        (operation, level)
        for operation in ("create_payment", "create_refund", "transfer_payment", "reverse_credit_memo")
        for level in VOCABULARY[operation].levels
        if level not in ("request", "default")
    ],
)
def test_every_level_of_money_holds_what_it_shall(operation: str, level: Level) -> None:
    """And without it the account is asked."""
    chain = level if level == "account" else f"{level}, account"
    of = scenes.policy(f"{FROM_LEVELS}operations: {{{operation}: {{profile: [{chain}]}}}}\n")
    for value in (OWN, None) if level != "account" else (OWN,):
        found = witness([of], operation, {}, date=DAY, levels={level: value}, attribute="profile")
        assert found is not None, value
