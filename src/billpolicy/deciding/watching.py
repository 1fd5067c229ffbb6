"""A resolver that notes what it is asked: to see what a witness shows, and to ask another policy the same again.

It decides as any other does, and notes a question also where the answer, or what comes after it, is a refusal: a chain
that finds no value, a conflict, somebody who may not do it.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from billpolicy.deciding.matching.engines import EngineName
from billpolicy.deciding.resolver import LevelValues, Resolved, Resolver
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import FollowUp, Policy
from billpolicy.vocabulary.spec import Level


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy was asked: the decisions of an operation, or, after an event, whether it follows."""

    operation: str
    date: datetime.date
    facts: Facts
    levels: Mapping[Level, LevelValues]
    event: str | None = None
    with_gaps: bool = False
    """Whether it was only asked what another operation would decide."""

    def answer(self, resolver: Resolver) -> Any:
        """All that comes of it, to be compared; of a refusal its codes."""
        try:
            if self.event is not None:
                found = resolver.follow_ups(self.event, self.operation, self.date, self.facts)
                return [(one.id, one.if_refused) for one in found]
            return resolver.resolve(
                self.operation, self.date, self.facts, self.levels, with_gaps=self.with_gaps
            ).resolutions
        except Refused as refused:
            return tuple(problem.code for problem in refused.diagnostics)


class Watching(Resolver):
    """A policy ready to resolve, that notes what it is asked."""

    def __init__(self, policy: Policy, engine: EngineName = "python") -> None:
        super().__init__(policy, engine)
        self.asked: list[Question] = []

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
        """As `Resolver` has it."""
        self.asked.append(Question(operation, date, facts, levels, with_gaps=with_gaps))
        return super().resolve(operation, date, facts, levels, with_gaps=with_gaps, without=without)

    def follow_ups(self, after: str, operation: str, date: datetime.date, facts: Facts) -> tuple[FollowUp, ...]:
        """As `Resolver` has it."""
        self.asked.append(Question(operation, date, facts, {}, after))
        return super().follow_ups(after, operation, date, facts)
