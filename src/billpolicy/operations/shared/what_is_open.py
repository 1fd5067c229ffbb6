"""What is still open in a book, and what money is there to use: of an account, a subscription or a credit balance."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal

from billpolicy.book.book import ZERO, Book
from billpolicy.book.changes import billing
from billpolicy.book.kinds import is_owed, is_source
from billpolicy.book.model import Account, BillingDocument, DebitMemo, Invoice, OwedDocument, Reversible, SourceDocument
from billpolicy.book.open_documents import Order
from billpolicy.diagnostics.sentences import few_of
from billpolicy.operations.shared.currencies import in_words
from billpolicy.planning.planning import Planning


def in_force(document: Reversible) -> bool:
    """Whether it is posted and has not been reversed."""
    return document.status == "posted" and not document.reversed_


# -- of an account -------------------------------------------------------------------------------------------------


_OWED = Order("owed", lambda one: is_owed(one.document), lambda one: one.document.number)
_MONEY = Order("money", lambda one: is_source(one.document), lambda one: one.document.number)


def owed_of(book: Book, account: Account) -> list[tuple[OwedDocument, Decimal]]:
    """The invoices and debit memos of an account with something open, by number, each with what that is."""
    found = book.open_documents(account.id).in_order(_OWED)
    return [(one.document, one.left) for one in found if is_owed(one.document)]


def money_of(book: Book, account: Account) -> list[tuple[SourceDocument, Decimal]]:
    """The credit memos and payments of an account with something unapplied, by number, each with what that is."""
    found = book.open_documents(account.id).in_order(_MONEY)
    return [(one.document, one.left) for one in found if is_source(one.document)]


def owed_for_rules(book: Book, account: Account, day: datetime.date) -> list[tuple[OwedDocument, Decimal]]:
    """Those of an account on which rules may put money on a day; in whatever currency."""
    return [(document, left) for document, left in owed_of(book, account) if is_for_rules(document, day)]


def money_for_rules(book: Book, account: Account, day: datetime.date) -> list[tuple[SourceDocument, Decimal]]:
    """Those of an account that rules may use on a day; in whatever currency."""
    return [(document, left) for document, left in money_of(book, account) if is_for_rules(document, day)]


def is_for_rules(document: OwedDocument | SourceDocument, day: datetime.date) -> bool:
    """Documents that opted out (`auto_apply: false`), later ones and money that is expired are left alone
    (docs/domain.md 2.2)."""
    return document.date <= day and document.auto_apply and not is_expired(document, day)


# -- of money that expires -----------------------------------------------------------------------------------------


def is_expired(document: BillingDocument | SourceDocument, day: datetime.date) -> bool:
    """Whether it is money that is not used any more on a day."""
    expires_on = None if isinstance(document, (Invoice, DebitMemo)) else document.expires_on
    return expires_on is not None and expires_on <= day


def check_expiry(planning: Planning, expires_on: datetime.date | None) -> None:
    """New money can be used on its own day at least."""
    if expires_on is not None and expires_on <= planning.date:
        message = f"it would expire on {expires_on}, so it could not be used even on its own day, {planning.date}"
        hint = "`expires_on` is the first day on which it is not used any more; write a later one, or leave it out"
        planning.problem("expiry-odd", message, "expires_on", hint=hint)


def refuse_expired(planning: Planning, source: SourceDocument, done: str, *path: str | int) -> None:
    """Money that is expired is neither applied nor paid out nor handed over, whoever names it."""
    if is_expired(source, planning.date):
        message = f"{source.number} is expired since {source.expires_on}: it cannot be {done} on {planning.date}"
        hint = (
            "name money that is not expired; if it is still to be used, give it anew as another credit, with the reason"
        )
        planning.problem("credit-expired", message, *path, hint=hint)


def expired_of(planning: Planning, account: Account, currency: str | None) -> list[SourceDocument]:
    """What an account has unapplied, in this currency or any, and is not used any more, by number."""
    those = [one for one, _ in money_of(planning.book, account) if currency in (None, one.currency)]
    return [one for one in those if is_expired(one, planning.date)]


def tell_expired(planning: Planning, account: Account, currency: str) -> None:
    """Say which money is left alone since it is expired."""
    expired = few_of(f"{one.number} ({one.expires_on})" for one in expired_of(planning, account, currency))
    if expired:
        planning.note(f"left alone, since it is expired: {expired}")


# -- of subscriptions ----------------------------------------------------------------------------------------------


def documents_on(book: Book, subscriptions: Iterable[str]) -> list[BillingDocument]:
    """Every document that has items of one of these subscriptions, by number."""
    numbers = {number for name in subscriptions for number in book.numbers_on.get(name, ())}
    return [billing(book, number) for number in sorted(numbers)]


def invoices_on(book: Book, subscriptions: Iterable[str]) -> list[Invoice]:
    """The invoices of these that are in force."""
    return [one for one in documents_on(book, subscriptions) if isinstance(one, Invoice) and in_force(one)]


def owing_invoices(book: Book, subscription: str) -> list[Invoice]:
    """The posted invoices on which items of a subscription are still open: by due date, date and number."""
    found = [invoice for invoice in invoices_on(book, [subscription]) if owed_on(book, invoice, subscription) > 0]
    last = datetime.date.max
    return sorted(found, key=lambda invoice: (invoice.due_date or last, invoice.date, invoice.number))


def owing_to(book: Book, subscription: str, source: SourceDocument) -> list[Invoice]:
    """Those of them that money can go on: of its account and in its currency."""
    same = (source.account, source.currency)
    return [one for one in owing_invoices(book, subscription) if (one.account, one.currency) == same]


def owed_on(book: Book, invoice: Invoice, subscription: str) -> Decimal:
    """What a subscription still owes on an invoice."""
    return sum(book.open_places(invoice, subscription).values(), ZERO)


def is_shared(invoice: Invoice, subscription: str) -> bool:
    """Whether an invoice has items that are not of this subscription: of another one, or of none."""
    return any(item.subscription != subscription for item in invoice.items)


def latest(memo_date: datetime.date, invoice: Invoice, today: datetime.date) -> datetime.date:
    """When a memo takes effect on an invoice on cancellation: the latest of memo date, invoice date and today."""
    return max(memo_date, invoice.date, today)


def latest_in_words(day: datetime.date, memo_date: datetime.date, invoice: Invoice, today: datetime.date) -> str:
    """Which of the three dates won (docs/domain.md 5.2)."""
    dates = (("the memo's", memo_date), ("the invoice's", invoice.date), ("today's", today))
    won = " and ".join(whose for whose, date in dates if date == day)
    all_three = f"memo {memo_date}, {invoice.number} {invoice.date}, today {today}"
    return f"applied to {invoice.number} on {day}, {won} date; the three dates: {all_three}"


# -- of a credit balance -------------------------------------------------------------------------------------------


def check_usable(
    planning: Planning,
    account: Account,
    currency: str,
    day: datetime.date,
    wanted: Decimal | None,
    *path: str | int,
) -> Decimal:
    """How much of a credit balance can be used on a day; less than `wanted`, or nothing at all, is a problem.

    docs/domain.md 2.7 and 6.1.
    """
    book = planning.book
    usable = book.credit_usable(account.id, currency, day)
    there = book.credit_balance(account.id, currency, day)
    if usable > 0 and (wanted is None or wanted <= usable):
        return usable
    balance = f"the credit balance of account `{account.id}` is {there} {currency} on {day}"
    if usable < there:
        balance += f", and {there - usable} of it is used on later dates"
    message = balance if wanted is None else f"{wanted} is more than the {usable} that can be used: {balance}"
    planning.problem("credit-unavailable", message, *path, hint=_hint(book, account.id, currency, day, usable))
    return usable


def _hint(book: Book, account: str, currency: str, day: datetime.date, usable: Decimal) -> str:
    changes = book.credit_of.get(account, ())
    for date in sorted({change.date for change in changes if change.date > day}):
        more = book.credit_usable(account, currency, date)
        if more > usable:
            return f"from {date} on {more} {currency} can be used"
    if usable > 0:
        return f"use at most {usable} {currency}"
    others = {each: book.credit_usable(account, each, day) for each in sorted({change.currency for change in changes})}
    others = {each: amount for each, amount in others.items() if each != currency and amount > 0}
    nothing = f"there is nothing to use in {currency}, on that date or later"
    return f"{nothing}; say `currency` to use {in_words(others)}" if others else nothing
