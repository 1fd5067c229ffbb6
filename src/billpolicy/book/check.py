"""Is a book file consistent? Every mistake at its line: what only a file can have wrong, and the rules of every book.

docs/domain.md 9.2 to 9.5. Each check is one function from the file to diagnostics; `CHECKS` lists them. What may hang
on what and which money adds up is asked of the book (`links.py`, `identities.py`), and told here at its place.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from billpolicy.book import history
from billpolicy.book.book import Book, Place
from billpolicy.book.charge_periods import charge_period_faults, shared_line_faults
from billpolicy.book.corrections import correction_faults
from billpolicy.book.drawn import drawn_faults, names_of_periods
from billpolicy.book.exact import exact_amounts
from billpolicy.book.identities import Breach, identities
from billpolicy.book.kinds import BILLING_SECTIONS, SECTIONS, kind_of
from billpolicy.book.limits import limit_faults
from billpolicy.book.links import links
from billpolicy.book.model import (
    Application,
    BookFile,
    ChargePeriod,
    CreditAdjustment,
    Document,
    Item,
    SubscribedCharge,
    Subscription,
    UsageRecord,
)
from billpolicy.book.ordinary import NOTHING, ordinary
from billpolicy.book.profiles import combined_faults, profile_faults
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.money import AmountError, exact
from billpolicy.source.tree import Tree

Found = Iterator[Diagnostic]
_MOST_SUGGESTIONS = 50
_LAST_BILL_DAY = 31
_NOWHERE = Position("")


class Places(Protocol):
    """Where what stands in a book was written: a file, or the request of an operation."""

    def at(self, *path: str | int) -> Position:
        """The place of what stands at a path of the book."""


class Context:
    """The book file with the positions of everything in it; without a tree, to see only whether anything is wrong: what
    is ordinary is passed over then."""

    def __init__(self, file: BookFile, tree: Places | None) -> None:
        self.file = file
        self.tree = tree
        self.unknown = 0
        self.numbered = {record.number: (section, index, record) for section, index, record in self.every(*SECTIONS)}
        self.passed = NOTHING if tree is not None else ordinary(file)

    def every(self, *sections: str) -> Iterator[tuple[str, int, Any]]:
        """Every record of these sections, with its section and its place there."""
        for section in sections:
            for index, record in enumerate(getattr(self.file, section)):
                yield section, index, record

    def records(self, *sections: str) -> Iterator[tuple[str, int, Any]]:
        """The same without what is passed over."""
        return itertools.chain.from_iterable(map(self._looked_at.__getitem__, sections))

    @cached_property
    def _looked_at(self) -> dict[str, list[tuple[str, int, Any]]]:
        passed = self.passed.documents
        looked_at = {}
        for section in (one.name for one in dataclasses.fields(self.file)):
            may_pass = passed and section in ("invoices", "payments")
            looked_at[section] = [
                (section, index, record)
                for index, record in enumerate(getattr(self.file, section))
                if not may_pass or record.number not in passed
            ]
        return looked_at

    def applications(self) -> Iterator[tuple[int, Application]]:
        """Every application with its place, but those that are passed over."""
        settled = self.passed.settled
        return ((index, one) for index, one in enumerate(self.file.applications) if one.from_ not in settled)

    def at(self, *path: str | int) -> Position:
        """Where something stands."""
        return self.tree.at(*path) if self.tree is not None else _NOWHERE

    @cached_property
    def book(self) -> Book:
        """The file as a book, as far as it can be one."""
        return Book.of(exact_amounts(self.file, self.passed))

    @cached_property
    def counted(self) -> set[str] | None:
        """The documents whose money is looked at; None is all."""
        if self.passed == NOTHING:
            return None
        moved = (self.book.applications_from.keys() | self.book.applications_to.keys()) - self.passed.settled
        named = {record.related for _, _, record in self.records(*SECTIONS)} - {None}
        return (self.numbered.keys() - self.passed.documents) | moved | named

    @cached_property
    def applications_of(self) -> dict[str, list[int]]:
        """Number of a source -> the places of its applications in the file."""
        places: dict[str, list[int]] = defaultdict(list)
        for index, application in enumerate(self.file.applications):
            places[application.from_].append(index)
        return places

    @cached_property
    def names_of_periods(self) -> dict[str, tuple[str, str]]:
        """What charge periods are called -> subscription and charge."""
        return names_of_periods(self.file)


def check(file: BookFile, tree: Tree) -> list[Diagnostic]:
    """Everything that is wrong with the book."""
    return list(problems(Context(file, tree)))


def problems(context: Context) -> Found:
    """Everything that is wrong with the book; balances mean nothing before all else holds."""
    references_hold = True
    for run in CHECKS:
        for problem in run(context):
            references_hold = False
            yield problem
    if references_hold:
        yield from _stated(context)
        yield from _placed(context, identities(context.book, context.counted))


def _placed(context: Context, breaches: Iterable[Breach]) -> Found:
    """Breaches, each told at its place."""
    for breach in breaches:
        if breach.in_file is not None:
            path: tuple[str | int, ...] = context.numbered[breach.number][:2]
            if breach.application is not None:
                source, place = breach.application
                path = ("applications", context.applications_of[source][place])
            field = () if breach.field is None else (breach.field,)
            yield breach.in_file._replace(position=context.at(*path, *field))


def _links(context: Context) -> Found:
    return _placed(context, links(context.book, context.passed))


def _stated(context: Context) -> Found:
    """What the file states comes out."""
    for section, index, document in context.records(*SECTIONS):
        comes_out: tuple[tuple[Code, str, Decimal, str], ...] = (
            ("total-differs", "total", document.amount, "the items"),
            ("balance-differs", "balance", context.book.balance(document), "the items, the applications"),
        )
        for code, key, found, made_of in comes_out:
            stated = getattr(document, key, None)
            if stated is not None and stated != found:
                message = f"the {key} of {document.number} is stated as {stated}, but comes out as {found}"
                at = context.at(section, index, key)
                yield Diagnostic(code, message, at, f"mend {made_of} or the stated figure")


def _unique(context: Context) -> Found:
    for section, key in (
        ("accounts", "id"),
        ("contacts", "id"),
        ("subscriptions", "id"),
        ("charges", "id"),
        ("usage", "id"),
        ("charge_periods", "id"),
    ):
        yield from _repeated(context, [(section, i, getattr(r, key), key) for s, i, r in context.records(section)])
    if len(context.numbered) < sum(len(getattr(context.file, section)) for section in SECTIONS):
        yield from _repeated(context, [(s, i, r.number, "number") for s, i, r in context.every(*SECTIONS)])
    for index, subscription in enumerate(context.file.subscriptions):
        names = Counter(charge.id for charge in subscription.charges)
        for name in sorted(name for name, count in names.items() if count > 1):
            message = f"charge `{name}` stands in subscription `{subscription.id}` more than once"
            at = context.at("subscriptions", index, "charges")
            yield Diagnostic("id-repeated", message, at, "give each its own id")
    for section, index, document in context.records(*BILLING_SECTIONS):
        seen: set[Place] = set()
        for i, item in enumerate(document.items):
            places: list[tuple[Place, tuple[str | int, ...]]] = [(Place(item.id), ())]
            places += [(Place(item.id, tax.id), ("taxes", t)) for t, tax in enumerate(item.taxes)]
            for place, path in places:
                if place in seen:
                    at = context.at(section, index, "items", i, *path, "id")
                    message = f"{place.words} stands in {document.number} more than once"
                    yield Diagnostic("id-repeated", message, at, "give each its own id")
                seen.add(place)


def _repeated(context: Context, entries: list[tuple[str, int, str, str]]) -> Found:
    first: dict[str, tuple[str, int, str]] = {}
    for section, index, name, key in entries:
        if name in first:
            message = f"`{name}` stands in this book twice (first on line {context.at(*first[name]).line})"
            yield Diagnostic("id-repeated", message, context.at(section, index, key), "give each its own " + key)
        else:
            first[name] = (section, index, key)


def _references(context: Context) -> Found:
    file = context.file
    accounts = {account.id: account for account in file.accounts}
    subscribed = {subscription.id: subscription for subscription in file.subscriptions}
    charges = {charge.id for charge in file.charges}
    for section, index, record in context.records("contacts", "subscriptions", *SECTIONS):
        yield from _known(context, "account", record.account, accounts, section, index, "account")
    for index, subscription in enumerate(file.subscriptions):
        for c, charge in enumerate(subscription.charges):
            at = ("subscriptions", index, "charges", c, "charge")
            yield from _known(context, "charge", charge.charge, charges, *at)
    for section, index, document in context.records(*SECTIONS):
        kind = kind_of(document)
        if kind.related_field is not None:
            related = (section, index, kind.related_field)
            yield from _known(context, kind.related_words, document.related, context.numbered, *related)
    for section, index, document in context.records(*BILLING_SECTIONS):
        what = kind_of(document).words
        yield from _known(context, what, document.posted_as, context.numbered, section, index, "posted_as")
        ids = {item.id for item in document.items}
        for i, item in enumerate(document.items):
            path = (section, index, "items", i)
            yield from _known(context, "subscription", item.subscription, subscribed, *path, "subscription")
            yield from _known(context, "charge", item.charge, charges, *path, "charge")
            yield from _known(context, "item", item.discounts, ids, *path, "discounts", of=document.number)
            yield from _source_item(context, document, item, path)
            if item.combines:
                of = subscribed.get(item.subscription or "")
                for fault in combined_faults(item, {one.id for one in of.charges} if of else (), document.number):
                    yield fault.diagnostic._replace(position=context.at(*path, fault.field))
            for c, one in enumerate(item.combines):
                yield from _known(context, "charge", one.charge, charges, *path, "combines", c, "charge")
    for index, application in enumerate(file.applications):
        yield from _known(context, "document", application.from_, context.numbered, "applications", index, "from")
        yield from _known(context, "document", application.to, context.numbered, "applications", index, "to")


def _source_item(context: Context, document: Document, item: Item, path: tuple[str | int, ...]) -> Found:
    """The line that it mirrors or gives back is there, and that line's taxes."""
    yield from _known(context, "invoice", item.source, context.numbered, *path, "source")
    source = context.numbered.get(item.source or document.related or "")
    if item.source_item is None or source is None or not isinstance(source[2], Document):
        return
    of = {one.id: one for one in source[2].items}
    yield from _known(context, "item", item.source_item, of, *path, "source_item", of=source[2].number)
    if item.source_item in of:
        taxes = {tax.id for tax in of[item.source_item].taxes}
        line = f"{source[2].number}/{item.source_item}"
        for t, tax in enumerate(item.taxes):
            yield from _known(context, "tax", tax.source_tax, taxes, *path, "taxes", t, "source_tax", of=line)


