"""Questions that many tests ask of a ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.sqlite import SqliteDatabase
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan, left_by
from billpolicy.posting.store import Store


def whole(ledger: Store) -> Book:
    """Everything in the ledger."""
    with ledger.reading() as connection:
        return connection.book(Needs(everything=True))


def dump(ledger: Ledger) -> list[str]:
    """Every row of every table, as text."""
    with closing(sqlite3.connect(file_of(ledger))) as connection:
        return list(connection.iterdump())


def unkept(book: Book) -> Book:
    """A book without what only a ledger has: revisions, and which prefix is bound to what."""
    return replace(book, revisions={}, prefixes={})


def effects(book: Book, plan: Plan) -> Book:
    """The book as it must be after the plan and all that follows it."""
    return left_by(plan, book)


def file_of(ledger: Ledger) -> Path:
    """The file that a ledger is kept in."""
    assert isinstance(ledger.database, SqliteDatabase)
    return ledger.database.path


def refused(what: Callable[[], Any]) -> Refused:
    """The refusal that something ends in."""
    with pytest.raises(Refused) as caught:
        what()
    return caught.value


def codes(refusal: Refused) -> list[str]:
    return [diagnostic.code for diagnostic in refusal.diagnostics]


def messages(refusal: Refused) -> str:
    return "\n".join(diagnostic.message for diagnostic in refusal.diagnostics)


def by_hand(path: Path, *statements: str) -> None:
    """Change a ledger from outside, guards down, as somebody might who knows SQLite."""
    with closing(sqlite3.connect(path)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, f"nothing was changed by: {statement}"
        connection.commit()
