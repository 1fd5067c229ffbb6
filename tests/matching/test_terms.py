"""What the rules engine is told, checked without the engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.deciding.matching.terms import LARGEST_NUMBER, Term, conjunctions, encoded, length, width
from billpolicy.policy.condition import Fact, Numbers, Values, Words
from tests.helpers.conditions import WILD_TEXTS, between, conditions, exception, facts, words


def holds(term: Term, known: dict[str, Fact]) -> bool:
    """One term as the engine means it: every comparison with a missing fact is false (docs/rules-engine.md 3)."""
    if term.fact not in known:
        return term.operator == "$nex"
    value = encoded(known[term.fact])
    if term.operator in ("$gte", "$lte"):
        assert isinstance(value, int)
        assert isinstance(term.value, int)
        return value >= term.value if term.operator == "$gte" else value <= term.value
    return {"$eq": value == term.value, "$neq": value != term.value, "$ex": True, "$nex": False}[term.operator]


@given(conditions(WILD_TEXTS), facts(WILD_TEXTS, st.integers(-3, 5)))
def test_the_conjunctions_are_the_condition(when: tuple, known: dict[str, Fact]) -> None:  # type: ignore[type-arg]
    boxes = exception("rule", *when).boxes
    expanded = [one for box in boxes for one in conjunctions(box)]
    holding = [all(holds(term, known) for term in terms) for terms in expanded]
    meant = [all(values.allows(known.get(fact)) for fact, values in box.items()) for box in boxes]
    assert sum(holding) == sum(meant) <= 1
    assert len(expanded) == sum(map(width, boxes))
    assert max(map(len, expanded)) == max(map(length, boxes))
    for terms in expanded:
        assert [term.fact for term in terms] == sorted(term.fact for term in terms)


def test_lists_multiply() -> None:
    box = exception("rule", words("account.country", "DE", "FR"), words("account.kind", "a", "b", "c")).boxes[0]
    assert width(box) == 2 * 3
    assert list(conjunctions({})) == [()]


def test_the_simplest_term_is_used() -> None:
    amount = Values(Numbers(((None, 1), (3, 3), (5, 6), (8, None))))
    assert list(conjunctions({"amount": amount})) == [
        (Term("amount", "$lte", 1),),
        (Term("amount", "$eq", 3),),
        (Term("amount", "$gte", 5), Term("amount", "$lte", 6)),
        (Term("amount", "$gte", 8),),
    ]
    assert list(conjunctions({"a": Values(Words(frozenset(("x", "y")), complement=True), unset=True)})) == [
        (Term("a", "$nex"),),
        (Term("a", "$neq", "x"), Term("a", "$neq", "y")),
    ]
    assert list(conjunctions(between("amount", None, None).boxes[0])) == [(Term("amount", "$ex"),)]


@given(WILD_TEXTS, WILD_TEXTS)
def test_different_texts_stay_different(a: str, b: str) -> None:
    assert (encoded(a) == encoded(b)) == (a == b)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (True, "true"),
        (False, "false"),
        (5, 5),
        ("5", "5"),
        (2**63, LARGEST_NUMBER + 1),
        (-(2**63), -LARGEST_NUMBER - 1),
        ("x" * 300, "x" * 256),
        ("\ud800", "\xed\xa0\x80"),  # a lone half of a pair, as the bytes UTF-8 would have for it
    ],
)
def test_values_are_told_so_that_they_cannot_be_misread(value: Fact, told: str | int) -> None:
    assert encoded(value) == told
    assert type(encoded(value)) is type(told)