def _corrections(context: Context) -> Found:
    for section, index, document in context.records(*BILLING_SECTIONS):
        for i, item in enumerate(document.items):
            if item.source_item is not None or item.source is not None:
                for fault in correction_faults(context.book, document, item):
                    yield fault.diagnostic._replace(position=context.at(section, index, "items", i, fault.field))


def _amounts(context: Context) -> Found:
    for section, index, document in context.records(*BILLING_SECTIONS):
        path = (section, index)
        if not document.items:
            hint = "list its items, each with an amount"
            yield Diagnostic("items-missing", f"{document.number} has no items", context.at(*path, "items"), hint)
        wrong: list[Diagnostic] = []
        for i, item in enumerate(document.items):
            wrong += _fits(context, item.amount, document.currency, *path, "items", i, "amount")
            for c, one in enumerate(item.combines):
                wrong += _fits(context, one.amount, document.currency, *path, "items", i, "combines", c, "amount")
            for t, tax in enumerate(item.taxes):
                wrong += _fits(context, tax.amount, document.currency, *path, "items", i, "taxes", t, "amount")
        yield from wrong or _fits(context, document.amount, document.currency, *path, "items")
    for section, index, record in context.records(*(one for one in SECTIONS if one not in BILLING_SECTIONS)):
        yield from _fits(context, record.amount, record.currency, section, index, "amount")
        if record.amount <= 0:
            message = f"the amount of {record.number} is {record.amount}, but must be above zero"
            of_credit = isinstance(record, CreditAdjustment)
            hint = "`type: decrease` says that it is taken away" if of_credit else "write what was paid, or remove it"
            yield Diagnostic("amount-sign", message, context.at(section, index, "amount"), hint)
        for p, part in enumerate(getattr(record, "parts", ())):
            yield from _fits(context, part.amount, record.currency, section, index, "parts", p, "amount")
    for index, application in context.applications():
        source, target = context.numbered.get(application.from_), context.numbered.get(application.to)
        for found in (source, target):
            if found is not None:
                currency = found[2].currency
                yield from _fits(context, application.amount, currency, "applications", index, "amount")
                for p, part in enumerate(application.parts):
                    yield from _fits(context, part.amount, currency, "applications", index, "parts", p, "amount")


