"""How many statements posting takes, and how often it waits for an answer: counted, since time says little in a test.

A server is somewhere else: each wait costs more than most answers. A group takes no more of either than one operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import billpolicy
from benchmarks.post import DAY, NOW, STANDARD, asked, book
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.store import Ledger


class Counted:
    """What went over connections."""

    def __init__(self) -> None:
        self.asked = 0
        self.written = 0
        self.waits = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Counts from now on."""
    counted = Counted()
    rows, ask, write = Connection.rows, Connection.ask, Connection._write
    at_once, together = Connection.at_once, Connection.together

    def counting_rows(self: Connection, statement: Any, keys: Any = None, **values: Any) -> Any:
        if keys is None or keys:
            counted.asked += 1
            counted.waits += 1
        return rows(self, statement, keys, **values)

    def counting_ask(self: Connection, statement: Any, keys: Any = None, **values: Any) -> Any:
        if keys is None or keys:
            counted.asked += 1
            counted.waits += self._asked is None
        return ask(self, statement, keys, **values)

    def counting_write(self: Connection, into: Any, written: Any) -> None:
        if written:
            counted.written += 1
            counted.waits += self._gathered is None
        write(self, into, written)

    @contextmanager
    def counting_at_once(self: Connection) -> Iterator[None]:
        before = counted.asked
        with at_once(self):
            yield
        counted.waits += counted.asked > before

    @contextmanager
    def counting_together(self: Connection) -> Iterator[None]:
        before = counted.written
        with together(self):
            yield
        counted.waits += counted.written > before

    for name, counting in (
        ("rows", counting_rows),
        ("ask", counting_ask),
        ("_write", counting_write),
        ("at_once", counting_at_once),
        ("together", counting_together),
    ):
        monkeypatch.setattr(Connection, name, counting)
    return counted


OPERATION = "write_off_invoice"
"""One memo of three items with their taxes, applied to the invoice in six parts."""


@pytest.fixture
def versions() -> Versions:
    return Versions([Resolver(prove(STANDARD), "python")])


def test_one_operation_asks_few_questions_and_waits_seldom(
    ledger: Ledger, versions: Versions, counted: Counted
) -> None:
    """Each of these is waited for once: whether it waits for approvals, 1 question; whether it was posted, 1; numbers
    of a slice, 3; its documents with their parts (5), applications with theirs (2), counters and periods, 9 in all;
    accounts and contacts, 2; what was given to them, 1; whether the number or, by a bill run, the id is taken, 2;
    whether its policy is kept, and where the tables end, 2. At last all that is written: the operation, its audit row
    and its link, the counter, items, taxes and document, the application and its parts, the revision of the invoice."""
    ledger.import_book(book(10))
    first, second, *_ = asked(3, OPERATION)
    billpolicy.post(versions, ledger, first, who="bench", now=NOW, today=DAY)  # the policy is kept with it
    counted.asked = counted.written = counted.waits = 0
    billpolicy.post(versions, ledger, second, who="bench", now=NOW, today=DAY)
    assert (counted.asked, counted.written, counted.waits) == (21, 10, 9)


def test_a_group_asks_no_more_than_one_operation(ledger: Ledger, versions: Versions, counted: Counted) -> None:
    """But which numbers are known, before it is taken together."""
    ledger.import_book(book(40))
    first, *others = asked(40, OPERATION)
    billpolicy.post(versions, ledger, first, who="bench", now=NOW, today=DAY)
    counted.asked = counted.written = counted.waits = 0
    outcomes = list(billpolicy.post_all(versions, ledger, others, who="bench", now=lambda: NOW, today=DAY))
    assert [outcome.problems for outcome in outcomes] == [()] * 39
    assert (counted.asked, counted.written, counted.waits) == (22, 10, 10)
