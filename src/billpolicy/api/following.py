"""What a ledger has not followed yet: a newer book of the system of record, and a file of usage."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import fields

from billpolicy.api.arguments import day_of, expect_ledger, expect_to_read, person
from billpolicy.api.books import alike_in
from billpolicy.api.jobs import reading
from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.deciding.book_findings import book_findings
from billpolicy.deciding.due_dates import with_due_dates
from billpolicy.deciding.unknown_names import unknown_names
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.exchange.usage_file import UsageFile
from billpolicy.operations.record_usage import UsedQuantity
from billpolicy.operations.sync.sync import Sync, sync_with
from billpolicy.planning.request import Instruction
from billpolicy.posting.store import Store
from billpolicy.source.collector import collector_paused

_AT_ONCE = 10_000
"""Usage records that are looked up together."""
_USED = fields(UsedQuantity)
"""What a record that is recorded must have alike, to be the same."""


def sync(
    policy: Versions,
    on: Book | Store,
    book: Book,
    *,
    today: datetime.date | None = None,
    warn: Callable[[Diagnostic], None] | None = None,
) -> Sync:
    """What a newer book of the system of record says otherwise than a ledger: as operations that follow it, to be
    planned or posted like any others, and what no operation follows. Changes nothing.

    `today`: the day from which on the values of the book hold; by default the calendar's. Attributes and custom values
    that the policy does not declare are passed over; `warn` is told of them. Raises `Refused` when no policy is in
    force on that day.
    """
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect_to_read(on)
    expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    day = day_of(today)
    declared = policy.on(day).policy
    if warn is not None:
        odd = (*alike_in(book), *unknown_names(book, declared), *book_findings(book, declared))
        for warning in in_order(odd):
            warn(warning)
    with collector_paused():
        with reading(on) as reader:
            known = reader.book(Needs(master=True, numbers=frozenset(book.numbered), usage=frozenset(book.usage)))
        return sync_with(known, with_due_dates(book, policy.policies), declared, day)


def usage_operations(ledger: Store, file: UsageFile, actor: str | None = None) -> tuple[list[Instruction], int]:
    """Operations that record what of a file of usage is not recorded yet, for `post_all`; and how much of it is.

    What was recorded with other content stays in, to be refused at its line.
    """
    expect_ledger(ledger)
    expect(file, UsageFile, "`file` must be what `load_usage` gives")
    actor = None if actor is None else person(actor, "actor", "records it")
    known: set[str] = set()
    with ledger.reading() as reader:
        for first in range(0, len(file.rows), _AT_ONCE):
            rows = {row.used.id: row.used for row in file.rows[first : first + _AT_ONCE]}
            for id, found in reader.book(Needs(usage=frozenset(rows))).usage.items():
                if id in rows and all(getattr(found, one.name) == getattr(rows[id], one.name) for one in _USED):
                    known.add(id)
    return list(file.operations(known, actor)), len(known)
