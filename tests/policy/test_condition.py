"""The algebra of conditions against brute force: every law is checked by asking for membership, value by value."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.policy.boxes import narrower
from billpolicy.policy.condition import (
    Box,
    Fact,
    Numbers,
    Values,
    Words,
    contains,
    difference,
    intersection,
)
from tests.helpers.conditions import KINDS, number_sets, word_sets

# Conditions name DE, FR and the numbers 0 to 3; one value more on each side stands for all the rest.
TEXTS = ("DE", "FR", "IT")
NUMBERS = range(-1, 5)

open_words = word_sets()
closed_words = word_sets(closed=True)
numbers = number_sets()


def members(values: Words | Numbers, domain: tuple[Fact, ...]) -> set[Fact]:
    return {value for value in domain if value in values}


def allowed(values: Values, domain: tuple[Fact, ...]) -> set[Fact | None]:
    return {value for value in (None, *domain) if values.allows(value)}


@given(open_words, open_words)
def test_words_of_an_open_list(a: Words, b: Words) -> None:
    assert members(a & b, TEXTS) == members(a, TEXTS) & members(b, TEXTS)
    assert members(a.inverse(), TEXTS) == set(TEXTS) - members(a, TEXTS)
    assert a.inverse().inverse() == a
    assert a.empty == (not members(a, TEXTS))
    assert members(a.everything, TEXTS) == set(TEXTS)
    assert a.empty or a.sample() in a


def test_an_example_of_any_other_word_is_another_one() -> None:
    named = frozenset(("any other", "any other 0"))
    assert Words(frozenset(("any other",)), complement=True).sample() == "any other 0"
    assert Words(named, complement=True).sample() == "any other 1"
    assert Words(frozenset(("DE",)), complement=True).sample() == "any other"
    assert Words(frozenset(("FR", "DE"))).sample() == "DE"


@given(closed_words, closed_words)
def test_words_of_a_closed_list(a: Words, b: Words) -> None:
    assert members(a & b, KINDS) == members(a, KINDS) & members(b, KINDS)
    assert members(a.inverse(), KINDS) == set(KINDS) - members(a, KINDS)
    # The closed list is all there is: what leaves out one of two words is the other word.
    assert a.empty == (not members(a, KINDS))
    assert a.inverse().inverse() == a
    assert a.empty or a.sample() in KINDS


@given(numbers, numbers)
def test_numbers(a: Numbers, b: Numbers) -> None:
    domain = tuple(NUMBERS)
    assert members(a & b, domain) == members(a, domain) & members(b, domain)
    assert members(a.inverse(), domain) == set(domain) - members(a, domain)
    assert a.empty == (not members(a, domain))
    assert a.empty or a.sample() in a
    # One set is written in one way, so equality of sets is equality of values.
    assert (a == b) == (members(a, domain) == members(b, domain))
    assert a.inverse().inverse() == a == a & a


@given(st.lists(st.integers(-3, 3)))
def test_single_numbers(chosen: list[int]) -> None:
    assert members(Numbers.only(*chosen), tuple(range(-5, 6))) == set(chosen)


def test_one_set_of_numbers_is_written_in_one_way() -> None:
    # Sorted, and neighbors in one range, however they are named.
    for chosen in ((1, 2, 3, 5), (5, 3, 2, 1), (3, 5, 1, 2, 3), (2, 5, 1, 3)):
        assert Numbers.only(*chosen) == Numbers(((1, 3), (5, 5)))


@given(st.builds(Values, numbers, st.booleans()), st.builds(Values, numbers, st.booleans()))
def test_values(a: Values, b: Values) -> None:
    domain = tuple(NUMBERS)
    assert allowed(a & b, domain) == allowed(a, domain) & allowed(b, domain)
    assert allowed(a - b, domain) == allowed(a, domain) - allowed(b, domain)
    assert a.within(b) == (allowed(a, domain) <= allowed(b, domain))
    assert a.empty == (not allowed(a, domain))
    assert a.empty or a.allows(a.sample())


def test_unset_is_asked_for_by_name_only() -> None:
    """docs/policy-language.md rule 2: a comparison with an unset field is false; 0 and false are values."""
    anything = Values(Numbers(((None, None),)))
    all_but_five = Values(Numbers.only(5).inverse())
    assert not anything.allows(None)
    assert not all_but_five.allows(None)
    assert anything.allows(0)
    assert Values(Words(frozenset((False,)))).allows(False)
    assert Values(Numbers(()), unset=True).allows(None)
    assert not Values(Numbers(()), unset=True).allows(0)


# -- boxes ---------------------------------------------------------------------------------------------------------

DOMAIN: dict[str, tuple[Fact | None, ...]] = {
    "country": (None, *TEXTS),
    "kind": (None, *KINDS),
    "lines": (None, *NUMBERS),
}
POINTS = [dict(zip(DOMAIN, point, strict=True)) for point in product(*DOMAIN.values())]


def set_of(values: st.SearchStrategy[Words] | st.SearchStrategy[Numbers]) -> st.SearchStrategy[Values]:
    return st.builds(Values, values, st.booleans()).filter(lambda values: not values.empty)


boxes: st.SearchStrategy[Box] = st.fixed_dictionaries(
    {}, optional={"country": set_of(open_words), "kind": set_of(closed_words), "lines": set_of(numbers)}
)


def inside(box: Box | None) -> set[int]:
    if box is None:
        return set()
    return {
        number for number, point in enumerate(POINTS) if all(values.allows(point[fact]) for fact, values in box.items())
    }


@given(boxes, boxes)
def test_boxes(a: Box, b: Box) -> None:
    in_a, in_b = inside(a), inside(b)
    assert inside(intersection(a, b)) == in_a & in_b
    assert contains(a, b) == (in_a >= in_b)
    assert narrower((a,), (b,)) == (in_a < in_b)
    pieces = [inside(piece) for piece in difference(a, b)]
    assert set().union(*pieces) == in_a - in_b
    assert sum(map(len, pieces)) == len(in_a - in_b), "the pieces of a difference do not overlap"


def test_narrower_is_inclusion_and_not_a_count_of_conditions() -> None:
    germany: Box = {"country": Values(Words(frozenset(("DE",))))}
    france_with_lines: Box = {"country": Values(Words(frozenset(("FR",)))), "lines": Values(Numbers(((1, None),)))}
    germany_or_france: Box = {"country": Values(Words(frozenset(("DE", "FR"))))}
    assert narrower((germany,), (germany_or_france,))
    assert not narrower((france_with_lines,), (germany,))
    assert not narrower((germany,), (dict(germany),))
