"""Conditions as a few boxes of which at most one holds: an amount has another bound in each currency.

Most conditions are one box (`policy/condition.py`). One that compares an amount in several currencies, or that holds in
those it does not name, is one for each: disjoint, and all about the same facts. Intersection, inclusion and difference
stay decidable, so what is proven of conditions is proven of these, too (docs/policy-language.md rule 2).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import product

from billpolicy.policy.condition import Box, Facts, Lists, Values, contains, difference, intersection, touches
from billpolicy.policy.condition import closed as closed_box

Boxes = tuple[Box, ...]
"""Disjoint boxes about the same facts; there is at least one."""

MOST_BOXES = 1_000
"""The most boxes of one condition: what the rules engine can be given (`matching/guard.py`)."""


def together(parts: Sequence[Boxes]) -> Boxes:
    """What satisfies all of some conditions that are about different facts."""
    if all(len(boxes) == 1 for boxes in parts):
        return ({fact: values for (box,) in parts for fact, values in box.items()},)
    return tuple({fact: values for box in boxes for fact, values in box.items()} for boxes in product(*parts))


def hold(boxes: Boxes, facts: Facts, *, but: Set[str] = frozenset()) -> bool:
    """Whether facts satisfy the condition, leaving out what it asks `but` of some."""
    return any(all(values.allows(facts.get(fact)) for fact, values in box.items() if fact not in but) for box in boxes)


def meetings(a: Boxes, b: Boxes) -> Iterator[Box]:
    """The boxes of all facts that satisfy both."""
    both = (intersection(one, other) for one, other in product(a, b))
    return (box for box in both if box is not None)


def meet(a: Boxes, b: Boxes) -> bool:
    """Whether some facts satisfy both."""
    return any(touches(one, other) for one, other in product(a, b))


def outside(boxes: Iterable[Box], others: Iterable[Box]) -> list[Box]:
    """Disjoint boxes that together are the first without the others."""
    left = list(boxes)
    for other in others:
        left = [piece for box in left for piece in difference(box, other)]
    return left


def is_within(inner: Boxes, outer: Boxes) -> bool:
    """Whether everything that satisfies `inner` satisfies `outer`."""
    if len(outer) == 1:
        return all(contains(outer[0], box) for box in inner)
    return all(_is_one_within(box, [other for other in outer if touches(box, other)]) for box in inner)


def _is_one_within(inner: Box, outer: Sequence[Box]) -> bool:
    """Of those of several boxes that it meets. Mostly that is one or none, and then no piece is cut out of it."""
    if not outer:
        return any(values.empty for values in inner.values())
    if len(outer) == 1:
        return contains(outer[0], inner)
    return not outside((inner,), outer)


def narrower(a: Boxes, b: Boxes) -> bool:
    """Whether `a` is strictly within `b`: set inclusion, never a count of conditions."""
    return is_within(a, b) and not is_within(b, a)


def hull(boxes: Sequence[Box]) -> Box:
    """The smallest box that all of some boxes are within."""
    around = boxes[0]
    for box in boxes[1:]:
        around = {fact: around[fact] | values for fact, values in box.items() if fact in around}
    return around


def closed(boxes: Boxes, lists: Lists) -> Boxes:
    """The same among the words that these facts can be (`condition.closed`)."""
    return tuple(closed_box(box, lists) for box in boxes)


def content(boxes: Iterable[Mapping[str, Values]]) -> Hashable:
    """The same for conditions that are the same, however their lines stand."""
    return frozenset(frozenset(box.items()) for box in boxes)
