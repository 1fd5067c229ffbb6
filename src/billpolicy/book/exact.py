"""A book with each amount in the decimals of its currency, and each application with its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from billpolicy.book.book import Book, Place
from billpolicy.book.checking import DOCUMENTS, NUMBERED
from billpolicy.book.model import (
    TRANSFERRED,
    Application,
    BookFile,
    Part,
    Refund,
)
from billpolicy.book.transfer import transferred_parts
from billpolicy.money import exact


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
        return replace(a, amount=exact(a.amount, code), parts=tuple(_exact_part(part, code) for part in parts))

    return replace(
        file,
        **{section: tuple(_exact_document(d) for d in getattr(file, section)) for section in DOCUMENTS},
        payments=tuple(replace(p, amount=exact(p.amount, p.currency), balance=None) for p in file.payments),
        refunds=tuple(_exact_refund(refund, sources.get(refund.of or "")) for refund in file.refunds),
        credit_adjustments=tuple(replace(c, amount=exact(c.amount, c.currency)) for c in file.credit_adjustments),
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
