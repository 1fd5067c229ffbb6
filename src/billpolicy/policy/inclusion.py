"""Which of many boxes are within which, as `condition.contains` says of two of them.

A thousand conditions have a million pairs, so they are not compared each with each: of each fact the values that are
asked for are put in order once, and what is within a box is what is within it fact by fact. Sets of boxes are the bits
of an int, by their places.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from math import inf
from operator import or_

from billpolicy.policy.boxes import Boxes, hull, is_within
from billpolicy.policy.condition import Box, Numbers, Values, Words


def within_each(boxes: Sequence[Box]) -> list[int]:
    """Of each box those that are within it, itself and its equals among them."""
    everyone = (1 << len(boxes)) - 1
    asked: dict[str, dict[Values, int]] = defaultdict(lambda: defaultdict(int))
    for number, box in enumerate(boxes):
        for fact, values in box.items():
            asked[fact][values] |= 1 << number
    found = [everyone] * len(boxes)
    for by_values in asked.values():
        silent = everyone & ~_all(by_values.values())
        for values, within in _within(by_values).items():
            if values.everything.within(values):
                within |= silent
            for number in bits(by_values[values]):
                found[number] &= within
    return found


def narrower_each(conditions: Sequence[Boxes]) -> list[int]:
    """Of each condition those that are strictly within it (`boxes.narrower`)."""
    inside_of = within_each([hull(boxes) for boxes in conditions])
    if any(len(boxes) > 1 for boxes in conditions):
        inside_of = _within_several(conditions, inside_of)
    equal: dict[int, int] = defaultdict(int)
    for number, inside in enumerate(inside_of):
        equal[inside] |= 1 << number  # what has the same within it is the same
    return [inside & ~equal[inside] for inside in inside_of]


def _within_several(conditions: Sequence[Boxes], by_hull: Sequence[int]) -> list[int]:
    """Of each condition those that are within it, of those that are within its hull. Mostly each box of the one is
    within a box of the other; else they are compared as a whole."""
    pieces = within_each([box for boxes in conditions for box in boxes])
    starts = [0, *accumulate(map(len, conditions))]
    own = [(1 << len(boxes)) - 1 << start for boxes, start in zip(conditions, starts, strict=False)]
    found = []
    for boxes, start, near in zip(conditions, starts, by_hull, strict=False):
        if len(boxes) > 1:  # a single box is its hull
            outside = ~_all(pieces[start : start + len(boxes)])
            for other in bits(near):
                if own[other] & outside and not is_within(conditions[other], boxes):
                    near &= ~(1 << other)
        found.append(near)
    return found


def bits(numbers: int) -> Iterator[int]:
    """The positions of the bits that are set, lowest first."""
    while numbers:
        lowest = numbers & -numbers
        yield lowest.bit_length() - 1
        numbers ^= lowest


def _within(by_values: Mapping[Values, int]) -> dict[Values, int]:
    """Of each of the values of one fact the boxes that ask for a part of them, or all."""
    inside = _within_numbers if isinstance(next(iter(by_values)).members, Numbers) else _within_words
    unset = _all(asking for values, asking in by_values.items() if values.unset)
    found = inside(by_values)
    return {values: within if values.unset else within & ~unset for values, within in found.items()}


def _within_numbers(by_values: Mapping[Values, int]) -> dict[Values, int]:
    """What begins and ends within one range is within it; of several ranges, each candidate is looked at."""
    nothing = _all(asking for values, asking in by_values.items() if values.members.empty)
    found = dict.fromkeys(by_values, nothing)
    ends_of: dict[Values, Ends] = {}
    for values in by_values:
        members = values.members
        if isinstance(members, Numbers) and not members.empty:
            ends_of[values] = ends(members)
    by_low = sorted(ends_of, key=lambda values: -ends_of[values][0])
    by_high = sorted(ends_of, key=lambda values: ends_of[values][1])
    lows, highs = [-ends_of[values][0] for values in by_low], [ends_of[values][1] for values in by_high]
    from_low = [0, *accumulate((by_values[values] for values in by_low), or_)]
    to_high = [0, *accumulate((by_values[values] for values in by_high), or_)]
    for values, (low, high) in ends_of.items():
        within = from_low[bisect_right(lows, -low)] & to_high[bisect_right(highs, high)]
        if len(values.members.ranges) > 1:  # type: ignore[union-attr]
            pieces = (one for one in ends_of if by_values[one] & within)
            within = _all(by_values[one] for one in pieces if _inside(one, values))
        found[values] |= within
    return found


Ends = tuple[float, float]
"""Where a range begins and where it ends; infinity where it is open."""


def ends(numbers: Numbers) -> Ends:
    """Of one or more ranges the first beginning and the last end. There must be one."""
    low, high = numbers.ranges[0][0], numbers.ranges[-1][1]
    return -inf if low is None else low, inf if high is None else high


def _within_words(by_values: Mapping[Values, int]) -> dict[Values, int]:
    """Lists of words meet by their words, and those that are given by what is not among them by these."""
    listed: dict[str | bool, list[Values]] = defaultdict(list)
    leaving_out: dict[str | bool, int] = defaultdict(int)
    nothing, lists, others = 0, 0, 0
    for values, asking in by_values.items():
        members = values.members
        assert isinstance(members, Words)
        if members.complement:
            others |= asking
            for name in members.names:
                leaving_out[name] |= asking
        elif members.empty:
            nothing |= asking
        else:
            lists |= asking
            for name in members.names:
                listed[name].append(values)
    found = {}
    for values in by_values:
        members = values.members
        assert isinstance(members, Words)
        sharing = dict.fromkeys(one for name in members.names for one in listed.get(name, ()))
        if members.complement:
            # What is none of some words is none of fewer of them.
            within = lists & ~_all(by_values[one] for one in sharing) | others
            for name in members.names:
                within &= ~others | leaving_out[name]
        else:
            within = _all(by_values[one] for one in sharing if _inside(one, values))
        found[values] = within | nothing
    return found


def _inside(one: Values, other: Values) -> bool:
    """Whether what is set of one is within the other."""
    return Values(one.members).within(Values(other.members))


def _all(sets: Iterable[int]) -> int:
    found = 0
    for one in sets:
        found |= one
    return found
