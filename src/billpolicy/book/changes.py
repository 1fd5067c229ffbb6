"""What can happen to a book: a closed set of changes, each of which says itself what it does.

A plan is a tuple of these. Planning, posting, the dry run, `ledger check` and the tests all use `on` and nothing else
to know what a change does, so they cannot disagree. A new kind of change is a class here and its line in `CHANGES`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from billpolicy.book.book import Book
from billpolicy.book.history import given
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Application,
    BillingDocument,
    Charge,
    ChargePeriod,
    Contact,
    Document,
    Held,
    Invoice,
    MasterRecord,
    Numbered,
    Payment,
    SubscribedCharge,
    Subscription,
    UsageRecord,
)
from billpolicy.book.numbers import NumberDraw
from billpolicy.source.record import value

D = TypeVar("D", bound=Numbered)
R = TypeVar("R", bound=MasterRecord)


@value
class Issued(Generic[D]):
    """A document comes into the book, with the number that was drawn for it."""

    document: D
    draw: NumberDraw

    def on(self, book: Book) -> Book:
        """The book with the document, and its series counted on."""
        draw = self.draw
        bound = {} if book.prefixes.get(draw.prefix) == draw.kind else {draw.prefix: draw.kind}
        return book.with_posted([self.document], counters={draw.prefix: draw.counter}, prefixes=bound)

    def touched(self) -> Iterator[str]:
        """What it is made from or changes; whoever relied on the newest invoice of a subscription must look again."""
        other = self.document.related
        if other is not None:
            yield other
        if isinstance(self.document, Document):
            yield from (item.source for item in self.document.items if item.source is not None)
        if isinstance(self.document, Invoice):
            yield from map(subscription_name, self.document.subscriptions)


@value
class Applied:
    """Money of one document put on another; below zero, taken back."""

    application: Application

    def on(self, book: Book) -> Book:
        """The book with the application."""
        return self.all_on(book, [self])

    @staticmethod
    def all_on(book: Book, those: Iterable[Applied]) -> Book:
        """The book with several: as after one after the other, without a book for each."""
        return book.with_posted(applications=[one.application for one in those])

    def touched(self) -> Iterator[str]:
        """Both sides."""
        yield self.application.from_
        yield self.application.to


@value
class Reversed:
    """A document is flagged as reversed; it stays posted (docs/domain.md 4.1 and 4.6)."""

    number: str
    reason: str | None = None
    """Of a payment; of another document, the one that takes its money back has it."""

    def on(self, book: Book) -> Book:
        """The book with the flag."""
        document = book.numbered[self.number]
        if isinstance(document, Payment):
            return book.with_posted([replace(document, reversed_=True, reversed_reason=self.reason)])
        return book.with_posted([replace(billing(book, self.number), reversed_=True)])

    def touched(self) -> Iterator[str]:
        """The document."""
        yield self.number


@value
class DraftPosted:
    """A draft becomes a posted document, which is issued beside this (docs/domain.md 9.3)."""

    draft: str
    number: str

    def on(self, book: Book) -> Book:
        """The book in which the draft says what it became."""
        return book.with_posted([replace(billing(book, self.draft), posted_as=self.number)])

    def touched(self) -> Iterator[str]:
        """The draft."""
        yield self.draft


@value
class DraftCanceled:
    """A draft is canceled; it keeps its number and is never posted."""

    draft: str

    def on(self, book: Book) -> Book:
        """The book with the draft canceled."""
        return book.with_posted([replace(billing(book, self.draft), status="canceled")])

    def touched(self) -> Iterator[str]:
        """The draft."""
        yield self.draft


@value
class SubscriptionCanceled:
    """A subscription is canceled, or its cancellation moved or taken back."""

    subscription: str
    day: datetime.date | None
    """The first one without service; None: service goes on."""
    before: datetime.date | None = None
    """What it was until then; None: it was not canceled."""

    def on(self, book: Book) -> Book:
        """The book with the day."""
        return book.with_posted(subscriptions=[replace(book.subscriptions[self.subscription], canceled_on=self.day)])

    def touched(self) -> Iterator[str]:
        """The subscription."""
        yield subscription_name(self.subscription)


@value
class ChargedThrough:
    """A charge's charged-through date moves: on as it is billed, back as that is undone (docs/domain.md 3.3)."""

    subscription: str
    charge: str
    before: datetime.date | None
    """None: it had never been billed."""
    after: datetime.date

    def on(self, book: Book) -> Book:
        """The book with the date moved."""
        found = book.subscriptions[self.subscription]
        charges = tuple(
            replace(one, charged_through=self.after) if one.id == self.charge else one for one in found.charges
        )
        return book.with_posted(subscriptions=[replace(found, charges=charges)])

    def touched(self) -> Iterator[str]:
        """The subscription."""
        yield subscription_name(self.subscription)


