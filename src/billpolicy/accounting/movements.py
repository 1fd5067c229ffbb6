"""Every movement of money that a book tells of, in one total order: what reports and journals are made of.

A movement is a posted document, an application, or the reversal of a payment. It says what it does to the balances of
documents and to credit balances, so that all of these as of any day follow from the movements until then alone; as of
the last day they are what `book` says (docs/domain.md 9.2).
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.book import Book
from billpolicy.book.kinds import KINDS, is_owed, kind_of
from billpolicy.book.model import Application, CreditAdjustment, Numbered, Part, Payment, Refund

APPLICATION = "application"
UNAPPLICATION = "unapplication"
"""An application that was taken back, in whole or in part."""
TRANSFER = "transfer"
"""From a payment to a payment of another account, or from a negative invoice to a credit balance."""
TRANSFER_BACK = "transfer_back"
PAYMENT_REVERSAL = "payment_reversal"
MOVEMENT_KINDS = (*KINDS, APPLICATION, UNAPPLICATION, TRANSFER, TRANSFER_BACK, PAYMENT_REVERSAL)
"""Documents come before what is done with them on the same day."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The operation of a ledger that made a movement."""

    operation: str
    """Its id."""
    date: datetime.date
    """Its document date."""
    at: datetime.datetime
    """When it was posted, in UTC."""
    place: int
    """Its place among all that were posted, from 1; steps of one operation have their own."""


Stamps = Mapping[str, Stamp]
"""Movements by id; of what was imported, or stands in a book file, nothing is known."""


class Effect(NamedTuple):
    """What a movement does to one balance."""

    account: str
    number: str | None
    """The document whose balance it is (`Book.balance`); None for the credit balance of the account."""
    amount: Decimal
    """How much higher that balance is."""
    owed: Decimal
    """How much more the account owes by it: `amount` of invoices and debit memos, and less it of payments, credit memos
    and credit balances, which are money of the account."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement of money."""

    id: str
    """The number of a document; `source/target/n`, from 1, the n-th application between the two in the order in which
    they were made; `number/reversal`, of a payment. It stays the same as a ledger goes on. `/` and `%` of numbers are
    written as `%2F` and `%25`, so that no two movements have one id."""
    kind: str
    """One of `MOVEMENT_KINDS`."""
    date: datetime.date
    """That of the document or the application. Of the reversal of a payment, that of the operation that reversed it; in
    a book file, and of an imported one, the day on which it was moved last: that on which it was taken back, if it had
    been put on anything."""
    account: str
    """Whose document it is; of what goes from one to another, whose the source is."""
    currency: str
    amount: Decimal
    """Of a document as it stands there, but below zero of a decrease of a credit balance; below zero also of what is
    taken back and of a reversal."""
    document: str | None = None
    """The number of the document that is issued or reversed; None for applications and transfers."""
    source: str | None = None
    """Of applications and transfers: the number of the document whose money it is."""
    target: str | None = None
    parts: tuple[Part, ...] = ()
    """Of applications and refunds: on which items."""
    effects: tuple[Effect, ...] = ()
    """None of a refund out of a credit balance: the decrease that names it lowers that."""
    stamp: Stamp | None = None

    @property
    def owed(self) -> Decimal:
        """How much more its accounts owe by it, together."""
        return sum((effect.owed for effect in self.effects), Decimal(0))


def movements_of(book: Book, stamps: Stamps | None = None) -> tuple[Movement, ...]:
    """Every movement of money of a book, by date, then in the order of posting, then documents before what is done with
    them, then by number. Drafts, and drafts that were canceled, are none; what was reversed stays.

    `stamps`: what a ledger knows of them. What was not posted by an operation comes first on its day.
    """
    known = stamps or {}
    found = [*_documents(book, known), *_applications(book, known), *_reversals(book, known)]
    return tuple(movement for _, movement in sorted(found, key=lambda each: each[0]))


def as_of(movements: Iterable[Movement], day: datetime.date) -> tuple[Movement, ...]:
    """Those until the end of a day."""
    return tuple(one for one in movements if one.date <= day)


def balances(movements: Iterable[Movement]) -> dict[str, Decimal]:
    """Number of each invoice, memo and payment -> what is open or unapplied of it after these movements."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for movement in movements:
        for effect in movement.effects:
            if effect.number is not None:
                found[effect.number] += effect.amount
    return dict(found)


def credit_balances(movements: Iterable[Movement]) -> dict[tuple[str, str], Decimal]:
    """Account and currency -> its credit balance after these movements."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for movement in movements:
        for effect in movement.effects:
            if effect.number is None:
                found[effect.account, movement.currency] += effect.amount
    return dict(found)