def _service_days(context: Context) -> Found:
    for section, index, document in context.records(*BILLING_SECTIONS):
        for i, item in enumerate(document.items):
            if item.days is not None and item.days[1] <= item.days[0]:
                ends = f"ends on {item.service_end}" if item.service_end else "has no day after it"
                message = f"item `{item.id}` of {document.number} begins on {item.service_start}, but {ends}"
                at = context.at(section, index, "items", i, "service_end" if item.service_end else "service_start")
                yield Diagnostic("period-empty", message, at, "`service_end` is its last day: mend one of the two")


def _discounts(context: Context) -> Found:
    """A discount is settled with the item that it reduces, so it reduces, and reduces an item that is none itself."""
    for section, index, document in context.records(*BILLING_SECTIONS):
        discounts = {item.id for item in document.items if item.discounts is not None}
        for i, item in enumerate(document.items):
            if item.discounts is None:
                continue
            path = (section, index, "items", i)
            if item.discounts in discounts:
                message = f"item `{item.discounts}` is a discount itself, so `{item.id}` cannot discount it"
                hint = "name the item that both reduce"
                yield Diagnostic("discount-of-discount", message, context.at(*path, "discounts"), hint)
            if item.amount > 0:
                message = f"item `{item.id}` discounts `{item.discounts}`, but its amount {item.amount} is above zero"
                hint = "write a discount below zero, or remove `discounts`"
                yield Diagnostic("amount-sign", message, context.at(*path, "amount"), hint)


