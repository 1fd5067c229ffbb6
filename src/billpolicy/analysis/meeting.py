"""Which of many boxes may meet another one: by the words they list, and by where their ranges begin and end.

A thousand conditions have half a million pairs, so they are not compared each with each. Most conditions name a
country, a plan or a reason, or days and amounts between two ends; boxes that list other words of the same fact never
meet, nor do those of which one ends before the other begins. Boxes that are left may still not meet, so this only says
where it is worth to look. Sets of boxes are the bits of an int, by their places.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import or_

from billpolicy.policy.condition import Box, Fact, Words
from billpolicy.policy.inclusion import Ends, ends


class Meeting:
    """Many boxes, to be asked which of them may meet one."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self._everyone = (1 << len(boxes)) - 1
        self._asking: dict[str, int] = defaultdict(int)
        """Fact -> the boxes of which it is known what they want of it."""
        self._with: dict[tuple[str, Fact | None], int] = defaultdict(int)
        """Fact and word, or None for unset -> the boxes that take it."""
        ranges: dict[str, dict[Ends, int]] = defaultdict(lambda: defaultdict(int))
        for number, box in enumerate(boxes):
            bit = 1 << number
            for fact, values in box.items():
                members = values.members
                if isinstance(members, Words):
                    if members.complement:
                        continue
                    for word in members.names:
                        self._with[fact, word] |= bit
                elif not members.empty:
                    ranges[fact][ends(members)] |= bit
                if values.unset:
                    self._with[fact, None] |= bit
                self._asking[fact] |= bit
        self._ranges = {fact: _Ranges(by_ends) for fact, by_ends in ranges.items()}

    def of(self, box: Box) -> int:
        """Those that may meet a box."""
        meeting = self._everyone
        for fact, values in box.items():
            asking, members = self._asking.get(fact, 0), values.members
            if not asking or (isinstance(members, Words) and members.complement):
                continue
            sharing = self._with.get((fact, None), 0) if values.unset else 0
            if isinstance(members, Words):
                for word in members.names:
                    sharing |= self._with.get((fact, word), 0)
            elif not members.empty and fact in self._ranges:
                sharing |= self._ranges[fact].reached_by(ends(members))
            meeting &= sharing | ~asking
        return meeting


class _Ranges:
    """Ranges of numbers with the boxes that they are of, in the order of their ends."""

    def __init__(self, by_ends: Mapping[Ends, int]) -> None:
        by_low, by_high = sorted(by_ends), sorted(by_ends, key=lambda both: -both[1])
        self._lows, self._highs = [low for low, _ in by_low], [-high for _, high in by_high]
        self._from_low: list[int] = [0, *accumulate((by_ends[one] for one in by_low), or_)]
        self._to_high: list[int] = [0, *accumulate((by_ends[one] for one in by_high), or_)]

    def reached_by(self, both: Ends) -> int:
        """The boxes of those that begin before this range ends, and end after it begins."""
        low, high = both
        return self._from_low[bisect_right(self._lows, high)] & self._to_high[bisect_right(self._highs, -low)]