@value
class Created(Generic[R]):
    """A record of master data comes into the book."""

    record: R

    def on(self, book: Book) -> Book:
        """The book with the record."""
        return book.with_records([self.record])

    def touched(self) -> Iterator[str]:
        """The record; of a contact, the account whose documents can be addressed to it now."""
        if isinstance(self.record, Contact):
            yield account_name(self.record.account)
        else:
            yield master_name(self.record)


@value
class Given:
    """A record of master data holds another value, from a day on."""

    scope: Literal["account", "contact", "subscription", "charge", "accounting_period"]
    id: str
    """Of an accounting period, its first day."""
    held: Held
    before: str | None = None
    """What it held on that day until now."""
    account: str | None = None
    """Of a contact: whose it is."""

    def on(self, book: Book) -> Book:
        """The book in which it holds that value."""
        return book.with_records([given(master_record(book, self.scope, self.id), self.held)])

    def touched(self) -> Iterator[str]:
        """The record; of a contact, the account whose documents are addressed to it."""
        yield f"{self.scope}:{self.id}" if self.account is None else account_name(self.account)


@value
class ChargeAdded:
    """A subscription has one more charge."""

    subscription: str
    charge: SubscribedCharge

    def on(self, book: Book) -> Book:
        """The book with the charge, behind those that the subscription had."""
        found = book.subscriptions[self.subscription]
        return book.with_records([replace(found, charges=(*found.charges, self.charge))])

    def touched(self) -> Iterator[str]:
        """The subscription."""
        yield subscription_name(self.subscription)


@value
class UsageRecorded:
    """Usage comes into the book. It changes nothing that was there, so nobody need look again who relied on that."""

    records: tuple[UsageRecord, ...]

    def on(self, book: Book) -> Book:
        """The book with the records."""
        return book.with_usage(self.records)

    def touched(self) -> Iterator[str]:
        """Nothing."""
        yield from ()


class BilledUsage(NamedTuple):
    """A usage record and what it is billed at; None where it is billed no more."""

    id: str
    amount: Decimal | None
    drawn: Decimal | None = None
    """What was drawn from a prepaid charge instead of being billed, and from which of its periods first."""
    drawn_from: str | None = None


@value
class UsageBilled:
    """Usage records of a charge are billed by a document; or, as that is undone, by none, and will be billed again."""

    subscription: str
    charge: str
    before: str | None
    """The document that billed them before."""
    after: str | None
    records: tuple[BilledUsage, ...]

    def on(self, book: Book) -> Book:
        """The book in which the records say so."""
        return book.with_usage(
            replace(
                book.usage[one.id], billed_by=self.after, amount=one.amount, drawn=one.drawn, drawn_from=one.drawn_from
            )
            for one in self.records
        )

    def touched(self) -> Iterator[str]:
        """The subscription."""
        yield subscription_name(self.subscription)


@value
class PeriodsRecorded:
    """Charge periods of a subscription are put on record, each in place of what stood there under its id: excluded from
    billing, unwound by a correction, or billed again."""

    subscription: str
    periods: tuple[ChargePeriod, ...]
    """As they are from now on."""

    def on(self, book: Book) -> Book:
        """The book with the periods."""
        return book.with_charge_periods(self.periods)

    def touched(self) -> Iterator[str]:
        """The subscription, and the documents that billed them: what was done to a line locks its document."""
        yield subscription_name(self.subscription)
        yield from (one.document for one in self.periods if one.document is not None)


