"""What a book tells of one document, and of accounts: the same of a book in a file and of a slice of a ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from decimal import Decimal

from billpolicy.book.book import Book
from billpolicy.book.changes import account_name
from billpolicy.book.kinds import is_owed, is_source
from billpolicy.book.model import Contact, CreditAdjustment, Document, Numbered, Reversible
from billpolicy.money import from_minor
from billpolicy.posting.history import history_of
from billpolicy.posting.shown import OpenPlace, ShownAccount, ShownDocument


def document_in(book: Book, number: str) -> ShownDocument | None:
    """A document of a book that nothing was posted to; None if it has none of this number."""
    shown = money_of_document(book, number)
    return (
        shown
        if shown is None or not _was_corrected(book, number)
        else replace(shown, history=history_of(book, number, ()))
    )


def money_of_document(book: Book, number: str) -> ShownDocument | None:
    """What a book has of a document; who made and changed it, and by which rules, only a ledger knows."""
    document = book.numbered.get(number)
    if document is None:
        return None
    made = (*book.applications_from.get(number, ()), *book.applications_to.get(number, ()))
    sides = sorted({number, *(one.to for one in made), *(one.from_ for one in made)})
    return ShownDocument(
        document=document,
        account=book.accounts[document.account],
        revision=book.revisions.get(number, 0),
        balance=book.balance(document),
        open_places=_open_places(book, document),
        applications_from=book.applications_from.get(number, ()),
        applications_to=book.applications_to.get(number, ()),
        kinds={name: book.numbered[name].kind for name in sides},
        refunds=book.refunds_of.get(number, ()),
        created=book.created_from.get(number, ()),
        operation=None,
        changed_by=(),
        resolved=None,
        history=None,
    )


def on_record(book: Book, number: str) -> bool:
    """Whether a charge period that is on record names a document."""
    named = ((one.document, one.memo, one.rebilled_by) for one in book.charge_periods.values())
    return any(number in numbers for numbers in named)


def _was_corrected(book: Book, number: str) -> bool:
    """Whether a correction has dealt with a document, or a bill run has given something of it back."""
    documents = (one for one in book.numbered.values() if isinstance(one, Document))
    return on_record(book, number) or any(item.source == number for one in documents for item in one.items)


def _open_places(book: Book, document: Numbered) -> tuple[OpenPlace, ...]:
    if not isinstance(document, Document):
        return ()
    return tuple(OpenPlace(*place, left) for place, left in book.open_places(document).items())


def those_called(
    called: str, accounts: Iterable[tuple[str, str | None]], contacts: Iterable[tuple[str, str, str | None]]
) -> set[str]:
    """The accounts in whose id or name a text stands, or in that of one of their contacts, in whatever letters.

    `accounts`: id and name of each; `contacts`: account, id and name.
    """
    wanted = called.casefold()

    def is_called(*names: str | None) -> bool:
        return any(name is not None and wanted in name.casefold() for name in names)

    found = {id for id, name in accounts if is_called(id, name)}
    return found | {account for account, id, name in contacts if account not in found and is_called(id, name)}


def book_around(book: Book, account: str) -> Book:
    """What a book has of an account, and of those that its money went to or came from: reports tell of it what they
    tell of the account in the whole."""
    numbers = _reached(book, account)
    return replace(
        book,
        numbered={number: book.numbered[number] for number in numbers},
        applications_from={number: book.applications_from.get(number, ()) for number in numbers},
        applications_to={number: book.applications_to.get(number, ()) for number in numbers},
    )


def _reached(book: Book, account: str) -> list[str]:
    """The numbers of the documents of the account, and of each account that is linked with it by money, sorted."""
    accounts, ahead = {account}, [account]
    found: set[str] = set()
    while ahead:
        own = book.numbers_of.get(ahead.pop(), ())
        found.update(own)
        links = (book.applications_from, book.applications_to)
        made = (one for each in links for number in own for one in each.get(number, ()))
        others = {book.numbered[side].account for one in made for side in (one.from_, one.to)} - accounts
        accounts |= others
        ahead += others
    return sorted(found)


def accounts_in(book: Book, ids: Iterable[str]) -> list[ShownAccount]:
    """These accounts of a book, each with everything that is its own."""
    contacts: dict[str, list[Contact]] = defaultdict(list)
    for contact in book.contacts.values():
        contacts[contact.account].append(contact)
    return [_account(book, id, contacts.get(id, ())) for id in ids]


def _account(book: Book, id: str, contacts: Iterable[Contact]) -> ShownAccount:
    owned = sorted(book.subscriptions_of.get(id, ()))
    documents = sorted(
        (book.numbered[number] for number in book.numbers_of.get(id, ())), key=lambda one: (one.date, one.number)
    )
    adjustments = tuple(one for one in documents if isinstance(one, CreditAdjustment))
    currencies = sorted({one.currency for one in adjustments})
    return ShownAccount(
        account=book.accounts[id],
        revision=book.revisions.get(account_name(id), 0),
        contacts=tuple(contacts),
        subscriptions=tuple(book.subscriptions[name] for name in owned),
        documents=tuple(documents),
        balances={document.number: book.balance(document) for document in documents},
        open=_by_currency(book, documents, owed=True),
        unapplied=_by_currency(book, documents, owed=False),
        credit={currency: book.credit_balance(id, currency) for currency in currencies},
        adjustments=adjustments,
        charge_periods=tuple(
            sorted(
                (one for name in owned for one in book.recorded_periods(name)),
                key=lambda one: (one.subscription, one.charge, one.status, one.from_),
            )
        ),
    )


def _by_currency(book: Book, documents: Collection[Numbered], *, owed: bool) -> dict[str, Decimal]:
    """Currency -> the balances of what is owed, or of what can be put on it, together; every currency of any document,
    in their order."""
    wanted = is_owed if owed else is_source
    totals = {currency: from_minor(0, currency) for currency in sorted({one.currency for one in documents})}
    for one in documents:
        if wanted(one) and one.status == "posted" and not (isinstance(one, Reversible) and one.reversed_):
            totals[one.currency] += book.balance(one)
    return totals
