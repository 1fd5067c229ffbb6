"""Plans for tests, of one operation or of several in turn."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from billpolicy import Book, Diagnostic, Instruction, Plan, Versions
from billpolicy.operations.chain import needs_of
from billpolicy.operations.chain import plan_operation as plan_on
from billpolicy.posting import posting
from billpolicy.posting.book_reader import BookReader
from billpolicy.posting.posting import Job

__all__ = ["Planned", "dry_run", "plan_on", "plan_operation", "whole"]


class Planned(NamedTuple):
    """What came of one operation: a plan, or the reasons why there is none."""

    asked: Instruction
    plan: Plan | None
    problems: tuple[Diagnostic, ...]


def dry_run(
    versions: Versions, book: Book, operations: Iterable[Instruction], today: datetime.date
) -> Iterator[Planned]:
    """Each operation planned on the book that the ones before it leave, as one plan also where a batch divides it."""
    asked = list(operations)
    jobs = (whole(versions, one, today) for one in asked)
    for one, outcome in zip(asked, posting.dry_run(BookReader(book), jobs), strict=True):
        yield Planned(one, outcome.plan, outcome.problems)


def whole(versions: Versions, asked: Instruction, today: datetime.date, who: str = "tester") -> Job:
    """An operation as one job."""
    needs = needs_of(versions.policies, asked.request)
    return Job(
        asked.request.id,
        asked.data,
        needs,
        lambda book: plan_on(versions, book, asked, today),
        who,
        policies=tuple(versions.policies),
        today=today,
    )


def plan_operation(versions: Versions, book: Book, asked: Instruction, today: datetime.date) -> Plan:
    """The plan of one operation."""
    return plan_on(versions, book, asked, today)[0]
