"""What a ledger has of one document, account, operation or bill run, gathered for `billpolicy ledger show`."""

from __future__ import annotations

from dataclasses import replace
from heapq import nsmallest

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.ledger.history import history
from billpolicy.ledger.journal import audits_on, cause_of, posted_of, requests_of
from billpolicy.ledger.policies import policies_of
from billpolicy.ledger.slices import book_of
from billpolicy.ledger.statements import Connection
from billpolicy.money import from_minor
from billpolicy.planning.plan import in_turn
from billpolicy.posting.showing import accounts_in, money_of_document, on_record, those_called
from billpolicy.posting.shown import (
    RunTotal,
    ShownAccount,
    ShownDecisions,
    ShownDocument,
    ShownOperation,
    ShownRun,
)


def show_document(connection: Connection, number: str) -> ShownDocument | None:
    """A document by its number; None if the ledger has none."""
    book = book_of(connection, Needs(numbers=frozenset({number})))
    shown = money_of_document(book, number)
    if shown is None:
        return None
    ((operation,),) = connection.rows("SELECT operation FROM documents WHERE number IN {keys}", [number])
    made_by = None if operation is None else show_operation(connection, operation)
    return replace(
        shown,
        operation=made_by,
        changed_by=tuple(audit for audit in audits_on(connection, number) if audit.operation != operation),
        resolved=None if made_by is None else made_by.plan.resolved[made_by.plan.reasons[number]],
        history=history(connection, number) if _was_corrected(connection, book, number) else None,
    )


def _was_corrected(connection: Connection, book: Book, number: str) -> bool:
    """Whether a correction has dealt with a document, or a bill run has given something of it back."""
    return on_record(book, number) or bool(connection.rows(_GIVEN_BACK, [number]))


_GIVEN_BACK = "SELECT 1 FROM items WHERE source IN {keys} LIMIT 1"


def near(connection: Connection, name: str) -> list[str]:
    """The names that stand next to one in their order, of documents, accounts and operations: one may be meant."""
    return [row[0] for row in connection.rows(_NEAR, name=name)]


_NEAR = "\nUNION ".join(
    f"SELECT {key} FROM (SELECT {key} FROM {table} WHERE {key} {where} LIMIT 20) {table}_{side}"
    for table, key in (("documents", "number"), ("accounts", "id"), ("operations", "id"))
    for side, where in (("behind", f">= :name ORDER BY {key}"), ("before", f"< :name ORDER BY {key} DESC"))
)


def show_account(connection: Connection, id: str) -> ShownAccount | None:
    """An account by its id; None if the ledger has none."""
    return next(iter(_show_accounts(connection, [id])), None)


def show_accounts(connection: Connection, after: str, most: int, called: str = "") -> list[ShownAccount]:
    """The next accounts behind an id, by their ids, and not more than so many; `called`: only those that are."""
    if called:
        # No two databases take letters for the same ones: names are read, and compared here.
        named = connection.rows("SELECT id, name FROM accounts")
        found = those_called(called, named, connection.rows("SELECT account, id, name FROM contacts"))
        ids = nsmallest(most, (id for id in found if id > after))
    else:
        ids = [row[0] for row in connection.rows(_BEHIND, after=after, most=most)]
    return _show_accounts(connection, ids)


_BEHIND = "SELECT id FROM accounts WHERE id > :after ORDER BY id LIMIT :most"


def _show_accounts(connection: Connection, ids: list[str]) -> list[ShownAccount]:
    """Those of these accounts that there are."""
    numbers = [row[0] for row in connection.rows("SELECT number FROM documents WHERE account IN {keys}", ids)]
    owned = [row[0] for row in connection.rows("SELECT id FROM subscriptions WHERE account IN {keys}", ids)]
    needs = Needs(accounts=frozenset(ids), numbers=frozenset(numbers), subscriptions=frozenset(owned))
    book = book_of(connection, needs)
    return accounts_in(book, [id for id in ids if id in book.accounts])


def show_run(connection: Connection, id: str) -> ShownRun | None:
    """A bill run by its id; None if no document names it."""
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    for kind, status, currency, number, minor in connection.rows(_OF_RUN, run=id):
        found.setdefault((kind, status, currency), {})[number] = minor
    totals = (
        RunTotal(*group, from_minor(sum(amounts.values()), group[-1]), tuple(amounts))
        for group, amounts in found.items()
    )
    return ShownRun(id, tuple(totals)) if found else None


_OF_RUN = """
SELECT kind, status, currency, number, amount_minor FROM documents
WHERE number IN (SELECT document FROM billed WHERE bill_run = :run) AND posted_as IS NULL
ORDER BY kind, status, currency, number
"""


def show_operation(connection: Connection, id: str) -> ShownOperation | None:
    """An operation by its id; None if none was posted."""
    if id not in requests_of(connection, [id]):
        return None
    posted = posted_of(connection, [id])[id]
    return ShownOperation(posted.plan, posted.audit, cause_of(connection, id))


def show_decisions(connection: Connection, name: str) -> ShownDecisions | None:
    """How a document, by its number, or an operation, by its id, was decided; None if the ledger has none that an
    operation made."""
    made_by = [row[0] for row in connection.rows("SELECT operation FROM documents WHERE number IN {keys}", [name])]
    number = name if made_by else None
    id = made_by[0] if made_by else name
    if id is None or id not in requests_of(connection, [id]):
        return None
    root = id
    while (cause := cause_of(connection, root)) is not None:
        root = cause.operation
    plan = posted_of(connection, [root])[root].plan
    digests = {step.policy_digest for step in in_turn(plan)}
    return ShownDecisions(plan, id, number, policies_of(connection, digests))
