"""Conditions as boxes: for each fact the exact set of values that satisfy it. Intersection, inclusion and difference
are decidable, so specificity, conflicts and dead rules are proven (docs/policy-language.md rules 5 and 6).

Facts are flat and primitive: text and choices are str, integers and minor units and date ordinals are int, booleans
are bool; a missing fact is unset. A money field `f` is two facts, `f` (minor units) and `f.currency`.
"""

from __future__ import annotations

from collections.abc import Mapping

from billpolicy.source.record import value

Fact = str | int | bool
Facts = Mapping[str, Fact]
Range = tuple[int | None, int | None]
"""A closed range of whole numbers; None is open-ended."""


@value
class Words:
    """A set of words: those named, or with `complement` all but those. `universe` is the closed list of a choice."""

    names: frozenset[str | bool]
    complement: bool = False
    universe: frozenset[str | bool] | None = None

    @classmethod
    def of(
        cls,
        names: frozenset[str | bool],
        *,
        complement: bool = False,
        universe: frozenset[str | bool] | None = None,
    ) -> Words:
        """The set in its one canonical form: over a closed list a complement is written out."""
        if complement and universe is not None:
            return cls(universe - names, universe=universe)
        return cls(names, complement, universe)

    @property
    def empty(self) -> bool:
        return not self.names and not self.complement

    @property
    def everything(self) -> Words:
        return Words.of(frozenset(), complement=True, universe=self.universe)

    def __contains__(self, value: Fact) -> bool:
        return (value in self.names) is not self.complement

    def __and__(self, other: Words) -> Words:
        if self.complement and other.complement:
            return Words(self.names | other.names, complement=True)
        if self.complement:
            return Words(other.names - self.names, universe=self.universe)
        if other.complement:
            return Words(self.names - other.names, universe=self.universe)
        return Words(self.names & other.names, universe=self.universe)

    def __or__(self, other: Words) -> Words:
        closed = self.universe if self.universe is not None else other.universe
        if self.complement and other.complement:
            return Words.of(self.names & other.names, complement=True, universe=closed)
        if self.complement:
            return Words.of(self.names - other.names, complement=True, universe=closed)
        if other.complement:
            return Words.of(other.names - self.names, complement=True, universe=closed)
        return Words(self.names | other.names, universe=closed)

    def inverse(self) -> Words:
        return Words.of(self.names, complement=not self.complement, universe=self.universe)

    def sample(self) -> Fact:
        """Some member, always the same one. The set must not be empty."""
        if not self.complement:
            return min(self.names, key=str)
        candidates = ("any other", *(f"any other {n}" for n in range(len(self.names))))
        return next(word for word in candidates if word not in self.names)


@value
class Numbers:
    """A set of whole numbers: sorted, disjoint, non-adjacent closed ranges."""

    ranges: tuple[Range, ...]

    @classmethod
    def only(cls, *values: int) -> Numbers:
        return cls._merged([(value, value) for value in values])

    @classmethod
    def _merged(cls, ranges: list[Range]) -> Numbers:
        merged: list[Range] = []
        for low, high in sorted(ranges, key=lambda r: (r[0] is not None, r[0] or 0)):
            if merged and (merged[-1][1] is None or low is None or low <= merged[-1][1] + 1):
                before_low, before_high = merged[-1]
                ends = None if before_high is None or high is None else max(before_high, high)
                merged[-1] = (before_low, ends)
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    @property
    def empty(self) -> bool:
        return not self.ranges

    @property
    def everything(self) -> Numbers:
        return ALL_NUMBERS

    def __contains__(self, value: Fact) -> bool:
        return any(
            (low is None or low <= value) and (high is None or value <= high)  # type: ignore[operator]
            for low, high in self.ranges
        )

    def __and__(self, other: Numbers) -> Numbers:
        found: list[Range] = []
        for a_low, a_high in self.ranges:
            for b_low, b_high in other.ranges:
                low = a_low if b_low is None else b_low if a_low is None else max(a_low, b_low)
                high = a_high if b_high is None else b_high if a_high is None else min(a_high, b_high)
                if low is None or high is None or low <= high:
                    found.append((low, high))
        return Numbers._merged(found)

    def __or__(self, other: Numbers) -> Numbers:
        return Numbers._merged([*self.ranges, *other.ranges])

    def near(self, wanted: int) -> int:
        """The member that is nearest to a number, the lower of two. The set must not be empty."""
        ends = (end for low, high in self.ranges for end in (low, high) if end is not None)
        return wanted if wanted in self else min(ends, key=lambda end: (abs(end - wanted), end))

    def inverse(self) -> Numbers:
        gaps: list[Range] = []
        start: int | None = None
        for position, (low, high) in enumerate(self.ranges):
            if low is not None:
                gaps.append((start if position else None, low - 1))
            if high is None:
                return Numbers(tuple(gaps))
            start = high + 1
        return Numbers((*gaps, (start, None)))

    def negated(self) -> Numbers:
        """The same numbers below zero."""
        ends = [(None if high is None else -high, None if low is None else -low) for low, high in self.ranges]
        return Numbers._merged(ends)

    def plus(self, other: Numbers) -> Numbers:
        """All sums of a number of each."""

        def end(one: int | None, more: int | None) -> int | None:
            return None if one is None or more is None else one + more

        pairs = ((mine, their) for mine in self.ranges for their in other.ranges)
        return Numbers._merged([(end(mine[0], their[0]), end(mine[1], their[1])) for mine, their in pairs])

    def sample(self) -> Fact:
        """Some member, always the same one. The set must not be empty."""
        low, high = self.ranges[0]
        return low if low is not None else high if high is not None else 0


