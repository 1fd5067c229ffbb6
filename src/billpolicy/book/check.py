"""Is a book consistent? References, currencies, dates and the document identities; every mistake at its line.

Domain sections 9.2 to 9.5. Each check is one function from the file to diagnostics; `CHECKS` lists them.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.model import (
    TRANSFERRED,
    Application,
    BillingDocument,
    BookFile,
    CreditMemo,
    Document,
    Item,
    Part,
    Payment,
    Refund,
)
from billpolicy.money import AmountError, exact
from billpolicy.source.diagnostic import Diagnostic, Position, did_you_mean
from billpolicy.source.tree import Tree

_Found = Iterator[Diagnostic]
_DOCUMENTS = ("invoices", "credit_memos", "debit_memos")
_NUMBERED = (*_DOCUMENTS, "payments", "refunds")
MOST_SUGGESTIONS = 50


class _Context:
    """The book file with the positions of everything in it."""

    def __init__(self, file: BookFile, tree: Tree) -> None:
        self.file = file
        self.tree = tree
        self.unknown = 0
        self.numbered = {
            record.number: (section, index, record)
            for section in _NUMBERED
            for index, record in enumerate(getattr(file, section))
        }

    def records(self, *sections: str) -> Iterator[tuple[str, int, Any]]:
        for section in sections:
            for index, record in enumerate(getattr(self.file, section)):
                yield section, index, record

    def at(self, *path: str | int) -> Position:
        return self.tree.at(*path)


def check(file: BookFile, tree: Tree) -> list[Diagnostic]:
    """Everything that is wrong with the book; references first, since balances mean nothing without them."""
    context = _Context(file, tree)
    found = [problem for run in CHECKS for problem in run(context)]
    return found or list(_identities(context))


def _unique(context: _Context) -> _Found:
    for section, key in (("accounts", "id"), ("contacts", "id"), ("subscriptions", "id"), ("charges", "id")):
        yield from _repeated(context, [(section, i, getattr(r, key), key) for s, i, r in context.records(section)])
    yield from _repeated(context, [(s, i, r.number, "number") for s, i, r in context.records(*_NUMBERED)])
    for index, subscription in enumerate(context.file.subscriptions):
        names = [charge.id for charge in subscription.charges]
        for name in sorted({name for name in names if names.count(name) > 1}):
            message = f"charge `{name}` stands in subscription `{subscription.id}` more than once"
            at = context.at("subscriptions", index, "charges")
            yield Diagnostic("id-repeated", message, at, "give each its own id")
    for section, index, document in context.records(*_DOCUMENTS):
        seen: set[Place] = set()
        for i, item in enumerate(document.items):
            places: list[tuple[Place, tuple[str | int, ...]]] = [(Place(item.id), ())]
            places += [(Place(item.id, tax.id), ("taxes", t)) for t, tax in enumerate(item.taxes)]
            for place, path in places:
                if place in seen:
                    at = context.at(section, index, "items", i, *path, "id")
                    message = f"{_what(place)} stands in {document.number} more than once"
                    yield Diagnostic("id-repeated", message, at, "give each its own id")
                seen.add(place)


def _repeated(context: _Context, entries: list[tuple[str, int, str, str]]) -> _Found:
    first: dict[str, Position] = {}
    for section, index, name, key in entries:
        position = context.at(section, index, key)
        if name in first:
            message = f"`{name}` stands in this book twice (first on line {first[name].line})"
            yield Diagnostic("id-repeated", message, position, "give each its own " + key)
        first.setdefault(name, position)


def _references(context: _Context) -> _Found:
    file = context.file
    accounts = {account.id: account for account in file.accounts}
    subscriptions = {subscription.id: subscription for subscription in file.subscriptions}
    charges = {charge.id for charge in file.charges}
    for section, index, record in context.records("contacts", "subscriptions", *_NUMBERED):
        yield from _known(context, "account", record.account, accounts, section, index, "account")
    for index, subscription in enumerate(file.subscriptions):
        for c, charge in enumerate(subscription.charges):
            at = ("subscriptions", index, "charges", c, "charge")
            yield from _known(context, "charge", charge.charge, charges, *at)
    for section, index, document in context.records(*_DOCUMENTS):
        source = getattr(document, "source", None)
        yield from _known(context, "document", source, context.numbered, section, index, "source")
        if source in context.numbered and (source == document.number or context.numbered[source][0] not in _DOCUMENTS):
            message = f"{document.number} cannot have been made from {source}"
            hint = "`source` names an invoice or another memo"
            yield Diagnostic("source-kind", message, context.at(section, index, "source"), hint)
        ids = {item.id for item in document.items}
        for i, item in enumerate(document.items):
            path = (section, index, "items", i)
            yield from _known(context, "subscription", item.subscription, subscriptions, *path, "subscription")
            yield from _known(context, "charge", item.charge, charges, *path, "charge")
            yield from _known(context, "item", item.discounts, ids, *path, "discounts", of=document.number)
            yield from _source_item(context, document, item, path)
    for index, payment in enumerate(file.payments):
        yield from _known(context, "payment", payment.source, context.numbered, "payments", index, "source")
    for index, refund in enumerate(file.refunds):
        yield from _known(context, "payment or credit memo", refund.of, context.numbered, "refunds", index, "of")
    for index, application in enumerate(file.applications):
        yield from _known(context, "document", application.from_, context.numbered, "applications", index, "from")
        yield from _known(context, "document", application.to, context.numbered, "applications", index, "to")


def _source_item(context: _Context, document: BillingDocument, item: Item, path: tuple[Any, ...]) -> _Found:
    source = context.numbered.get(getattr(document, "source", None) or "")
    if item.source_item is None or source is None or not isinstance(source[2], Document):
        return
    ids = {source_item.id for source_item in source[2].items}
    yield from _known(context, "item", item.source_item, ids, *path, "source_item", of=source[2].number)


def _known(
    context: _Context, what: str, name: str | None, known: Iterable[str], *path: str | int, of: str = "this book"
) -> _Found:
    if name is not None and name not in known:
        context.unknown += 1
        # To look for the closest of many names takes its time, so the thousandth one gets no suggestion.
        close = did_you_mean(name, known) if context.unknown <= MOST_SUGGESTIONS else None
        message = f"there is no {what} `{name}` in {of}"
        yield Diagnostic("reference-unknown", message, context.at(*path), close or f"add it, or name another {what}")


def _what(place: Place) -> str:
    return f"tax `{place.tax}` of item `{place.item}`" if place.tax else f"item `{place.item}`"


def _amounts(context: _Context) -> _Found:
    for section, index, document in context.records(*_DOCUMENTS):
        path = (section, index)
        if not document.items:
            hint = "list its items, each with an amount"
            yield Diagnostic("items-missing", f"{document.number} has no items", context.at(*path, "items"), hint)
        wrong: list[Diagnostic] = []
        for i, item in enumerate(document.items):
            wrong += _fits(context, item.amount, document.currency, *path, "items", i, "amount")
            for t, tax in enumerate(item.taxes):
                wrong += _fits(context, tax.amount, document.currency, *path, "items", i, "taxes", t, "amount")
        yield from wrong or _fits(context, document.amount, document.currency, *path, "items")
    for section, index, record in context.records("payments", "refunds"):
        yield from _fits(context, record.amount, record.currency, section, index, "amount")
        if record.amount <= 0:
            message = f"the amount of {record.number} is {record.amount}, but must be above zero"
            hint = "write what was paid, or remove it"
            yield Diagnostic("amount-sign", message, context.at(section, index, "amount"), hint)
        for p, part in enumerate(getattr(record, "parts", ())):
            yield from _fits(context, part.amount, record.currency, section, index, "parts", p, "amount")
    for index, application in enumerate(context.file.applications):
        source, target = context.numbered.get(application.from_), context.numbered.get(application.to)
        for found in (source, target):
            if found is not None:
                currency = found[2].currency
                yield from _fits(context, application.amount, currency, "applications", index, "amount")
                for p, part in enumerate(application.parts):
                    yield from _fits(context, part.amount, currency, "applications", index, "parts", p, "amount")


def _discounts(context: _Context) -> _Found:
    """A discount is settled with the item that it reduces, so it reduces, and reduces an item that is none itself."""
    for section, index, document in context.records(*_DOCUMENTS):
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


def _fits(context: _Context, amount: Decimal, currency: str, *path: str | int) -> _Found:
    try:
        exact(amount, currency)
    except AmountError as error:
        yield Diagnostic(
            "amount-inexact", str(error), context.at(*path), "write the amount as it is: nothing is rounded here"
        )


def _currencies(context: _Context) -> _Found:
    accounts = {account.id: account for account in context.file.accounts}
    for section, index, record in context.records(*_NUMBERED):
        account = accounts.get(record.account)
        if account is not None and section in ("payments", "refunds") and record.currency != account.currency:
            message = f"{record.number} is in {record.currency}, but account `{account.id}` is in {account.currency}"
            hint = f"write it in {account.currency}, or give the account that currency"
            yield Diagnostic("currency-mismatch", message, context.at(section, index, "currency"), hint)
    for index, application in enumerate(context.file.applications):
        source, target = context.numbered.get(application.from_), context.numbered.get(application.to)
        if source and target and source[2].currency != target[2].currency:
            message = f"{application.from_} is in {source[2].currency} and {application.to} in {target[2].currency}"
            hint = "money is never applied across currencies: remove this application"
            yield Diagnostic("currency-mismatch", message, context.at("applications", index), hint)


def _applications(context: _Context) -> _Found:
    for index, application in enumerate(context.file.applications):
        source, target = context.numbered.get(application.from_), context.numbered.get(application.to)
        if source is None or target is None:
            continue
        at = context.at("applications", index)
        if source[0] not in ("payments", "credit_memos"):
            hint = "`from` names a payment or a credit memo"
            yield Diagnostic("application-kind", f"{application.from_} has no money to apply", at, hint)
        if target[0] == "payments":
            yield from _transfer(context, application, source[2], target[2], index)
        elif target[0] not in ("invoices", "debit_memos"):
            hint = "`to` names an invoice or a debit memo"
            yield Diagnostic("application-kind", f"nothing can be applied to {application.to}", at, hint)
        for _, _, record in (source, target):
            if record.status != "posted":
                message = f"{record.number} is {record.status}; only posted documents can be applied"
                yield Diagnostic("application-unposted", message, at, "remove this application, or mend the status")
            if record.date > application.date:
                message = f"this application is dated {application.date}, before {record.number} ({record.date})"
                hint = f"write {record.date} or later"
                yield Diagnostic("application-date", message, context.at("applications", index, "date"), hint)
        if isinstance(target[2], Document):
            yield from _parts(context, application, source[2], target[2], index)


def _transfer(context: _Context, application: Application, source: Any, target: Payment, index: int) -> _Found:
    at = context.at("applications", index)
    if not isinstance(source, Payment) or target.source != source.number:
        message = f"{application.from_} cannot be applied to {target.number}: that payment was not transferred from it"
        hint = "`to` names an invoice, a debit memo, or a payment whose `source` is `from`"
        yield Diagnostic("application-kind", message, at, hint)
    if application.parts and [Place(part.item, part.tax) for part in application.parts] != [Place(TRANSFERRED)]:
        message = f"what {target.number} was given has one part, item `{TRANSFERRED}`"
        hint = "leave `parts` out"
        yield Diagnostic("parts-unknown", message, context.at("applications", index, "parts"), hint)
    yield from _parts_sum(application.parts, application.amount, context.at("applications", index, "parts"))


def _transfers(context: _Context) -> _Found:
    """A transferred payment comes from a payment of another account."""
    for index, payment in enumerate(context.file.payments):
        source = context.numbered.get(payment.source or "")
        if source is None:
            continue
        at = context.at("payments", index, "source")
        if source[0] != "payments":
            message = f"{payment.number} cannot be transferred from {payment.source}, which is no payment"
            yield Diagnostic("transfer-kind", message, at, "`source` names a payment of another account")
        elif source[2].account == payment.account:
            message = f"{payment.source} is of account `{payment.account}` already"
            yield Diagnostic("account-same", message, at, "a payment is transferred from another account")


def _refunds(context: _Context) -> _Found:
    for index, refund in enumerate(context.file.refunds):
        found = context.numbered.get(refund.of)
        if found is None:
            continue
        section, _, source = found
        at = context.at("refunds", index, "of")
        if section not in ("payments", "credit_memos"):
            hint = "a refund is of a payment or a credit memo"
            yield Diagnostic("refund-kind", f"{refund.of} cannot be refunded", at, hint)
            continue
        if source.account != refund.account:
            message = f"{refund.of} belongs to account `{source.account}`, not to `{refund.account}`"
            yield Diagnostic("account-mismatch", message, at, f"write `account: {source.account}`")
        if source.currency != refund.currency:
            message = f"{refund.number} is in {refund.currency} and {refund.of} in {source.currency}"
            yield Diagnostic("currency-mismatch", message, at, f"write `currency: {source.currency}`")
        if source.status != "posted" and refund.status == "posted":
            message = f"{refund.of} is {source.status}; only what is posted can be refunded"
            yield Diagnostic("refund-unposted", message, at, "remove this refund, or mend the status")
        if source.date > refund.date:
            message = f"this refund is dated {refund.date}, before {refund.of} ({source.date})"
            hint = f"write {source.date} or later"
            yield Diagnostic("refund-date", message, context.at("refunds", index, "date"), hint)
        if isinstance(source, CreditMemo):
            yield from _refunded_parts(refund, source, context.at("refunds", index, "parts"))


def _refunded_parts(refund: Refund, source: CreditMemo, at: Position) -> _Found:
    if not refund.parts and len(_places_of(source)) > 1:
        message = f"{source.number} has {len(_places_of(source))} items and taxes; say which of them are refunded"
        hint = "add `parts: [{item: ..., amount: ...}, {item: ..., tax: ..., amount: ...}]`"
        yield Diagnostic("parts-missing", message, at, hint)
    yield from _part_places(source, [Place(part.item, part.tax) for part in refund.parts], at)
    yield from _parts_sum(refund.parts, refund.amount, at)


def _parts(context: _Context, application: Application, source: Any, target: Document, index: int) -> _Found:
    at = context.at("applications", index, "parts")
    for document in (target, source):
        if not application.parts and isinstance(document, Document) and len(_places_of(document)) > 1:
            places = len(_places_of(document))
            message = f"{document.number} has {places} items and taxes; say how this amount stands on them"
            hint = "add `parts: [{item: ..., amount: ...}, {item: ..., tax: ..., amount: ...}]`"
            yield Diagnostic("parts-missing", message, at, hint)
            return
    if isinstance(source, CreditMemo) and any(part.source_item is None for part in application.parts):
        hint = "add `source_item` (and `source_tax`) to each part"
        yield Diagnostic("parts-source", f"say which items of {source.number} each part comes from", at, hint)
    yield from _part_places(target, [Place(part.item, part.tax) for part in application.parts], at)
    if isinstance(source, CreditMemo):
        sources = [Place(part.source_item, part.source_tax) for part in application.parts if part.source_item]
        yield from _part_places(source, sources, at)
    yield from _parts_sum(application.parts, application.amount, at)


def _part_places(document: Document, places: Iterable[Place], at: Position) -> _Found:
    known = _places_of(document)
    for place in places:
        if place not in known:
            items = ", ".join(f"`{item}`" for item in sorted({item for item, _ in known})[:12])
            hint = f"items of {document.number}: {items}"
            yield Diagnostic("reference-unknown", f"{document.number} has no {_what(place)}", at, hint)


def _places_of(document: Document) -> set[Place]:
    return {Place(item.id, tax) for item in document.items for tax in (None, *(t.id for t in item.taxes))}


def _parts_sum(parts: tuple[Part, ...], amount: Decimal, at: Position) -> _Found:
    total = sum((part.amount for part in parts), Decimal(0))
    if parts and total != amount:
        message = f"the parts add up to {total}, not to {amount}"
        yield Diagnostic("parts-sum", message, at, "mend the parts or the amount")


def _periods(context: _Context) -> _Found:
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


CHECKS: tuple[Callable[[_Context], _Found], ...] = (
    _unique,
    _references,
    _amounts,
    _discounts,
    _currencies,
    _applications,
    _transfers,
    _refunds,
    _periods,
)


def _identities(context: _Context) -> _Found:
    """Amount = applied + unapplied + refunded, on every document and every item (domain section 9.2)."""
    file = exact_amounts(context.file)
    book = Book.of(file)
    for section, index, document in context.records(*_NUMBERED):
        at = context.at(section, index)
        balance = book.balance(document)
        for key, stated, found in (
            ("total", getattr(document, "total", None), document.amount),
            ("balance", getattr(document, "balance", None), balance),
        ):
            if stated is not None and stated != found:
                message = f"the {key} of {document.number} is stated as {stated}, but comes out as {found}"
                hint = "mend the items, the applications or the stated figure"
                yield Diagnostic(f"{key}-differs", message, context.at(section, index, key), hint)
        if isinstance(document, Payment | CreditMemo) and balance < min(document.amount, ZERO):
            message = f"more was applied and refunded of {document.number} than its amount {document.amount}"
            yield Diagnostic("over-applied", message, at, "mend its amount, its applications or its refunds")
        if isinstance(document, Payment | CreditMemo) and balance > max(document.amount, ZERO):
            message = f"more was taken back to {document.number} than was applied of it"
            yield Diagnostic("over-unapplied", message, at, "mend its applications")
        if isinstance(document, Payment) and document.source is not None and document.status == "posted":
            received = book.applied_to(document.number)
            if received != document.amount:
                message = f"{document.number} amounts to {document.amount}, but {received} was transferred to it"
                hint = f"add or mend the application from {document.source} to {document.number}"
                yield Diagnostic("transfer-differs", message, at, hint)
        if isinstance(document, Document):
            yield from _places(book, document, at)
    yield from list(_taken_back(context, file.applications)) or _opposed(context, book)


def _places(book: Book, document: Any, at: Position) -> _Found:
    amounts = replace_nothing_applied(book).open_places(document)
    for place, left in book.open_places(document).items():
        whole = amounts[place]
        if (whole >= 0 and not 0 <= left <= whole) or (whole < 0 and not whole <= left <= 0):
            message = f"{_what(place)} of {document.number} is {whole}, but {whole - left} of it was applied"
            yield Diagnostic("over-applied", message, at, "mend the item, or the parts of its applications")


def _taken_back(context: _Context, applications: tuple[Application, ...]) -> _Found:
    """Along each link no more is taken back than was put by then: earlier days first, within one as they stand."""
    put: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    taken: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for index, application in sorted(enumerate(applications), key=lambda entry: entry[1].date):
        for part in application.parts:
            link = (application.from_, application.to, part.item, part.tax, part.source_item, part.source_tax)
            if application.amount >= 0:
                put[link] += part.amount
                continue
            taken[link] -= part.amount
            if not (0 <= taken[link] <= put[link] or put[link] <= taken[link] <= 0):
                what = f"{_what(Place(part.item, part.tax))} of {application.to}"
                message = (
                    f"{taken[link]} of {application.from_} is taken back from {what}, "
                    f"where {put[link]} of it had been put by then"
                )
                hint = "take back only what was put there, and not before it was"
                yield Diagnostic("over-unapplied", message, context.at("applications", index), hint)
                break


def _opposed(context: _Context, book: Book) -> _Found:
    """No source takes from a place what another one has put there."""
    for section, index, document in context.records("invoices", "debit_memos"):
        with_discount = {item.id: item.discounts or item.id for item in document.items}
        nets: dict[Place, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for application in book.applications_to.get(document.number, ()):
            for part in application.parts:
                place = Place(part.item, part.tax) if part.tax else Place(with_discount[part.item])
                nets[place][application.from_] += part.amount
        for place, net in nets.items():
            if min(net.values()) < 0 < max(net.values()):
                message = f"one source takes from {_what(place)} of {document.number} what another one has put there"
                hint = "mend the parts of its applications: each source takes back only what is its own"
                yield Diagnostic("over-unapplied", message, context.at(section, index), hint)


def replace_nothing_applied(book: Book) -> Book:
    """The book as if no application and no refund had been made."""
    return replace(book, applications_from={}, applications_to={}, refunds_of={})


def exact_amounts(file: BookFile) -> BookFile:
    """The same book with each amount written in its currency's own decimals and each application with its parts."""
    currency = {r.number: r.currency for section in _NUMBERED for r in getattr(file, section)}
    places = {d.number: Place(d.items[0].id) for section in _DOCUMENTS for d in getattr(file, section) if d.items}
    places |= {payment.number: Place(TRANSFERRED) for payment in file.payments}
    sources = {d.number: Place(d.items[0].id) for d in file.credit_memos if d.items}

    def application(a: Application) -> Application:
        code = currency[a.from_]
        source = sources.get(a.from_)
        parts = a.parts or (Part(item=places[a.to].item, amount=a.amount, source_item=source.item if source else None),)
        return replace(a, amount=exact(a.amount, code), parts=tuple(_exact_part(part, code) for part in parts))

    return replace(
        file,
        **{section: tuple(_exact_document(d) for d in getattr(file, section)) for section in _DOCUMENTS},
        payments=tuple(replace(p, amount=exact(p.amount, p.currency), balance=None) for p in file.payments),
        refunds=tuple(_exact_refund(refund, sources.get(refund.of)) for refund in file.refunds),
        applications=tuple(application(a) for a in file.applications),
    )


def _exact_document(document: Any) -> Any:
    code = document.currency
    items = tuple(
        replace(
            item,
            amount=exact(item.amount, code),
            taxes=tuple(replace(tax, amount=exact(tax.amount, code)) for tax in item.taxes),
        )
        for item in document.items
    )
    return replace(document, items=items, total=None, balance=None)


def _exact_refund(refund: Refund, only: Place | None) -> Refund:
    whole = (Part(item=only.item, amount=refund.amount),) if only else ()
    parts = tuple(_exact_part(part, refund.currency) for part in refund.parts or whole)
    return replace(refund, amount=exact(refund.amount, refund.currency), parts=parts)


def _exact_part(part: Part, currency: str) -> Part:
    return replace(part, amount=exact(part.amount, currency))