def _periods(context: Context) -> Found:
    periods = sorted(enumerate(context.file.accounting_periods), key=lambda entry: entry[1].from_)
    for index, period in periods:
        if period.until <= period.from_:
            message = "this period ends before it begins"
            hint = "`until` is the first day after it"
            yield Diagnostic("period-empty", message, context.at("accounting_periods", index), hint)
    for (_, before), (index, after) in itertools.pairwise(periods):
        if after.from_ < before.until:
            message = f"this period begins on {after.from_}, before the one from {before.from_} ends"
            hint = f"let it begin on {before.until} or later"
            yield Diagnostic("period-overlap", message, context.at("accounting_periods", index), hint)


def bill_day_fault(day: int | None) -> Diagnostic | None:
    """That a bill day is no day of a month; without its place, which a book has or an operation."""
    if day is None or 1 <= day <= _LAST_BILL_DAY:
        return None
    hint = f"write 1 to {_LAST_BILL_DAY}; in shorter months it is the last day"
    return Diagnostic("bill-day", f"`bill_day` is {day}, which is no day of a month", hint=hint)


def _payment_terms(context: Context) -> Found:
    """docs/domain.md 1.1: what nobody has to pay has no payment term."""
    for section, index, document in context.records(*SECTIONS):
        kind = kind_of(document)
        if not kind.is_owed and getattr(document, "attributes", {}).get("payment_term") is not None:
            message = f"{document.number} has a payment term, but {kind.words}s have none: nobody has to pay one"
            at = context.at(section, index, "attributes", "payment_term")
            yield Diagnostic("payment-term-odd", message, at, "remove this line")


