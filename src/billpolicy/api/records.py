"""What an accountant or an auditor asks of what was posted."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from heapq import nsmallest
from typing import TYPE_CHECKING

from billpolicy.accounting.asked import BUCKETS, Asked
from billpolicy.accounting.entries import entries_of
from billpolicy.accounting.journal import JournalExport, export_of
from billpolicy.accounting.reports.registry import REPORTS
from billpolicy.accounting.tables import Table
from billpolicy.api.arguments import day_of, expect_day, expect_ledger, expect_to_read, known_by
from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.deciding.due_dates import with_due_dates as dated
from billpolicy.deciding.proven import prove_texts
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.planning.plan import in_turn
from billpolicy.posting.history import History, history_of
from billpolicy.posting.showing import accounts_in, book_around, document_in, those_called
from billpolicy.posting.shown import ShownAccount, ShownDocument
from billpolicy.report.posted_explanation import PostedExplanation, posted_explanation, told_decisions
from billpolicy.source.composed import composed

if TYPE_CHECKING:  # whoever has a ledger has imported it, which takes a while
    from billpolicy.ledger.store import Ledger


def history(on: Book | Ledger, name: str) -> History:
    """What became of a line, `INV00000001/3`, and what it came of, step by step in the order in which that happened:
    billed, credited, reopened, billed again. Of a ledger also who did it, when and why.

    `name`: of a line; of a document, for each of its lines; or the id of a charge period. Raises `Refused` where
    nothing goes by that name.
    """
    expect_to_read(on)
    expect(name, str, "`name` must be a text, like `INV00000001/3`")
    name = composed(name)
    if isinstance(on, Book):
        return history_of(on, name, (*on.numbered, *on.charge_periods))
    with on.reading() as reader:
        return reader.history(name)


def document(on: Book | Ledger, number: str) -> ShownDocument:
    """A document and all that hangs on it: what is open of it, what was put where, what was made from it. Of a ledger
    also what made it and how it was decided. Raises `Refused` where there is none of this number."""
    expect_to_read(on)
    number = known_by(number, "number")
    if isinstance(on, Book):
        shown = document_in(on, number)
        near = list(on.numbered) if shown is None else []
    else:
        with on.reading() as reader:
            shown = reader.document(number)
            near = reader.near(number) if shown is None else []
    if shown is None:
        hint = did_you_mean(number, near) or "name it by its number, as in the book"
        raise Refused([Diagnostic("unknown", f"there is no document `{number}`", hint=hint)])
    return shown


def account(on: Book | Ledger, id: str) -> ShownAccount:
    """An account with everything that is its own, and what is open, unapplied and credit in each currency. Raises
    `Refused` where there is none of this id."""
    expect_to_read(on)
    id = known_by(id)
    if isinstance(on, Book):
        shown = accounts_in(on, [id])[0] if id in on.accounts else None
        near = list(on.accounts) if shown is None else []
    else:
        with on.reading() as reader:
            shown = reader.account(id)
            near = reader.near(id) if shown is None else []
    if shown is None:
        hint = did_you_mean(id, near) or "name it by its id, as in the book"
        raise Refused([Diagnostic("unknown", f"there is no account `{id}`", hint=hint)])
    return shown


def accounts(on: Book | Ledger, *, after: str = "", most: int = 100, called: str = "") -> list[ShownAccount]:
    """The first accounts by their ids, or the next ones behind an id that was given before: at most so many. `called`:
    only those in whose id or name this stands, or in that of one of their contacts, in whatever letters."""
    expect_to_read(on)
    after, called = known_by(after, "after"), known_by(called, "called")
    expect(most, int, "`most` must be a whole number")
    if not 1 <= most <= MOST_ACCOUNTS:
        raise ValueError(f"`most` must be from 1 to {MOST_ACCOUNTS:,}")
    if isinstance(on, Book):
        ids: Iterable[str] = on.accounts
        if called:
            named = ((one.id, one.name) for one in on.accounts.values())
            ids = those_called(called, named, ((one.account, one.id, one.name) for one in on.contacts.values()))
        return accounts_in(on, nsmallest(most, (id for id in ids if id > after)))
    with on.reading() as reader:
        return reader.accounts(after, most, called)


def account_book(on: Book | Ledger, id: str) -> Book:
    """What a book or a ledger has of one account, and of documents of others that its money was put on: of it, reports
    tell what they tell of the account in the whole. Raises `Refused` where there is none of this id."""
    expect_to_read(on)
    id = known_by(id)
    if isinstance(on, Book):
        account(on, id)
        return book_around(on, id)
    with on.reading() as reader:
        shown = reader.account(id)
        numbers = frozenset() if shown is None else frozenset(one.number for one in shown.documents)
        book = reader.book(Needs(accounts=frozenset({id}), numbers=numbers))
    if shown is None:
        account(on, id)
    return book


MOST_ACCOUNTS = 1_000
"""That are told at once."""


def accounting_report(
    on: Book | Ledger,
    name: str,
    *,
    as_of: datetime.date | None = None,
    first: datetime.date | None = None,
    until: datetime.date | None = None,
    account: str | None = None,
    currency: str | None = None,
    buckets: tuple[int, ...] = BUCKETS,
) -> Table:
    """A report of `report_names`: what was open, moved or done, as of the end of a day, by default today.

    `first` and `until`, the first day after, are the period of reports that have one. Nothing dated after `as_of`
    counts, also where it was posted before. Raises `Refused` where the report cannot be answered, and `ValueError` if
    what it comes to contradicts the identities of the documents.
    """
    expect_to_read(on)
    expect_day(first, "first")
    expect_day(until, "until")
    if name not in REPORTS:
        hint = did_you_mean(name, REPORTS) or f"reports: {', '.join(REPORTS)}"
        raise Refused([Diagnostic("report-unanswerable", f"there is no report `{name}`", hint=hint)])
    if isinstance(on, Book):
        book, journal = on, None
    else:
        with on.reading() as reader:
            book, journal = reader.book(Needs(everything=True)), reader.journal()
    account = None if account is None else known_by(account, "account")
    return REPORTS[name](Asked(book, day_of(as_of), first, until, account, currency, buckets, journal))


def report_names() -> tuple[str, ...]:
    """Every report that there is."""
    return tuple(REPORTS)


def journal(
    policy: Versions,
    on: Book | Ledger,
    *,
    first: datetime.date | None = None,
    until: datetime.date | None = None,
    after: str | None = None,
) -> JournalExport:
    """Double entry for each document, application and adjustment that was posted, on the accounts of the policy.

    `first` and `until`, the first day after, bound the dates of the entries. `after`: the id of an operation of the
    ledger; only what was posted later. Raises `Refused` where the policy says no accounts, or there is no such
    operation.
    """
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    expect_to_read(on)
    expect_day(first, "first")
    expect_day(until, "until")
    if isinstance(on, Book):
        book, stamps, place = on, None, None
    else:
        with on.reading() as reader:
            book, stamps = reader.book(Needs(everything=True)), reader.stamps()
            place = None if after is None else reader.place(known_by(after, "after"))
    if after is not None and place is None:
        hint = "name an operation by its id: an export of the journal ends with that of the last one"
        raise Refused([Diagnostic("unknown", f"no operation `{after}` was posted here", hint=hint)])
    entries = entries_of(dated(book, policy.policies), policy.policies, stamps)
    return export_of(entries, policy.policies, first=first, until=until, after=place)


def explain_posted(ledger: Ledger, name: str) -> PostedExplanation:
    """How what was posted was decided then, by the policy as it was: the ledger keeps its text.

    `name`: the number of a document, or the id of an operation, for all that it decided. Where the text is not kept,
    value, level, rule and facts are told without it. Raises `Refused` where nothing was posted by that name.
    """
    expect_ledger(ledger)
    expect(name, str, "`name` must be a text, like `CM00000001`")
    name = composed(name)
    with ledger.reading() as reader:
        shown = reader.decisions(name)
    if shown is None:
        message = f"nothing that was posted here goes by `{name}`"
        hint = "name a document or an operation that was posted; nothing decided what was imported"
        raise Refused([Diagnostic("unknown", message, hint=hint)])
    wanted = {step.policy_digest: step.policy for step in in_turn(shown.plan)}
    for digest, policy in wanted.items():
        if digest not in shown.policies:
            why = f"the text of policy `{policy}` ({digest[:12]}) is not kept: this was posted before ledgers kept it"
            return told_decisions(shown, why)
    try:
        made_by = [prove_texts(shown.policies[digest].layers) for digest in wanted]
        versions = Versions(Resolver(policy, "python") for policy in made_by)
        return posted_explanation(shown, versions)
    except Refused as refused:
        why = f"this program reads the policy of that time otherwise: {refused.diagnostics[0].message}"
        return told_decisions(shown, why)
