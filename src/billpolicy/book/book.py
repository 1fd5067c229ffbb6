"""The book with its indexes and balances. Every balance is derived from applications and refunds, never stored."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Application,
    BillingDocument,
    BookFile,
    Charge,
    Contact,
    CreditMemo,
    DebitMemo,
    Invoice,
    Item,
    Numbered,
    Part,
    Refund,
    Subscription,
)
from billpolicy.book.numbers import highest_counters

ZERO = Decimal(0)


class Place(NamedTuple):
    """An item of a document (`tax` is None), or one tax of it."""

    item: str
    tax: str | None = None


@dataclass(frozen=True)
class Book:
    """Everything known as of one moment. Immutable: `with_*` methods give a new book."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    charges: Mapping[str, Charge] = field(default_factory=dict)
    numbered: Mapping[str, Numbered] = field(default_factory=dict)
    """Invoices, credit memos, debit memos, payments and refunds by number: one name space."""
    applications_from: Mapping[str, tuple[Application, ...]] = field(default_factory=dict)
    applications_to: Mapping[str, tuple[Application, ...]] = field(default_factory=dict)
    refunds_of: Mapping[str, tuple[Refund, ...]] = field(default_factory=dict)
    created_from: Mapping[str, tuple[BillingDocument, ...]] = field(default_factory=dict)
    """Number of a source document -> the memos created from it."""
    periods: tuple[AccountingPeriod, ...] = ()
    revisions: Mapping[str, int] = field(default_factory=dict)
    """Document number, `account:ID` or `subscription:ID` -> how often the ledger changed it; 0 if absent."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """Prefix -> the highest number of its series, drawn or given elsewhere; a prefix that is absent is unused."""

    @classmethod
    def of(cls, file: BookFile) -> Book:
        """Index the records of a book file. Expects what `check` has found to be consistent."""
        book = cls(
            accounts={account.id: account for account in file.accounts},
            contacts={contact.id: contact for contact in file.contacts},
            subscriptions={subscription.id: subscription for subscription in file.subscriptions},
            charges={charge.id: charge for charge in file.charges},
            periods=tuple(sorted(file.accounting_periods, key=lambda period: period.from_)),
        )
        documents: tuple[Numbered, ...] = (
            *file.invoices,
            *file.credit_memos,
            *file.debit_memos,
            *file.payments,
            *file.refunds,
        )
        counters = highest_counters(document.number for document in documents)
        return book.with_posted(documents, file.applications, counters=counters)

    def with_posted(
        self,
        documents: Iterable[Numbered] = (),
        applications: Iterable[Application] = (),
        subscriptions: Iterable[Subscription] = (),
        counters: Mapping[str, int] | None = None,
    ) -> Book:
        """The book after these were added; a document or subscription that is already there is replaced."""
        documents, applications = tuple(documents), tuple(applications)
        # Copying is most of what planning on a large book costs, so only what changes is copied.
        if not documents:
            return self._with_applications(applications, subscriptions, counters)
        numbered = dict(self.numbered)
        created_from = dict(self.created_from)
        refunds_of = dict(self.refunds_of)
        for document in documents:
            known = document.number in numbered
            numbered[document.number] = document
            if isinstance(document, Refund) and not known:
                refunds_of[document.of] = (*refunds_of.get(document.of, ()), document)
            source = getattr(document, "source", None)
            if source is not None and isinstance(document, Invoice | CreditMemo | DebitMemo):
                others = tuple(d for d in created_from.get(source, ()) if d.number != document.number)
                created_from[source] = (*others, document)
        book = replace(self, numbered=numbered, created_from=created_from, refunds_of=refunds_of)
        return book._with_applications(applications, subscriptions, counters)

    def _with_applications(
        self,
        applications: tuple[Application, ...],
        subscriptions: Iterable[Subscription],
        counters: Mapping[str, int] | None,
    ) -> Book:
        book = self
        if applications:
            # Built by appending: a book file may put thousands on one document.
            applied_from: dict[str, list[Application]] = {}
            applied_to: dict[str, list[Application]] = {}
            for application in applications:
                applied_from.setdefault(application.from_, []).append(application)
                applied_to.setdefault(application.to, []).append(application)
            before_from, before_to = self.applications_from, self.applications_to
            book = replace(
                book,
                applications_from={
                    **before_from,
                    **{k: (*before_from.get(k, ()), *v) for k, v in applied_from.items()},
                },
                applications_to={**before_to, **{k: (*before_to.get(k, ()), *v) for k, v in applied_to.items()}},
            )
        changed = {subscription.id: subscription for subscription in subscriptions}
        if changed:
            book = replace(book, subscriptions={**self.subscriptions, **changed})
        return replace(book, counters={**self.counters, **counters}) if counters else book

    def applied_to(self, target: str) -> Decimal:
        """How much was put on an invoice or debit memo."""
        return sum((application.amount for application in self.applications_to.get(target, ())), ZERO)

    def applied_from(self, source: str) -> Decimal:
        """How much of a payment or credit memo was put on documents."""
        return sum((application.amount for application in self.applications_from.get(source, ())), ZERO)

    def refunded(self, source: str) -> Decimal:
        """How much of a payment or credit memo was paid back."""
        refunds = self.refunds_of.get(source, ())
        return sum((refund.amount for refund in refunds if refund.status == "posted"), ZERO)

    def links_from(self, source: str) -> dict[str, tuple[Part, ...]]:
        """What of a source is on each document now, link by link: applications less what was taken back."""
        net: dict[str, dict[tuple[str, str | None, str | None, str | None], Decimal]] = {}
        for application in self.applications_from.get(source, ()):
            links = net.setdefault(application.to, {})
            for part in application.parts:
                link = (part.item, part.tax, part.source_item, part.source_tax)
                links[link] = links.get(link, ZERO) + part.amount
        return {
            target: tuple(
                Part(item=item, tax=tax, source_item=source_item, source_tax=source_tax, amount=amount)
                for (item, tax, source_item, source_tax), amount in links.items()
                if amount
            )
            for target, links in net.items()
        }

    def balance(self, document: Numbered) -> Decimal:
        """What is open: of an invoice or debit memo amount - applied; of a payment or credit memo what is unapplied.

        Domain section 9.2: a memo's or payment's amount = applied + unapplied + refunded.
        """
        if isinstance(document, Invoice | DebitMemo):
            return document.amount - self.applied_to(document.number)
        if isinstance(document, Refund):
            return ZERO
        return document.amount - self.applied_from(document.number) - self.refunded(document.number)

    def open_places(self, document: BillingDocument) -> dict[Place, Decimal]:
        """What is open on each item and each tax, in the total order of items. Adds up to the balance.

        A discount that names its item is settled with it: the item's balance is net, the discount's own is zero
        (domain 3.2, the worked case with a discount).
        """
        open_at: dict[Place, Decimal] = {}
        for item in in_item_order(document.items):
            open_at[Place(item.id)] = item.amount
            for tax in sorted(item.taxes, key=lambda tax: tax.id):
                open_at[Place(item.id, tax.id)] = tax.amount
        for place, used in self._used(document).items():
            open_at[place] -= used
        for item in document.items:
            if item.discounts is not None:
                open_at[Place(item.discounts)] += open_at[Place(item.id)]
                open_at[Place(item.id)] = ZERO
        return open_at

    def _used(self, document: BillingDocument) -> dict[Place, Decimal]:
        used: dict[Place, Decimal] = defaultdict(Decimal)
        if isinstance(document, CreditMemo):
            for application in self.applications_from.get(document.number, ()):
                for part in application.parts:
                    if part.source_item is not None:
                        used[Place(part.source_item, part.source_tax)] += part.amount
            for refund in self.refunds_of.get(document.number, ()):
                for part in refund.parts if refund.status == "posted" else ():
                    used[Place(part.item, part.tax)] += part.amount
        else:
            for application in self.applications_to.get(document.number, ()):
                for part in application.parts:
                    used[Place(part.item, part.tax)] += part.amount
        return used

    def period_of(self, day: datetime.date) -> AccountingPeriod | None:
        """The accounting period that a day lies in; None where the book knows of none."""
        return next((period for period in self.periods if period.from_ <= day < period.until), None)

    def next_open_day(self, day: datetime.date) -> datetime.date | None:
        """The first day on or after `day` that lies in no closed period."""
        while (period := self.period_of(day)) is not None and period.status == "closed":
            day = period.until
        return day


def in_item_order(items: Iterable[Item]) -> list[Item]:
    """Items in their one total order: service start, line, id (design section 3; domain 2.5)."""
    last = datetime.date.max
    return sorted(items, key=lambda i: (i.service_start or last, 10**9 if i.line is None else i.line, i.id))
