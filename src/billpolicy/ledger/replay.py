"""The journal, replayed from the imported book and held against the tables.

What a change does is known in one place, `book/changes.py`; here it is done once more, so that tables and journal that
disagree are found, whatever the cause.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.changes import Applied, Issued, touched
from billpolicy.book.model import Application, Document, Numbered, Subscription
from billpolicy.ledger import journal
from billpolicy.ledger.reading import applications_by_row
from billpolicy.ledger.statements import Connection
from billpolicy.source.differences import differences, in_words
from billpolicy.source.write import plain_data

Breach = tuple[str, str]
"""Code and message."""
_FOLLOWED = "SELECT caused_by, count(*) FROM operations WHERE caused_by IS NOT NULL GROUP BY caused_by"
_MADE_BY = "SELECT number, operation, prefix, start, counter FROM documents WHERE operation IS NOT NULL"
_IMPORTED = """
SELECT number, imported_status, imported_reversed, imported_posted_as FROM documents WHERE imported_status IS NOT NULL
"""
_IMPORTED_CANCELED = "SELECT id, imported_canceled_on FROM subscriptions"
_IMPORTED_THROUGH = "SELECT subscription, id, imported_through FROM subscribed_charges"


def replayed(connection: Connection, book: Book) -> Iterator[Breach]:
    """What of the tables, read as `book`, is not as the journal says."""
    made_by = {row[0]: row[1:] for row in connection.rows(_MADE_BY)}
    steps = {row[0]: row[1] for row in connection.rows(_FOLLOWED)}
    applied: dict[str | None, list[Application]] = defaultdict(list)
    for row, application in applications_by_row(connection, None):
        applied[row[-1]].append(application)
    expected = _imported(connection, book, set(made_by))
    recorded: dict[str, Any] = {}
    times: Counter[str] = Counter()
    for operation in journal.in_order(connection):
        if operation.changes is None:
            message = f"what operation `{operation.id}` was asked and planned cannot be read any more"
            yield "operation-unreadable", message
            return  # what came after it cannot be judged
        if operation.follow_ups != steps.get(operation.id, 0):
            yield "step-lost", f"operation `{operation.id}` has not all the steps that followed it"
        made = [change.application for change in operation.changes if isinstance(change, Applied)]
        if made != applied.pop(operation.id, []):
            message = f"the money that operation `{operation.id}` moved is not as the journal has it"
            yield "operation-differs", message
        for change in operation.changes:
            if isinstance(change, Issued):
                draw = change.draw
                recorded[change.document.number] = (operation.id, draw.prefix, draw.start, draw.counter)
            try:
                expected = change.on(expected)
            except KeyError as missing:
                message = f"operation `{operation.id}` changed {missing.args[0]}, which is not there any more"
                yield "operation-differs", message
        times.update(touched(operation.changes))
    for operation_id in sorted(id for id in applied if id is not None):
        yield "operation-differs", f"the journal knows nothing of money that operation `{operation_id}` moved"
    yield from _documents(book, expected, made_by, recorded)
    for name, count in times.items():
        if book.revisions.get(name, count) < count:
            yield (
                "revision-low",
                f"{name} is at revision {book.revisions[name]}, but {count} operations have changed it",
            )
    for id, subscription in expected.subscriptions.items():
        yield from _differing(f"subscription `{id}`", subscription, book.subscriptions.get(id))


def _imported(connection: Connection, book: Book, made: set[str]) -> Book:
    """The book as it was imported, before the first operation: the tables keep what operations can change of it."""
    documents = {number: document for number, document in book.numbered.items() if number not in made}
    for number, status, reversed_, posted_as in connection.rows(_IMPORTED):
        document = documents.get(number)
        if isinstance(document, Document):
            documents[number] = replace(document, status=status, reversed_=bool(reversed_), posted_as=posted_as)
    canceled = {row[0]: row[1] for row in connection.rows(_IMPORTED_CANCELED)}
    through = {row[:2]: row[2] for row in connection.rows(_IMPORTED_THROUGH)}
    subscriptions = {}
    for id, subscription in book.subscriptions.items():
        charges = tuple(
            replace(charge, charged_through=_day(through.get((id, charge.id)))) for charge in subscription.charges
        )
        subscriptions[id] = replace(subscription, canceled_on=_day(canceled.get(id)), charges=charges)
    return Book(subscriptions=subscriptions).with_posted(documents.values())


def _documents(book: Book, expected: Book, made_by: dict[str, Any], recorded: dict[str, Any]) -> Iterator[Breach]:
    for number, document in expected.numbered.items():
        yield from _differing(number, document, book.numbered.get(number))
        if number in recorded and number in made_by and made_by[number] != recorded[number]:
            message = (
                f"{number} does not say that it was made by operation `{recorded[number][0]}`, and how it was numbered"
            )
            yield "operation-differs", message
    for number in book.numbered:
        if number not in expected.numbered:
            yield (
                "operation-differs",
                f"{number} is of operation `{made_by[number][0]}`, whose journal does not have it",
            )


def _differing(what: str, expected: Numbered | Subscription, found: Numbered | Subscription | None) -> Iterator[Breach]:
    if found is None:
        yield "operation-differs", f"{what} is in the journal, but not there any more"
    elif found != expected:
        if type(found) is not type(expected):
            yield "journal-differs", f"{what} is of another kind than in the journal"
            return
        for difference in differences(plain_data(expected), plain_data(found)):
            was, now = in_words(difference.known), in_words(difference.given)
            yield "journal-differs", f"`{difference.path}` of {what} is {now}, but {was} by the journal"


def _day(text: str | None) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)