ALL_NUMBERS = Numbers(((None, None),))
Members = Words | Numbers


@value
class Values:
    """What one fact may be: any of `members`, and/or unset. A clause of a policy never allows both."""

    members: Members
    unset: bool = False

    @property
    def empty(self) -> bool:
        return self.members.empty and not self.unset

    @property
    def everything(self) -> Values:
        return Values(self.members.everything, unset=True)

    def allows(self, value: Fact | None) -> bool:
        """A comparison with an unset fact is false; only `unset` asks for absence (docs/policy-language.md rule 2)."""
        return self.unset if value is None else value in self.members

    def __and__(self, other: Values) -> Values:
        return Values(self.members & other.members, self.unset and other.unset)  # type: ignore[operator]

    def __or__(self, other: Values) -> Values:
        return Values(self.members | other.members, self.unset or other.unset)  # type: ignore[operator]

    def __sub__(self, other: Values) -> Values:
        members = self.members & other.members.inverse()  # type: ignore[operator]
        return Values(members, self.unset and not other.unset)

    def within(self, other: Values) -> bool:
        return (self - other).empty

    def sample(self) -> Fact | None:
        return None if self.members.empty else self.members.sample()


Box = Mapping[str, Values]
"""Fact name -> what it may be. A fact that is not named may be anything, or unset."""
Lists = Mapping[str, frozenset[str]]
"""Fact name -> the words that it can be, where a policy says so: roles and reason codes."""


def intersection(a: Box, b: Box) -> Box | None:
    """The box of all facts that satisfy both, or None where nothing does."""
    both = dict(a)
    for fact, values in b.items():
        met = both[fact] & values if fact in both else values
        if met.empty:
            return None
        both[fact] = met
    return both


def touches(a: Box, b: Box) -> bool:
    """Whether some facts satisfy both. Neither may be empty."""
    return not any(fact in a and (a[fact] & values).empty for fact, values in b.items())


def closed(box: Box, lists: Lists) -> Box:
    """The box among the words that these facts can be: what is none of some of them is written out as the others."""
    return {fact: _closed(values, lists[fact]) if fact in lists else values for fact, values in box.items()}


def _closed(values: Values, words: frozenset[str]) -> Values:
    assert isinstance(values.members, Words)
    names = Words.of(values.members.names & words, complement=values.members.complement, universe=words)
    return Values(names, values.unset)


def contains(outer: Box, inner: Box) -> bool:
    """Whether everything that satisfies `inner` satisfies `outer`."""
    return all(inner.get(fact, values.everything).within(values) for fact, values in outer.items())


def difference(a: Box, b: Box) -> list[Box]:
    """Disjoint boxes that together are `a` without `b`."""
    pieces: list[Box] = []
    rest = dict(a)
    for fact, values in b.items():
        here = rest.get(fact, values.everything)
        outside = here - values
        if not outside.empty:
            pieces.append({**rest, fact: outside})
        inside = here & values
        if inside.empty:
            break
        rest[fact] = inside
    return pieces
