"""The journal, replayed from the imported book and held against the tables.

What a change does is known in one place, `book/changes.py`; here it is done once more, so that tables and journal that
disagree are found, whatever the cause.

The journal is gone through some operations at a time, and what they made is held against the tables at once. Only what
looks different by then, and what operations changed of what was there before, is kept until the end.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TypeVar

from billpolicy.book.book import Book
from billpolicy.book.changes import Applied, Change, Issued, scope_of, subscription_name, touched
from billpolicy.book.model import Document, Numbered, Subscription
from billpolicy.diagnostics.codes import Code
from billpolicy.ledger import journal
from billpolicy.ledger.reading import applications_by, documents_of, subscriptions_of
from billpolicy.ledger.statements import Connection
from billpolicy.source.codec import CodecError
from billpolicy.source.differences import differences, in_words
from billpolicy.source.write import plain_data

T = TypeVar("T")
Breach = tuple[Code, str]
"""Code and message."""
_AT_ONCE = 500
_FOLLOWED = "SELECT caused_by, count(*) FROM operations WHERE caused_by IN {keys} GROUP BY caused_by"
_MADE_BY = "SELECT number, operation, prefix, start, counter FROM documents WHERE operation IN {keys}"
_RAISED = "SELECT number, revision FROM documents WHERE revision > 0"
_RAISED_SUBSCRIPTIONS = "SELECT id, revision FROM subscriptions WHERE revision > 0"
_IMPORTED_BILLS = """
SELECT b.subscription FROM billed b JOIN documents d ON d.number = b.document
WHERE d.operation IS NULL AND b.subscription IN {keys}
"""
_IMPORTED_ON = """
SELECT from_number FROM applications WHERE operation IS NULL AND from_number IN {keys}
UNION SELECT to_number FROM applications WHERE operation IS NULL AND to_number IN {keys}
UNION SELECT source FROM documents WHERE operation IS NULL AND source IN {keys}
UNION SELECT refund_of FROM documents WHERE operation IS NULL AND refund_of IN {keys}
"""
_REVISIONS = "SELECT number, revision FROM documents WHERE number IN {keys}"
_IMPORTED = (
    "SELECT number, imported_status, imported_reversed, imported_posted_as FROM documents WHERE number IN {keys}"
)
_IMPORTED_CANCELED = "SELECT id, imported_canceled_on FROM subscriptions WHERE id IN {keys}"
_IMPORTED_THROUGH = "SELECT subscription, id, imported_through FROM subscribed_charges WHERE subscription IN {keys}"
_OTHER_DOCUMENTS = """
SELECT number FROM documents WHERE imported_status IS NOT NULL AND (
    status <> imported_status OR reversed <> imported_reversed
    OR coalesce(posted_as, '') <> coalesce(imported_posted_as, '')
)
"""
_OTHER_SUBSCRIPTIONS = """
SELECT id FROM subscriptions WHERE coalesce(canceled_on, '') <> coalesce(imported_canceled_on, '')
UNION
SELECT subscription FROM subscribed_charges WHERE coalesce(charged_through, '') <> coalesce(imported_through, '')
"""


@dataclass
class _Seen:
    """What the journal has said so far, as far as it must be kept."""

    differing: dict[str, Numbered] = field(default_factory=dict)
    """As they were issued: documents that look different in the tables."""
    changed: dict[str, list[tuple[str, Change]]] = field(default_factory=lambda: defaultdict(list))
    """Record, named as in `Book.revisions` -> the changes of it, each with its operation."""
    times: Counter[str] = field(default_factory=Counter)
    """How often each record was touched."""


def replayed(connection: Connection) -> Iterator[Breach]:
    """What of the tables is not as the journal says."""
    seen = _Seen()
    for ids in _groups(journal.ids_in_order(connection)):
        operations = list(journal.recorded(connection, ids))
        readable = list(takewhile(lambda one: one.changes is not None, operations))
        yield from _held(connection, readable, seen)
        if len(readable) < len(operations):
            id = operations[len(readable)].id
            yield "operation-unreadable", f"what operation `{id}` was asked and planned cannot be read any more"
            return  # what came after it cannot be judged
    yield from _revisions(connection, seen.times)
    names = {*seen.differing, *seen.changed, *(row[0] for row in connection.rows(_OTHER_DOCUMENTS))}
    names.update(subscription_name(row[0]) for row in connection.rows(_OTHER_SUBSCRIPTIONS))
    for group in _groups(sorted(names)):
        yield from _made_anew(connection, group, seen)


def _groups(keys: list[T]) -> Iterator[list[T]]:
    return (keys[first : first + _AT_ONCE] for first in range(0, len(keys), _AT_ONCE))


def _held(connection: Connection, operations: list[journal.Recorded], seen: _Seen) -> Iterator[Breach]:
    """What of these operations is not as the tables have it; what is to be kept of them goes to `seen`."""
    ids = [operation.id for operation in operations]
    steps = {row[0]: row[1] for row in connection.rows(_FOLLOWED, ids)}
    made_by = {row[0]: row[1:] for row in connection.rows(_MADE_BY, ids)}
    applied = applications_by(connection, ids)
    issued = [one.document.number for each in operations for one in each.changes or () if isinstance(one, Issued)]
    documents, _ = documents_of(connection, issued)
    for operation in operations:
        yield from operation.odd
        changes = operation.changes or ()
        if operation.follow_ups != steps.get(operation.id, 0):
            yield "step-lost", f"operation `{operation.id}` has not all the steps that followed it"
        if [one.application for one in changes if isinstance(one, Applied)] != applied.get(operation.id, []):
            message = f"the money that operation `{operation.id}` moved is not as the journal has it"
            yield "operation-differs", message
        for change in changes:
            if isinstance(change, Issued):
                number, draw = change.document.number, change.draw
                if documents.get(number) != change.document:
                    seen.differing[number] = change.document
                made = (operation.id, draw.prefix, draw.start, draw.counter)
                if number in documents and made_by.get(number) != made:
                    message = f"{number} does not say that it was made by operation `{operation.id}`"
                    yield "operation-differs", f"{message}, and how it was numbered"
            elif not isinstance(change, Applied):
                for name in change.touched():
                    seen.changed[name].append((operation.id, change))
        seen.times.update(touched(changes))
    for number in sorted(made_by.keys() - set(issued)):
        message = f"{number} is of operation `{made_by[number][0]}`, whose journal does not have it"
        yield "operation-differs", message


def _revisions(connection: Connection, times: Counter[str]) -> Iterator[Breach]:
    for group in _groups(sorted(times)):
        numbers, subscriptions = _by_scope(group)
        found = {row[0]: row[1] for row in connection.rows(_REVISIONS, numbers)}
        others = connection.rows("SELECT id, revision FROM subscriptions WHERE id IN {keys}", subscriptions)
        found |= {subscription_name(row[0]): row[1] for row in others}
        for name in group:
            if found.get(name, times[name]) < times[name]:
                message = f"{name} is at revision {found[name]}, but {times[name]} operations have changed it"
                yield "revision-low", message
    raised = [(row[0], row[1]) for row in connection.each(_RAISED)]
    raised += [(subscription_name(row[0]), row[1]) for row in connection.each(_RAISED_SUBSCRIPTIONS)]
    above = {name: revision for name, revision in raised if revision > times[name]}
    for group in _groups(sorted(above)):
        # An import that goes on with a document, or bills a subscription, raises its revision, too.
        numbers, subscriptions = _by_scope(group)
        imported_on = {row[0] for row in connection.rows(_IMPORTED_ON, numbers)}
        imported_on |= {subscription_name(row[0]) for row in connection.rows(_IMPORTED_BILLS, subscriptions)}
        for name in group:
            if name not in imported_on:
                message = f"{name} is at revision {above[name]}, but {times[name]} operations in the journal changed it"
                yield "revision-high", message


def _by_scope(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The numbers of documents and the ids of subscriptions among these names."""
    scoped = [scope_of(name) for name in names]
    return [id for scope, id in scoped if scope == "document"], [id for scope, id in scoped if scope == "subscription"]


