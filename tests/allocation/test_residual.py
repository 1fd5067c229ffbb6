"""Splitting in integers: every residual rule against a definition that counts unit by unit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.allocation.residual import RESIDUALS, Cents, split

NAMES = sorted(RESIDUALS)
small = st.lists(st.integers(1, 12), min_size=1, max_size=5)
large = st.lists(st.integers(1, 10**12), min_size=1, max_size=30)


def shares_under_caps(total: int, weights: list[int], caps: list[int]) -> list[Fraction]:
    """Water filling, one cap at a time: the one that is reached first."""
    parts = [Fraction(0)] * len(weights)
    free = set(range(len(weights)))
    rest = Fraction(total)
    while free:
        whole = sum(weights[i] for i in free)
        over = [i for i in free if rest * weights[i] >= caps[i] * whole]
        if not over:
            for i in free:
                parts[i] = rest * weights[i] / whole
            return parts
        first = min(over, key=lambda i: Fraction(caps[i], weights[i]))
        parts[first] = Fraction(caps[first])
        rest -= caps[first]
        free.remove(first)
    return parts


def counted_to_the_last(total: int, exact: list[Fraction], caps: list[int]) -> list[int]:
    """Round half up one after the other, unit by unit; the last takes the rest, and gives back what it has no room
    for."""
    parts, left = [0] * len(exact), total
    for i, share in enumerate(exact[:-1]):
        while left and parts[i] < caps[i] and share - parts[i] >= Fraction(1, 2):
            parts[i] += 1
            left -= 1
    at = len(exact) - 1
    while left:
        if parts[at] == caps[at]:
            at -= 1
        else:
            parts[at] += 1
            left -= 1
    return parts


def counted(total: int, weights: list[int], caps: list[int], residual: str) -> list[int]:
    """Round down, then give what is left one by one, as the rule is written."""
    exact = shares_under_caps(total, weights, caps)
    if residual == "last":  # those whose cap is reached have it all, and take no part in the rounding
        free = [i for i, cap in enumerate(caps) if exact[i] != cap]
        parts = [int(part) for part in exact]
        left = total - sum(caps[i] for i in range(len(caps)) if i not in free)
        shares = counted_to_the_last(left, [exact[i] for i in free], [caps[i] for i in free]) if free else []
        for i, part in zip(free, shares, strict=True):
            parts[i] = part
        return parts
    parts = [int(part) for part in exact]
    waiting = [i for i in range(len(parts)) if parts[i] < caps[i]]
    while sum(parts) < total:
        if residual == "largest_remainder":
            best = max(waiting, key=lambda i: (exact[i] - parts[i], -i))
        elif residual == "largest_weight":
            best = max(waiting, key=lambda i: (weights[i], -i))
        else:
            best = waiting[0]
        parts[best] += 1
        waiting.remove(best)
    return parts


@given(small, st.sampled_from(NAMES), st.data())
def test_as_counted_one_by_one(weights: list[int], residual: str, data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    assert split(total, weights, None, Cents(residual)) == counted(total, weights, weights, residual)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=5), st.data())
def test_as_counted_one_by_one_under_caps(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    weights, caps = [w for w, _ in pairs], [c for _, c in pairs]
    total = data.draw(st.integers(0, sum(caps)))
    residual = data.draw(st.sampled_from(NAMES))
    assert split(total, weights, caps, Cents(residual)) == counted(total, weights, caps, residual)


@given(large, st.sampled_from(NAMES), st.sampled_from((1, 5, 10, 100)), st.booleans(), st.data())
def test_it_adds_up_within_caps(weights: list[int], residual: str, step: int, own: bool, data: st.DataObject) -> None:
    limits = st.integers(0, 10**12)
    caps = weights if own else data.draw(st.lists(limits, min_size=len(weights), max_size=len(weights)))
    total = data.draw(st.integers(0, sum(caps)))
    parts = split(total, weights, caps, Cents(residual, step))
    assert sum(parts) == total
    assert all(0 <= part <= cap for part, cap in zip(parts, caps, strict=True))


@given(large, st.sampled_from(sorted(set(NAMES) - {"last"})), st.sampled_from((1, 5, 100)), st.data())
def test_shares_are_whole_steps_within_a_step(
    weights: list[int], residual: str, step: int, data: st.DataObject
) -> None:
    """Where every cap is far away: all but one share are whole steps, each within a step of the exact one."""
    total = data.draw(st.integers(0, 10**9))
    parts = split(total, weights, [total + step] * len(weights), Cents(residual, step))
    assert sum(part % step != 0 for part in parts) <= (total % step != 0)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(total * weight, sum(weights)) - part) < step


@given(large, st.sampled_from((1, 5, 100)), st.data())
def test_by_last_all_but_the_last_are_rounded_half_up(weights: list[int], step: int, data: st.DataObject) -> None:
    """Where every cap is far away, and the last has a rest to take."""
    total = data.draw(st.integers(0, 10**9))
    parts = split(total, weights, [total + step] * len(weights), Cents("last", step))
    rounded = [int(Fraction(total * weight, sum(weights) * step) + Fraction(1, 2)) * step for weight in weights[:-1]]
    if sum(rounded) <= total:
        assert parts == [*rounded, total - sum(rounded)]
    else:
        assert all(part <= share for part, share in zip(parts, rounded, strict=False))


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (1000, [1, 1, 1], [333, 333, 334]),
        (1000, [1, 2, 6, 3], [83, 167, 500, 250]),  # 83.33, 166.67, 500 and 250
        (2, [1, 1, 1, 1], [1, 1, 0, 0]),  # 0.5 each is 1, as long as there is something left
        (5, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
        (4, [3, 3, 3, 3, 3, 3, 3, 3, 3, 3], [0, 0, 0, 0, 0, 0, 0, 0, 1, 3]),  # 0.4 is 0; the rest is above one cap
    ],
)
def test_the_last_takes_the_rest(total: int, weights: list[int], parts: list[int]) -> None:
    caps = [total] * len(weights) if total > sum(weights) else weights
    assert split(total, weights, caps, Cents("last")) == parts


@pytest.mark.parametrize(
    ("total", "weights", "caps"),
    [
        (5000, [], None),
        (5000, [-1, 2], None),
        (5000, [-1, 2], [5000, 5000]),
        (-1, [1, 2], None),
        (4, [1, 2], None),  # more than there is room for
        (1, [0, 0], None),
        (1, [0, 2], [1, 1]),
        (1, [1, 2], [1, -1]),
        (1, [1, 2], [3]),
        (1, [1], [3, 3]),
    ],
)
def test_nonsense_is_refused(total: int, weights: list[int], caps: list[int] | None) -> None:
    with pytest.raises(ValueError, match=r"split|caps"):
        split(total, weights, caps)


@pytest.mark.parametrize(
    ("total", "weights", "step", "parts"),
    [
        (107, [500, 500], 5, [55, 52]),  # 53.5 each: 50 and 50, one step to the first, the 2 below a step to the next
        (14, [7, 7], 5, [7, 7]),  # all of both: a balance paid in full may end between steps
        (13, [7, 7], 5, [7, 6]),  # 5 and 5; no room for a step, so 2 fill the first and 1 goes on
        (3, [7, 7], 5, [3, 0]),  # less than one step
        (0, [7, 7], 5, [0, 0]),
    ],
)
def test_steps(total: int, weights: list[int], step: int, parts: list[int]) -> None:
    assert split(total, weights, None, Cents(step=step)) == parts


@pytest.mark.parametrize(
    ("residual", "parts"),
    [
        # The first place is full with 2. Of the other 8, 3/7 and 4/7: 3.43 and 4.57, so one is left over 3 and 4.
        ("first", [2, 4, 4]),
        ("last", [2, 3, 5]),  # 3.43 is 3
        ("largest_remainder", [2, 3, 5]),
        ("largest_weight", [2, 3, 5]),
    ],
)
def test_what_is_left_goes_to_places_that_are_open(residual: str, parts: list[int]) -> None:
    assert split(10, [5, 3, 4], [2, 10, 10], Cents(residual)) == parts


@pytest.mark.parametrize(
    ("residual", "parts"),
    [
        # 22/3 = 7.33 each, so 5, 5, 5 and 7 left: a step that only the middle has room for, and 2 to the next one.
        ("first", [5, 10, 7]),
        ("last", [5, 9, 8]),  # 5, 5 and a rest of 12, of which 4 have no room there
        ("largest_remainder", [5, 10, 7]),  # of equal ones, the earliest
        ("largest_weight", [5, 10, 7]),
    ],
)
def test_steps_pass_over_places_without_room(residual: str, parts: list[int]) -> None:
    assert split(22, [1, 1, 1], [8, 20, 8], Cents(residual, 5)) == parts
    # 20/3 = 6.67 each: 5, 5, 5 and one step left, for which only the middle has room; or 5, 5 and 10.
    expected = [5, 8, 7] if residual == "last" else [5, 10, 5]
    assert split(20, [1, 1, 1], [7, 20, 7], Cents(residual, 5)) == expected


@pytest.mark.parametrize(
    ("residual", "cents", "steps"),
    [
        ("first", [0, 2, 1, 0], [0, 6, 5, 0]),
        ("last", [0, 2, 1, 0], [0, 5, 6, 0]),  # 1.5 is 2, and 5.5 is 5
        ("largest_remainder", [0, 2, 1, 0], [0, 6, 5, 0]),
        ("largest_weight", [0, 2, 1, 0], [0, 6, 5, 0]),
    ],
)
def test_what_is_left_passes_over_exhausted_places(residual: str, cents: list[int], steps: list[int]) -> None:
    # Half of 3, and half of 11 in steps of 5, to each of the two that are open: one unit is left.
    assert split(3, [0, 3, 3, 0], None, Cents(residual)) == cents
    assert split(11, [0, 7, 7, 0], None, Cents(residual, 5)) == steps


@pytest.mark.parametrize("residual", NAMES)
def test_nothing_goes_where_nothing_is_open(residual: str) -> None:
    assert split(1, [0, 2, 0], None, Cents(residual)) == [0, 1, 0]
    assert split(0, [0, 0], None, Cents(residual)) == [0, 0]
    assert split(0, [], None, Cents(residual)) == []


def test_many_caps_in_a_row_are_still_fast() -> None:
    caps = [2**i for i in range(50)] * 100
    assert split(sum(caps) - 1, [1] * len(caps), caps)[49::50] == [2**49 - 1 if i == 99 else 2**49 for i in range(100)]
