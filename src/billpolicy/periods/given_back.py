"""What of a line has been given back, by which documents, and what is left of it. docs/domain.md 5.3 and 6.2.

Whoever gives money or time back looks here, so that nothing is given back twice: credit memos made from an invoice,
write-offs, credits of bill runs and reversals count alike. A discount is settled with the item that it reduces, so of
an item no more is left than of it and its discounts together. A reversed memo counts no more, nor does what of a
write-off was asked for again.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

from billpolicy.billing.undo import gives_back
from billpolicy.book.book import ZERO, Book, Place
from billpolicy.book.model import BillingDocument, CreditMemo, DebitMemo, Document, Invoice, Item
from billpolicy.money import from_minor, prorate, to_minor

Days = tuple[datetime.date, datetime.date]
"""`[from, until)`."""
_DAY = datetime.timedelta(days=1)


class GivenBack(NamedTuple):
    """What one document gives back of one place of an invoice."""

    by: str
    """Its number."""
    how: Literal["credit_memo", "write_off", "bill_run", "reversal"]
    place: Place
    """On the invoice."""
    amount: Decimal
    """With the sign of the place: of an item above zero it is above zero. Below that it was taken back."""
    days: Days | None = None
    """Those that it gives back; None: it takes from the item, whatever the day."""


def given_back(book: Book, invoice: Invoice) -> tuple[GivenBack, ...]:
    """All that was given back of an invoice, in the order of the documents' numbers."""
    found = [*_by_memos(book, invoice), *_by_bill_runs(book, invoice)]
    return tuple(sorted(found, key=lambda one: (one.by, one.place.item, one.place.tax or "")))


def left_of(book: Book, invoice: Invoice) -> dict[Place, Decimal]:
    """What is left of each place of an invoice: of a line that was billed, not of what is to be paid of it.

    A place has never less than nothing left. What was given back of an item beyond its own amount less its discounts
    is nobody's: see `net_left`.
    """
    left = {place: amount for item in invoice.items for place, amount in _places(item)}
    for one in given_back(book, invoice):
        if one.place in left:
            left[one.place] -= one.amount
    whole = {place: amount for item in invoice.items for place, amount in _places(item)}
    return {place: _towards_zero(amount, whole[place]) for place, amount in left.items()}


def net_left(invoice: Invoice, left: Mapping[Place, Decimal], item: str) -> Decimal:
    """What is left of an item with its discounts, without tax: what can be given back of it at most."""
    of_it = (one.id for one in invoice.items if item in (one.id, one.discounts))
    return sum((left[Place(id)] for id in of_it), ZERO)


def tax_of(item: Item, net: Decimal, currency: str, given: Mapping[Place, Decimal]) -> dict[Place, Decimal]:
    """The tax that goes with a part of an item, from the item's own taxes, cumulatively.

    Each is the tax of all that is given back of the item with this part, rounded once, less what was given before: so
    any number of parts come to the tax of the whole, to the cent (docs/domain.md 9.5). *net*: the part, with the sign
    of the item; *given*: what was given of each place before.
    """
    whole = to_minor(item.amount, currency)
    after = to_minor(given.get(Place(item.id), ZERO), currency) + to_minor(net, currency)
    taxes = {}
    for tax in item.taxes:
        place = Place(item.id, tax.id)
        # Of a discount all three are negative; `prorate` wants a positive whole.
        due = prorate(to_minor(tax.amount, currency), abs(after), abs(whole)) if whole else 0
        share = due - to_minor(given.get(place, ZERO), currency)
        # Where earlier memos named more tax than was due then, nothing is taken back.
        if share and (share < 0) == (tax.amount < 0):
            taxes[place] = from_minor(share, currency)
    return taxes


def sums(given: tuple[GivenBack, ...]) -> dict[Place, Decimal]:
    """What was given back of each place, added up."""
    found: dict[Place, Decimal] = defaultdict(Decimal)
    for one in given:
        found[one.place] += one.amount
    return dict(found)