def _made_anew(connection: Connection, names: Collection[str], seen: _Seen) -> Iterator[Breach]:
    """Records as they were imported or issued, after all their changes, held against the tables."""
    numbers, ids = _by_scope(names)
    documents, _ = documents_of(connection, numbers)
    subscriptions, _ = subscriptions_of(connection, ids)
    expected = _as_imported(connection, documents, subscriptions).with_posted(
        seen.differing[number] for number in numbers if number in seen.differing
    )
    for name in names:
        for operation, change in seen.changed.get(name, ()):
            try:
                expected = change.on(expected)
            except KeyError as missing:
                message = f"operation `{operation}` changed {missing.args[0]}, which is not there any more"
                yield "operation-differs", message
    for number, document in expected.numbered.items():
        yield from _differing(number, document, documents.get(number))
    for id, subscription in expected.subscriptions.items():
        yield from _differing(f"subscription `{id}`", subscription, subscriptions.get(id))


def _as_imported(
    connection: Connection, documents: dict[str, Numbered], subscriptions: dict[str, Subscription]
) -> Book:
    """These as they were before the first operation: the tables keep what operations can change of them."""
    before = dict(documents)
    for number, status, reversed_, posted_as in connection.rows(_IMPORTED, documents):
        document = documents[number]
        if isinstance(document, Document) and status is not None:
            before[number] = replace(document, status=status, reversed_=bool(reversed_), posted_as=posted_as)
    canceled = {row[0]: row[1] for row in connection.rows(_IMPORTED_CANCELED, subscriptions)}
    through = {row[:2]: row[2] for row in connection.rows(_IMPORTED_THROUGH, subscriptions)}
    subscribed = [
        replace(
            subscription,
            canceled_on=_day(canceled.get(id)),
            charges=tuple(
                replace(charge, charged_through=_day(through.get((id, charge.id)))) for charge in subscription.charges
            ),
        )
        for id, subscription in subscriptions.items()
    ]
    return Book().with_posted(before.values(), subscriptions=subscribed)


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
    try:
        return None if text is None else datetime.date.fromisoformat(text)
    except (TypeError, ValueError):
        raise CodecError("a day of a subscription cannot be read any more") from None
