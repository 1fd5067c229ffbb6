"""Is a book consistent? References, currencies, dates and the document identities; every mistake at its line.

Domain sections 9.2 to 9.5. Each check is one function from the file to diagnostics; `CHECKS` lists them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

from billpolicy.book.book import Place
from billpolicy.book.check_credit import credit_adjustments, named_once, never_below_zero
from billpolicy.book.check_money import applications, identities, refunds, transfers
from billpolicy.book.check_subscriptions import subscriptions
from billpolicy.book.checking import Context, Found, fits, known, place_in_words
from billpolicy.book.model import (
    DOCUMENTS,
    NUMBERED,
    BillingDocument,
    BookFile,
    CreditAdjustment,
    Document,
    Item,
)
from billpolicy.diagnostics.diagnostic import Diagnostic
from billpolicy.source.tree import Tree


def check(file: BookFile, tree: Tree) -> list[Diagnostic]:
    """Everything that is wrong with the book."""
    return list(problems(Context(file, tree)))


def problems(context: Context) -> Found:
    """Everything that is wrong with the book; references first, since balances mean nothing without them."""
    references_hold = True
    for run in CHECKS:
        for problem in run(context):
            references_hold = False
            yield problem
    if references_hold:
        yield from identities(context)


def _unique(context: Context) -> Found:
    for section, key in (("accounts", "id"), ("contacts", "id"), ("subscriptions", "id"), ("charges", "id")):
        yield from _repeated(context, [(section, i, getattr(r, key), key) for s, i, r in context.records(section)])
    yield from _repeated(context, [(s, i, r.number, "number") for s, i, r in context.records(*NUMBERED)])
    for index, subscription in enumerate(context.file.subscriptions):
        names = Counter(charge.id for charge in subscription.charges)
        for name in sorted(name for name, count in names.items() if count > 1):
            message = f"charge `{name}` stands in subscription `{subscription.id}` more than once"
            at = context.at("subscriptions", index, "charges")
            yield Diagnostic("id-repeated", message, at, "give each its own id")
    for section, index, document in context.records(*DOCUMENTS):
        seen: set[Place] = set()
        for i, item in enumerate(document.items):
            places: list[tuple[Place, tuple[str | int, ...]]] = [(Place(item.id), ())]
            places += [(Place(item.id, tax.id), ("taxes", t)) for t, tax in enumerate(item.taxes)]
            for place, path in places:
                if place in seen:
                    at = context.at(section, index, "items", i, *path, "id")
                    message = f"{place_in_words(place)} stands in {document.number} more than once"
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
    for section, index, record in context.records("contacts", "subscriptions", *NUMBERED):
        yield from known(context, "account", record.account, accounts, section, index, "account")
    for index, subscription in enumerate(file.subscriptions):
        for c, charge in enumerate(subscription.charges):
            at = ("subscriptions", index, "charges", c, "charge")
            yield from known(context, "charge", charge.charge, charges, *at)
    for section, index, document in context.records(*DOCUMENTS):
        source = getattr(document, "source", None)
        yield from known(context, "document", source, context.numbered, section, index, "source")
        if source in context.numbered and (source == document.number or context.numbered[source][0] not in DOCUMENTS):
            message = f"{document.number} cannot have been made from {source}"
            hint = "`source` names an invoice or another memo"
            yield Diagnostic("source-kind", message, context.at(section, index, "source"), hint)
        ids = {item.id for item in document.items}
        for i, item in enumerate(document.items):
            path = (section, index, "items", i)
            yield from known(context, "subscription", item.subscription, subscribed, *path, "subscription")
            yield from known(context, "charge", item.charge, charges, *path, "charge")
            yield from known(context, "item", item.discounts, ids, *path, "discounts", of=document.number)
            yield from _source_item(context, document, item, path)
    for index, payment in enumerate(file.payments):
        yield from known(context, "payment", payment.source, context.numbered, "payments", index, "source")
    for index, refund in enumerate(file.refunds):
        yield from known(context, "payment or credit memo", refund.of, context.numbered, "refunds", index, "of")
    for index, adjustment in enumerate(file.credit_adjustments):
        of = adjustment.document
        yield from known(context, "document", of, context.numbered, "credit_adjustments", index, "document")
    for index, application in enumerate(file.applications):
        yield from known(context, "document", application.from_, context.numbered, "applications", index, "from")
        yield from known(context, "document", application.to, context.numbered, "applications", index, "to")


def _source_item(context: Context, document: BillingDocument, item: Item, path: tuple[Any, ...]) -> Found:
    source = context.numbered.get(getattr(document, "source", None) or "")
    if item.source_item is None or source is None or not isinstance(source[2], Document):
        return
    ids = {source_item.id for source_item in source[2].items}
    yield from known(context, "item", item.source_item, ids, *path, "source_item", of=source[2].number)


def _amounts(context: Context) -> Found:
    for section, index, document in context.records(*DOCUMENTS):
        path = (section, index)
        if not document.items:
            hint = "list its items, each with an amount"
            yield Diagnostic("items-missing", f"{document.number} has no items", context.at(*path, "items"), hint)
        wrong: list[Diagnostic] = []
        for i, item in enumerate(document.items):
            wrong += fits(context, item.amount, document.currency, *path, "items", i, "amount")
            for t, tax in enumerate(item.taxes):
                wrong += fits(context, tax.amount, document.currency, *path, "items", i, "taxes", t, "amount")
        yield from wrong or fits(context, document.amount, document.currency, *path, "items")
    for section, index, record in context.records("payments", "refunds", "credit_adjustments"):
        yield from fits(context, record.amount, record.currency, section, index, "amount")
        if record.amount <= 0:
            message = f"the amount of {record.number} is {record.amount}, but must be above zero"
            of_credit = isinstance(record, CreditAdjustment)
            hint = "`type: decrease` says that it is taken away" if of_credit else "write what was paid, or remove it"
            yield Diagnostic("amount-sign", message, context.at(section, index, "amount"), hint)
        for p, part in enumerate(getattr(record, "parts", ())):
            yield from fits(context, part.amount, record.currency, section, index, "parts", p, "amount")
    for index, application in enumerate(context.file.applications):
        source, target = context.numbered.get(application.from_), context.numbered.get(application.to)
        for found in (source, target):
            if found is not None:
                currency = found[2].currency
                yield from fits(context, application.amount, currency, "applications", index, "amount")
                for p, part in enumerate(application.parts):
                    yield from fits(context, part.amount, currency, "applications", index, "parts", p, "amount")


def _discounts(context: Context) -> Found:
    """A discount is settled with the item that it reduces, so it reduces, and reduces an item that is none itself."""
    for section, index, document in context.records(*DOCUMENTS):
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


def _sources(context: Context) -> Found:
    """A memo is of the same account and currency as the document that it was created from."""
    for section, index, document in context.records("credit_memos", "debit_memos"):
        source = context.numbered.get(document.source or "")
        if source is None:
            continue
        for key in ("account", "currency"):
            mine, its = getattr(document, key), getattr(source[2], key)
            if mine != its:
                message = f"{document.number} has the {key} `{mine}`, but {source[2].number}, its source, `{its}`"
                hint = "mend one of the two, or remove `source`"
                yield Diagnostic("source-differs", message, context.at(section, index, "source"), hint)


def _currencies(context: Context) -> Found:
    accounts = {account.id: account for account in context.file.accounts}
    for section, index, record in context.records(*NUMBERED):
        account = accounts.get(record.account)
        # What an adjustment names may be in another currency than its account, and so is the adjustment then.
        on_its_own = isinstance(record, CreditAdjustment) and record.document is None
        # A refund of a credit memo is in the memo's currency.
        of_account = on_its_own or section == "payments" or (section == "refunds" and record.of is None)
        if account is not None and of_account and record.currency != account.currency:
            message = f"{record.number} is in {record.currency}, but account `{account.id}` is in {account.currency}"
            hint = f"write it in {account.currency}, or give the account that currency"
            yield Diagnostic("currency-mismatch", message, context.at(section, index, "currency"), hint)
    for index, application in enumerate(context.file.applications):
        source, target = context.numbered.get(application.from_), context.numbered.get(application.to)
        if source and target and source[2].currency != target[2].currency:
            message = f"{application.from_} is in {source[2].currency} and {application.to} in {target[2].currency}"
            hint = "money is never applied across currencies: remove this application"
            yield Diagnostic("currency-mismatch", message, context.at("applications", index), hint)


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


def _posted_drafts(context: Context) -> Found:
    """A draft that was posted names the one document of its kind and account that it became."""
    posted: dict[str, str] = {}
    for section, index, document in context.records(*DOCUMENTS):
        if document.posted_as is None:
            continue
        path = (section, index, "posted_as")
        at = context.at(*path)
        if document.status != "draft":
            message = f"{document.number} is {document.status}, but only a draft is `posted_as` another document"
            yield Diagnostic("posted-as", message, at, "remove `posted_as`, or write `status: draft`")
        kind = section.replace("_", " ").removesuffix("s")
        yield from known(context, kind, document.posted_as, context.numbered, *path)
        its_section, _, became = context.numbered.get(document.posted_as, (section, 0, None))
        if became is None:
            continue
        alike = (its_section, became.account, became.currency) == (section, document.account, document.currency)
        if not alike or became.status != "posted":
            message = f"{document.number} cannot have been posted as {became.number}"
            hint = f"name a posted {kind} of the same account and currency"
            yield Diagnostic("posted-as", message, at, hint)
        elif became.number in posted:
            message = f"{posted[became.number]} was posted as {became.number} already"
            yield Diagnostic("posted-as", message, at, "name the document that this one became")
        posted.setdefault(became.number, document.number)


CHECKS: tuple[Callable[[Context], Found], ...] = (
    _unique,
    _references,
    _amounts,
    _discounts,
    _sources,
    _currencies,
    applications,
    transfers,
    refunds,
    credit_adjustments,
    named_once,
    never_below_zero,
    subscriptions,
    _posted_drafts,
    _periods,
)
