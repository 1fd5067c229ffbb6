"""Operations planned one after the other: each sees the book as the ones before it would leave it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from billpolicy.book.book import Book
from billpolicy.money import AmountError
from billpolicy.operations.planning import Planning
from billpolicy.operations.registry import OPERATIONS
from billpolicy.operations.request import Asked
from billpolicy.plan import Plan
from billpolicy.source.diagnostic import Diagnostic, Refused
from billpolicy.versions import Versions


class Planned(NamedTuple):
    """What came of one operation: a plan, or the reasons why there is none."""

    asked: Asked
    plan: Plan | None
    problems: tuple[Diagnostic, ...]


def plan_operation(versions: Versions, book: Book, asked: Asked, today: datetime.date) -> Plan:
    """The plan of one operation. Pure: same policy, book, request and day, same plan. Raises `Refused`."""
    return _planned(versions, book, asked, today).plan()


def dry_run(versions: Versions, book: Book, operations: Iterable[Asked], today: datetime.date) -> Iterator[Planned]:
    """Plan each operation on the book that the ones before it leave; a refused one leaves it as it was."""
    for asked in operations:
        try:
            planning = _planned(versions, book, asked, today)
            plan = planning.plan()
        except Refused as refused:
            yield Planned(asked, None, tuple(refused.diagnostics))
            continue
        book = planning.book
        yield Planned(asked, plan, ())


def _planned(versions: Versions, book: Book, asked: Asked, today: datetime.date) -> Planning:
    try:
        resolver = versions.on(asked.request.date or today)
    except Refused as refused:
        raise Refused(problem._replace(position=asked.at("date")) for problem in refused.diagnostics) from None
    planning = Planning(resolver, book, asked, today)
    try:
        OPERATIONS[asked.request.operation].plan(planning, asked.request)
    except AmountError as error:
        # Each amount was found exact when it was read, so here a sum of them is meant.
        planning.refuse("amount-too-large", f"the amounts together are too large: {error}", hint="check the amounts")
    return planning
