"""The book with its indexes and balances. Every balance is derived from applications and refunds, never stored."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from billpolicy.book.kinds import SECTIONS, is_owed, is_source, kind_of
from billpolicy.book.layered import Layered
from billpolicy.book.model import (
    TRANSFERRED,
    Account,
    AccountingPeriod,
    Application,
    BillingDocument,
    BookFile,
    Charge,
    ChargePeriod,
    Contact,
    CreditAdjustment,
    Document,
    Item,
    MasterRecord,
    Numbered,
    Part,
    Payment,
    Refund,
    Subscription,
    TaxItem,
    UsageRecord,
    VoidNumber,
)
from billpolicy.book.numbers import highest_counters
from billpolicy.book.open_documents import Open, OpenDocuments
from billpolicy.money import from_minor

ZERO = Decimal(0)
_ACCOUNTS = 16
"""Of how many accounts a book keeps what is open."""


class Place(NamedTuple):
    """An item of a document (`tax` is None), or one tax of it."""

    item: str
    tax: str | None = None

    @property
    def words(self) -> str:
        """As it is read."""
        return f"tax `{self.tax}` of item `{self.item}`" if self.tax else f"item `{self.item}`"


class Highest(NamedTuple):
    """The highest that a credit balance is, and the first day on which it is so."""

    balance: Decimal
    day: datetime.date


@dataclass(frozen=True)
class Book:
    """Everything known as of one moment. Immutable: `with_*` methods give a new book."""

    accounts: Mapping[str, Account] = field(default_factory=dict)
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    charges: Mapping[str, Charge] = field(default_factory=dict)
    numbered: Mapping[str, Numbered] = field(default_factory=dict)
    """Invoices, memos, payments, refunds and adjustments of credit balances by number: one name space."""
    applications_from: Mapping[str, tuple[Application, ...]] = field(default_factory=dict)
    applications_to: Mapping[str, tuple[Application, ...]] = field(default_factory=dict)
    refunds_of: Mapping[str, tuple[Refund, ...]] = field(default_factory=dict)
    created_from: Mapping[str, tuple[BillingDocument, ...]] = field(default_factory=dict)
    """Number of a source document -> the memos created from it."""
    numbers_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Account -> the numbers of everything that is its own."""
    subscriptions_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Account -> the ids of its subscriptions."""
    numbers_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Subscription -> the numbers of the documents that have items of it."""
    credit_of: Mapping[str, tuple[CreditAdjustment, ...]] = field(default_factory=dict)
    """Account -> every change of its credit balance."""
    referenced: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Account and reference -> the numbers of the payments and refunds that others know by it."""
    usage: Mapping[str, UsageRecord] = field(default_factory=dict)
    usage_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Subscription -> the ids of its usage records."""
    charge_periods: Mapping[str, ChargePeriod] = field(default_factory=dict)
    """Those that are on record; `periods/charge_periods.py` tells of all."""
    undated: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """Payment term -> the numbers of the documents that came with it and without a due date, as long as nobody has
    worked theirs out."""
    charge_periods_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Subscription -> the ids of its charge periods that are on record."""
    periods: tuple[AccountingPeriod, ...] = ()
    void_numbers: Mapping[str, VoidNumber] = field(default_factory=dict)
    """Numbers that no document has, as far as the book itself says so; those of a ledger are not read into books."""
    revisions: Mapping[str, int] = field(default_factory=dict)
    """Document number, `account:ID` or `subscription:ID` -> how often the ledger changed it; 0 if absent."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """Prefix -> the highest number of its series, drawn or given elsewhere; a prefix that is absent is unused."""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Prefix -> the kind of document that it is bound to, as far as a ledger has bound it."""
    file: str | None = field(default=None, compare=False)
    """What it was read from, to say where something stands (`places.py`)."""
    digest: str | None = field(default=None, compare=False)
    """Of that file, if it is a large one and the book is still what stands there (`kept.py`)."""
    _open: dict[str, OpenDocuments] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Account -> what was found open of it: kept for the few accounts that were asked for last."""
    _dated: dict[Hashable, Book] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What due dates were worked out by -> this book with them."""

    @classmethod
    def of(cls, file: BookFile) -> Book:
        """Index the records of a book file. Expects what `check` has found to be consistent."""
        book = cls(
            accounts={account.id: account for account in file.accounts},
            contacts={contact.id: contact for contact in file.contacts},
            charges={charge.id: charge for charge in file.charges},
            periods=tuple(sorted(file.accounting_periods, key=lambda period: period.from_)),
            void_numbers={one.number: one for one in file.void_numbers},
        )
        documents: list[Numbered] = [document for section in SECTIONS for document in getattr(file, section)]
        counters = highest_counters(one.number for one in (*documents, *file.void_numbers))
        book = book.with_posted(documents, file.applications, file.subscriptions, counters)
        return book.with_usage(file.usage).with_charge_periods(file.charge_periods)

    def with_posted(
        self,
        documents: Iterable[Numbered] = (),
        applications: Iterable[Application] = (),
        subscriptions: Iterable[Subscription] = (),
        counters: Mapping[str, int] | None = None,
        prefixes: Mapping[str, str] | None = None,
    ) -> Book:
        """The book after these were added; a document or subscription that is already there is replaced."""
        changes: dict[str, dict[Any, Any]] = defaultdict(dict)

        def add(index: str, key: str | tuple[str, str], *more: Any) -> None:
            before = changes[index].get(key)
            if before is None:
                before = list(getattr(self, index).get(key, ()))
                changes[index][key] = before
            before.extend(more)

        for document in documents:
            number = document.number
            known = number in self.numbered or number in changes["numbered"]
            changes["numbered"][number] = document
            if not known:
                add("numbers_of", document.account, number)
                for name in document.subscriptions if isinstance(document, Document) else ():
                    add("numbers_on", name, number)
                if isinstance(document, Payment | Refund) and document.reference is not None:
                    add("referenced", (document.account, document.reference), number)
            kind = kind_of(document)
            if is_owed(document) and document.due_date is None and not known:
                term = document.attributes.get("payment_term")
                if term is not None:
                    add("undated", term, number)
            index, field = kind.index or ("", "kind")
            key = getattr(document, field)
            if index and key is not None:
                add(index, key, document)
                if known:
                    others = [other for other in changes[index][key] if other.number != number]
                    changes[index][key] = [*others, document]
        for application in applications:
            add("applications_from", application.from_, application)
            add("applications_to", application.to, application)
        for subscription in subscriptions:
            if subscription.id not in self.subscriptions and subscription.id not in changes["subscriptions"]:
                add("subscriptions_of", subscription.account, subscription.id)
            changes["subscriptions"][subscription.id] = subscription
        touched = {*changes["numbered"], *changes["applications_from"], *changes["applications_to"]}
        touched.update(changes["refunds_of"])
        changes["counters"] |= counters or {}
        changes["prefixes"] |= prefixes or {}
        posted = self._over(
            {
                index: {key: tuple(value) if isinstance(value, list) else value for key, value in changed.items()}
                for index, changed in changes.items()
            }
        )
        return posted._looking_again_at(touched)

    def _looking_again_at(self, numbers: Iterable[str]) -> Book:
        """The book that no longer trusts what was found open of these documents."""
        known_of = list(self._open.items())  # as other threads may look at something of this book meanwhile
        if not known_of:
            return self
        stale: dict[str, list[str]] = defaultdict(list)
        for number in numbers:
            if number in self.numbered:
                stale[self.numbered[number].account].append(number)
        found = {account: known.without(stale.get(account, ())) for account, known in known_of}
        return self._with({"_open": {account: known for account, known in found.items() if known is not None}})

    def with_due_dates(self, terms: Iterable[str], documents: Iterable[Numbered]) -> Book:
        """The book after the due dates of all documents of these payment terms were worked out: of `documents`, as they
        are then, for the others there is none."""
        return self.with_posted(documents)._over({"undated": dict.fromkeys(terms, ())})

    def dated(self, by: Hashable, work_out: Callable[[], Book]) -> Book:
        """This book with the due dates that are worked out by something: once, however many operations ask."""
        found = self._dated.get(by)
        if found is None:
            found = work_out()
            self._dated.clear()
            self._dated[by] = found
        return found

    def with_records(self, records: Iterable[MasterRecord]) -> Book:
        """The book after these records of master data came, or in place of those that it had under their names."""
        book = self
        for record in records:
            if isinstance(record, AccountingPeriod):
                others = (period for period in book.periods if period.from_ != record.from_)
                periods = tuple(sorted((*others, record), key=lambda period: period.from_))
                book = replace(book, periods=periods, digest=None)
            elif isinstance(record, Subscription):
                book = book.with_posted(subscriptions=[record])
            else:
                book = book._over({_INDEX[type(record)]: {record.id: record}})
        return book

    def with_usage(self, records: Iterable[UsageRecord]) -> Book:
        """The book with these usage records; one that is already there is replaced."""
        return self._with_subscribed("usage", records)

    def with_charge_periods(self, records: Iterable[ChargePeriod]) -> Book:
        """The book with these charge periods on record; one that is already there is replaced."""
        return self._with_subscribed("charge_periods", records)

    def _with_subscribed(self, index: str, records: Iterable[UsageRecord] | Iterable[ChargePeriod]) -> Book:
        """Records by id, and their ids by subscription."""
        known, of = getattr(self, index), f"{index}_of"
        by_id = {one.id: one for one in records}
        new: dict[str, list[str]] = defaultdict(list)
        for one in by_id.values():
            if one.id not in known:
                new[one.subscription].append(one.id)
        ids_of = {name: tuple(sorted((*getattr(self, of).get(name, ()), *ids))) for name, ids in new.items()}
        return self._over({index: by_id, of: ids_of})

    def joined(self, more: Book) -> Book:
        """This book with what another one has beside it; of what both have, this one's counts.

        The two are parts of one whole, as they are read of a ledger: each has all money of its documents.
        """
        if self == Book():
            return more
        new = {number: document for number, document in more.numbered.items() if number not in self.numbered}
        records = {index: _missing(getattr(self, index), getattr(more, index)) for index in _RECORDS}
        subscriptions = _missing(self.subscriptions, more.subscriptions)
        # Of a new document the other book has all money, in the order in which it was moved; this one maybe some of it.
        money = {
            index: {key: made for key, made in moved.items() if key in new or key not in getattr(self, index)}
            for index, moved in (
                ("applications_from", more.applications_from),
                ("applications_to", more.applications_to),
            )
        }
        used = _missing(self.usage, more.usage).values()
        periods = _missing(self.charge_periods, more.charge_periods).values()
        posted = self._over(records).with_posted(new.values(), subscriptions=subscriptions.values())
        return posted._over(money)._with({"_open": {}}).with_usage(used).with_charge_periods(periods)

    def _over(self, changes: Mapping[str, dict[str, Any]]) -> Book:
        layered = {index: Layered.over(getattr(self, index), changed) for index, changed in changes.items() if changed}
        return self._with(layered) if layered else self

    def _with(self, indexes: Mapping[str, Any]) -> Book:
        # As `replace` does, in a tenth of the time: a batch makes several books for each of its operations.
        book = object.__new__(Book)
        book.__dict__.update({**self.__dict__, "digest": None, "_dated": {}, "_open": self._open.copy(), **indexes})
        return book

    def with_changed(self, names: Iterable[str]) -> Book:
        """The book after these changed, as a ledger counts: each revision is one higher."""
        return self._over({"revisions": {name: self.revisions.get(name, 0) + 1 for name in names}})

    def recorded_periods(self, subscription: str) -> Iterator[ChargePeriod]:
        """The charge periods of a subscription that are on record."""
        return (self.charge_periods[id] for id in self.charge_periods_of.get(subscription, ()))

    def usage_records(self, subscription: str) -> Iterator[UsageRecord]:
        """The usage records of a subscription."""
        return (self.usage[id] for id in self.usage_of.get(subscription, ()))

    def applied_to(self, target: str) -> Decimal:
        """How much was put on an invoice or debit memo, or given to an increase of a credit balance."""
        return sum((application.amount for application in self.applications_to.get(target, ())), ZERO)

    def applied_from(self, source: str) -> Decimal:
        """How much of a payment, a credit memo, a negative invoice or a credit decrease was put on others."""
        return sum((application.amount for application in self.applications_from.get(source, ())), ZERO)

    def refunded(self, source: str) -> Decimal:
        """How much of a payment or credit memo was paid back."""
        refunds = self.refunds_of.get(source, ())
        return sum((refund.amount for refund in refunds if refund.status == "posted"), ZERO)

    def transferred_from(self, number: str) -> Iterator[Payment]:
        """A payment, and those that its money was transferred from, step by step, as far as they are here; each once,
        also where a book leads in a circle."""
        seen: set[str] = set()
        found = self.numbered.get(number)
        while isinstance(found, Payment) and found.number not in seen:
            seen.add(found.number)
            yield found
            found = self.numbered.get(found.source or "")

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

        docs/domain.md 9.2: a memo's or payment's amount = applied + unapplied + refunded, and of a reversed payment
        nothing is left. What a negative invoice has given to the credit balance brings it up to zero.
        """
        known = self._open.get(document.account)
        if known is not None and (left := known.left(document)) is not None:
            return left
        kind = kind_of(document)
        if isinstance(document, Payment) and document.reversed_:
            return from_minor(0, document.currency)
        if kind.is_owed:
            return document.amount - self.applied_to(document.number) + self.applied_from(document.number)
        if kind.is_source:
            return document.amount - self.applied_from(document.number) - self.refunded(document.number)
        return ZERO

    def open_documents(self, account: str) -> OpenDocuments:
        """What an account has open, and what money it has unapplied: of what is posted and was not reversed."""
        known = self._open.get(account)
        if known is None:
            known = OpenDocuments(
                {one.document.number: one for one in self._are_open(self.numbers_of.get(account, ()))}
            )
            for first in list(self._open)[: 1 - _ACCOUNTS]:
                self._open.pop(first, None)
        elif known.stale:
            now = {one.document.number: one for one in self._are_open(known.stale)}
            known = known.with_({number: now.get(number) for number in known.stale})
        self._open[account] = known
        return known

    def _are_open(self, numbers: Iterable[str]) -> Iterator[Open]:
        """Those of these documents of which something is left."""
        for number in numbers:
            document = self.numbered[number]
            if not (is_owed(document) or is_source(document)) or document.status != "posted" or document.reversed_:
                continue
            left = self.balance(document)
            if left > 0:
                yield Open(document, left)

    def open_places(self, document: BillingDocument, subscription: str | None = None) -> dict[Place, Decimal]:
        """What is open on each item and each tax, in the total order of items. Adds up to the balance.

        With a subscription, only what it has on the document, and no more of that than is open on all of it.

        A discount that names its item is settled with it: the item's balance is net, the discount's own is zero
        (docs/domain.md 3.2, the worked case with a discount).
        """
        open_at: dict[Place, Decimal] = {}
        for item in in_item_order(document.items):
            open_at[Place(item.id)] = item.amount
            for tax in in_tax_order(item.taxes):
                open_at[Place(item.id, tax.id)] = tax.amount
        for place, used in self.used_places(document).items():
            open_at[place] -= used
        for item in document.items:
            if item.discounts is not None:
                open_at[Place(item.discounts)] += open_at[Place(item.id)]
                open_at[Place(item.id)] = ZERO
        if subscription is None:
            return open_at
        own = {item.id for item in document.items if item.subscription == subscription}
        of_it = {place: amount for place, amount in open_at.items() if place.item in own}
        return at_most(sum(open_at.values(), ZERO), of_it)

    def used_places(self, document: Numbered) -> dict[Place, Decimal]:
        """What of each item and each tax is applied and refunded, whether it is there or not."""
        used: dict[Place, Decimal] = defaultdict(Decimal)
        for application in self.applications_to.get(document.number, ()):
            for part in application.parts:
                used[Place(part.item, part.tax)] += part.amount
        sign = -1 if is_owed(document) else 1  # what a negative invoice gives away brings it up to zero
        for application in self.applications_from.get(document.number, ()):
            for part in application.parts:
                if part.source_item is not None:
                    used[Place(part.source_item, part.source_tax)] += sign * part.amount
        for refund in self.refunds_of.get(document.number, ()):
            for part in refund.parts if refund.status == "posted" else ():
                used[Place(part.item, part.tax)] += part.amount
        return used

    def credit_balance(self, account: str, currency: str, day: datetime.date | None = None) -> Decimal:
        """The credit balance of an account: all of it, or as of the end of a day."""
        return sum(
            (
                adjustment.amount if adjustment.type == "increase" else -adjustment.amount
                for adjustment in self.credit_of.get(account, ())
                if adjustment.currency == currency and (day is None or adjustment.date <= day)
            ),
            from_minor(0, currency),
        )

    def credit_usable(self, account: str, currency: str, day: datetime.date) -> Decimal:
        """How much can be used on a day so that the balance is below zero on no date: on that one, nor on any later
        one for which something has been used already (docs/domain.md 6.1)."""
        later = {adjustment.date for adjustment in self.credit_of.get(account, ()) if adjustment.date > day}
        return min(self.credit_balance(account, currency, each) for each in {day, *later})

    def credit_highest(self, account: str, currency: str, day: datetime.date) -> Highest:
        """The highest that the balance is at the end of a day, or of a later one."""
        balance = self.credit_balance(account, currency, day)
        highest = Highest(balance, day)
        moved: dict[datetime.date, Decimal] = defaultdict(Decimal)
        for one in self.credit_of.get(account, ()):
            if one.currency == currency and one.date > day:
                moved[one.date] += one.amount if one.type == "increase" else -one.amount
        for later in sorted(moved):
            balance += moved[later]
            if balance > highest.balance:
                highest = Highest(balance, later)
        return highest

    def period_of(self, day: datetime.date) -> AccountingPeriod | None:
        """The accounting period that a day lies in; None where the book knows of none."""
        return next((period for period in self.periods if period.from_ <= day < period.until), None)

    def next_open_day(self, day: datetime.date) -> datetime.date | None:
        """The first day on or after `day` that lies in no closed period."""
        while (period := self.period_of(day)) is not None and period.status == "closed":
            day = period.until
        return day


_INDEX: dict[type[MasterRecord], str] = {
    Account: "accounts",
    Contact: "contacts",
    Charge: "charges",
}
_RECORDS = ("accounts", "contacts", "charges", "revisions", "counters", "prefixes")
"""The indexes of a book on which no other one hangs."""


def _missing(known: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in more.items() if key not in known}


def in_tax_order(taxes: Sequence[TaxItem]) -> Sequence[TaxItem]:
    """The taxes of an item in their order: by id."""
    return sorted(taxes, key=lambda tax: tax.id) if len(taxes) > 1 else taxes


def in_item_order(items: Iterable[Item]) -> list[Item]:
    """Items in their one total order: service start, line, id (docs/domain.md 2.5)."""
    last = datetime.date.max
    return sorted(items, key=lambda i: (i.service_start or last, 10**9 if i.line is None else i.line, i.id))


def mirrored(memo: BillingDocument) -> Iterator[tuple[Place, Place, Decimal]]:
    """Each place of the document that a memo was made from, the place on the memo that mirrors it, and its amount."""
    for item in memo.items:
        yield Place(item.source_item or ""), Place(item.id), item.amount
        for tax in item.taxes:
            yield Place(item.source_item or "", tax.source_tax), Place(item.id, tax.id), tax.amount


def transferred_parts(open_places: Mapping[Place, Decimal]) -> tuple[Part, ...]:
    """What a negative invoice gives to the credit balance of its account, place by place (docs/domain.md 6.1).

    It brings every place to zero: above zero where it is below, and below zero where it is above.
    """
    return tuple(
        Part(item=TRANSFERRED, amount=-is_open, source_item=place.item, source_tax=place.tax)
        for place, is_open in open_places.items()
        if is_open
    )


def at_most(most: Decimal, places: dict[Place, Decimal]) -> dict[Place, Decimal]:
    """The places with their amounts lowered, the last ones first, so that they add up to no more than `most`.

    What others have below zero on a document has settled part of what is owed on it.
    """
    beyond = sum(places.values(), ZERO) - max(most, ZERO)
    lowered = dict(places)
    for place, amount in reversed(places.items()):
        if beyond > 0 and amount > 0:
            lowered[place] = amount - min(amount, beyond)
            beyond -= min(amount, beyond)
    return lowered