def _due_dates(context: Context) -> Found:
    """What a due date was worked out from is the term that the document has."""
    for section, index, document in context.records("invoices", "debit_memos"):
        term, due = document.due_date_from, document.due_date
        if term is not None and (due is None or document.attributes.get("payment_term") != term):
            what = "there is none" if due is None else "that is not its payment term"
            message = f"{document.number} says that its due date is from the term `{term}`, but {what}"
            at = context.at(section, index, "due_date_from")
            hint = "remove this line: a due date is worked out where none is said"
            yield Diagnostic("due-date-odd", message, at, hint)


def _expiry(context: Context) -> Found:
    """Money can be used on its own day at least."""
    for section, index, document in context.records("credit_memos", "payments"):
        if document.expires_on is not None and document.expires_on <= document.date:
            message = f"{document.number} expires on {document.expires_on}, so it could never be used"
            at = context.at(section, index, "expires_on")
            hint = "`expires_on` is the first day on which it is not used any more; it is after the date"
            yield Diagnostic("expiry-odd", message, at, hint)


def _subscriptions(context: Context) -> Found:
    for index, subscription in enumerate(context.file.subscriptions):
        start = subscription.start
        fault = bill_day_fault(subscription.bill_day)
        if fault is not None:
            yield fault._replace(position=context.at("subscriptions", index, "bill_day"))
        for key in ("term_end", "canceled_on"):
            day = getattr(subscription, key)
            if start is not None and day is not None and day < start:
                message = f"`{key}` is {day}, before the start of subscription `{subscription.id}` ({start})"
                hint = f"write {start} or later"
                yield Diagnostic("date-too-early", message, context.at("subscriptions", index, key), hint)
        yield from _charges(context, index, subscription)


def _charges(context: Context, index: int, subscription: Subscription) -> Found:
    # Where an id stands twice, which is told elsewhere, the first one is meant.
    ids = {charge.id: charge for charge in reversed(subscription.charges)}
    discounts = {charge.id for charge in subscription.charges if charge.discounts is not None}
    for c, charge in enumerate(subscription.charges):
        path = ("subscriptions", index, "charges", c)
        start = charge.start or subscription.start
        if start is not None and charge.until is not None and charge.until <= start:
            message = f"charge `{charge.id}` ends on {charge.until}, but begins on {start}"
            hint = "`until` is the first day after its last one"
            yield Diagnostic("period-empty", message, context.at(*path, "until"), hint)
        if charge.quantity < 0:
            message = f"the quantity of charge `{charge.id}` is {charge.quantity}, below zero"
            hint = "write a `rate` below zero where money is given back"
            yield Diagnostic("amount-sign", message, context.at(*path, "quantity"), hint)
        for key, why in _usage_charge_faults(charge):
            message = f"charge `{charge.id}` {why}"
            hint = "a usage charge is billed by its records alone, period by period, in arrears"
            yield Diagnostic("usage-charge-odd", message, context.at(*path, key), hint)
        for key, why, hint in _prepaid_faults(charge, subscription):
            yield Diagnostic("prepaid-odd", f"charge `{charge.id}` {why}", context.at(*path, key), hint)
        for fault in (*limit_faults(charge, subscription), *profile_faults(charge)):
            yield fault.diagnostic._replace(position=context.at(*path, fault.field))
        yield from _known(context, "charge", charge.discounts, ids, *path, "discounts", of=f"`{subscription.id}`")
        yield from _known(context, "charge", charge.continues, ids, *path, "continues", of=f"`{subscription.id}`")
        if charge.continues in ids and ids[charge.continues].continues is not None:
            first = ids[charge.continues].continues
            message = f"charge `{charge.continues}` continues `{first}` itself, so `{charge.id}` cannot continue it"
            hint = "name the first of them: all that continue it have its billing periods"
            yield Diagnostic("continues-not-first", message, context.at(*path, "continues"), hint)
        if charge.discounts in discounts:
            message = f"charge `{charge.discounts}` is a discount itself, so `{charge.id}` cannot discount it"
            hint = "name the charge that both reduce"
            yield Diagnostic("discount-of-discount", message, context.at(*path, "discounts"), hint)


