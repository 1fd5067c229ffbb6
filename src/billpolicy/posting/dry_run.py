"""Operations planned one after the other: each sees the book as the ones before it would leave it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.operations.chain import run
from billpolicy.planning.plan import Plan
from billpolicy.planning.planning import Planning
from billpolicy.planning.request import Asked


class Planned(NamedTuple):
    """What came of one operation: a plan, or the reasons why there is none."""

    asked: Asked
    plan: Plan | None
    problems: tuple[Diagnostic, ...]


def plan_operation(versions: Versions, book: Book, asked: Asked, today: datetime.date) -> Plan:
    """The plan of one operation. Pure: same policy, book, request and day, same plan. Raises `Refused`."""
    return plan_on(versions, book, asked, today)[0]


def plan_on(versions: Versions, book: Book, asked: Asked, today: datetime.date) -> tuple[Plan, Book]:
    """The plan of one operation with all that follows it, and the book that it leaves. Raises `Refused`."""
    planning = Planning(versions, book, asked, today, run)
    run(planning)
    return planning.plan(), planning.book


def dry_run(versions: Versions, book: Book, operations: Iterable[Asked], today: datetime.date) -> Iterator[Planned]:
    """Plan each operation on the book that the ones before it leave; a refused one leaves it as it was."""
    for asked in operations:
        try:
            plan, book = plan_on(versions, book, asked, today)
        except Refused as refused:
            yield Planned(asked, None, tuple(refused.diagnostics))
        else:
            yield Planned(asked, plan, ())
