"""What is proven of a policy, against an SMT solver that is asked the same over all texts, amounts and days."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import z3
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.analysis.analyse import analyse
from billpolicy.analysis.compare import Comparer
from billpolicy.analysis.conflicts import find_conflicts
from tests.helpers.formulas import Deciding, Facts, differ, satisfiable
from tests.helpers.plain_policies import (
    SMALL,
    Drawn,
    Meaning,
    Size,
    frames,
    keys_of,
    loaded,
    policies,
    rules,
    text_of,
)
from tests.helpers.properties import examples

LARGE = Size(
    amounts=(-(10**12), -5, 0, 1, 99, 100, 10**12),
    days=(0, 1, 30, 365, 100_000),
    texts=("DE", "FR", "IT", "any other", "any other 0", "EUR", "USD", "ines", "maria"),
)
"""What no world of all facts is small enough for; among the texts are those that examples are made of."""


@examples(25)
@given(policies(6, LARGE))
def test_conflicts(drawn: Drawn) -> None:
    meaning, expected, decided = Meaning(drawn.plain), set(), {}
    for operation in drawn.operations:
        facts = Facts(drawn.plain, operation)
        decided[operation] = deciding = Deciding(facts, meaning)
        for key in keys_of(operation):
            surviving = deciding.survive(key)
            for one, other in combinations(sorted(surviving), 2):
                disagree = len(meaning.said(key, (one, other))) > 1
                if disagree and satisfiable(facts.there_can_be, surviving[one], surviving[other]):
                    expected.add((one, other, operation, key))
    found = list(find_conflicts(loaded(drawn.plain), SMALL))
    assert {(one.first, one.second, one.operation, one.key) for one in found} == expected, text_of(drawn.plain)
    for conflict in found:
        deciding = decided[conflict.operation]
        surviving = deciding.survive(conflict.key)
        both = surviving[conflict.first], surviving[conflict.second]
        assert satisfiable(deciding.facts.there_can_be, deciding.facts.are(conflict.facts or {}), *both)


@examples(20)
@given(policies(4, LARGE))
def test_what_never_decides_and_what_changes_nothing(drawn: Drawn) -> None:
    meaning = Meaning(drawn.plain)
    found: dict[str, dict[str, object]] = {"exception-dead": {}, "exception-redundant": {}}
    for one in analyse(loaded(drawn.plain), SMALL).findings:
        found.get(one.diagnostic.code, {})[one.diagnostic.message.split("`")[1]] = one.shown
    for rule in drawn.plain.rules:
        matters = decides = False
        for operation in drawn.operations:
            facts = Facts(drawn.plain, operation)
            deciding, without = Deciding(facts, meaning), Deciding(facts, meaning.without(rule.id))
            for key in keys_of(operation):
                changed = differ(deciding.comes(key), without.comes(key))
                matters = matters or satisfiable(facts.there_can_be, changed)
                surviving = deciding.survive(key).get(rule.id)
                decides = decides or (surviving is not None and satisfiable(facts.there_can_be, surviving))
        said = rule.id in found["exception-dead"], rule.id in found["exception-redundant"]
        assert said == (not matters and not decides, not matters and decides), (rule.id, text_of(drawn.plain))


class Two(NamedTuple):
    old: Drawn
    new: Drawn


@st.composite
def pairs(draw: st.DrawFn) -> Two:
    """Policies of the same frame, which share some rules."""
    frame = draw(frames(LARGE))
    shared, own = draw(rules(frame, 3, "abc", LARGE)), draw(rules(frame, 2, "xyz", LARGE))
    old = frame._replace(plain=frame.plain._replace(rules=shared))
    kept = shared if draw(st.booleans()) else Meaning(old.plain).without(draw(st.sampled_from(shared)).id).plain.rules
    new = (*kept, *own) if draw(st.booleans()) else kept
    return Two(old, frame._replace(plain=frame.plain._replace(rules=new)))


@examples(25)
@given(pairs())
def test_what_differs_between_two_policies(two: Two) -> None:
    old, new = two
    comparer = Comparer(loaded(old.plain), loaded(new.plain), SMALL)
    for operation in new.operations:
        facts = Facts(new.plain, operation)
        before, after = (Deciding(facts, Meaning(one.plain)) for one in (old, new))
        for key in keys_of(operation):
            found = comparer.compare(operation, key)
            assert found.proven
            changed = differ(before.comes(key), after.comes(key))
            assert found.equal == (not satisfiable(facts.there_can_be, changed)), (
                text_of(old.plain),
                text_of(new.plain),
            )
            for one in found.differences:
                assert satisfiable(facts.there_can_be, facts.are(one.facts), changed), (operation, key, one)
            # Nothing differs outside of the boxes, and everything within them.
            inside = z3.Or(*(facts.within(one.box) for one in found.differences))
            assert not satisfiable(facts.there_can_be, z3.Xor(inside, changed)), (operation, key, found)
