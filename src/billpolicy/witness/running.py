"""Is a witness right? It is planned under a policy, and what was asked of the policy on the way is noted.

A `Watching` resolver decides as any other does and notes what it is asked, also where the answer, or what comes after
it, is a refusal: a chain that finds no value, a conflict, somebody who may not do it.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.deciding.resolver import LevelValues, Resolved, Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations.chain import plan_operation
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.policy.condition import Facts
from billpolicy.policy.model import FollowUp, Policy
from billpolicy.source.given import given
from billpolicy.source.read import read_record
from billpolicy.vocabulary.spec import Level


class Asked(NamedTuple):
    """What a policy was asked: the decisions of an operation, or, after an event, whether it follows."""

    operation: str
    date: datetime.date
    facts: Facts
    levels: Mapping[Level, LevelValues]
    event: str | None = None


class Watching(Resolver):
    """A policy ready to resolve, that notes what it is asked."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy, "python")
        self.asked: list[Asked] = []

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
        """As `Resolver` has it. With gaps it is only told what another operation would decide."""
        if not with_gaps:
            self.asked.append(Asked(operation, date, dict(facts), levels))
        return super().resolve(operation, date, facts, levels, with_gaps=with_gaps, without=without)

    def follow_ups(self, after: str, operation: str, date: datetime.date, facts: Facts) -> tuple[FollowUp, ...]:
        """As `Resolver` has it."""
        self.asked.append(Asked(operation, date, dict(facts), {}, after))
        return super().follow_ups(after, operation, date, facts)


class Ran(NamedTuple):
    """What came of an operation: what the policy was asked, the plan or why it was refused."""

    asked: Sequence[Asked]
    plan: Plan | None
    problems: tuple[Diagnostic, ...] = ()


def run(policy: Policy, book: Book, operations: Iterable[Mapping[str, Any]], today: datetime.date) -> Ran:
    """Operations planned in turn under a policy, which need not be proven; what came of the last one.

    Raises `Refused` where one cannot be read, or one before the last is refused.
    """
    watching = Watching(policy)
    versions = Versions([watching])
    *first, last = (_read(one) for one in operations)
    for one in first:
        _, book = plan_operation(versions, book, one, today)
    watching.asked.clear()
    try:
        plan, _ = plan_operation(versions, book, last, today)
    except Refused as refused:
        return Ran(watching.asked, None, tuple(refused.diagnostics))
    return Ran(watching.asked, plan)


def _read(data: Mapping[str, Any]) -> Instruction:
    tree = given(data, "operation")
    return Instruction(read_record(OPERATIONS[data["operation"]].request, tree), tree)
