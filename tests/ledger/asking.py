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
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.slices import read_book
from billpolicy.ledger.store import Ledger
from billpolicy.planning.plan import Plan, changed, in_turn


def whole(ledger: Ledger) -> Book:
    """Everything in the ledger."""
    with ledger.reading() as connection:
        return read_book(connection)


def dump(ledger: Ledger) -> list[str]:
    """Every row of every table, as text."""
    with closing(sqlite3.connect(ledger.path)) as connection:
        return list(connection.iterdump())


def unkept(book: Book) -> Book:
    """A book without what only a ledger has: revisions."""
    return replace(book, revisions={})


def effects(book: Book, plan: Plan) -> Book:
    """The book as it must be after the plan and all that follows it, by the book's own rules."""
    for step in in_turn(plan):
        book = _effects(book, step)
    return book


def _effects(book: Book, plan: Plan) -> Book:
    counters = {planned.draw.prefix: planned.draw.counter for planned in plan.documents}
    after = book.with_posted([planned.document for planned in plan.documents], plan.applications, counters=counters)
    changes: list[tuple[str, dict[str, Any]]] = [(number, {"reversed_": True}) for number in plan.reversed_]
    changes += [(draft, {"posted_as": number}) for draft, number in plan.posted_drafts.items()]
    changes += [(number, {"status": "canceled"}) for number in plan.canceled_drafts]
    after = after.with_posted([replace(after.numbered[number], **change) for number, change in changes])
    for canceled in plan.cancellations:
        subscription = after.subscriptions[canceled.subscription]
        after = after.with_posted(subscriptions=[replace(subscription, canceled_on=canceled.on)])
    for moved in plan.charged_through:
        subscription = after.subscriptions[moved.subscription]
        charges = tuple(
            replace(one, charged_through=moved.after) if one.id == moved.charge else one for one in subscription.charges
        )
        after = after.with_posted(subscriptions=[replace(subscription, charges=charges)])
    return after.with_changed(changed(plan))


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
