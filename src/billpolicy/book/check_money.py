"""Money between documents: applications, transfers, refunds, and the identity of every document (domain 9.2)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.check_credit import from_credit_balance, to_credit_balance, transferred_amount
from billpolicy.book.check_parts import part_places, parts, parts_sum, places_of, transferred
from billpolicy.book.checking import Context, Found, place_in_words
from billpolicy.book.model import (
    NUMBERED,
    Application,
    CreditAdjustment,
    CreditMemo,
    DebitMemo,
    Document,
    Invoice,
    Payment,
    Refund,
)
from billpolicy.diagnostics.diagnostic import Diagnostic, Position


def applications(context: Context) -> Found:
    for index, application in enumerate(context.file.applications):
        source, target = context.numbered.get(application.from_), context.numbered.get(application.to)
        if source is None or target is None:
            continue
        at = context.at("applications", index)
        yield from _ends(context, application, source[2], target[2], index)
        for _, _, record in (source, target):
            if record.status != "posted":
                message = f"{record.number} is {record.status}; only posted documents can be applied"
                yield Diagnostic("application-unposted", message, at, "remove this application, or mend the status")
            if record.date > application.date:
                message = f"this application is dated {application.date}, before {record.number} ({record.date})"
                hint = f"write {record.date} or later"
                yield Diagnostic("application-date", message, context.at("applications", index, "date"), hint)
        if isinstance(target[2], Document):
            yield from parts(context, application, source[2], target[2], index)


def _ends(context: Context, application: Application, source: Any, target: Any, index: int) -> Found:
    """Whether money can go from this source to this target."""
    at = context.at("applications", index)
    if isinstance(target, CreditAdjustment):
        yield from to_credit_balance(context, application, source, target, index)
        return
    if isinstance(source, CreditAdjustment):
        yield from from_credit_balance(context, source, target, index)
    elif not isinstance(source, Payment | CreditMemo):
        hint = "`from` names a payment or a credit memo"
        yield Diagnostic("application-kind", f"{source.number} has no money to apply", at, hint)
    if isinstance(target, Payment):
        yield from _transfer(context, application, source, target, index)
    elif not isinstance(target, Invoice | DebitMemo):
        hint = "`to` names an invoice or a debit memo"
        yield Diagnostic("application-kind", f"nothing can be applied to {target.number}", at, hint)


def _transfer(context: Context, application: Application, source: Any, target: Payment, index: int) -> Found:
    at = context.at("applications", index)
    if not isinstance(source, Payment) or target.source != source.number:
        message = f"{application.from_} cannot be applied to {target.number}: that payment was not transferred from it"
        hint = "`to` names an invoice, a debit memo, or a payment whose `source` is `from`"
        yield Diagnostic("application-kind", message, at, hint)
    yield from transferred(context, application, index)


def transfers(context: Context) -> Found:
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


def refunds(context: Context) -> Found:
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


def _refunded_parts(refund: Refund, source: CreditMemo, at: Position) -> Found:
    if not refund.parts and len(places_of(source)) > 1:
        message = f"{source.number} has {len(places_of(source))} items and taxes; say which of them are refunded"
        hint = "add `parts: [{item: ..., amount: ...}, {item: ..., tax: ..., amount: ...}]`"
        yield Diagnostic("parts-missing", message, at, hint)
    yield from part_places(source, [Place(part.item, part.tax) for part in refund.parts], at)
    yield from parts_sum(refund.parts, refund.amount, at)


def identities(context: Context) -> Found:
    """Amount = applied + unapplied + refunded, on every document and every item (domain section 9.2)."""
    book = context.book
    untouched = replace_nothing_applied(book)
    for section, index, document in context.records(*NUMBERED):
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
        if isinstance(document, CreditAdjustment):
            yield from transferred_amount(book, document, at)
        if isinstance(document, Document):
            yield from _places(book, untouched, document, at)
    yield from list(_taken_back(context, context.exact.applications)) or _opposed(context, book)


def _places(book: Book, untouched: Book, document: Any, at: Position) -> Found:
    number = document.number
    if not (number in book.applications_to or number in book.applications_from or number in book.refunds_of):
        return
    amounts = untouched.open_places(document)
    for place, left in book.open_places(document).items():
        whole = amounts[place]
        if (whole >= 0 and not 0 <= left <= whole) or (whole < 0 and not whole <= left <= 0):
            message = f"{place_in_words(place)} of {document.number} is {whole}, but {whole - left} of it was applied"
            yield Diagnostic("over-applied", message, at, "mend the item, or the parts of its applications")


def _taken_back(context: Context, applications: tuple[Application, ...]) -> Found:
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
                what = f"{place_in_words(Place(part.item, part.tax))} of {application.to}"
                message = (
                    f"{taken[link]} of {application.from_} is taken back from {what}, "
                    f"where {put[link]} of it had been put by then"
                )
                hint = "take back only what was put there, and not before it was"
                yield Diagnostic("over-unapplied", message, context.at("applications", index), hint)
                break


def _opposed(context: Context, book: Book) -> Found:
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
                message = (
                    f"one source takes from {place_in_words(place)} of {document.number} what another one has put there"
                )
                hint = "mend the parts of its applications: each source takes back only what is its own"
                yield Diagnostic("over-unapplied", message, context.at(section, index), hint)


def replace_nothing_applied(book: Book) -> Book:
    """The book as if no application and no refund had been made."""
    return replace(book, applications_from={}, applications_to={}, refunds_of={})
