"""Which boxes can meet at all, without comparing each with each: a thousand conditions have half a million pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from billpolicy.policy.condition import Box, Fact, Values, Words


def neighbours(boxes: Sequence[Box]) -> list[int]:
    """For each box the set of those that no listed value tells apart from it, itself included, as the bits of an int.

    Most conditions name a country, a plan or a reason; boxes that list other values of the same fact never meet. Boxes
    that are left may still not meet (amounts, dates), so this only says where it is worth to look.
    """
    listing: dict[str, int] = defaultdict(int)
    with_value: dict[tuple[str, Fact | None], int] = defaultdict(int)
    for index, box in enumerate(boxes):
        for fact, values in box.items():
            listed = _listed(values)
            if listed is not None:
                listing[fact] |= 1 << index
                for value in listed:
                    with_value[fact, value] |= 1 << index
    found = []
    for box in boxes:
        meeting = (1 << len(boxes)) - 1
        for fact, values in box.items():
            listed = _listed(values)
            if listed is not None:
                sharing = 0
                for value in listed:
                    sharing |= with_value[fact, value]
                meeting &= sharing | ~listing[fact]
        found.append(meeting)
    return found


def bits(numbers: int) -> Iterator[int]:
    """The positions of the bits that are set, lowest first."""
    while numbers:
        lowest = numbers & -numbers
        yield lowest.bit_length() - 1
        numbers ^= lowest


def _listed(values: Values) -> frozenset[Fact | None] | None:
    """The values, None for unset, if they are finitely many words; otherwise nothing."""
    members = values.members
    unset: frozenset[Fact | None] = frozenset((None,)) if values.unset else frozenset()
    if members.empty:
        return unset
    return unset | members.names if isinstance(members, Words) and not members.complement else None