def _by_memos(book: Book, invoice: Invoice) -> Iterator[GivenBack]:
    """By credit memos made from the invoice, less what of a write-off was asked for again."""
    for memo in book.created_from.get(invoice.number, ()):
        if not isinstance(memo, CreditMemo) or memo.status != "posted":
            continue
        if memo.reversed_ and not invoice.reversed_:
            continue  # of a reversed invoice the memo is flagged, too: it is what gives all of it back
        how: Literal["credit_memo", "write_off", "reversal"] = "credit_memo"
        if memo.write_off:
            how = "write_off"
        elif invoice.reversed_ and memo.reversed_:
            how = "reversal"
        of = {}
        for place, own, amount in _mirrored(memo):
            of[own] = place
            yield GivenBack(memo.number, how, place, amount)
        for again in book.created_from.get(memo.number, ()) if memo.write_off else ():
            if isinstance(again, DebitMemo) and again.status == "posted" and not again.reversed_:
                for own, _, amount in _mirrored(again):
                    if own in of:
                        yield GivenBack(again.number, "write_off", of[own], -amount)


def _by_bill_runs(book: Book, invoice: Invoice) -> Iterator[GivenBack]:
    """By lines of bill runs that give days of the invoice back: on credit memos, or on invoices beside other lines."""
    own = {item.id for item in invoice.items}
    for name in invoice.subscriptions:
        for number in book.numbers_on.get(name, ()):
            document = book.numbered[number]
            if number == invoice.number or not isinstance(document, (CreditMemo, Invoice)) or not _counts(document):
                continue
            if isinstance(document, CreditMemo) and document.source is not None:
                continue
            sign = 1 if isinstance(document, CreditMemo) else -1
            for item in document.items:
                if item.subscription != name:
                    continue
                if item.source == invoice.number and item.source_item in own:
                    yield from _line(number, item, item.source_item, sign)
                elif item.source is None:
                    for each in item.by_charge:
                        yield from _inferred(book, invoice, number, each, sign)


def _line(number: str, item: Item, of: str, sign: int) -> Iterator[GivenBack]:
    days = _days(item)
    yield GivenBack(number, "bill_run", Place(of), sign * item.amount, days)
    for tax in item.taxes:
        if tax.source_tax is not None:
            yield GivenBack(number, "bill_run", Place(of, tax.source_tax), sign * tax.amount, days)


def _inferred(book: Book, invoice: Invoice, number: str, item: Item, sign: int) -> Iterator[GivenBack]:
    """By a line that does not say which line billed its days, as of a book from elsewhere: the lines of the same charge
    have parts of it, by the days that they share with it."""
    charges = {charge.id: charge for charge in book.subscriptions[item.subscription or ""].charges}
    charge, days = charges.get(item.subscribed_charge or ""), _days(item)
    if charge is None or days is None or not gives_back(item, charge):
        return
    whole = (days[1] - days[0]).days
    minor = to_minor(item.amount, invoice.currency)
    for billed in (each for one in invoice.items for each in one.by_charge):
        theirs = _days(billed)
        if billed.subscribed_charge != item.subscribed_charge or billed.subscription != item.subscription:
            continue
        if theirs is None or gives_back(billed, charge):
            continue
        first, last = max(days[0], theirs[0]), min(days[1], theirs[1])
        if first < last:
            # As cumulative parts, so that those of several lines add up.
            before = prorate(minor, (first - days[0]).days, whole)
            part = prorate(minor, (last - days[0]).days, whole) - before
            amount = from_minor(sign * part, invoice.currency)
            yield GivenBack(number, "bill_run", Place(billed.id), amount, (first, last))


def _counts(document: Document) -> bool:
    return document.status == "posted" and not document.reversed_


def _mirrored(memo: BillingDocument) -> Iterator[tuple[Place, Place, Decimal]]:
    """Each place of the document that a memo was made from, the place on the memo that mirrors it, and its amount."""
    for item in memo.items:
        yield Place(item.source_item or ""), Place(item.id), item.amount
        for tax in item.taxes:
            yield Place(item.source_item or "", tax.source_tax), Place(item.id, tax.id), tax.amount


def _places(item: Item) -> Iterator[tuple[Place, Decimal]]:
    yield Place(item.id), item.amount
    for tax in item.taxes:
        yield Place(item.id, tax.id), tax.amount


def _days(item: Item) -> Days | None:
    if item.service_start is None:
        return None
    return item.service_start, (item.service_end or item.service_start) + _DAY


def _towards_zero(amount: Decimal, whole: Decimal) -> Decimal:
    """No less than nothing: of a place below zero, no more."""
    return max(amount, whole * 0) if whole >= 0 else min(amount, whole * 0)
