"""Regions: the facts for which something holds, as few boxes as can be found, and a region without another one.

What facts there can be is the domain's to say: a condition that all of them satisfy is none, and is not said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from billpolicy.analysis.domain import Domain
from billpolicy.policy.condition import Box, Numbers, Values, Words, contains, difference

Region = tuple[Box, ...]
"""All facts that are in one of the boxes."""
MOST_COMPARED = 200
"""Boxes that are compared each with each."""


def simplified(boxes: Iterable[Box], domain: Domain) -> Region:
    """The same region in fewer boxes: those that differ in one fact become one, until no two do, and what is within
    another box is left out."""
    left = [box for box in (confined(one, domain) for one in boxes) if box is not None]
    before = len(left) + 1
    while len(left) < before:
        before = len(left)
        for fact in sorted({fact for box in left for fact in box}):
            left = _joined(left, fact, domain)
        if len(left) <= MOST_COMPARED:
            left = [box for place, box in enumerate(left) if not _within(box, place, left)]
    return tuple(sorted(left, key=order))


def _joined(boxes: Iterable[Box], fact: str, domain: Domain) -> list[Box]:
    """Boxes that differ in this fact alone, as one."""
    found: dict[object, Box] = {}
    for box in boxes:
        rest = frozenset((name, values) for name, values in box.items() if name != fact)
        name = fact in box, rest
        other = found.get(name)
        if other is not None and fact in box:
            box = {**box, fact: box[fact] | other[fact]}
        found[name] = box
    joined = (confined(box, domain) for box in found.values())
    return [box for box in joined if box is not None]


def _within(box: Box, place: int, boxes: Sequence[Box]) -> bool:
    """Whether a box is within another one, of two that are the same the later."""
    return any(
        contains(other, box) and (at < place or not contains(box, other))
        for at, other in enumerate(boxes)
        if at != place
    )


def without(region: Iterable[Box], other: Box) -> Region:
    """The region without what is in a box."""
    return tuple(piece for box in region for piece in difference(box, other))


def covers(outer: Sequence[Box], inner: Iterable[Box], domain: Domain) -> bool:
    """Whether all of a region that there can be is within another one."""
    rest: Region = tuple(inner)
    for box in outer:
        rest = without(rest, box)
    return all(confined(box, domain) is None for box in rest)


def confined(box: Box, domain: Domain) -> Box | None:
    """What a box says beyond what always holds; None where no facts there can be are in it."""
    found: dict[str, Values] = {}
    for fact, values in box.items():
        universe = domain.universe(fact)
        here = values & universe
        if here.empty:
            return None
        if here != universe:
            found[fact] = here
    return found


def order(box: Box) -> tuple[int, str]:
    """Few conditions first; else by what they say, so that the same region is always the same boxes."""
    return len(box), repr(sorted((fact, _key(values)) for fact, values in box.items()))


def _key(values: Values) -> str:
    members = values.members
    if isinstance(members, Numbers):
        return f"{members.ranges}{values.unset}"
    assert isinstance(members, Words)
    return f"{sorted(map(str, members.names))}{members.complement}{values.unset}"