def _usage_charge_faults(charge: SubscribedCharge) -> Iterator[tuple[str, str]]:
    """What a charge says that goes with usage or not at all: the field, and what is wrong in words."""
    if not charge.usage:
        if charge.included is not None:
            yield "included", "includes a quantity, but is not billed by usage"
        return
    if charge.included is not None and charge.included < 0:
        yield "included", f"includes {charge.included}, below zero"
    if charge.quantity != 1:
        yield "quantity", f"has a quantity of {charge.quantity}, but is billed by usage"
    if charge.charged_through is not None:
        yield "charged_through", "is billed by usage, so its records say what is billed, and no date does"
    if charge.period == "one_time":
        yield "period", "is billed by usage, which has no end, but is charged one time"


def _prepaid_faults(charge: SubscribedCharge, subscription: Subscription) -> Iterator[tuple[str, str, str]]:
    """What does not go with a prepaid charge: the field, what is wrong in words, and what to do."""
    if not charge.drawn_by:
        return
    if charge.usage:
        yield "drawn_by", "is billed by usage, so nothing is paid for it in advance", "remove `drawn_by` or `usage`"
    if charge.discounts is not None:
        yield "drawn_by", "is a discount, so nothing is drawn from it", "write `drawn_by` at the charge that it reduces"
    used = sorted({one.of_item for one in subscription.charges if one.usage})
    for item in charge.drawn_by:
        if item not in used:
            hint = did_you_mean(item, used) or f"items with usage: {', '.join(used) or 'none'}"
            yield "drawn_by", f"is drawn by the usage of item `{item}`, which has none", hint


def _usage(context: Context) -> Found:
    subscribed = {each.id: {one.id: one for one in each.charges} for each in context.file.subscriptions}
    subscriptions = {each.id: each for each in context.file.subscriptions}
    for index, used in enumerate(context.file.usage):
        at = ("usage", index)
        yield from _known(context, "subscription", used.subscription, subscribed, *at, "subscription")
        charges = subscribed.get(used.subscription)
        if charges is not None:
            of = f"`{used.subscription}`"
            yield from _known(context, "charge", used.charge, charges, *at, "charge", of=of)
            yield from _usage_of(context, used, subscriptions[used.subscription], charges.get(used.charge), *at)
        yield from _known(context, "document", used.billed_by, context.numbered, *at, "billed_by")
        if (used.billed_by is None) != (used.amount is None):
            said, missing = ("billed_by", "amount") if used.amount is None else ("amount", "billed_by")
            message = f"usage `{used.id}` says `{said}`, but no `{missing}`"
            hint = "write both: the document that bills it, and what it was billed at (0 if it was included)"
            yield Diagnostic("usage-billed-odd", message, context.at(*at, said), hint)
        if used.drawn is not None or used.drawn_from is not None:
            yield from _drawn(context, used, subscriptions.get(used.subscription), *at)
        if used.amount is not None and used.billed_by in context.numbered:
            family = _with_those_that_continue(charges or {}, used.charge)
            yield from _billed(context, used, family, context.numbered[used.billed_by][2], *at)