Change = (
    Issued[Numbered]
    | Applied
    | Reversed
    | DraftPosted
    | DraftCanceled
    | SubscriptionCanceled
    | ChargedThrough
    | Created[Any]
    | Given
    | ChargeAdded
    | UsageRecorded
    | UsageBilled
    | PeriodsRecorded
)
SCOPES: dict[type[MasterRecord], str] = {
    Account: "account",
    Contact: "contact",
    Subscription: "subscription",
    Charge: "charge",
    AccountingPeriod: "accounting_period",
}
"""Records of master data by what they are called."""
CHANGES: dict[str, type] = {
    **{f"{name}_issued": Issued[kind.record] for name, kind in KINDS.items()},  # type: ignore[name-defined]
    "applied": Applied,
    "reversed": Reversed,
    "draft_posted": DraftPosted,
    "draft_canceled": DraftCanceled,
    "subscription_canceled": SubscriptionCanceled,
    "charged_through": ChargedThrough,
    **{f"{scope}_created": Created[kind] for kind, scope in SCOPES.items()},  # type: ignore[valid-type]
    "given": Given,
    "charge_added": ChargeAdded,
    "usage_recorded": UsageRecorded,
    "usage_billed": UsageBilled,
    "periods_recorded": PeriodsRecorded,
}
"""Each kind of change by the name it is written by."""
_NAMES = {kind: name for name, kind in CHANGES.items()}


ISSUED = "_issued"
"""How the name of each change ends that brings a document into the book."""


def change_name(change: Change) -> str:
    """The name that a change is written by."""
    if isinstance(change, Issued):
        return f"{change.document.kind}{ISSUED}"
    if isinstance(change, Created):
        return f"{SCOPES[type(change.record)]}_created"
    return _NAMES[type(change)]


def after(book: Book, changes: Iterable[Change]) -> Book:
    """The book after these changes, in their order."""
    for change in changes:
        book = change.on(book)
    return book


def touched(changes: Iterable[Change]) -> frozenset[str]:
    """What these changes, of one operation, change of what was there before: its revision rises by one.

    Numbers of documents, `account:ID` and `subscription:ID`, named as in `Book.revisions`. What is new begins at
    revision 0; charges of the catalogue and accounting periods have none.
    """
    names: set[str] = set()
    new: set[str] = set()
    for change in changes:
        names.update(change.touched())
        if isinstance(change, Issued):
            new.add(change.document.number)
        elif isinstance(change, Created):
            new.add(master_name(change.record))
    return frozenset(name for name in names - new if scope_of(name)[0] in _WITH_REVISION)


_WITH_REVISION = ("document", "account", "subscription")


def subscription_name(id: str) -> str:
    """A subscription as `Book.revisions` names it, where documents stand under their numbers."""
    return f"subscription:{id}"


def account_name(id: str) -> str:
    """An account as `Book.revisions` names it."""
    return f"account:{id}"


def master_name(record: MasterRecord) -> str:
    """A record of master data, named in the same way."""
    return f"{SCOPES[type(record)]}:{master_id(record)}"


def master_id(record: MasterRecord) -> str:
    """What names a record of master data among those of its kind; of an accounting period, its first day."""
    return record.from_.isoformat() if isinstance(record, AccountingPeriod) else record.id


def master_record(book: Book, scope: str, id: str) -> Any:
    """A record of master data that the book is known to have. Raises `KeyError` where it has not."""
    return _records(book, scope)[id]


def known_record(book: Book, scope: str, id: str) -> Any:
    """A record of master data; None where the book has none of that name."""
    return _records(book, scope).get(id)


def _records(book: Book, scope: str) -> Mapping[str, Any]:
    if scope == "accounting_period":
        return {master_id(period): period for period in book.periods}
    records: Mapping[str, Any] = getattr(book, f"{scope}s")
    return records


def scope_of(name: str) -> tuple[str, str]:
    """What such a name is of: `account`, `subscription`, another scope, or `document`; and its id or number."""
    scope, separator, id = name.partition(":")
    return (scope, id) if separator and scope in SCOPES.values() else ("document", name)


def billing(book: Book, number: str) -> BillingDocument:
    """A billing document that the book is known to have."""
    document = book.numbered[number]
    assert isinstance(document, Document)
    return document
