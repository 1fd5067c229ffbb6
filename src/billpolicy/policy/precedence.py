"""Which of the exceptions that match decides. No priorities, no order of files or lines.

docs/policy-language.md rule 5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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

    `lists`: which words facts can be there, for what is narrower is asked among these.
    """

    def __init__(self, exceptions: Iterable[ExceptionRule], lists: Lists | None = None) -> None:
        self._exceptions = {exception.id: exception for exception in exceptions}
        self._lists = lists or {}
        self._overriders = _overriders(self._exceptions)
        self._outcomes: dict[str, dict[str, Outcome]] = {}
        for exception in self._exceptions.values():
            for key, outcome in exception.then.items():
                self._outcomes.setdefault(key, {})[exception.id] = outcome
        self._narrower: dict[tuple[str, str], bool] = {}

    @classmethod
    def of(cls, policy: Policy, operation: str) -> Precedence:
        """That of one operation of a policy. All its exceptions count: `overrides` reach through any of them."""
        return cls(policy.exceptions, policy.lists.get(operation))

    def decide(self, matching: Iterable[str], key: str) -> Verdict:
        """What is left of the exceptions that are in force and match. Those that do not speak of `key` take no part."""
        outcomes = self._outcomes.get(key)
        if outcomes is None:
            return NO_EXCEPTION
        candidates = [id for id in matching if id in outcomes]
        if not candidates:
            return NO_EXCEPTION
        if len(candidates) == 1:
            return Verdict((candidates[0],), (), (outcomes[candidates[0]],))
        return self._contest(frozenset(candidates), outcomes)

    def _contest(self, candidates: frozenset[str], outcomes: Mapping[str, Outcome]) -> Verdict:
        dropped: list[Dropped] = []
        remaining: list[str] = []
        for id in sorted(candidates):
            overriders = self._overriders[id] & candidates
            if overriders:
                dropped.append(Dropped(id, "overridden", self._foremost(overriders)))
            else:
                remaining.append(id)
        survivors = [id for id in remaining if not any(self.narrower(other, id) for other in remaining)]
        for id in remaining:
            if id not in survivors:
                by = next(other for other in survivors if self.narrower(other, id))
                dropped.append(Dropped(id, "less_specific", by))
        decided = dict.fromkeys(outcomes[id] for id in survivors)
        return Verdict(tuple(survivors), tuple(sorted(dropped)), tuple(decided))

    def _foremost(self, ids: Iterable[str]) -> str:
        """The one at the head of a chain of overrides: it is the one to name, those below it are dropped themselves."""
        return min(ids, key=lambda id: (len(self._overriders[id]), id))

    def overriders(self, id: str) -> Collection[str]:
        """All exceptions that override this one, directly or through others."""
        return self._overriders[id]

    def overriders_without(self, id: str) -> dict[str, frozenset[str]]:
        """Of each exception that this one overrides, also through others, those that do so where it is not there."""
        below = self.overridden(id)
        near = {other for one in below for other in (one, *self._overriders[one]) if other != id}
        found = _overriders({one: self._exceptions[one] for one in near})
        return {one: found[one] for one in below}

    def overridden(self, id: str) -> Collection[str]:
        """All exceptions that this one overrides, directly or through others."""
        return self._overridden[id]

    @cached_property
    def _overridden(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {id: [] for id in self._exceptions}
        for id, above in self._overriders.items():
            for other in above:
                found[other].append(id)
        return found

    def narrower(self, a: str, b: str) -> bool:
        """Whether the condition of `a` is strictly within that of `b`. Proven once per pair that ever meets."""
        known = self._narrower.get((a, b))
        if known is None:
            one, other = (closed(self._exceptions[id].boxes, self._lists) for id in (a, b))
            known = a != b and narrower(one, other)
            self._narrower[a, b] = known
        return known

    def narrower_than(self, ids: Sequence[str]) -> list[int]:
        """Of each of these exceptions those that are narrower, all at once: as bits, by their places. One that has
        several boxes may have a place for each."""
        places: dict[str, int] = {}
        for place, id in enumerate(ids):
            places[id] = places.get(id, 0) | 1 << place
        found = narrower_each([closed(self._exceptions[id].boxes, self._lists) for id in places])
        if len(places) == len(ids):
            return found
        at = list(places.values())
        inside = {id: sum(at[number] for number in bits(one)) for id, one in zip(places, found, strict=True)}
        return [inside[id] for id in ids]


def _overriders(exceptions: Mapping[str, ExceptionRule]) -> dict[str, frozenset[str]]:
    """`overrides` closed over all exceptions: who overrides whom does not depend on which of them match."""
    found: dict[str, set[str]] = {id: set() for id in exceptions}
    for exception in exceptions.values():
        ahead = list(exception.overrides)
        while ahead:
            id = ahead.pop()
            if id in found and id != exception.id and exception.id not in found[id]:
                found[id].add(exception.id)
                ahead.extend(exceptions[id].overrides)
    return {id: frozenset(overriders) for id, overriders in found.items()}
