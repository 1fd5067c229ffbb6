"""A resolver that keeps what it was asked and what decided: for the coverage of tests, and to ask another policy the
same again."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from billpolicy.deciding.resolver import LevelValues, Resolved, Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import Chain, FollowUp
from billpolicy.vocabulary.spec import Level

EXHAUSTED = "exhausted"
"""How a chain decides that found no value."""
DECIDES = "decides"
"""How a setting decides, and a follow-up that runs."""


class Hit(NamedTuple):
    """A rule that decided, and how: by a level of its chain, as `EXHAUSTED`, or as `DECIDES`."""

    rule: str
    operation: str
    key: str
    how: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """A question about all decisions of one document."""

    operation: str
    date: datetime.date
    facts: Facts
    levels: Mapping[Level, LevelValues]
    with_gaps: bool

    def ask(self, resolver: Resolver) -> Any:
        """All that comes of it, to be compared."""
        try:
            found = Resolver.resolve(
                resolver, self.operation, self.date, self.facts, self.levels, with_gaps=self.with_gaps
            )
        except Refused as refused:
            return tuple(problem.code for problem in refused.diagnostics)
        return found.resolutions


@dataclass(frozen=True, slots=True)
class Following:
    """A question about what follows an event."""

    after: str
    operation: str
    date: datetime.date
    facts: Facts

    def ask(self, resolver: Resolver) -> Any:
        """All that comes of it, to be compared."""
        try:
            found = Resolver.follow_ups(resolver, self.after, self.operation, self.date, self.facts)
        except Refused as refused:
            return tuple(problem.code for problem in refused.diagnostics)
        return [(one.id, one.if_refused) for one in found]


Question = Decisions | Following


class Watching(Resolver):
    """A resolver that keeps what it was asked since it was last looked at."""

    def __init__(self, of: Resolver) -> None:
        super().__init__(of.policy, of.engine)
        self.asked: list[Question] = []
        self.hits: set[Hit] = set()

    def resolve(
        self,
        operation: str,
        date: datetime.date,
        facts: Facts,
        levels: Mapping[Level, LevelValues],
        *,
        with_gaps: bool = False,
        without: Collection[str] = (),
    ) -> Resolved:
        """As it is; what is only asked what would be, `with_gaps`, counts for nothing."""
        self.asked.append(Decisions(operation, date, facts, levels, with_gaps))
        resolved = super().resolve(operation, date, facts, levels, with_gaps=True, without=without)
        if with_gaps:
            return resolved
        missing = False
        precedence = self.precedence_of(operation)
        for base in self._base.get(operation, ()):
            verdict = precedence.decide(resolved.matched, base.key)
            outcome = verdict.outcomes[0] if verdict.outcomes else base.outcome
            how = self._how(outcome, base.key, resolved)
            missing |= base.key not in resolved.resolutions
            if how is not None:
                self.hits.update(Hit(rule, operation, base.key, how) for rule in verdict.survivors or (base.id,))
        return super().resolve(operation, date, facts, levels, without=without) if missing else resolved

    def follow_ups(self, after: str, operation: str, date: datetime.date, facts: Facts) -> tuple[FollowUp, ...]:
        """As it is."""
        self.asked.append(Following(after, operation, date, facts))
        found = super().follow_ups(after, operation, date, facts)
        self.hits.update(Hit(one.id, operation, "", DECIDES) for one in found)
        return found

    def _how(self, outcome: object, key: str, resolved: Resolved) -> str | None:
        """None of a chain that came to a level with several values of which none is in effect."""
        if not isinstance(outcome, Chain):
            return DECIDES
        found = resolved.resolutions.get(key)
        if found is not None:
            return found.level
        held = (resolved.levels[level].held.get(key) for level in outcome.levels if level in resolved.levels)
        return EXHAUSTED if all(value is None for value in held) else None


class Taken(NamedTuple):
    """What one version of a policy was asked, and what decided."""

    asked: tuple[Question, ...]
    hits: frozenset[Hit]


class Watched:
    """A policy that is watched while tests are run under it."""

    def __init__(self, policy: Versions) -> None:
        self._resolvers = [Watching(resolver) for resolver in policy.resolvers]
        self.policy = Versions(self._resolvers)
        self.policy.tax_engine = policy.tax_engine

    def taken(self) -> tuple[Taken, ...]:
        """Of each version what it was asked, and what decided, since this was last called."""
        found = tuple(Taken(tuple(one.asked), frozenset(one.hits)) for one in self._resolvers)
        for one in self._resolvers:
            one.asked, one.hits = [], set()
        return found
