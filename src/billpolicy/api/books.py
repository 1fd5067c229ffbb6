"""A book beside a policy, and beside the ledger that follows it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection
from dataclasses import fields
from itertools import islice
from pathlib import Path

from billpolicy.api.arguments import day_of, expect_ledger, expect_to_read, person
from billpolicy.api.jobs import reading
from billpolicy.book.book import Book
from billpolicy.book.lookalikes import lookalikes
from billpolicy.book.needs import Needs
from billpolicy.book.places import placed
from billpolicy.deciding.assumptions import broken_in
from billpolicy.deciding.book_findings import book_findings
from billpolicy.deciding.due_dates import undated
from billpolicy.deciding.due_dates import with_due_dates as dated
from billpolicy.deciding.unknown_names import unknown_names
from billpolicy.deciding.verdicts import is_proven, keep_proven
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, in_order
from billpolicy.diagnostics.limit import MAX_PROBLEMS
from billpolicy.exchange.usage_file import UsageFile
from billpolicy.operations.record_usage import UsedQuantity
from billpolicy.operations.sync.sync import Sync, sync_with
from billpolicy.planning.request import Instruction
from billpolicy.policy.model import Policy
from billpolicy.posting.store import Store
from billpolicy.source.collector import collector_paused

_AT_ONCE = 10_000
"""Usage records that are looked up together."""
_USED = fields(UsedQuantity)
"""What a record that is recorded must have alike, to be the same."""


def with_due_dates(policy: Versions, book: Book) -> Book:
    """The book with a due date for each invoice and debit memo that has a payment term of the policy and no due date;
    `due_date_from` says which term. What is planned on a book or a ledger sees them anyway; a ledger keeps them if the
    book is imported with them.
    """
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    return dated(book, policy.policies)


def due_dates_missing(book: Book, numbers: Collection[str] | None = None) -> list[Diagnostic]:
    """One warning where invoices or debit memos have a payment term and no due date: in orders by due date they come
    last, as long as no policy works it out. `numbers`: only those."""
    expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    found = [one for one in undated(book) if numbers is None or one.number in numbers]
    if not found:
        return []
    first, others = found[0], len(found) - 1
    term = first.attributes["payment_term"]
    message = f"{first.number} has the payment term `{term}` and no due date"
    if others:
        message = f"{first.number} (`{term}`) and {others} more have a payment term and no due date"
    hint = (
        "a policy that declares the term gives it to plans and, with --policy, to reports; a ledger keeps it only if "
        "that policy is named with --policy at the first import, or `due_date` stands in the book: to keep it now, "
        "make the ledger anew and import it so"
    )
    return [Diagnostic("due-date-missing", message, None, hint, "warning")]


def check_book(policy: Versions | None, book: Book) -> list[Diagnostic]:
    """What is odd about a book, as warnings: ids that look like others, and under the newest of these policies names
    that it does not declare, what contradicts its assumptions, values that it cannot use, taxes that are not what
    their rates give. An operation that meets such a value is refused. What was read from a file is told at its place
    there.
    """
    expect(book, Book, "`book` must be a Book; `load_book` and `book_from` make one")
    if policy is None:
        return _alike_in(book)
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    return odd_in(book, policy.policies[-1])


def odd_in(book: Book, policy: Policy) -> list[Diagnostic]:
    """What is odd about a book under a policy. Of a large one that is kept it is kept, too, that nothing is: to look at
    all of it would take longer than all else."""
    if book.digest is None or book.file is None:
        return _odd_in(book, policy)
    file, both = Path(book.file), f"{book.digest}-{policy.digest}"
    if is_proven(file, both):
        return []
    found = _odd_in(book, policy)
    if not found:
        keep_proven(file, both)
    return found


def _odd_in(book: Book, policy: Policy) -> list[Diagnostic]:
    under = (*unknown_names(book, policy), *broken_in(book, policy), *book_findings(book, policy))
    return in_order([*_alike_in(book), *under])


def _alike_in(book: Book) -> list[Diagnostic]:
    return placed(book, list(islice(lookalikes(book), MAX_PROBLEMS)))


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
        odd = (*_alike_in(book), *unknown_names(book, declared), *book_findings(book, declared))
        for warning in in_order(odd):
            warn(warning)
    with collector_paused():
        with reading(on) as reader:
            known = reader.book(Needs(master=True, numbers=frozenset(book.numbered), usage=frozenset(book.usage)))
        return sync_with(known, dated(book, policy.policies), declared, day)


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
