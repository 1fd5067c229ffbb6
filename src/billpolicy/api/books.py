"""A book beside a policy."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from pathlib import Path

from billpolicy.book.book import Book
from billpolicy.book.lookalikes import lookalikes
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
from billpolicy.policy.model import Policy


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
        return alike_in(book)
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
    """What is odd about a book under one policy, as warnings."""
    under = (*unknown_names(book, policy), *broken_in(book, policy), *book_findings(book, policy))
    return in_order([*alike_in(book), *under])


def alike_in(book: Book) -> list[Diagnostic]:
    """Ids of a book that look like others, as warnings."""
    return placed(book, list(islice(lookalikes(book), MAX_PROBLEMS)))
