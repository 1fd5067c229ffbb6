"""Which days of which charge were billed, by which line, at what; and what became of that. docs/domain.md 7.

A line of an invoice that names a subscribed charge and its days is the record of what it billed, so nothing is kept
twice. What a line cannot tell is on record in the book (`ChargePeriod`): what was excluded from billing, what a
correction has done to a line, and the periods that a book gives of lines without days.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from billpolicy.billing.undo import gives_back
from billpolicy.book.book import ZERO, Book
from billpolicy.book.model import ChargePeriod, Invoice, Item, SubscribedCharge
from billpolicy.money import exact

_DAY = datetime.timedelta(days=1)


def charge_periods(book: Book, subscription: str) -> tuple[ChargePeriod, ...]:
    """Every charge period of a subscription that the book knows of, by first day, charge and id.

    Those on record come in place of what their lines tell. Of a reversed invoice they are `credited`. Drafts count,
    canceled ones do not.
    """
    recorded = {id: book.charge_periods[id] for id in book.charge_periods_of.get(subscription, ())}
    given = {(one.document, one.item) for one in recorded.values()}
    found = list(recorded.values())
    for number in book.numbers_on.get(subscription, ()):
        invoice = book.numbered[number]
        if not isinstance(invoice, Invoice) or invoice.status == "canceled" or invoice.posted_as is not None:
            continue
        for period in periods_billed(book, invoice):
            known = period.id in recorded or (period.document, period.item) in given
            if period.subscription == subscription and not known:
                found.append(period)
    return tuple(sorted(found, key=lambda one: (one.from_, one.charge, one.id)))


def periods_billed(book: Book, invoice: Invoice) -> Iterator[ChargePeriod]:
    """The charge periods that the lines of an invoice tell, in the order of its lines."""
    discounts: dict[str, Decimal] = defaultdict(Decimal)
    for item in invoice.items:
        if item.discounts is not None:
            discounts[item.discounts] += item.amount
    charges = {
        id: {charge.id: charge for charge in book.subscriptions[id].charges}
        for id in invoice.subscriptions
        if id in book.subscriptions
    }
    for item in invoice.items:
        if item.subscription in charges:
            yield from _told_by(charges[item.subscription], invoice, item, discounts.get(item.id, ZERO))


def line_name(document: str, item: str) -> str:
    """How a line is named: `INV00000001/3`."""
    return f"{document}/{item}"


def excluded_name(subscription: str, charge: str, first: datetime.date) -> str:
    """How a charge period is named that no line has billed: `S-1/seats/2026-01-01`."""
    return f"{subscription}/{charge}/{first}"


def _told_by(
    charges: Mapping[str, SubscribedCharge], invoice: Invoice, item: Item, discount: Decimal
) -> Iterator[ChargePeriod]:
    """Of the item of a subscription with these charges."""
    if item.subscription is None or item.service_start is None or item.service_end is None:
        return
    name = line_name(invoice.number, item.id)
    tax = sum((tax.amount for tax in item.taxes), ZERO)
    shares = [(one.subscribed_charge, one.quantity, one.unit_price, one.amount) for one in item.combines] or [
        (item.subscribed_charge or "", item.quantity, item.unit_price, item.amount)
    ]
    for id, quantity, rate, amount in shares:
        charge = charges.get(id)
        if charge is None or (not item.combines and gives_back(item, charge)):
            continue
        yield ChargePeriod(
            id=f"{name}/{id}" if item.combines else name,
            subscription=item.subscription,
            charge=id,
            from_=item.service_start,
            until=item.service_end + _DAY,
            currency=invoice.currency,
            status="credited" if invoice.reversed_ else "billed",
            quantity=quantity,
            rate=rate,
            amount=amount,
            discount=discount if not item.combines else exact(ZERO, invoice.currency),
            tax=tax if not item.combines else exact(ZERO, invoice.currency),
            document=invoice.number,
            item=item.id,
        )


def charge_of(book: Book, period: ChargePeriod) -> SubscribedCharge | None:
    """The charge that a period is of."""
    subscription = book.subscriptions.get(period.subscription)
    charges = () if subscription is None else subscription.charges
    return next((charge for charge in charges if charge.id == period.charge), None)
