"""Regions: the facts for which something holds, as few boxes as can be found, and a region without another one.

What facts there can be is the domain's to say: a condition that all of them satisfy is none, and is not said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from billpolicy.analysis.domain import Domain
from billpolicy.policy.condition import Box, Numbers, Values, Words, contains, difference

Region = tuple[Box, ...]
"""All facts that are in one of the boxes."""


def simplified(boxes: Iterable[Box], domain: Domain) -> Region:
    """The same region in fewer boxes: those that differ in one fact become one, until no two do."""
    left = [box for box in (confined(one, domain) for one in boxes) if box is not None]
    merged = True
    while merged:
        left.sort(key=order)
        merged = False
        for i, a in enumerate(left):
            for j in range(i + 1, len(left)):
                both = _merged(a, left[j], domain)
                if both is not None:
                    left[j] = both
                    del left[i]
                    merged = True
                    break
            if merged:
                break
    return tuple(left)


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


def _merged(a: Box, b: Box, domain: Domain) -> Box | None:
    """One box for both: where one is within the other, or they differ in one fact."""
    if contains(a, b):
        return a
    if contains(b, a):
        return b
    if a.keys() != b.keys():
        return None
    differing = [fact for fact in a if a[fact] != b[fact]]
    if len(differing) != 1:
        return None
    (fact,) = differing
    return confined({**a, fact: a[fact] | b[fact]}, domain)


def order(box: Box) -> tuple[int, str]:
    """Few conditions first; else by what they say, so that the same region is always the same boxes."""
    return len(box), repr(sorted((fact, _key(values)) for fact, values in box.items()))


def _key(values: Values) -> str:
    members = values.members
    if isinstance(members, Numbers):
        return f"{members.ranges}{values.unset}"
    assert isinstance(members, Words)
    return f"{sorted(map(str, members.names))}{members.complement}{values.unset}"
