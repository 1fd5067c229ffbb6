"""Which days of which charge were billed, by which line, at what; and what became of that. docs/domain.md 7.

A line of an invoice that names a subscribed charge and its days is the record of what it billed, so nothing is kept
twice. What a line cannot tell is on record in the book (`ChargePeriod`): what was excluded from billing, what a
correction has done to a line, and the periods that a book gives of lines without days.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from billpolicy.billing.undo import gives_back
from billpolicy.book.book import Book
from billpolicy.book.model import ChargePeriod, Invoice, Item, SubscribedCharge
from billpolicy.money import from_minor, in_parts, to_minor


def charge_periods(book: Book, subscription: str, documents: Collection[str] | None = None) -> tuple[ChargePeriod, ...]:
    """Every charge period of a subscription that the book knows of, by first day, charge and id.

    Those on record come in place of what their lines tell. Of a reversed invoice they are `credited`. Drafts count,
    canceled ones do not. *documents*: only what these invoices have billed.
    """
    recorded = {
        one.id: one for one in book.recorded_periods(subscription) if documents is None or one.document in documents
    }
    given = {(one.document, one.item, charge) for one in recorded.values() for charge in (None, one.charge)}
    found = [_as_it_stands(book, one) for one in recorded.values()]
    for number in book.numbers_on.get(subscription, ()):
        if documents is not None and number not in documents:
            continue
        invoice = book.numbered[number]
        if not isinstance(invoice, Invoice) or invoice.status == "canceled" or invoice.posted_as is not None:
            continue
        for period in periods_billed(book, invoice):
            if period.subscription != subscription or period.id in recorded:
                continue
            whole = period.id == line_name(invoice.number, period.item or "")
            if not given or (invoice.number, period.item, None if whole else period.charge) not in given:
                found.append(period)
    return tuple(sorted(found, key=lambda one: (one.from_, one.charge, one.id)))


def _as_it_stands(book: Book, period: ChargePeriod) -> ChargePeriod:
    """One on record, `credited` where the invoice that billed it was reversed."""
    invoice = book.numbered.get(period.document or "")
    reversed_ = isinstance(invoice, Invoice) and invoice.reversed_
    return replace(period, status="credited") if period.status == "billed" and reversed_ else period


def periods_billed(book: Book, invoice: Invoice) -> Iterator[ChargePeriod]:
    """The charge periods that the lines of an invoice tell, in the order of its lines; of one line, of its charges.

    Of a line that combines charges each has its part of the tax, in proportion, and of the discounts that are none of
    its charges'.
    """
    discounts: dict[str, list[Item]] = defaultdict(list)
    for item in invoice.items:
        if item.discounts is not None:
            discounts[item.discounts].append(item)
    charges = {
        id: {charge.id: charge for charge in book.subscriptions[id].charges}
        for id in invoice.subscriptions
        if id in book.subscriptions
    }
    for item in invoice.items:
        if item.subscription in charges:
            yield from _told_by(charges[item.subscription], invoice, item, discounts.get(item.id, ()))


def line_name(document: str, item: str) -> str:
    """How a line is named: `INV00000001/3`."""
    return f"{document}/{item}"


def excluded_name(subscription: str, charge: str, first: datetime.date) -> str:
    """How a charge period is named that no line has billed: `S-1/seats/2026-01-01`."""
    return f"{subscription}/{charge}/{first}"


def _told_by(
    charges: Mapping[str, SubscribedCharge], invoice: Invoice, item: Item, discounts: Sequence[Item]
) -> Iterator[ChargePeriod]:
    """Of the item of a subscription with these charges."""
    if item.subscription is None or item.days is None:
        return
    first, until = item.days
    name, currency = line_name(invoice.number, item.id), invoice.currency
    lines = item.by_charge
    tax_of_all = sum((tax.amount for tax in item.taxes), from_minor(0, currency))
    if len(lines) == 1:  # as nearly all are: it has all of them
        taxes = [tax_of_all]
        taken_off = [sum((one.amount for one in discounts), from_minor(0, currency))]
    else:
        taxes = parts_by_charge(item, tax_of_all, currency)
        taken_off = _discounts(lines, discounts, charges, currency)
    for line, tax, discount in zip(lines, taxes, taken_off, strict=True):
        charge = charges.get(line.subscribed_charge or "")
        if charge is None or gives_back(line, charge):
            continue
        # Of a recurring charge nobody can tell what was billed by a line without its last day.
        if item.service_end is None and charge.period != "one_time":
            continue
        yield ChargePeriod(
            id=f"{name}/{charge.id}" if item.combines else name,
            subscription=item.subscription,
            charge=charge.id,
            from_=first,
            until=until,
            currency=currency,
            status="credited" if invoice.reversed_ else "billed",
            quantity=line.quantity,
            rate=line.unit_price,
            amount=line.amount,
            discount=discount,
            tax=tax,
            document=invoice.number,
            item=item.id,
        )


def parts_by_charge(item: Item, amount: Decimal, currency: str) -> list[Decimal]:
    """What each charge of an item has of its tax or of a discount on it, as `by_charge` has them: in proportion."""
    parts = in_parts(to_minor(amount, currency), [to_minor(line.amount, currency) for line in item.by_charge])
    return [from_minor(part, currency) for part in parts]


def _discounts(
    lines: Sequence[Item],
    discounts: Iterable[Item],
    charges: Mapping[str, SubscribedCharge],
    currency: str,
) -> list[Decimal]:
    """What discounts take off each of these lines of one item: those of its charge, and its part of all others."""
    found = [0] * len(lines)
    places = {line.subscribed_charge: place for place, line in enumerate(lines)}
    others = 0
    for one in discounts:
        charge = charges.get(one.subscribed_charge or "")
        place = None if charge is None else places.get(charge.discounts)
        if charge is None or place is None:
            others += to_minor(one.amount, currency)
        else:
            found[place] += to_minor(one.amount, currency)
    parts = in_parts(others, [to_minor(line.amount, currency) for line in lines])
    return [from_minor(own + part, currency) for own, part in zip(found, parts, strict=True)]


def charge_of(book: Book, period: ChargePeriod) -> SubscribedCharge | None:
    """The charge that a period is of."""
    subscription = book.subscriptions.get(period.subscription)
    charges = () if subscription is None else subscription.charges
    return next((charge for charge in charges if charge.id == period.charge), None)
