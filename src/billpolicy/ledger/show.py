"""What a ledger has of one document, account, operation or bill run, gathered for `billpolicy ledger show`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal

from billpolicy.book.book import Book
from billpolicy.book.changes import account_name
from billpolicy.book.kinds import is_owed, is_source
from billpolicy.book.model import CreditAdjustment, Document, Numbered, Reversible
from billpolicy.book.needs import Needs
from billpolicy.ledger.history import history
from billpolicy.ledger.journal import audits_on, cause_of, posted_of, requests_of
from billpolicy.ledger.policies import policies_of
from billpolicy.ledger.reading import accounts_of, contacts_of, subscriptions_of
from billpolicy.ledger.slices import book_of
from billpolicy.ledger.statements import Connection
from billpolicy.money import from_minor
from billpolicy.planning.plan import in_turn
from billpolicy.posting.shown import (
    OpenPlace,
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
    document = book.numbered.get(number)
    if document is None:
        return None
    made = (*book.applications_from.get(number, ()), *book.applications_to.get(number, ()))
    sides = sorted({number, *(one.to for one in made), *(one.from_ for one in made)})
    ((operation,),) = connection.rows("SELECT operation FROM documents WHERE number IN {keys}", [number])
    made_by = None if operation is None else show_operation(connection, operation)
    return ShownDocument(
        document=document,
        account=book.accounts[document.account],
        revision=book.revisions[number],
        balance=book.balance(document),
        open_places=_open_places(book, document),
        applications_from=book.applications_from.get(number, ()),
        applications_to=book.applications_to.get(number, ()),
        kinds={name: book.numbered[name].kind for name in sides},
        refunds=book.refunds_of.get(number, ()),
        created=book.created_from.get(number, ()),
        operation=made_by,
        changed_by=tuple(audit for audit in audits_on(connection, number) if audit.operation != operation),
        resolved=None if made_by is None else made_by.plan.resolved[made_by.plan.reasons[number]],
        history=history(connection, number) if _was_corrected(connection, book, number) else None,
    )


def _was_corrected(connection: Connection, book: Book, number: str) -> bool:
    """Whether a correction has dealt with a document, or a bill run has given something of it back."""
    on_record = ((one.document, one.memo, one.rebilled_by) for one in book.charge_periods.values())
    return any(number in numbers for numbers in on_record) or bool(connection.rows(_GIVEN_BACK, [number]))


_GIVEN_BACK = "SELECT 1 FROM items WHERE source IN {keys} LIMIT 1"


def _open_places(book: Book, document: Numbered) -> tuple[OpenPlace, ...]:
    if not isinstance(document, Document):
        return ()
    return tuple(OpenPlace(*place, left) for place, left in book.open_places(document).items())


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
    accounts, revisions = accounts_of(connection, [id])
    if id not in accounts:
        return None
    numbers = [row[0] for row in connection.rows("SELECT number FROM documents WHERE account IN {keys}", [id])]
    owned = [
        row[0] for row in connection.rows("SELECT id FROM subscriptions WHERE account IN {keys} ORDER BY id", [id])
    ]
    subscriptions, _ = subscriptions_of(connection, owned)
    book = book_of(connection, Needs(numbers=frozenset(numbers), subscriptions=frozenset(owned)))
    documents = sorted((book.numbered[number] for number in numbers), key=lambda one: (one.date, one.number))
    adjustments = tuple(one for one in documents if isinstance(one, CreditAdjustment))
    currencies = sorted({one.currency for one in adjustments})
    return ShownAccount(
        account=accounts[id],
        revision=revisions[account_name(id)],
        contacts=tuple(contacts_of(connection, [id]).values()),
        subscriptions=tuple(subscriptions[name] for name in owned),
        documents=tuple(documents),
        balances={document.number: book.balance(document) for document in documents},
        open=_by_currency(book, documents, is_owed),
        unapplied=_by_currency(book, documents, is_source),
        credit={currency: book.credit_balance(id, currency) for currency in currencies},
        adjustments=adjustments,
        charge_periods=tuple(
            sorted(
                (one for one in book.charge_periods.values() if one.subscription in subscriptions),
                key=lambda one: (one.subscription, one.charge, one.status, one.from_),
            )
        ),
    )


def _by_currency(book: Book, documents: Collection[Numbered], wanted: Callable[[Numbered], bool]) -> dict[str, Decimal]:
    """Currency -> the balances of the wanted documents together; every currency of any document, in their order."""
    totals = {currency: from_minor(0, currency) for currency in sorted({one.currency for one in documents})}
    for one in documents:
        if wanted(one) and one.status == "posted" and not (isinstance(one, Reversible) and one.reversed_):
            totals[one.currency] += book.balance(one)
    return totals


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
