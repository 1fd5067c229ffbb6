"""What is said to be without effect is: taken out, no operation comes out differently. By brute force, over facts."""

from __future__ import annotations

import datetime
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.linting.lint import Subject
from billpolicy.linting.lints import exception_repeats_base, override_without_effect
from billpolicy.policy.layers import Layer, read_layers
from billpolicy.policy.load import build
from billpolicy.policy.model import ExceptionRule, Policy
from billpolicy.policy.precedence import Precedence
from billpolicy.source.files import DISK, Place, Texts
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.paths import STANDARD
from tests.helpers.properties import examples

OPERATIONS = ("credit_memo_from_charge", "credit_memo_from_invoice")
BOUNDS = ("{above: 1.00 EUR}", "{at_most: 1.00 EUR}", "{at_least: 1.00 EUR, below: 3.00 EUR}")
COUNTRIES = (None, "DE", "AT", "CH")
AMOUNTS = (0, 100, 200, 300)
DAYS = [datetime.date(2026, month, 1) for month in (1, 3, 5)]

CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "account.country": st.sampled_from(["DE", "AT", "[DE, AT]", "{none_of: [DE]}", "{is: unset}"]),
        "amount": st.sampled_from(BOUNDS),
    },
)
OUTCOMES = st.fixed_dictionaries(
    {},
    optional={
        "bill_to_contact": st.sampled_from(["[account]", "[request, account]"]),
        "sequence_set": st.sampled_from(["[account, default]", "[default]"]),
    },
).filter(bool)
EFFECTIVE = st.sampled_from(["", "{from: 2026-02-01}", "{from: 2026-01-01, until: 2026-02-01}"])


def flow(items: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"


@st.composite
def policies(draw: st.DrawFn) -> str:
    """A few exceptions of two operations; each may override those before it, so that there are no circles."""
    lines = [f"policy: acme\nextends: {STANDARD}\neffective: {{from: 2026-01-01}}\nexceptions:"]
    for number in range(draw(st.integers(2, 4))):
        before = [f"r{index}" for index in range(number)]
        overrides = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        effective = draw(EFFECTIVE)
        named = draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, unique=True))
        lines += [
            f"  - id: r{number}",
            f"    operations: [{', '.join(named)}]",
            f"    when: {flow(draw(CONDITIONS))}",
            f"    then: {flow(draw(OUTCOMES))}",
            f"    overrides: [{', '.join(overrides)}]",
            *([f"    effective: {effective}"] if effective else []),
        ]
    return "\n".join(lines) + "\n"


def subject_of(text: str) -> Subject:
    """What lints look at, of a policy that is nowhere but here."""
    files = Texts({"acme.yaml": text.encode()}, beside=DISK)
    at = Place(files, Path("acme.yaml"))
    layers: list[Layer] = read_layers(at.path, files)
    policy, problems = build(layers, VOCABULARY)
    assert problems == []
    return Subject(at, tuple(layers), policy, build(layers[:-1], VOCABULARY)[0], VOCABULARY, DAYS[0])


def decided(policy: Policy, exceptions: list[ExceptionRule]) -> list[Any]:
    """Every decision of every operation on every day by every facts: the outcomes that are left."""
    precedence = Precedence(exceptions)
    found = []
    for operation, day, country, amount in product(OPERATIONS, DAYS, COUNTRIES, AMOUNTS):
        facts = {"account.country": country, "amount": amount, "amount.currency": "EUR"}
        matching = [
            rule.id
            for rule in exceptions
            if operation in rule.operations
            and rule.effective.includes(day)
            and any(all(values.allows(facts.get(fact)) for fact, values in box.items()) for box in rule.boxes)
        ]
        for key in ("bill_to_contact", "sequence_set"):
            outcomes = precedence.decide(matching, key).outcomes
            found.append(set(outcomes) or {policy.base[operation, key].outcome})
    return found


@examples(200)
@given(policies())
def test_an_override_that_is_said_to_drop_nothing_does(text: str) -> None:
    subject = subject_of(text)
    rules = list(subject.policy.exceptions)
    for finding in override_without_effect.LINT.check(subject, {}):
        rule, other = finding.message.split("`")[1], finding.message.split("`")[3]
        without = [
            replace(one, overrides=tuple(id for id in one.overrides if id != other)) if one.id == rule else one
            for one in rules
        ]
        assert decided(subject.policy, without) == decided(subject.policy, rules)


@examples(200)
@given(policies())
def test_an_exception_that_is_said_to_repeat_the_base_rule_does(text: str) -> None:
    subject = subject_of(text)
    rules = list(subject.policy.exceptions)
    for finding in exception_repeats_base.LINT.check(subject, {}):
        rule, key = finding.message.split("`")[1], finding.message.split("`")[3]
        without = [
            replace(one, then={name: outcome for name, outcome in one.then.items() if name != key})
            if one.id == rule
            else one
            for one in rules
        ]
        assert decided(subject.policy, without) == decided(subject.policy, rules)
