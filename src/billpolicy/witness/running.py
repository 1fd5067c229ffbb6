"""Is a witness right? It is planned under a policy, and what was asked of the policy on the way is noted."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.deciding.watching import Question, Watching
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations.chain import plan_operation
from billpolicy.operations.registry import OPERATIONS
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.policy.model import Policy
from billpolicy.source.given import given
from billpolicy.source.read import read_record


class Ran(NamedTuple):
    """What came of an operation: what the policy was asked to decide, the plan or why it was refused."""

    asked: Sequence[Question]
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
    plan: Plan | None = None
    problems: tuple[Diagnostic, ...] = ()
    try:
        plan, _ = plan_operation(versions, book, last, today)
    except Refused as refused:
        problems = tuple(refused.diagnostics)
    return Ran([one for one in watching.asked if not one.with_gaps], plan, problems)


def _read(data: Mapping[str, Any]) -> Instruction:
    tree = given(data, "operation")
    return Instruction(read_record(OPERATIONS[data["operation"]].request, tree), tree)
