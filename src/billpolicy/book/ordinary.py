"""What is right at one look: most of a large book, and nothing else has to be asked of it.

Each check of a book goes through every document. An invoice that is as most are, posted, with amounts above zero and
items that only name what is there, cannot fail any check of one document, nor can such a payment; and where all that
was put of a payment is on one invoice, which has nothing else, one look tells that this is right, too. So where nothing
has to be told, the checks pass over these. Whatever is not ordinary is not wrong for that: they decide.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from billpolicy.book.model import Application, BookFile, Invoice, Payment
from billpolicy.money import largest_of, smallest_of

ZERO = Decimal(0)
_MANY = 1000
"""Items and taxes of one invoice: so many amounts are added up to an amount if each is a thousandth of the largest."""
_INVOICE = attrgetter("status", "reversed_", "posted_as", "total", "balance", "due_date_from")
_USUAL_INVOICE: tuple[object, ...] = ("posted", False, None, None, None, None)
_PAYMENT = attrgetter("status", "reversed_", "reversed_reason", "source", "balance", "expires_on", "attributes")
_USUAL_PAYMENT: tuple[object, ...] = ("posted", False, None, None, None, None, {})
_NAMES = attrgetter(
    "discounts", "source", "source_item", "combines", "subscription", "charge", "service_start", "service_end"
)
_NO_NAMES = (None, None, None, (), None, None, None, None)


class Ordinary(NamedTuple):
    """The numbers of what is ordinary in a book."""

    documents: frozenset[str] = frozenset()
    """Invoices and payments that are so, each by itself."""
    settled: frozenset[str] = frozenset()
    """Those of them that money was moved between, once and for both, as it can be."""


NOTHING = Ordinary()


class _Names(NamedTuple):
    """What documents and items may name."""

    accounts: Collection[str]
    subscriptions: Collection[str]
    charges: Collection[str]


def ordinary(file: BookFile) -> Ordinary:
    """What is ordinary in a book file, of which nothing else is known yet."""
    names = _Names(
        {one.id for one in file.accounts}, {one.id for one in file.subscriptions}, {one.id for one in file.charges}
    )
    invoices = {one.number: one for one in file.invoices if _is_invoice(one, names)}
    payments = {one.number: one for one in file.payments if _is_payment(one, names)}
    moved = Counter([number for one in file.applications for number in (one.from_, one.to)])
    settled: list[str] = []
    for one in file.applications:
        payment, invoice = payments.get(one.from_), invoices.get(one.to)
        once = moved[one.from_] == 1 == moved[one.to]
        if once and payment is not None and invoice is not None and _is_settled(one, payment, invoice):
            settled += (one.from_, one.to)
    return Ordinary(frozenset([*invoices, *payments]), frozenset(settled))


def _is_invoice(invoice: Invoice, names: _Names) -> bool:
    items = invoice.items
    if _INVOICE(invoice) != _USUAL_INVOICE or invoice.account not in names.accounts:
        return False
    if not 0 < len(items) <= _MANY or len({item.id for item in items}) < len(items):
        return False
    unit, most = _bounds_of_each(invoice.currency)
    count = 0
    for item in items:
        amount = item.amount
        if not (amount.same_quantum(unit) and ZERO < amount <= most):
            return False
        if (named := _NAMES(item)) != _NO_NAMES and not _is_there(names, *named):
            return False
        taxes = item.taxes
        if len(taxes) > 1 and len({tax.id for tax in taxes}) < len(taxes):
            return False
        count += 1 + len(taxes)
        for tax in taxes:
            amount = tax.amount
            if tax.source_tax is not None or not (amount.same_quantum(unit) and ZERO < amount <= most):
                return False
    return count <= _MANY


@cache
def _bounds_of_each(currency: str) -> tuple[Decimal, Decimal]:
    """One minor unit, and the most that an amount of an ordinary invoice is."""
    return smallest_of(currency), largest_of(currency) / _MANY


def _is_there(
    names: _Names,
    discounts: str | None,
    source: str | None,
    source_item: str | None,
    combines: Collection[object],
    subscription: str | None,
    charge: str | None,
    start: datetime.date | None,
    end: datetime.date | None,
) -> bool:
    """Whether an item only names what is there, and has days if it has a first and a last one."""
    if (discounts, source, source_item) != (None, None, None) or combines:
        return False
    known = (subscription is None or subscription in names.subscriptions) and (
        charge is None or charge in names.charges
    )
    return known and (start is None or end is None or start <= end)


def _is_payment(payment: Payment, names: _Names) -> bool:
    unit, most = smallest_of(payment.currency), largest_of(payment.currency)
    usual = _PAYMENT(payment) == _USUAL_PAYMENT and payment.account in names.accounts
    return usual and _is_exact(payment.amount, unit, most)


def _is_settled(one: Application, payment: Payment, invoice: Invoice) -> bool:
    """Whether an application of an ordinary payment to an ordinary invoice, the only one of both, is as it can be."""
    unit, currency = smallest_of(invoice.currency), payment.currency
    if currency != invoice.currency or one.date < payment.date or one.date < invoice.date:
        return False
    if not one.parts or not _is_exact(one.amount, unit, payment.amount):
        return False
    left: dict[tuple[str, str | None], Decimal] = {}
    for item in invoice.items:
        left[item.id, None] = item.amount
        for tax in item.taxes:
            left[item.id, tax.id] = tax.amount
    total = ZERO
    for part in one.parts:
        amount = left.pop((part.item, part.tax), None)
        if amount is None or part.source_item is not None or part.source_tax is not None:
            return False
        if not _is_exact(part.amount, unit, amount):
            return False
        total += part.amount
    return total == one.amount


def _is_exact(amount: Decimal, unit: Decimal, most: Decimal) -> bool:
    return amount.same_quantum(unit) and ZERO < amount <= most
