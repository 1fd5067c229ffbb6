"""Which rules decide while a test runs, and how: for the coverage of tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from billpolicy.deciding.resolver import Resolved, Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.deciding.watching import Question, Watching
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.policy.model import Chain, Policy

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


class Taken(NamedTuple):
    """What one version of a policy was asked, and what decided."""

    asked: tuple[Question, ...]
    hits: frozenset[Hit]


class Watched:
    """A policy that is watched while tests are run under it."""

    def __init__(self, policy: Versions) -> None:
        self._resolvers = policy.resolvers
        self._watching = [Watching(resolver.policy, resolver.engine) for resolver in self._resolvers]
        self.policy = Versions(self._watching)
        self.policy.tax_engine = policy.tax_engine

    def taken(self) -> tuple[Taken, ...]:
        """Of each version what it was asked, and what decided, since this was last called."""
        found = []
        for watching, resolver in zip(self._watching, self._resolvers, strict=True):
            asked, watching.asked = tuple(watching.asked), []
            found.append(Taken(asked, frozenset(_hits(asked, resolver))))
        return tuple(found)


def _hits(asked: Iterable[Question], resolver: Resolver) -> Iterator[Hit]:
    """What decided; what is only asked what would be, `with_gaps`, counts for nothing."""
    for one in asked:
        with suppress(Refused):  # exceptions conflict: none decided
            if one.event is not None:
                for follow_up in resolver.follow_ups(one.event, one.operation, one.date, one.facts):
                    yield Hit(follow_up.id, one.operation, "", DECIDES)
            elif not one.with_gaps:
                yield from _decided(
                    resolver.resolve(one.operation, one.date, one.facts, one.levels, with_gaps=True), resolver
                )


def _decided(resolved: Resolved, resolver: Resolver) -> Iterator[Hit]:
    operation = resolved.operation
    precedence = resolver.precedence_of(operation)
    for (of, key), base in resolver.policy.base.items():
        if of == operation:
            verdict = precedence.decide(resolved.matched, key)
            outcome = verdict.outcomes[0] if verdict.outcomes else base.outcome
            how = _how(outcome, key, resolved, resolver.policy)
            if how is not None:
                yield from (Hit(rule, operation, key, how) for rule in verdict.survivors or (base.id,))


def _how(outcome: object, key: str, resolved: Resolved, policy: Policy) -> str | None:
    """None of a chain that came to a level with several values of which none is in effect."""
    if not isinstance(outcome, Chain):
        return DECIDES
    found = resolved.resolutions.get(key)
    if found is not None:
        return found.level
    attribute = policy.attributes.get(key)
    asked = (level for level in outcome.levels if attribute is None or attribute.is_held_by(level))
    held = (resolved.levels[level].held.get(key) for level in asked if level in resolved.levels)
    return EXHAUSTED if all(value is None for value in held) else None
