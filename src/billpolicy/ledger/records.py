"""From rows of the ledger, whole and in the order of their table's columns, back to the records of a book."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from billpolicy.book.model import (
    Account,
    AccountingPeriod,
    Application,
    Charge,
    Contact,
    CreditAdjustment,
    CreditMemo,
    DebitMemo,
    Invoice,
    Item,
    Numbered,
    Part,
    Payment,
    Refund,
    SubscribedCharge,
    Subscription,
    TaxItem,
)
from billpolicy.ledger.amounts import amount_of
from billpolicy.ledger.canonical import from_text
from billpolicy.ledger.rows import Row


def account_of(row: Row) -> Account:
    key, currency, name, country, attributes, custom, _ = row
    return Account(
        id=key,
        currency=currency,
        name=name,
        country=country,
        attributes=from_text(attributes),
        custom=from_text(custom),
    )


def contact_of(row: Row) -> Contact:
    key, account, name, country, email = row
    return Contact(id=key, account=account, name=name, country=country, email=email)


def charge_of(row: Row) -> Charge:
    key, name, type_ = row
    return Charge(id=key, name=name, type=type_)


def period_of(row: Row) -> AccountingPeriod:
    from_, until, status = row
    return AccountingPeriod(from_=_day(from_), until=_day(until), status=status)


def subscription_of(row: Row, charge_rows: Iterable[Row]) -> Subscription:
    """`charge_rows` in the order of their positions."""
    key, account, plan, start, term_end, canceled_on, _, bill_day, separately, currency, attributes, custom, _ = row
    return Subscription(
        id=key,
        account=account,
        plan=plan,
        start=_day_or_none(start),
        term_end=_day_or_none(term_end),
        canceled_on=_day_or_none(canceled_on),
        bill_day=bill_day,
        invoice_separately=bool(separately),
        currency=currency,
        attributes=from_text(attributes),
        charges=tuple(map(_subscribed_charge_of, charge_rows)),
        custom=from_text(custom),
    )


def _subscribed_charge_of(row: Row) -> SubscribedCharge:
    _, key, _, charge, through, _, name, rate, quantity, period, timing, start, until, discounts = row
    return SubscribedCharge(
        id=key,
        charge=charge,
        charged_through=_day_or_none(through),
        name=name,
        rate=_decimal(rate),
        quantity=Decimal(quantity),
        period=period,
        timing=timing,
        start=_day_or_none(start),
        until=_day_or_none(until),
        discounts=discounts,
    )


def document_of(row: Row, items: tuple[Item, ...], parts: tuple[Part, ...]) -> Numbered:
    """`items` of a billing document, `parts` of a refund."""
    _, number, kind, account, date, due, currency, amount, status, reversed_, *others = row
    split, auto_apply, priority, type_, reason, source, refund_of, bill_run, comment, attributes, posted_as, *_ = others
    shared: dict[str, Any] = {
        "number": number,
        "account": account,
        "date": _day(date),
        "currency": currency,
        "status": status,
        "attributes": from_text(attributes),
        "comment": comment,
    }
    if kind == "refund":
        return Refund(
            **shared, amount=amount_of(amount, currency), type=type_, of=refund_of, reason=reason, parts=parts
        )
    if kind == "credit_adjustment":
        return CreditAdjustment(
            **shared, amount=amount_of(amount, currency), type=type_, reason=reason, document=source
        )
    shared["auto_apply"] = bool(auto_apply)
    if kind == "payment":
        return Payment(**shared, amount=amount_of(amount, currency), type=type_, source=source)
    shared |= {
        "items": items,
        "reversed_": bool(reversed_),
        "bill_run": bill_run,
        "priority": priority,
        "posted_as": posted_as,
    }
    if kind == "credit_memo":
        return CreditMemo(**shared, reason=reason, source=source)
    if kind == "debit_memo":
        return DebitMemo(**shared, due_date=_day_or_none(due), reason=reason, source=source)
    return Invoice(**shared, due_date=_day_or_none(due), split=bool(split))


def item_of(row: Row, currency: str, taxes: tuple[TaxItem, ...]) -> Item:
    _, key, _, amount, name, line, discounts, subscription, subscribed, charge, *others = row
    quantity, unit_price, service_start, service_end, source_item = others
    return Item(
        id=key,
        amount=amount_of(amount, currency),
        name=name,
        line=line,
        discounts=discounts,
        subscription=subscription,
        subscribed_charge=subscribed,
        charge=charge,
        quantity=_decimal(quantity),
        unit_price=_decimal(unit_price),
        service_start=_day_or_none(service_start),
        service_end=_day_or_none(service_end),
        source_item=source_item,
        taxes=taxes,
    )


def tax_of(row: Row, currency: str) -> TaxItem:
    _, _, key, _, amount, name, rate, jurisdiction, source_tax = row
    return TaxItem(
        id=key,
        amount=amount_of(amount, currency),
        name=name,
        rate=_decimal(rate),
        jurisdiction=jurisdiction,
        source_tax=source_tax,
    )


def application_of(row: Row, part_rows: Iterable[Row]) -> Application:
    """`part_rows` in the order of their positions."""
    _, from_, to, date, currency, amount, _ = row
    return Application(
        from_=from_,
        to=to,
        date=_day(date),
        amount=amount_of(amount, currency),
        parts=tuple(part_of(part, currency) for part in part_rows),
    )


def part_of(row: Row, currency: str) -> Part:
    _, _, item, tax, amount, source_item, source_tax = row
    return Part(
        item=item,
        amount=amount_of(amount, currency),
        tax=tax,
        source_item=source_item,
        source_tax=source_tax,
    )


_day = datetime.date.fromisoformat


def _day_or_none(text: str | None) -> datetime.date | None:
    return _day(text) if text is not None else None


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None
