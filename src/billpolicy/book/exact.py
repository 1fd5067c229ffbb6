"""A book with each amount in the decimals of its currency, and each application with its parts."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from billpolicy.book.book import Book, Place
from billpolicy.book.model import (
    DOCUMENTS,
    NUMBERED,
    TRANSFERRED,
    Application,
    BookFile,
    Item,
    Part,
    Refund,
)
from billpolicy.book.transfer import transferred_parts
from billpolicy.money import exact

_T = TypeVar("_T")


def exact_amounts(file: BookFile) -> BookFile:
    """The same book with each amount written in its currency's own decimals and each application with its parts."""
    currency = {r.number: r.currency for section in NUMBERED for r in getattr(file, section)}
    places = {d.number: Place(d.items[0].id) for section in DOCUMENTS for d in getattr(file, section) if d.items}
    places |= {payment.number: Place(TRANSFERRED) for payment in file.payments}
    places |= {adjustment.number: Place(TRANSFERRED) for adjustment in file.credit_adjustments}
    negative = {invoice.number: invoice for invoice in file.invoices if invoice.amount < 0}
    sources = {d.number: Place(d.items[0].id) for d in (*file.credit_memos, *negative.values()) if d.items}

    def application(a: Application) -> Application:
        code = currency[a.from_]
        invoice, source = negative.get(a.from_), sources.get(a.from_)
        if a.parts:
            parts = a.parts
        elif invoice is not None and a.amount == -invoice.amount:
            parts = transferred_parts(Book().open_places(invoice))
        else:
            only = source.item if source else None
            parts = (Part(item=places[a.to].item, amount=a.amount, source_item=only),)
        return _with(a, amount=exact(a.amount, code), parts=_each(parts, _exact_amount, code))

    return replace(
        file,
        **{section: tuple(_exact_document(d) for d in getattr(file, section)) for section in DOCUMENTS},
        payments=tuple(_with(p, amount=exact(p.amount, p.currency), balance=None) for p in file.payments),
        refunds=tuple(_exact_refund(refund, sources.get(refund.of or "")) for refund in file.refunds),
        credit_adjustments=tuple(_with(c, amount=exact(c.amount, c.currency)) for c in file.credit_adjustments),
        applications=tuple(application(a) for a in file.applications),
    )


def _exact_document(document: Any) -> Any:
    return _with(document, items=_each(document.items, _exact_item, document.currency), total=None, balance=None)


def _exact_item(item: Item, currency: str) -> Item:
    return _with(item, amount=exact(item.amount, currency), taxes=_each(item.taxes, _exact_amount, currency))


def _exact_amount(record: _T, currency: str) -> _T:
    return _with(record, amount=exact(record.amount, currency))  # type: ignore[attr-defined]


def _exact_refund(refund: Refund, only: Place | None) -> Refund:
    whole = (Part(item=only.item, amount=refund.amount),) if only else ()
    parts = _each(refund.parts or whole, _exact_amount, refund.currency)
    return _with(refund, amount=exact(refund.amount, refund.currency), parts=parts)


def _each(records: tuple[_T, ...], change: Callable[[_T, str], _T], currency: str) -> tuple[_T, ...]:
    changed = tuple([change(record, currency) for record in records])
    return records if all(map(operator.is_, changed, records)) else changed


def _with(record: _T, **changes: Any) -> _T:
    """As `replace` does it. Most books write amounts exactly as they are: what is so already is not made anew."""
    for name, value in changes.items():
        if getattr(record, name) is not value:
            return replace(record, **changes)  # type: ignore[type-var]
    return record
