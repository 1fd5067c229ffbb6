"""Regions against enumeration: fewer boxes are the same region, and what is told to differ does, and nothing else."""

from __future__ import annotations

import datetime
import itertools
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.analysis.domain import Domain
from billpolicy.comparing.allow import hold, load_allowed
from billpolicy.comparing.difference import diff
from billpolicy.comparing.propose import proposed
from billpolicy.comparing.regions import simplified, without
from billpolicy.deciding.resolver import Resolver
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.condition import Box, Fact, Numbers, Values, Words
from billpolicy.policy.forms import Constraint
from billpolicy.policy.model import ALWAYS, Chain, Effective, ExceptionRule, Policy
from billpolicy.policy.typed import clause
from billpolicy.vocabulary.operations import VOCABULARY
from tests.helpers.properties import examples
from tests.helpers.scenes import policy

DOMAIN = Domain.of_operation(policy(), VOCABULARY["credit_memo_from_invoice"])
COUNTRIES, AMOUNTS, CURRENCIES = ("DE", "AT", "FR", None), (1, 99, 100, 101, 300), ("EUR", "USD")
POINTS: list[dict[str, Fact | None]] = [
    {"account.country": country, "amount": amount, "invoice.currency": currency}
    for country, amount, currency in itertools.product(COUNTRIES, AMOUNTS, CURRENCIES)
]


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    box: dict[str, Values] = {}
    if draw(st.booleans()):
        names = frozenset(draw(st.sets(st.sampled_from(("DE", "AT")))))
        box["account.country"] = Values(Words(names, complement=draw(st.booleans())), draw(st.booleans()))
    if draw(st.booleans()):
        low, high = sorted(draw(st.tuples(st.sampled_from((1, 100, 101)), st.sampled_from((99, 100, 300)))))
        box["amount"] = Values(Numbers(((low, draw(st.sampled_from((high, None)))),)))
    if draw(st.booleans()):
        box["invoice.currency"] = Values(Words(frozenset(("EUR",)), complement=draw(st.booleans())))
    return box


def members(region: Iterable[Box]) -> list[bool]:
    region = list(region)
    return [any(all(v.allows(point[f]) for f, v in box.items()) for box in region) for point in POINTS]


@examples(200)
@given(st.lists(boxes(), max_size=6))
def test_fewer_boxes_are_the_same_region_whatever_their_order(drawn: list[Box]) -> None:
    fewer = simplified(drawn, DOMAIN)
    assert members(fewer) == members(drawn)
    assert len(fewer) <= max(len(drawn), 1)
    assert members(simplified(reversed(drawn), DOMAIN)) == members(drawn)


@examples(100)
@given(st.lists(boxes(), max_size=4), boxes())
def test_a_region_without_a_box(drawn: list[Box], other: Box) -> None:
    left = members(simplified(without(drawn, other), DOMAIN))
    assert left == [a and not b for a, b in zip(members(drawn), members([other]), strict=True)]


# -- the whole of it, against what either policy decides --------------------------------------------------------------

CHAINS = (Chain(("invoice", "account")), Chain(("account",)), Chain(("subscription", "account")))
SPEC = {field.name: field for field in VOCABULARY["credit_memo_from_invoice"].fields}
WHENS = (
    ("account.country", "one_of", ("DE",)),
    ("account.country", "one_of", ("DE", "AT")),
    ("account.country", "none_of", ("DE",)),
    ("amount", "at_least", ("1.00 EUR",)),
    ("amount", "below", ("1.01 EUR",)),
    ("amount", "at_least", ("1.00 USD",)),
)
MARCH = datetime.date(2026, 3, 1)
DAYS = (ALWAYS, Effective(MARCH), Effective(datetime.date(2026, 1, 1), MARCH))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """The standard policy with up to three exceptions, each overriding those before it, so that none conflict."""
    rules: list[ExceptionRule] = []
    for number in range(draw(st.integers(0, 3))):
        said = {
            field: Constraint(((operator, values),))
            for field, operator, values in draw(st.sets(st.sampled_from(WHENS)))
        }
        rules.append(
            ExceptionRule(
                id=f"rule-{number}",
                operations=("credit_memo_from_invoice",),
                clauses=tuple(clause(SPEC[field], constraint) for field, constraint in said.items()),
                then={"bill_to_contact": draw(st.sampled_from(CHAINS))},
                position=Position("policy.yaml", 10 + number),
                then_at={},
                overrides=tuple(rule.id for rule in rules),
                effective=draw(st.sampled_from(DAYS)),
            )
        )
    return replace(policy(), exceptions=(*policy().exceptions, *rules))


def decided(by: Resolver, day: datetime.date, point: dict[str, Fact | None]) -> str:
    """The chain that decides in this case."""
    facts = {name: value for name, value in point.items() if value is not None}
    facts |= {"date": day.toordinal(), "amount.currency": facts["invoice.currency"]}
    resolved = by.resolve("credit_memo_from_invoice", day, facts, {}, with_gaps=True)
    verdict = by.precedence_of("credit_memo_from_invoice").decide(resolved.matched, "bill_to_contact")
    base = by.policy.base["credit_memo_from_invoice", "bill_to_contact"].outcome
    return str(verdict.outcomes[0] if verdict.survivors else base)


@examples(60)
@given(old=policies(), new=policies())
def test_what_is_told_to_differ_differs_and_nothing_else(old: Policy, new: Policy) -> None:
    difference = diff(old, new)
    changed = [one for one in difference.decisions.changed if one.key == "bill_to_contact"]
    sides = Resolver(old, "python"), Resolver(new, "python")
    for day in (datetime.date(2026, 2, 28), MARCH):
        for point in POINTS:
            was, now = (decided(side, day, point) for side in sides)
            case = {**point, "date": day.toordinal()}
            told = [
                (str(one.old), str(one.new))
                for one in changed
                if any(all(values.allows(case.get(fact)) for fact, values in box.items()) for box in one.region)
            ]
            assert told == ([] if was == now else [(was, now)])
    assert difference.equivalent is (not changed)


@examples(40)
@given(old=policies(), new=policies())
def test_what_is_proposed_allows_the_change(old: Policy, new: Policy) -> None:
    difference = diff(old, new)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "allow.yaml"
        file.write_text(proposed(difference), encoding="utf-8")
        assert hold(difference, load_allowed(file, old, new)).beyond == ()
