"""Which follow-ups hold: asked of a resolver, through the same matchers as exceptions."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pytest
from hypothesis import given

from billpolicy.deciding import resolver as resolve
from billpolicy.deciding.matching.engines import EngineName, engine_matcher
from billpolicy.deciding.matching.guard import RESERVED, fnv1a32, guard
from billpolicy.deciding.matching.protocol import Matcher
from billpolicy.deciding.resolver import Resolver
from billpolicy.diagnostics.diagnostic import Position, Refused
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import Effective, ExceptionRule, FollowUp, Policy
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import EventSpec, FieldSpec, OperationSpec, Vocabulary
from tests.helpers.conditions import SMALL_NUMBERS, SMALL_TEXTS, exception, exceptions, facts, words
from tests.helpers.engine import needs_engine
from tests.helpers.scenes import policy

ENGINES = ["python", pytest.param("both", marks=needs_engine)]
TEXT = """
follow_ups:
  - id: negative-invoices-become-credit
    after: invoice_posted
    when: {invoice.balance_is: below_zero, operation: bill_run}
    then: transfer_negative_invoice
  - id: large-credits-too
    after: invoice_posted
    when: {invoice.balance: {at_most: -1000.00 EUR}}
    then: transfer_negative_invoice
    effective: {from: 2026-07-01, until: 2027-01-01}
  - id: credits-pay-invoices
    after: invoice_posted
    when: {invoice.balance_is: above_zero}
    then: apply_credits
  - id: credits-pay-debit-memos
    after: debit_memo_posted
    then: apply_credits