def _usage_of(
    context: Context,
    used: UsageRecord,
    subscription: Subscription,
    charge: SubscribedCharge | None,
    *at: str | int,
) -> Found:
    if charge is None:
        return
    if not charge.usage:
        message = f"charge `{charge.id}` of subscription `{subscription.id}` is not billed by usage"
        hint = "name a usage charge, or write `usage: true` at the charge"
        yield Diagnostic("charge-not-by-usage", message, context.at(*at, "charge"), hint)
    start = max(filter(None, (charge.start, subscription.start)), default=None)
    if start is not None and used.date < start:
        message = f"{used.date} is before charge `{charge.id}` of subscription `{subscription.id}` begins ({start})"
        yield Diagnostic("usage-outside-service", message, context.at(*at, "date"), f"use {start} or later")


def _with_those_that_continue(charges: dict[str, SubscribedCharge], id: str) -> set[str]:
    first = charges[id].first if id in charges else id
    return {each.id for each in charges.values() if first in (each.id, each.continues)}


def _billed(context: Context, used: UsageRecord, charges: set[str], document: Any, *at: str | int) -> Found:
    """What bills a record has an item of one of these charges, in decimals of its currency, and is in force."""
    items = document.items if isinstance(document, Document) else ()
    if not any(item.subscription == used.subscription and charges & _billed_by(item) for item in items):
        message = f"{document.number} has no item of charge `{used.charge}` of subscription `{used.subscription}`"
        hint = "name the invoice or credit memo that bills it"
        yield Diagnostic("usage-billed-odd", message, context.at(*at, "billed_by"), hint)
    elif document.status == "canceled" or document.posted_as is not None:
        posted_as = document.posted_as
        message = f"{document.number} bills nothing: it is {f'posted as {posted_as}' if posted_as else 'canceled'}"
        hint = f"name {posted_as}" if posted_as else "leave out `billed_by` and `amount`"
        yield Diagnostic("usage-billed-odd", message, context.at(*at, "billed_by"), hint)
    else:
        yield from _fits(context, used.amount or Decimal(0), document.currency, *at, "amount")
        yield from _fits(context, used.drawn or Decimal(0), document.currency, *at, "drawn")


def _drawn(context: Context, used: UsageRecord, subscription: Subscription | None, *at: str | int) -> Found:
    yield from _known(context, "charge period", used.drawn_from, context.names_of_periods, *at, "drawn_from")
    if subscription is not None and any(charge.id == used.charge for charge in subscription.charges):
        for fault in drawn_faults(used, subscription, context.names_of_periods):
            yield fault.diagnostic._replace(position=context.at(*at, fault.field))


def _billed_by(item: Item) -> set[str | None]:
    """The charges of its subscription that it bills."""
    return {each.subscribed_charge for each in item.by_charge}


def _charge_periods(context: Context) -> Found:
    """Those that are given, each with the lines that it names; and several of one line beside each other."""
    charges = {each.id: {one.id for one in each.charges} for each in context.file.subscriptions}
    for index, period in enumerate(context.file.charge_periods):
        at = ("charge_periods", index)
        for key in ("amount", "discount", "tax"):
            yield from _fits(context, getattr(period, key) or Decimal(0), period.currency, *at, key)
        unknown = list(_named_by(context, charges, period, *at))
        yield from unknown
        for fault in () if unknown else charge_period_faults(context.book, period):
            yield fault.diagnostic._replace(position=context.at(*at, fault.field))
    for index, fault in shared_line_faults(context.book, context.file.charge_periods):
        yield fault.diagnostic._replace(position=context.at("charge_periods", index, fault.field))


def _named_by(context: Context, charges: dict[str, set[str]], period: ChargePeriod, *at: str | int) -> Found:
    """What a charge period names is there. *charges*: those of each subscription."""
    yield from _known(context, "subscription", period.subscription, charges, *at, "subscription")
    if period.subscription in charges:
        of = f"`{period.subscription}`"
        yield from _known(context, "charge", period.charge, charges[period.subscription], *at, "charge", of=of)
    for key, line in (("document", "item"), ("memo", "memo_item"), ("rebilled_by", "rebilled_item")):
        number = getattr(period, key)
        yield from _known(context, "document", number, context.numbered, *at, key)
        if number in context.numbered:
            ids = {item.id for item in getattr(context.numbered[number][2], "items", ())}
            yield from _known(context, "item", getattr(period, line), ids, *at, line, of=number)


