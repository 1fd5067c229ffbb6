"""Which of the exceptions that match decides. No priorities, no order of files or lines.

docs/policy-language.md rule 5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from billpolicy.policy.boxes import closed, narrower
from billpolicy.policy.condition import Lists
from billpolicy.policy.inclusion import bits, narrower_each
from billpolicy.policy.model import ExceptionRule, Outcome, Policy


class Dropped(NamedTuple):
    """An exception that matches and still does not decide, and by whose doing."""

    id: str
    why: Literal["overridden", "less_specific"]
    by: str


class Verdict(NamedTuple):
    """What precedence leaves of the exceptions that match, for one decision. Ids are sorted."""

    survivors: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    """The distinct outcomes of the survivors: none leaves it to the base rule, more than one is a conflict."""

    @property
    def conflict(self) -> bool:
        return len(self.outcomes) > 1


NO_EXCEPTION = Verdict()


class Precedence:
    """The order among the exceptions of one policy in one operation: made once, asked for every decision.

    `lists`: which words facts can be there, for what is narrower is asked among these. Sets of exceptions are bits of
    an int, by their places in `ids`.
    """

    def __init__(self, exceptions: Iterable[ExceptionRule], lists: Lists | None = None) -> None:
        self._exceptions = sorted(exceptions, key=lambda one: one.id)
        self.ids = tuple(one.id for one in self._exceptions)
        self._place = {id: place for place, id in enumerate(self.ids)}
        self._lists = lists or {}
        below = [[self._place[id] for id in one.overrides if id in self._place] for one in self._exceptions]
        above: list[list[int]] = [[] for _ in below]
        for place, overridden in enumerate(below):
            for other in overridden:
                above[other].append(place)
        self._below, self._above = below, _reached(above)
        self._speaking: dict[str, int] = {}
        for place, exception in enumerate(self._exceptions):
            for key in exception.then:
                self._speaking[key] = self._speaking.get(key, 0) | 1 << place
        self._compared = [1 << place for place in range(len(self.ids))]
        self._narrower = [0] * len(self.ids)

    @classmethod
    def of(cls, policy: Policy, operation: str) -> Precedence:
        """That of one operation of a policy. All its exceptions count: `overrides` reach through any of them."""
        return cls(policy.exceptions, policy.lists.get(operation))

    def decide(self, matching: Iterable[str], key: str) -> Verdict:
        """What is left of the exceptions that are in force and match. Those that do not speak of `key` take no part."""
        candidates = self.places(matching) & self.speaking_of(key)
        if not candidates:
            return NO_EXCEPTION
        remaining = self._not_overridden(candidates)
        left = self._narrowest(remaining)
        dropped = [
            Dropped(self.ids[place], "overridden", self._foremost(self._above[place] & candidates))
            for place in bits(candidates & ~remaining)
        ]
        dropped += [
            Dropped(self.ids[place], "less_specific", self.ids[next(bits(self._narrower[place] & left))])
            for place in bits(remaining & ~left)
        ]
        survivors = tuple(bits(left))
        decided = dict.fromkeys(self.outcome(place, key) for place in survivors)
        return Verdict(tuple(self.ids[place] for place in survivors), tuple(sorted(dropped)), tuple(decided))

    def survivors(self, candidates: int) -> int:
        """The same in short, as bits: what is left of candidates that all speak of what is decided."""
        if not candidates & (candidates - 1):
            return candidates
        return self._narrowest(self._not_overridden(candidates))

    def places(self, ids: Iterable[str]) -> int:
        """Exceptions as bits."""
        found = 0
        for id in ids:
            found |= 1 << self._place[id]
        return found

    def speaking_of(self, key: str) -> int:
        """Those that say something of a decision, as bits."""
        return self._speaking.get(key, 0)

    def outcome(self, place: int, key: str) -> Outcome:
        """What one of them says of a decision."""
        return self._exceptions[place].then[key]

    def _not_overridden(self, candidates: int) -> int:
        remaining = candidates
        for place in bits(candidates):
            if self._above[place] & candidates:
                remaining ^= 1 << place
        return remaining

    def _narrowest(self, remaining: int) -> int:
        left = remaining
        for place in bits(remaining) if remaining & (remaining - 1) else ():
            if remaining & ~self._compared[place]:
                self._compare(place, remaining & ~self._compared[place])
            if self._narrower[place] & remaining:
                left ^= 1 << place
        return left

    def _compare(self, place: int, others: int) -> None:
        """Which of the others are strictly within this one. Proven once for each pair that ever meets."""
        outer = closed(self._exceptions[place].boxes, self._lists)
        for other in bits(others):
            if narrower(closed(self._exceptions[other].boxes, self._lists), outer):
                self._narrower[place] |= 1 << other
        self._compared[place] |= others

    def _foremost(self, places: int) -> str:
        """The one at the head of a chain of overrides: it is the one to name, those below it are dropped themselves."""
        return self.ids[min(bits(places), key=lambda place: (self._above[place].bit_count(), place))]

    def overriders(self, id: str) -> Collection[str]:
        """All exceptions that override this one, directly or through others."""
        return self._named(self._above[self._place[id]])

    def overriders_without(self, id: str) -> dict[str, frozenset[str]]:
        """Of each exception that this one overrides, also through others, those that do so where it is not there."""
        below = self._all_below[self._place[id]]
        near = below
        for place in bits(below):
            near |= self._above[place]
        rest = Precedence(self._exceptions[place] for place in bits(near & ~(1 << self._place[id])))
        return {one: rest._named(rest._above[rest._place[one]]) for one in self._named(below)}

    def overridden(self, id: str) -> Collection[str]:
        """All exceptions that this one overrides, directly or through others."""
        return self._named(self._all_below[self._place[id]])

    @cached_property
    def _all_below(self) -> list[int]:
        return _reached(self._below)

    def _named(self, places: int) -> frozenset[str]:
        return frozenset(self.ids[place] for place in bits(places))

    def narrower_than(self, ids: Sequence[str]) -> list[int]:
        """Of each of these exceptions those that are narrower, all at once: as bits, by their places. One that has
        several boxes may have a place for each."""
        places: dict[str, int] = {}
        for place, id in enumerate(ids):
            places[id] = places.get(id, 0) | 1 << place
        rules = (self._exceptions[self._place[id]] for id in places)
        found = narrower_each([closed(rule.boxes, self._lists) for rule in rules])
        if len(places) == len(ids):
            return found
        at = list(places.values())
        inside = {id: sum(at[number] for number in bits(one)) for id, one in zip(places, found, strict=True)}
        return [inside[id] for id in ids]


def _reached(steps: Sequence[Sequence[int]]) -> list[int]:
    """Of each exception those that its steps lead to, also through others and never itself, as bits.

    Whoever is led to comes first, so that one pass finds all. A circle, which no policy in force has, takes more.
    """
    order: list[int] = []
    seen: set[int] = set()
    for start in range(len(steps)):
        ahead = [(start, iter(steps[start]))] if start not in seen else []
        seen.add(start)
        while ahead:
            place, following = ahead[-1]
            further = next((one for one in following if one not in seen), None)
            if further is None:
                order.append(place)
                ahead.pop()
            else:
                seen.add(further)
                ahead.append((further, iter(steps[further])))
    found = [0] * len(steps)
    changed = True
    while changed:
        changed = False
        for place in order:
            reached = found[place]
            for step in steps[place]:
                reached |= 1 << step | found[step]
            changed = changed or reached != found[place]
            found[place] = reached
    return [reached & ~(1 << place) for place, reached in enumerate(found)]
