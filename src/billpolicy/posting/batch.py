"""Many operations planned and posted in groups, each group one transaction: whole groups stay, whatever happens then.

For a group one slice is read, each operation is planned on the book that the ones before it leave, and what they write
goes to each table at once. A group ends before an operation that only a ledger with the earlier ones in it can answer.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger.fetch import run_with_keys
from billpolicy.ledger.slices import read_slice
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan
from billpolicy.posting.executor import Posted, answered, check_planned, write

GROUP = 500
"""Operations in one transaction, unless the caller says otherwise."""
Clock = Callable[[], datetime.datetime]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One operation of a batch."""

    id: str
    request: Mapping[str, Any]
    """What the plan will carry as its request."""
    needs: Needs
    planner: Callable[[Book], tuple[Plan, Book]]
    """Gives the plan and the book that it leaves. Raises `Refused`."""
    who: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one operation: it is in the ledger, or it was refused.

    Neither, where nothing is wrong with it but others of an atomic batch were refused.
    """

    wanted: Wanted
    posted: Posted | None = None
    problems: tuple[Diagnostic, ...] = ()


class _GivenUp(Exception):
    """Rolls back an atomic batch of which something was refused, or that was ended before it was done."""


class _NotWritten(Exception):
    """Rolls back operations whose writing was refused."""

    def __init__(self, refused: Refused) -> None:
        self.problems = tuple(refused.diagnostics)
        super().__init__(str(refused))


def execute_batch(
    ledger: Ledger,
    operations: Iterable[Wanted],
    *,
    now: Clock,
    group: int = GROUP,
    atomic: bool = False,
    go_on: Callable[[], bool] = lambda: True,
) -> Generator[Outcome]:
    """Plan and post these operations; what became of each is given in their order, as their group is committed.

    A refused one leaves the others as they are. With `atomic` all are one transaction: if any is refused nothing is
    posted, and all that are refused are told. `go_on` is asked before each group; with No, the batch ends there, and an
    atomic one posts nothing. Raises `Refused` where the file of the ledger fails.
    """
    waiting = _Waiting(operations, group)
    if atomic:
        yield from _all_or_nothing(ledger, waiting, now, go_on)
        return
    while waiting.more() and go_on():
        with ledger.reading() as connection:
            wanted = waiting.take(connection)
        yield from _posted(ledger.writing, wanted, now)


def _all_or_nothing(ledger: Ledger, waiting: _Waiting, now: Clock, go_on: Callable[[], bool]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    try:
        with ledger.writing() as connection:
            while waiting.more():
                if not go_on():
                    raise _GivenUp
                wanted = waiting.take(connection)
                outcomes += _posted(lambda: _savepoint(connection), wanted, now)
            if any(outcome.posted is None for outcome in outcomes):
                raise _GivenUp
    except _GivenUp:
        here = {outcome.wanted.id for outcome in outcomes if outcome.posted and not outcome.posted.repeated}
        return [replace(outcome, posted=None) if outcome.wanted.id in here else outcome for outcome in outcomes]
    return outcomes


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A part of an open transaction that is kept or not."""
    connection.execute("SAVEPOINT together")
    try:
        yield connection
    except _NotWritten:
        connection.execute("ROLLBACK TO together")
        raise
    finally:
        connection.execute("RELEASE together")


class _Waiting:
    """The operations that are still to be done."""

    def __init__(self, operations: Iterable[Wanted], group: int) -> None:
        self._coming = iter(operations)
        self._group = group
        self._next: deque[Wanted] = deque()

    def more(self) -> bool:
        """Whether there is another group; outside of a transaction, since those who ask may take their time."""
        self._next.extend(islice(self._coming, self._group - len(self._next)))
        return bool(self._next)

    def take(self, connection: sqlite3.Connection) -> list[Wanted]:
        """The next group: as many as can be planned on one slice of the ledger as it stands."""
        names = {name for one in self._next for name in _named(one)}
        known = {row[0] for row in run_with_keys(connection, _KNOWN, names)}
        taken: dict[str, Wanted] = {}
        while self._next:
            one = self._next[0]
            # What it names may be what one of these makes; or it is one of these, and is answered after them.
            if taken and (one.needs.everything or one.id in taken or not known.issuperset(_named(one))):
                break
            taken[one.id] = self._next.popleft()
            if one.needs.everything:
                break
        return list(taken.values())


_KNOWN = "SELECT number FROM documents WHERE number IN {keys}"


def _named(one: Wanted) -> frozenset[str]:
    return one.needs.numbers | one.needs.open_of_owner


def _posted(
    scope: Callable[[], AbstractContextManager[sqlite3.Connection]], wanted: Sequence[Wanted], now: Clock
) -> list[Outcome]:
    """Post a group in a scope of its own, or, where its writing is refused, each in one: so only the guilty is."""
    try:
        with scope() as connection:
            return _written(connection, wanted, now())
    except _NotWritten as refused:
        if len(wanted) == 1:
            return [Outcome(wanted[0], problems=refused.problems)]
    return [outcome for one in wanted for outcome in _posted(scope, [one], now)]


def _written(connection: sqlite3.Connection, wanted: Sequence[Wanted], now: datetime.datetime) -> list[Outcome]:
    """Answer or plan these, and write them together. Raises `_NotWritten`."""
    same, differing = answered(connection, ((one.id, one.request) for one in wanted))
    outcomes = {one.id: Outcome(one, same.get(one.id), tuple(differing.get(one.id, ()))) for one in wanted}
    new = [one for one in wanted if one.id not in same and one.id not in differing]
    book = read_slice(connection, reduce(or_, (one.needs for one in new), Needs()))
    plans: list[tuple[Plan, str]] = []
    for one in new:
        try:
            plan, book = one.planner(book)
        except Refused as refused:
            outcomes[one.id] = Outcome(one, problems=tuple(refused.diagnostics))
        else:
            check_planned(plan, one.id, one.request)
            plans.append((plan, one.who))
    try:
        posted = write(connection, plans, now)
    except Refused as refused:
        raise _NotWritten(refused) from None
    outcomes.update((each.plan.id, replace(outcomes[each.plan.id], posted=each)) for each in posted)
    return list(outcomes.values())