def _known(
    context: Context, what: str, name: str | None, known: Iterable[str], *path: str | int, of: str = "this book"
) -> Found:
    if name is not None and name not in known:
        context.unknown += 1
        # To look for the closest of many names takes its time, so the thousandth one gets no suggestion.
        close = did_you_mean(name, known) if context.unknown <= _MOST_SUGGESTIONS else None
        message = f"there is no {what} `{name}` in {of}"
        yield Diagnostic("reference-unknown", message, context.at(*path), close or f"add it, or name another {what}")


def _fits(context: Context, amount: Decimal, currency: str, *path: str | int) -> tuple[Diagnostic, ...]:
    try:
        exact(amount, currency)
    except AmountError as error:
        hint = "write the amount as it is: nothing is rounded here"
        return (Diagnostic("amount-inexact", str(error), context.at(*path), hint),)
    return ()


def _histories(context: Context) -> Found:
    """Of each field the value from the beginning comes first, then those from a day on; the last is what it holds."""
    for section, index, record in context.records(
        "accounts", "contacts", "subscriptions", "charges", "accounting_periods"
    ):
        seen: set[str] = set()
        for h, held in enumerate(record.history):
            path = (section, index, "history", h)
            if not history.can_change(record, held.field):
                message = f"`{held.field}` is no field with a history of this record"
                names = history.FIELDS[type(record)]
                hint = did_you_mean(held.field, names) or f"it has {', '.join(name.rstrip('.') for name in names)}"
                yield Diagnostic("history-field", message, context.at(*path, "field"), hint)
            elif not history.can_hold(record, held.field, held.value):
                message = f"`{held.value}` cannot be a value of `{held.field}`"
                hint = "write it as it would stand in the field itself"
                yield Diagnostic("history-value", message, context.at(*path, "value"), hint)
            elif (held.since is None) == (held.field in seen):
                first = "is held from the beginning" if held.since is None else f"is held from {held.since} on"
                message = f"this value of `{held.field}` {first}, but is not the first of its history"
                if held.since is not None:
                    message = f"the history of `{held.field}` does not say what was held before {held.since}"
                hint = "begin with one entry without `since`, and give all others a day"
                yield Diagnostic("history-first", message, context.at(*path), hint)
            elif held.field not in seen and (end := history.wrong_end(record, held.field)) is not None:
                now = history.value_of(record, held.field) or "none"
                message = f"`{held.field}` is {now}, but its history ends in {end}"
                hint = "let the record hold what its history ends in"
                yield Diagnostic("history-differs", message, context.at(*path), hint)
            seen.add(held.field)


def _void_numbers(context: Context) -> Found:
    """No document has a number that is given up, and each is given up once."""
    first: dict[str, int] = {}
    for index, void in enumerate(context.file.void_numbers):
        at = context.at("void_numbers", index, "number")
        if void.number in context.numbered:
            section, place, _ = context.numbered[void.number]
            where = context.at(section, place, "number").line
            message = f"{void.number} is said to be void, but a document of this book has it (line {where})"
            yield Diagnostic("void-number", message, at, "remove one of the two")
        elif void.number in first:
            before = context.at("void_numbers", first[void.number]).line
            message = f"{void.number} is said to be void twice (first on line {before})"
            yield Diagnostic("void-number", message, at, "remove one of the two")
        first.setdefault(void.number, index)


CHECKS: tuple[Callable[[Context], Found], ...] = (
    _unique,
    _references,
    _void_numbers,
    _amounts,
    _service_days,
    _discounts,
    _links,
    _payment_terms,
    _due_dates,
    _expiry,
    _subscriptions,
    _corrections,
    _usage,
    _charge_periods,
    _periods,
    _histories,
)