def owed(movements: Iterable[Movement]) -> dict[tuple[str, str], Decimal]:
    """Account and currency -> what the account owes after these movements: the balances of its invoices and debit
    memos, less what is unapplied of its payments and credit memos, and less its credit balance."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for movement in movements:
        for effect in movement.effects:
            found[effect.account, movement.currency] += effect.owed
    return dict(found)


def movement_id(*parts: str) -> str:
    """The id of a movement, of numbers and what else tells it from others."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def reversal_id(number: str) -> str:
    """The id of the reversal of a payment."""
    return movement_id(number, "reversal")


_Place = tuple[datetime.date, int, int, tuple[str | int, ...]]
_Placed = Iterator[tuple[_Place, Movement]]


def _placed(movement: Movement, *names: str | int) -> tuple[_Place, Movement]:
    posted = 0 if movement.stamp is None else movement.stamp.place
    return (movement.date, posted, MOVEMENT_KINDS.index(movement.kind), names), movement


def _documents(book: Book, stamps: Stamps) -> _Placed:
    for number, document in book.numbered.items():
        if document.status != "posted":
            continue
        id = movement_id(number)
        lowered = isinstance(document, CreditAdjustment) and document.type == "decrease"
        movement = Movement(
            id,
            document.kind,
            document.date,
            document.account,
            document.currency,
            -document.amount if lowered else document.amount,
            document=number,
            parts=document.parts if isinstance(document, Refund) else (),
            effects=_issued(book, document),
            stamp=stamps.get(id),
        )
        yield _placed(movement, number)


def _issued(book: Book, document: Numbered) -> tuple[Effect, ...]:
    """What a document does as it is posted."""
    amount = document.amount
    if isinstance(document, CreditAdjustment):
        more = amount if document.type == "increase" else -amount
        return (Effect(document.account, None, more, -more),)
    if isinstance(document, Refund):
        return () if document.of is None else (_effect(book.numbered[document.of], -amount),)
    return (_effect(document, amount),)


def _effect(document: Numbered, amount: Decimal) -> Effect:
    return Effect(document.account, document.number, amount, amount if is_owed(document) else -amount)


def _applications(book: Book, stamps: Stamps) -> _Placed:
    for source, made in book.applications_from.items():
        counts: dict[str, int] = defaultdict(int)
        for one in made:
            counts[one.to] += 1
            id = movement_id(source, one.to, str(counts[one.to]))
            document, target = book.numbered[source], book.numbered[one.to]
            movement = Movement(
                id,
                _kind(one, target),
                one.date,
                document.account,
                document.currency,
                one.amount,
                source=source,
                target=one.to,
                parts=one.parts,
                effects=_applied(document, target, one.amount),
                stamp=stamps.get(id),
            )
            yield _placed(movement, source, one.to, counts[one.to])


def _kind(one: Application, target: Numbered) -> str:
    if kind_of(target).is_owed:
        return APPLICATION if one.amount >= 0 else UNAPPLICATION
    return TRANSFER if one.amount >= 0 else TRANSFER_BACK


def _applied(source: Numbered, target: Numbered, amount: Decimal) -> tuple[Effect, ...]:
    """What money does as it goes from one document to another: a transferred payment, and a change of a credit balance,
    have it from the day of their own on, as documents; a negative invoice comes up to zero as it gives it away."""
    taken = () if isinstance(source, CreditAdjustment) else (_effect(source, amount if is_owed(source) else -amount),)
    put = (_effect(target, -amount),) if is_owed(target) else ()
    return taken + put


def _reversals(book: Book, stamps: Stamps) -> _Placed:
    """Of a reversed payment nothing is left (docs/domain.md 9.2): what was put of it elsewhere is taken back by
    applications of their own, so all of it goes."""
    for number, payment in book.numbered.items():
        if not isinstance(payment, Payment) or not payment.reversed_ or payment.status != "posted":
            continue
        id = reversal_id(number)
        stamp = stamps.get(id)
        made = (*book.applications_from.get(number, ()), *book.applications_to.get(number, ()))
        movement = Movement(
            id,
            PAYMENT_REVERSAL,
            stamp.date if stamp is not None else max((payment.date, *(one.date for one in made))),
            payment.account,
            payment.currency,
            -payment.amount,
            document=number,
            effects=(_effect(payment, -payment.amount),),
            stamp=stamp,
        )
        yield _placed(movement, number)
