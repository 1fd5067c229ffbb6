"""Ledgers: what they hold, and plans posted to them."""

from __future__ import annotations

import datetime
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger.postgresql.database import PostgresDatabase
from billpolicy.ledger.schema import TABLES
from billpolicy.ledger.sqlite.database import SqliteDatabase
from billpolicy.ledger.statements import select_from
from billpolicy.ledger.store import Ledger, open_ledger
from billpolicy.planning.plan import Plan, left_by
from billpolicy.policy.model import Policy
from billpolicy.posting.confirming import Confirmed
from billpolicy.posting.posting import Job, job_of, post_one
from billpolicy.posting.store import Posted, Store
from tests.helpers.refusals import refused
from tests.helpers.sample import NOW

EVERYTHING = Confirmed(everything=True)
"""Whatever a correction takes with the lines that were selected."""


def whole(ledger: Store) -> Book:
    """Everything in the ledger."""
    with ledger.reading() as connection:
        return connection.book(Needs(everything=True))


def dump(ledger: Ledger) -> list[str]:
    """Every row of every table, as text."""
    if isinstance(ledger.database, SqliteDatabase):
        with closing(sqlite3.connect(ledger.database.path)) as connection:
            return list(connection.iterdump())
    with ledger.reading() as reader:
        return [
            f"{table.name} {row}"
            for table in TABLES
            for row in sorted(reader.connection.rows(select_from(table)), key=str)
        ]


def unkept(book: Book) -> Book:
    """A book without what only a ledger has: revisions, and which prefix is bound to what."""
    return replace(book, revisions={}, prefixes={})


def file_of(ledger: Ledger) -> Path:
    """The file that a ledger is kept in."""
    assert isinstance(ledger.database, SqliteDatabase)
    return ledger.database.path


def told(ledger: Ledger) -> list[Diagnostic]:
    """What the check tells beside that something is not what was written, which it tells of nearly everything."""
    return [one for one in ledger.check() if one.code not in ("chain-differs", "imported-differs", "row-odd")]


def url_of(ledger: Ledger) -> str:
    """The address of a ledger."""
    if isinstance(ledger.database, PostgresDatabase):
        return ledger.database.url
    return f"sqlite:///{file_of(ledger)}"


def by_hand(ledger: Ledger | Path, *statements: str) -> None:
    """Change a ledger from outside, guards down, as somebody might who knows its database."""
    for statement, count in zip(statements, done_by_hand(ledger, *statements), strict=True):
        assert count != 0, f"nothing was changed by: {statement}"


def done_by_hand(ledger: Ledger | Path, *statements: str) -> list[int]:
    """The same; gives how many rows each statement changed."""
    if isinstance(ledger, Path) or isinstance(ledger.database, SqliteDatabase):
        with closing(sqlite3.connect(ledger if isinstance(ledger, Path) else file_of(ledger))) as connection:
            with guards_down(connection):
                counts = [connection.execute(statement).rowcount for statement in statements]
            connection.commit()
            return counts
    assert isinstance(ledger.database, PostgresDatabase)
    with psycopg.connect(ledger.database.url) as server:
        server.execute("SET session_replication_role = replica")  # no trigger runs, no reference is checked
        return [server.execute(_TRUTH.sub(_as_word, statement)).rowcount for statement in statements]


_TRUTH = re.compile("(?<=reversed = )[01]")
"""What is true or false is a number in SQLite, and a word elsewhere."""


def _as_word(found: re.Match[str]) -> str:
    return "true" if found[0] == "1" else "false"


@contextmanager
def guards_down(connection: sqlite3.Connection) -> Iterator[None]:
    """Take down every guard for a while."""
    guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in guards:
        connection.execute(f"DROP TRIGGER {name}")
    yield
    for _, guard in guards:
        connection.execute(guard)


def post(ledger: Store, plan: Plan, *, who: str, now: datetime.datetime) -> Posted:
    """Post a plan that was made before, with whatever it takes along."""
    return post_one(ledger, replace(job_of(plan, who), confirmed=EVERYTHING), now=now)


def execute(
    ledger: Store,
    id: str,
    request: Mapping[str, Any],
    needs: Needs,
    planner: Callable[[Book], Plan],
    *,
    who: str,
    now: datetime.datetime,
    policies: tuple[Policy, ...] = (),
) -> Posted:
    """Plan and post in one transaction, with whatever it takes along. `policies`: whose limits and terms count."""

    def planned(book: Book) -> tuple[Plan, Book]:
        plan = planner(book)
        return plan, left_by(plan, book)

    return post_one(ledger, Job(id, request, needs, planned, who, confirmed=EVERYTHING, policies=policies), now=now)


def post_it(ledger: Ledger, make: Callable[[Book], Plan]) -> Posted:
    """Post what was planned on the whole ledger; it must become what the plan says, and stay whole."""
    before = whole(ledger)
    plan = make(before)
    done = post(ledger, plan, who="ines", now=NOW)
    after = whole(ledger)
    assert unkept(after) == unkept(left_by(plan, before))
    assert {n: r for n, r in after.revisions.items() if r} == {
        n: r for n, r in left_by(plan, before).revisions.items() if r
    }
    assert ledger.check() == []
    assert post(ledger, plan, who="somebody", now=NOW) == replace(done, repeated=True)
    return done


def refused_unchanged(ledger: Ledger, make: Callable[[Book], Plan]) -> Refused:
    """The refusal of what was planned on the whole ledger, of which not a row is left."""
    before = dump(ledger)
    plan = make(whole(ledger))
    refusal = refused(lambda: post(ledger, plan, who="ines", now=NOW))
    assert dump(ledger) == before
    return refusal


@contextmanager
def ledger_of(book: Book, empty: Path) -> Iterator[Ledger]:
    """A ledger that holds a book, for a while; `empty`: the file of one that holds nothing."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        shutil.copy(empty, file)
        with open_ledger(f"sqlite:///{file}") as ledger:
            ledger.import_book(book)
            yield ledger
