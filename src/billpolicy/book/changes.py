"""What can happen to a book: a closed set of changes, each of which says itself what it does.

A plan is a tuple of these. Planning, posting, the dry run, `ledger check` and the tests all use `on` and nothing else
to know what a change does, so they cannot disagree. A new kind of change is a class here and its line in `CHANGES`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from billpolicy.book.book import Book
from billpolicy.book.kinds import KINDS
from billpolicy.book.model import Application, BillingDocument, Document, Invoice, Numbered
from billpolicy.book.numbers import NumberDraw

D = TypeVar("D", bound=Numbered)


@dataclass(frozen=True, slots=True)
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
        if isinstance(self.document, Invoice):
            yield from map(subscription_name, self.document.subscriptions)


@dataclass(frozen=True, slots=True)
class Applied:
    """Money of one document put on another; below zero, taken back."""

    application: Application

    def on(self, book: Book) -> Book:
        """The book with the application."""
        return book.with_posted(applications=[self.application])

    def touched(self) -> Iterator[str]:
        """Both sides."""
        yield self.application.from_
        yield self.application.to


@dataclass(frozen=True, slots=True)
class Reversed:
    """A document is flagged as reversed; it stays posted (docs/domain.md 4.1)."""

    number: str

    def on(self, book: Book) -> Book:
        """The book with the flag."""
        return book.with_posted([replace(billing(book, self.number), reversed_=True)])

    def touched(self) -> Iterator[str]:
        """The document."""
        yield self.number


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class DraftCanceled:
    """A draft is canceled; it keeps its number and is never posted."""

    draft: str

    def on(self, book: Book) -> Book:
        """The book with the draft canceled."""
        return book.with_posted([replace(billing(book, self.draft), status="canceled")])

    def touched(self) -> Iterator[str]:
        """The draft."""
        yield self.draft


@dataclass(frozen=True, slots=True)
class SubscriptionCanceled:
    """A subscription is canceled; `day` is the first one without service."""

    subscription: str
    day: datetime.date

    def on(self, book: Book) -> Book:
        """The book with the subscription canceled."""
        return book.with_posted(subscriptions=[replace(book.subscriptions[self.subscription], canceled_on=self.day)])

    def touched(self) -> Iterator[str]:
        """The subscription."""
        yield subscription_name(self.subscription)


@dataclass(frozen=True, slots=True)
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


Change = Issued[Numbered] | Applied | Reversed | DraftPosted | DraftCanceled | SubscriptionCanceled | ChargedThrough
CHANGES: dict[str, type] = {
    **{f"{name}_issued": Issued[kind.record] for name, kind in KINDS.items()},  # type: ignore[name-defined]
    "applied": Applied,
    "reversed": Reversed,
    "draft_posted": DraftPosted,
    "draft_canceled": DraftCanceled,
    "subscription_canceled": SubscriptionCanceled,
    "charged_through": ChargedThrough,
}
"""Each kind of change by the name it is written by."""
_NAMES = {kind: name for name, kind in CHANGES.items()}


def change_name(change: Change) -> str:
    """The name that a change is written by."""
    return f"{change.document.kind}_issued" if isinstance(change, Issued) else _NAMES[type(change)]


def after(book: Book, changes: Iterable[Change]) -> Book:
    """The book after these changes, in their order."""
    for change in changes:
        book = change.on(book)
    return book


def touched(changes: Iterable[Change]) -> frozenset[str]:
    """What these changes, of one operation, change of what was there before: its revision rises by one.

    Numbers of documents and `subscription:ID`, named as in `Book.revisions`. A new document begins at revision 0.
    """
    names: set[str] = set()
    new: set[str] = set()
    for change in changes:
        names.update(change.touched())
        if isinstance(change, Issued):
            new.add(change.document.number)
    return frozenset(names - new)


def subscription_name(id: str) -> str:
    """A subscription as `Book.revisions` names it, where documents stand under their numbers."""
    return f"subscription:{id}"


def scope_of(name: str) -> tuple[str, str]:
    """What a name in `Book.revisions` is of, `account`, `subscription` or `document`, and its id or number."""
    scope, separator, id = name.partition(":")
    return (scope, id) if separator and scope in ("account", "subscription") else ("document", name)


def billing(book: Book, number: str) -> BillingDocument:
    """A billing document that the book is known to have."""
    document = book.numbered[number]
    assert isinstance(document, Document)
    return document
