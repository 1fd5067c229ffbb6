"""From the records of a book to rows of the ledger: one tuple per row, in the order of the table's columns."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Application,
    Charge,
    Contact,
    CreditAdjustment,
    Document,
    Item,
    Numbered,
    Part,
    Refund,
    Subscription,
    TaxItem,
)
from billpolicy.ledger.amounts import minor_of
from billpolicy.ledger.canonical import to_text
from billpolicy.planning.plan import NumberDraw

Row = tuple[Any, ...]


def account_row(account: Account) -> Row:
    return (
        account.id,
        account.currency,
        account.name,
        account.country,
        to_text(account.attributes),
        to_text(account.custom),
        0,
    )


def contact_row(contact: Contact) -> Row:
    return contact.id, contact.account, contact.name, contact.country, contact.email


def charge_row(charge: Charge) -> Row:
    return charge.id, charge.name, charge.type


def period_row(period: AccountingPeriod) -> Row:
    return _day(period.from_), _day(period.until), period.status


def subscription_row(subscription: Subscription) -> Row:
    return (
        subscription.id,
        subscription.account,
        subscription.plan,
        _day(subscription.start),
        _day(subscription.term_end),
        _day(subscription.canceled_on),
        _day(subscription.canceled_on),
        subscription.bill_day,
        subscription.invoice_separately,
        subscription.currency,
        to_text(subscription.attributes),
        to_text(subscription.custom),
        0,
    )


def subscribed_charge_rows(subscription: Subscription) -> Iterator[Row]:
    for position, charge in enumerate(subscription.charges):
        through = _day(charge.charged_through)
        yield (
            subscription.id,
            charge.id,
            position,
            charge.charge,
            through,
            through,
            charge.name,
            _decimal(charge.rate),
            _decimal(charge.quantity),
            charge.period,
            charge.timing,
            _day(charge.start),
            _day(charge.until),
            charge.discounts,
        )


def document_row(document: Numbered, amount: int, draw: NumberDraw | None, operation: str | None) -> Row:
    """`amount` in minor units, tax included; `draw` and `operation` are None for what was imported."""
    return (
        document.number,
        document.kind,
        document.account,
        document.date.isoformat(),
        _day(getattr(document, "due_date", None)),
        document.currency,
        amount,
        document.status,
        getattr(document, "reversed_", False),
        getattr(document, "split", False),
        getattr(document, "auto_apply", True),
        getattr(document, "priority", None),
        getattr(document, "type", None),
        getattr(document, "reason", None),
        document.document if isinstance(document, CreditAdjustment) else getattr(document, "source", None),
        getattr(document, "of", None),
        getattr(document, "bill_run", None),
        document.comment,
        to_text(document.attributes),
        getattr(document, "posted_as", None),
        *((draw.prefix, draw.start, draw.counter) if draw is not None else (None, None, None)),
        operation,
        0,
    )


def item_row(document: Document, position: int, item: Item) -> Row:
    return (
        document.number,
        item.id,
        position,
        minor_of(item.amount, document.currency),
        item.name,
        item.line,
        item.discounts,
        item.subscription,
        item.subscribed_charge,
        item.charge,
        _decimal(item.quantity),
        _decimal(item.unit_price),
        _day(item.service_start),
        _day(item.service_end),
        item.source_item,
    )


def tax_row(document: Document, item: Item, position: int, tax: TaxItem) -> Row:
    return (
        document.number,
        item.id,
        tax.id,
        position,
        minor_of(tax.amount, document.currency),
        tax.name,
        _decimal(tax.rate),
        tax.jurisdiction,
        tax.source_tax,
    )


def billed_rows(document: Document) -> Iterator[Row]:
    """Which subscriptions a document bills, as far as anybody asks: of invoices, and of what a bill run made."""
    if document.kind == "invoice" or document.bill_run is not None:
        day = document.date.isoformat()
        for subscription in document.subscriptions:
            yield subscription, day, document.number, document.kind, document.bill_run


def refund_part_rows(refund: Refund) -> Iterator[Row]:
    return _part_rows(refund.number, refund.parts, refund.currency)


def application_row(key: int, application: Application, currency: str, operation: str | None) -> Row:
    return (
        key,
        application.from_,
        application.to,
        application.date.isoformat(),
        currency,
        minor_of(application.amount, currency),
        operation,
    )


def application_part_rows(key: int, application: Application, currency: str) -> Iterator[Row]:
    return _part_rows(key, application.parts, currency)


def _part_rows(whole: str | int, parts: Iterable[Part], currency: str) -> Iterator[Row]:
    for position, part in enumerate(parts):
        amount = minor_of(part.amount, currency)
        yield whole, position, part.item, part.tax, amount, part.source_item, part.source_tax


def _day(day: datetime.date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _decimal(number: Decimal | None) -> str | None:
    return str(number) if number is not None else None
