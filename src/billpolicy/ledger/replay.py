"""The journal, replayed from the imported book and held against the tables.

What a change does is known in one place, `book/changes.py`; here it is done once more, so that tables and journal that
disagree are found, whatever the cause.

The journal is gone through some operations at a time, and what they made is held against the tables at once. Only what
looks different by then, and what operations changed of what was there before, is kept until the end.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any, TypeVar

from billpolicy.book.book import Book
from billpolicy.book.changes import (
    Applied,
    Change,
    DraftCanceled,
    DraftPosted,
    Issued,
    PeriodsRecorded,
    Reversed,
    UsageBilled,
    UsageRecorded,
    master_id,
    master_name,
    scope_of,
    subscription_name,
    touched,
)
from billpolicy.book.model import Document, MasterRecord, Numbered, Payment
from billpolicy.ledger import journal
from billpolicy.ledger.evidence import Chain, revisions_digest, revisions_in
from billpolicy.ledger.reading import (
    accounts_of,
    applications_by,
    charges_of,
    contacts_of,
    documents_of,
    periods_of,
    subscriptions_of,
)
from billpolicy.ledger.replayed_periods import ReplayedPeriods
from billpolicy.ledger.replayed_usage import ReplayedUsage
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.structure import Breach
from billpolicy.source.codec import CodecError
from billpolicy.source.differences import differences, in_words
from billpolicy.source.write import plain_data

T = TypeVar("T")
_AT_ONCE = 500
_FOLLOWED = "SELECT caused_by, count(*) FROM operations WHERE caused_by IN {keys} GROUP BY caused_by"
_MADE_BY = "SELECT number, operation, prefix, start, counter, id FROM documents WHERE operation IN {keys}"
_APPLIED_BY = "SELECT operation, min(id), max(id) FROM applications WHERE operation IN {keys} GROUP BY operation"
_DRAWN_FIRST = "SELECT prefix, source FROM counters WHERE imported = 0 ORDER BY prefix"
_IMPORTED = (
    "SELECT number, imported_status, imported_reversed, imported_posted_as FROM documents WHERE number IN {keys}"
)
_CHANGED_BY = "SELECT number, changed_by FROM documents WHERE number IN {keys}"
_IMPORTED_CANCELED = "SELECT id, imported_canceled_on FROM subscriptions WHERE id IN {keys}"
_IMPORTED_THROUGH = "SELECT subscription, id, imported_through FROM subscribed_charges WHERE subscription IN {keys}"
_OTHER_DOCUMENTS = """
SELECT number FROM documents WHERE imported_status IS NOT NULL AND (
    status <> imported_status OR reversed <> imported_reversed
    OR coalesce(posted_as, '') <> coalesce(imported_posted_as, '')
)
UNION SELECT number FROM documents WHERE changed_by IS NOT NULL
"""
_OTHER_SUBSCRIPTIONS = """
SELECT id FROM subscriptions WHERE coalesce(canceled_on, '') <> coalesce(imported_canceled_on, '')
UNION
SELECT subscription FROM subscribed_charges WHERE coalesce(charged_through, '') <> coalesce(imported_through, '')
"""
_OTHER_MASTER = """
SELECT CASE scope WHEN 'contact' THEN 'account' ELSE scope END,
CASE scope WHEN 'contact' THEN (SELECT account FROM contacts WHERE contacts.id = held.id) ELSE id END
FROM held WHERE posted_by IS NOT NULL
UNION SELECT 'account', id FROM accounts WHERE created_by IS NOT NULL
UNION SELECT 'account', account FROM contacts WHERE created_by IS NOT NULL
UNION SELECT 'charge', id FROM charges WHERE created_by IS NOT NULL
UNION SELECT 'subscription', id FROM subscriptions WHERE created_by IS NOT NULL
UNION SELECT 'subscription', subscription FROM subscribed_charges WHERE created_by IS NOT NULL
UNION SELECT 'accounting_period', from_date FROM accounting_periods WHERE created_by IS NOT NULL
"""
"""Records of master data that operations created or gave something, by what the tables say; contacts by account."""


@dataclass
class _Seen:
    """What the journal has said so far, as far as it must be kept."""

    differing: dict[str, Numbered] = field(default_factory=dict)
    """As they were issued: documents that look different in the tables."""
    changed: dict[str, list[tuple[str, Change]]] = field(default_factory=lambda: defaultdict(list))
    """Record, named as in `Book.revisions` -> the changes of it, each with its operation."""
    changing: set[str] = field(default_factory=set)
    """Operations since the chain began that changed a document: each such document says so. Of those before some were
    posted when no document said that yet."""
    sources: dict[str, str | None] = field(default_factory=dict)
    """Counter -> whose number its numbers continue, by the first that was drawn."""
    document: int = 0
    """The id of the last document that was issued."""
    application: int = 0
    """The id of the last application."""
    times: Counter[str] = field(default_factory=Counter)
    """How often each record was touched since the chain began."""


def replayed(connection: Connection, chain: Chain) -> Iterator[Breach]:
    """What of the tables is not as the journal says."""
    before = chain.beginning.rows.get("operation", 0) if chain.beginning else 0
    seen, usage, periods = _Seen(), ReplayedUsage(connection), ReplayedPeriods(connection)
    for ids in _groups(journal.ids_in_order(connection)):
        operations = list(journal.recorded(connection, ids))
        readable = list(takewhile(lambda one: one.changes is not None, operations))
        yield from _held(connection, readable, seen)
        yield from usage.held(readable)
        periods.held(readable)
        for operation in readable[max(before, 0) :]:
            changes = operation.changes or ()
            seen.times.update(touched(changes))
            if any(isinstance(change, Reversed | DraftPosted | DraftCanceled) for change in changes):
                seen.changing.add(operation.id)
        before -= len(readable)
        if len(readable) < len(operations):
            id = operations[len(readable)].id
            yield "operation-unreadable", f"what operation `{id}` was asked and planned cannot be read any more"
            return  # what came after it cannot be judged
    yield from usage.at_the_end()
    yield from periods.at_the_end()
    yield from _revisions(connection, seen.times, chain)
    for prefix, source in connection.rows(_DRAWN_FIRST):
        if seen.sources.get(prefix) != source:
            message = f"the counter of prefix `{prefix}` does not say whose number it continues as the journal does"
            yield "operation-differs", message
    names = {*seen.differing, *seen.changed, *(row[0] for row in connection.rows(_OTHER_DOCUMENTS))}
    names.update(subscription_name(row[0]) for row in connection.rows(_OTHER_SUBSCRIPTIONS))
    names.update(f"{scope}:{id}" for scope, id in connection.rows(_OTHER_MASTER))
    for group in _groups(sorted(names)):
        yield from _made_anew(connection, group, seen)


def _groups(keys: list[T]) -> Iterator[list[T]]:
    return (keys[first : first + _AT_ONCE] for first in range(0, len(keys), _AT_ONCE))


def _held(connection: Connection, operations: list[journal.Recorded], seen: _Seen) -> Iterator[Breach]:
    """What of these operations is not as the tables have it; what is to be kept of them goes to `seen`."""
    ids = [operation.id for operation in operations]
    steps = {row[0]: row[1] for row in connection.rows(_FOLLOWED, ids)}
    made_by = {row[0]: row[1:-1] for row in connection.rows(_MADE_BY, ids)}
    places = {row[0]: row[-1] for row in connection.rows(_MADE_BY, ids)}
    applied_at = {row[0]: row[1:] for row in connection.rows(_APPLIED_BY, ids)}
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
        first, last = applied_at.get(operation.id, (seen.application + 1, seen.application))
        if first <= seen.application:
            message = f"the money that operation `{operation.id}` moved stands before what was moved earlier"
            yield "operation-differs", message
        seen.application = last
        for change in changes:
            if isinstance(change, Issued):
                number, draw = change.document.number, change.draw
                seen.sources.setdefault(draw.prefix, draw.source)
                if places.get(number, seen.document + 1) <= seen.document:
                    yield "operation-differs", f"{number} stands before what was issued earlier"
                seen.document = places.get(number, seen.document)
                if documents.get(number) != change.document:
                    seen.differing[number] = change.document
                made = (operation.id, draw.prefix, draw.start, draw.counter)
                if number in documents and made_by.get(number) != made:
                    message = f"{number} does not say that it was made by operation `{operation.id}`"
                    yield "operation-differs", f"{message}, and how it was numbered"
            elif not isinstance(change, Applied | UsageRecorded | UsageBilled | PeriodsRecorded):
                for name in change.touched():
                    seen.changed[name].append((operation.id, change))
    for number in sorted(made_by.keys() - set(issued)):
        message = f"{number} is of operation `{made_by[number][0]}`, whose journal does not have it"
        yield "operation-differs", message


def _revisions(connection: Connection, times: Counter[str], chain: Chain) -> Iterator[Breach]:
    """Every record is at the revision that operations and imports have raised it to."""
    beginning = chain.beginning
    if beginning is None:
        return  # which is told
    found = revisions_in(connection)
    unreadable = [name for name, revision in found.items() if not isinstance(revision, int)]
    for name in unreadable:
        yield "record-unreadable", f"the revision of {name} cannot be read any more"
    if unreadable:
        return  # what they were when the chain began cannot be told
    left = Counter(found)
    left.subtract(times)
    left.subtract(chain.imports.raised)
    if revisions_digest(left) == beginning.revisions:
        return
    odd = False
    for name, count in sorted(left.items()):
        if count < 0:
            odd = True
            yield "revision-low", f"{name} is at a revision {-count} below that to which it was changed"
        elif count > 0 and beginning.revisions == revisions_digest({}):
            odd = True
            yield "revision-high", f"{name} is at a revision {count} above that to which it was changed"
    if not odd:
        yield "revision-high", "the revision of some record is above that to which it was changed"


def _by_scope(names: Iterable[str]) -> dict[str, list[str]]:
    """The numbers of documents, and the ids of other records, among these names: by what they are of."""
    of: dict[str, list[str]] = defaultdict(list)
    for name in names:
        scope, id = scope_of(name)
        of[scope].append(id)
    return of


def _made_anew(connection: Connection, names: Collection[str], seen: _Seen) -> Iterator[Breach]:
    """Records as they were imported or issued, after all their changes, held against the tables."""
    of = _by_scope(names)
    found: dict[str, Any] = dict(documents_of(connection, of["document"])[0])
    expected = _as_imported(connection, found, of).with_posted(
        seen.differing[number] for number in of["document"] if number in seen.differing
    )
    for name in names:
        for operation, change in seen.changed.get(name, ()):
            try:
                expected = change.on(expected)
            except KeyError as missing:
                message = f"operation `{operation}` changed {missing.args[0]}, which is not there any more"
                yield "operation-differs", message
    for number, operation in connection.rows(_CHANGED_BY, of["document"]):
        by_journal = [each for each, _ in seen.changed.get(number, ())]
        if operation is None and seen.changing.intersection(by_journal[-1:]):
            message = f"{number} does not say that operation `{by_journal[-1]}` changed it last"
            yield "operation-differs", message
        elif operation is not None and operation not in by_journal[-1:]:
            message = f"{number} says that operation `{operation}` changed it last, which the journal does not have"
            yield "operation-differs", message
    for number, document in expected.numbered.items():
        yield from _differing(number, document, found.get(number))
    known = {master_name(record): record for record in _records(expected)}
    found = {master_name(record): record for record in _master(connection, of)}
    for name in dict.fromkeys((*known, *found)):
        scope, id = scope_of(name)
        yield from _differing(f"{scope.replace('_', ' ')} `{id}`", known.get(name), found.get(name))


def _as_imported(connection: Connection, documents: dict[str, Any], of: Mapping[str, list[str]]) -> Book:
    """These as they were before the first operation: the tables keep what operations can change of them."""
    before = dict(documents)
    for number, status, reversed_, posted_as in connection.rows(_IMPORTED, documents):
        document = documents[number]
        if isinstance(document, Payment) and status is not None:
            reason = document.reversed_reason if reversed_ else None
            before[number] = replace(document, status=status, reversed_=bool(reversed_), reversed_reason=reason)
        elif isinstance(document, Document) and status is not None:
            before[number] = replace(document, status=status, reversed_=bool(reversed_), posted_as=posted_as)
    book = Book().with_posted(before.values())
    imported = (record for record in _master(connection, of, as_imported=True) if record.created_by is None)
    book = book.with_records(imported)
    subscriptions = book.subscriptions
    canceled = {row[0]: row[1] for row in connection.rows(_IMPORTED_CANCELED, subscriptions)}
    through = {row[:2]: row[2] for row in connection.rows(_IMPORTED_THROUGH, subscriptions)}
    return book.with_records(
        replace(
            subscription,
            canceled_on=_day(canceled.get(id)),
            charges=tuple(
                replace(charge, charged_through=_day(through.get((id, charge.id)))) for charge in subscription.charges
            ),
        )
        for id, subscription in subscriptions.items()
    )


def _master(connection: Connection, of: Mapping[str, list[str]], as_imported: bool = False) -> Iterator[MasterRecord]:
    """The records of master data that these names are of; of an account its contacts, too."""
    accounts = of.get("account", [])
    yield from accounts_of(connection, accounts, as_imported)[0].values()
    yield from contacts_of(connection, accounts, as_imported).values()
    yield from charges_of(connection, of.get("charge", []), as_imported).values()
    yield from subscriptions_of(connection, of.get("subscription", []), as_imported)[0].values()
    if wanted := of.get("accounting_period"):
        yield from (one for one in periods_of(connection, as_imported) if master_id(one) in wanted)


def _records(book: Book) -> Iterator[MasterRecord]:
    for records in (book.accounts, book.contacts, book.charges, book.subscriptions):
        yield from records.values()
    yield from book.periods


def _differing(
    what: str, expected: Numbered | MasterRecord | None, found: Numbered | MasterRecord | None
) -> Iterator[Breach]:
    if found is None:
        yield "operation-differs", f"{what} is in the journal, but not there any more"
    elif expected is None:
        yield "journal-differs", f"{what} is not in the journal, nor was it imported"
    elif found != expected:
        if type(found) is not type(expected):
            yield "journal-differs", f"{what} is of another kind than in the journal"
            return
        different = list(differences(plain_data(expected), plain_data(found)))
        if not different:
            yield "journal-differs", f"{what} is not as the journal has it"
        for difference in different:
            was, now = in_words(difference.known), in_words(difference.given)
            yield "journal-differs", f"`{difference.path}` of {what} is {now}, but {was} by the journal"


def _day(text: str | None) -> datetime.date | None:
    try:
        return None if text is None else datetime.date.fromisoformat(text)
    except (TypeError, ValueError):
        raise CodecError("a day of a subscription cannot be read any more") from None