"""
DAY = datetime.date(2026, 6, 1)
NEGATIVE: dict[str, Fact] = {
    "operation": "bill_run",
    "invoice.balance_is": "below_zero",
    "invoice.balance": -100_000,
    "invoice.balance.currency": "EUR",
}


def ids(found: Sequence[FollowUp]) -> list[str]:
    return [one.id for one in found]


@pytest.mark.parametrize("engine", ENGINES)
def test_those_hold_whose_condition_does_of_this_event_and_operation(engine: EngineName) -> None:
    resolver = Resolver(policy(TEXT), engine)

    def holding(event: str, operation: str, known: dict[str, Fact]) -> list[str]:
        return ids(resolver.follow_ups(event, operation, DAY, known))

    assert holding("invoice_posted", "transfer_negative_invoice", NEGATIVE) == ["negative-invoices-become-credit"]
    by_hand = {**NEGATIVE, "operation": "post_draft"}
    assert holding("invoice_posted", "transfer_negative_invoice", by_hand) == []
    assert holding("invoice_posted", "transfer_negative_invoice", {}) == [], "what is unset satisfies nothing"
    assert holding("invoice_posted", "apply_credits", NEGATIVE) == []
    assert holding("invoice_posted", "apply_credits", {"invoice.balance_is": "above_zero"}) == ["credits-pay-invoices"]
    assert holding("debit_memo_posted", "apply_credits", {}) == ["credits-pay-debit-memos"]
    assert holding("debit_memo_posted", "transfer_negative_invoice", NEGATIVE) == []
    assert holding("payment_posted", "apply_credits", {}) == []


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-06-30", 1), ("2026-07-01", 2), ("2026-12-31", 2), ("2027-01-01", 1)],
)
def test_the_date_of_the_event_decides_which_are_in_force(day: str, expected: int) -> None:
    resolver = Resolver(policy(TEXT), "python")
    found = resolver.follow_ups(
        "invoice_posted", "transfer_negative_invoice", datetime.date.fromisoformat(day), NEGATIVE
    )
    assert ids(found) == ["large-credits-too", "negative-invoices-become-credit"][-expected:]


def test_a_policy_that_is_not_in_force_is_not_asked() -> None:
    with pytest.raises(Refused) as refused:
        Resolver(policy(TEXT), "python").follow_ups("invoice_posted", "apply_credits", datetime.date(1999, 12, 31), {})
    assert [problem.code for problem in refused.value.diagnostics] == ["policy-not-in-force"]


def test_a_matcher_is_made_once_for_all_days_with_the_same_follow_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[list[str]] = []

    def counted(engine: EngineName, name: str, rules: Sequence[ExceptionRule]) -> Matcher:
        made.append([rule.id for rule in rules])
        return engine_matcher(engine, name, rules)

    monkeypatch.setattr(resolve, "engine_matcher", counted)
    resolver = Resolver(policy(TEXT), "python")
    for day in ("2026-06-01", "2026-06-30", "2026-07-01", "2026-12-31", "2026-06-01"):
        date = datetime.date.fromisoformat(day)
        resolver.follow_ups("invoice_posted", "transfer_negative_invoice", date, NEGATIVE)
    before, during = ["negative-invoices-become-credit"], ["large-credits-too", "negative-invoices-become-credit"]
    assert made == [before, during]


def of(rules: list[ExceptionRule]) -> Policy:
    follow_ups = (FollowUp(rule, "invoice_posted") for rule in sorted(rules, key=lambda rule: rule.id))
    always = Effective(datetime.date(2000, 1, 1))
    return Policy("acme", always, Position("policy.yaml"), "", follow_ups=tuple(follow_ups))


@needs_engine
@given(exceptions(), facts(SMALL_TEXTS, SMALL_NUMBERS))
def test_both_matchers_agree(rules: list[ExceptionRule], known: dict[str, Fact]) -> None:
    found = of([exception(rule.id, *rule.clauses, effective=rule.effective) for rule in rules])
    day = datetime.date(2026, 1, 2)
    by_definition = [
        one.id
        for one in found.follow_ups
        if one.rule.effective.includes(day)
        and any(all(v.allows(known.get(fact)) for fact, v in box.items()) for box in one.rule.boxes)
    ]
    for resolver in (Resolver(found, "python"), Resolver(found, "both")):
        answer = resolver.follow_ups("invoice_posted", "credit_memo_from_invoice", day, known)
        assert ids(answer) == by_definition


# -- what the engine would misread ---------------------------------------------------------------------------------

HERE = Position("acme.yaml", 12, 5)


def after(*fields: FieldSpec) -> Vocabulary:
    event = EventSpec("invoice_posted", "", fields)
    name = "credit_memo_from_invoice"
    return {name: OperationSpec(name, "", ("credit_memo",), ("account",), (), follows=(event,))}


def test_conditions_of_follow_ups_are_guarded_like_those_of_exceptions() -> None:
    rule = exception("rule", words("account.country", *(f"w{n}" for n in range(1001))), position=HERE)
    found = guard(of([rule]), after())
    assert [problem.code for problem in found] == ["condition-too-wide"]
    assert {problem.position for problem in found} == {HERE}


def test_names_that_the_engine_confuses_are_those_that_can_be_asked_after_the_event() -> None:
    """`costarring` and `liquid` are the textbook collision of FNV-1a with 32 bits."""
    rule = exception("rule", words("liquid", "x"), position=HERE)
    (problem,) = guard(of([rule]), after(FieldSpec("costarring", "text"), FieldSpec("liquid", "text")))
    assert problem.message == "`rule` asks for `liquid`, which the rules engine cannot tell from `costarring`"
    assert guard(of([rule]), after(FieldSpec("liquid", "text"))) == []


def test_all_that_can_be_asked_after_an_event_is_told_apart() -> None:

    for spec in VOCABULARY.values():
        for event in spec.follows:
            fields = spec.fields_after(event.name)
            names = [field.name for field in fields] + [f"{f.name}.currency" for f in fields if f.type == "money"]
            assert len(set(names)) == len(names)
            assert len({fnv1a32(name) for name in (*names, *RESERVED)}) == len(names) + len(RESERVED)
