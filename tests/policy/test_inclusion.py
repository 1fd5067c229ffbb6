"""Many boxes are within each other as any two of them are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.policy.boxes import narrower
from billpolicy.policy.condition import Box, Numbers, Values, Words, contains
from billpolicy.policy.inclusion import bits, narrower_each, within_each

WORDS = ("DE", "FR", "US")
BOOLEANS = frozenset((True, False))


def _words() -> st.SearchStrategy[Values]:
    names = st.frozensets(st.sampled_from(WORDS))
    return st.builds(lambda some, rest, unset: Values(Words(some, rest), unset), names, st.booleans(), st.booleans())


def _numbers() -> st.SearchStrategy[Values]:
    """Ranges between a few ends, some of them open."""
    ends = st.lists(st.integers(0, 12), max_size=6, unique=True).map(sorted)

    def ranges(cuts: list[int], low: bool, high: bool, unset: bool) -> Values:
        edges = [None] * low + cuts + [None] * high
        edges = edges[: len(edges) // 2 * 2]
        found = Numbers(())
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            found = found | Numbers(((start, end),))
        return Values(found, unset)

    return st.builds(ranges, ends, st.booleans(), st.booleans(), st.booleans())


def _flags() -> st.SearchStrategy[Values]:
    return st.builds(
        lambda names, unset: Values(Words(names, universe=BOOLEANS), unset),
        st.frozensets(st.booleans()),
        st.booleans(),
    )


BOXES = st.lists(
    st.fixed_dictionaries({}, optional={"country": _words(), "amount": _numbers(), "partial": _flags()}), max_size=12
)


@given(BOXES)
def test_what_is_within_each_of_many_is_what_it_contains(boxes: list[Box]) -> None:
    found = [set(bits(within)) for within in within_each(boxes)]
    expected = [{other for other, box in enumerate(boxes) if contains(outer, box)} for outer in boxes]
    assert found == expected


@given(BOXES)
def test_what_is_narrower_than_each_of_many_is_what_is_narrower_than_it(boxes: list[Box]) -> None:
    found = [set(bits(inside)) for inside in narrower_each([(box,) for box in boxes])]
    assert found == [{other for other, box in enumerate(boxes) if narrower((box,), (outer,))} for outer in boxes]
