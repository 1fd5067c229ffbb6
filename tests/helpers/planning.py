"""Plans for tests, of one operation or of several in turn."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from billpolicy import Book, Diagnostic, Instruction, Plan, Versions, plan_all
from billpolicy.operations.chain import plan_operation as plan_on

__all__ = ["Planned", "dry_run", "plan_on", "plan_operation"]


class Planned(NamedTuple):
    """What came of one operation: a plan, or the reasons why there is none."""

    asked: Instruction
    plan: Plan | None
    problems: tuple[Diagnostic, ...]


def dry_run(
    versions: Versions, book: Book, operations: Iterable[Instruction], today: datetime.date
) -> Iterator[Planned]:
    """Each operation planned on the book that the ones before it leave."""
    asked = list(operations)
    for one, outcome in zip(asked, plan_all(versions, book, asked, today=today), strict=True):
        yield Planned(one, outcome.plan, outcome.problems)


def plan_operation(versions: Versions, book: Book, asked: Instruction, today: datetime.date) -> Plan:
    """The plan of one operation."""
    return plan_on(versions, book, asked, today)[0]
