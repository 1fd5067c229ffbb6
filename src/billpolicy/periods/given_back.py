"""What of a line has been given back, by which documents, and what is left of it. docs/domain.md 5.3 and 6.2.

Whoever gives money or time back looks here, so that nothing is given back twice: credit memos made from an invoice,
write-offs, credits of bill runs and reversals count alike. A reversed memo counts no more, nor does what of a write-off
was asked for again. Three things bound what can be given back of an item: what is left of itself; of it and its
discounts, since a discount is settled with the item that it reduces; and of the whole invoice, since a write-off closes
an invoice wherever money was put on its items.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Literal, NamedTuple

from billpolicy.billing.undo import adjusts, gives_back
from billpolicy.book.book import ZERO, Book, Place, mirrored
from billpolicy.book.model import BillingDocument, CreditMemo, DebitMemo, Invoice, Item, SubscribedCharge, TaxItem
from billpolicy.money import from_minor, prorate, to_minor

Days = tuple[datetime.date, datetime.date]
"""`[from, until)`."""
How = Literal["credit_memo", "write_off", "bill_run", "reversal"]


class GivenBack(NamedTuple):
    """What one document gives back of one place of an invoice."""

    by: str
    """Its number."""
    how: How
    place: Place
    """On the invoice."""
    amount: Decimal
    """With the sign of the place: of an item above zero it is above zero. Below that it was taken back."""
    days: Days | None = None
    """Those that it gives back; None: it takes from the item, whatever the day."""
    charge: str | None = None
    """The subscribed charge whose days these are."""


def given_back(book: Book, invoice: Invoice) -> tuple[GivenBack, ...]:
    """All that was given back of an invoice, in the order of the documents' numbers."""
    return given_back_of(book, [invoice])[invoice.number]


def given_back_of(book: Book, invoices: Iterable[Invoice]) -> dict[str, tuple[GivenBack, ...]]:
    """All that was given back of each of these invoices, by its number. Every document on their subscriptions is looked
    at once, however many invoices there are."""
    wanted = {invoice.number: invoice for invoice in invoices}
    found: dict[str, list[GivenBack]] = {number: [] for number in wanted}
    for number, invoice in wanted.items():
        found[number] += _by_memos(book, invoice)
    for number, one in _by_bill_runs(book, wanted):
        found[number].append(one)
    return {
        number: tuple(sorted(those, key=lambda one: (one.by, one.place.item, one.place.tax or "")))
        for number, those in found.items()
    }


def sums(given: Iterable[GivenBack]) -> dict[Place, Decimal]:
    """What was given back of each place, added up."""
    found: dict[Place, Decimal] = defaultdict(Decimal)
    for one in given:
        found[one.place] += one.amount
    return dict(found)


# -- what is left --------------------------------------------------------------------------------------------------


class Left:
    """What is left of one invoice, to be given back. It shrinks as an operation plans to take more of it."""

    def __init__(self, invoice: Invoice, given: Iterable[GivenBack]) -> None:
        self.invoice = invoice
        self.before = tuple(given)
        self.given: dict[Place, Decimal] = defaultdict(Decimal, sums(self.before))
        self._whole = {place: amount for item in invoice.items for place, amount in _places(item)}
        self._taxes = {item.id: [place for place, _ in _places(item)][1:] for item in invoice.items}
        self._discounts: dict[str, list[str]] = defaultdict(list)
        self._reduces: dict[str, str] = {}
        for item in invoice.items:
            if item.discounts is not None:
                self._discounts[item.discounts].append(item.id)
                self._reduces[item.id] = item.discounts
        self._owed = {
            item.id for item in invoice.items if item.id not in self._reduces and self._net(item.id, self._whole) >= 0
        }
        self._taken = sum((self.given[place] for place in self._whole if self._is_owed(place)), ZERO)
        self._owed_whole = sum((amount for place, amount in self._whole.items() if self._is_owed(place)), ZERO)

    def of(self, place: Place) -> Decimal:
        """What is left of a place: never less than nothing, and of a place below zero never more."""
        whole = self._whole[place]
        left = whole - self.given[place]
        return max(left, whole * 0) if whole >= 0 else min(left, whole * 0)

    def places(self) -> dict[Place, Decimal]:
        """What is left of each place."""
        return {place: self.of(place) for place in self._whole}

    def net(self, item: str) -> Decimal:
        """What is left of an item with its discounts, without tax; not below zero where the whole is not."""
        left = self._net(item, self._whole) - self._net(item, self.given)
        return max(left, ZERO) if item in self._owed else left

    def net_tax(self, item: str) -> Decimal:
        """What is left of the taxes of an item and its discounts."""
        return sum((self.of(place) for place in self._taxes_of(item)), ZERO)

    def has_tax_left(self, item: str) -> bool:
        """Whether something is left of the taxes that an item and its discounts had together, with the sign of that."""
        whole = sum((self._whole[place] for place in self._taxes_of(item)), ZERO)
        return bool(whole) and self.net_tax(item) * whole > 0

    def is_discounted(self, item: str) -> bool:
        """Whether discounts reduce it."""
        return item in self._discounts

    @property
    def in_all(self) -> Decimal:
        """What is left of all of the invoice, with tax, but for what is below zero on it by itself."""
        return max(self._owed_whole - self._taken, ZERO)

    def part(self, item: str, amount: Decimal) -> Decimal:
        """As much of an amount, with the sign of the item, as is left of it. Of a discount nothing is left where
        nothing is left of the item that it reduces."""
        left = self.of(Place(item))
        reduced = self._reduces.get(item)
        if reduced is not None and not self.net(reduced):
            return ZERO
        if amount < 0:
            return max(amount, min(left, ZERO))
        if item in self._owed:
            left = min(left, self.net(item), self.in_all)
        return min(amount, max(left, ZERO))

    def part_of_tax(self, place: Place, amount: Decimal) -> Decimal:
        """As much of an amount, with the sign of a tax, as is left of it, less what discounts take off it."""
        if amount < 0:
            return max(amount, self.of(place))
        left = self.of(place)
        if place.item in self._owed:
            left = min(left, self.net_tax(place.item))
        return min(amount, max(left, ZERO))

    def taxes(self, item: Item, net: Decimal) -> dict[Place, Decimal]:
        """The taxes that go with a part of an item (`tax_of`): no more than is left of them, less its discounts', and
        of the invoice. Where the part is more than what is left of the item, they go with it all the same."""
        taxes = tax_of(item, net, self.invoice.currency, self.given)
        if item.id not in self._owed or self.part(item.id, net) != net:
            return taxes
        room = max(min(self.net_tax(item.id), self.in_all - net), ZERO)
        for place, amount in taxes.items():
            taxes[place] = min(amount, room)
            room -= taxes[place]
        return {place: amount for place, amount in taxes.items() if amount}

    def take(self, amounts: Mapping[Place, Decimal]) -> None:
        """Count these as given back, too."""
        for place, amount in amounts.items():
            self.given[place] += amount
            if self._is_owed(place):
                self._taken += amount

    def taken_by(self, item: str | None = None) -> dict[str, Decimal]:
        """Which documents have given back how much of an item and its discounts, without tax; or of all, with it."""
        own = None if item is None else {item, *self._discounts.get(item, ()), self._reduces.get(item, item)}
        found: dict[str, Decimal] = defaultdict(Decimal)
        for one in self.before:
            if own is None or (one.place.item in own and one.place.tax is None):
                found[one.by] += one.amount
        return {by: amount for by, amount in found.items() if amount}

    def _net(self, item: str, amounts: Mapping[Place, Decimal]) -> Decimal:
        of_it = (item, *self._discounts.get(item, ()))
        return sum((amounts.get(Place(one), ZERO) for one in of_it), ZERO)

    def _taxes_of(self, item: str) -> Iterator[Place]:
        return (place for one in (item, *self._discounts.get(item, ())) for place in self._taxes.get(one, ()))

    def _is_owed(self, place: Place) -> bool:
        return self._reduces.get(place.item, place.item) in self._owed


def left_in(book: Book, invoice: Invoice) -> Left:
    """What is left of an invoice."""
    return Left(invoice, given_back(book, invoice))


def left_of(book: Book, invoice: Invoice) -> dict[Place, Decimal]:
    """What is left of each place of an invoice: of a line that was billed, not of what is to be paid of it.

    A place has never less than nothing left. With its discounts an item may have less left than by itself: see
    `net_left`.
    """
    return left_in(book, invoice).places()


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


# -- by memos ------------------------------------------------------------------------------------------------------


def _by_memos(book: Book, invoice: Invoice) -> Iterator[GivenBack]:
    """By credit memos made from the invoice, less what of a write-off was asked for again."""
    for memo in book.created_from.get(invoice.number, ()):
        if not isinstance(memo, CreditMemo) or memo.status != "posted":
            continue
        if memo.reversed_ and not invoice.reversed_:
            continue  # of a reversed invoice the memo is flagged, too: it is what gives all of it back
        how: How = "credit_memo"
        if memo.write_off:
            how = "write_off"
        elif memo.reversed_:
            how = "reversal"
        of = {}
        for place, own, amount in mirrored(memo):
            of[own] = place
            yield GivenBack(memo.number, how, place, amount)
        if memo.write_off:
            yield from _again(book, memo, of, -1)


def _again(book: Book, memo: BillingDocument, of: Mapping[Place, Place], sign: int) -> Iterator[GivenBack]:
    """What was made of a write-off since: a debit memo asks for it again, and that may be written off, and so on.

    *of*: each place of the memo, and the place of the invoice that it is of.
    """
    for made in book.created_from.get(memo.number, ()):
        asks = isinstance(made, DebitMemo) if sign < 0 else isinstance(made, CreditMemo) and made.write_off
        if not asks or made.status != "posted" or made.reversed_:
            continue
        those = {}
        for place, own, amount in mirrored(made):
            if place in of:  # one that was imported may not say where its money is from
                those[own] = of[place]
                yield GivenBack(made.number, "write_off", of[place], sign * amount)
        yield from _again(book, made, those, -sign)


# -- by bill runs --------------------------------------------------------------------------------------------------


class _Billed(NamedTuple):
    """A line of an invoice and the days that it bills."""

    document: str
    item: Item
    days: Days


def _by_bill_runs(book: Book, wanted: Mapping[str, Invoice]) -> Iterator[tuple[str, GivenBack]]:
    """By lines of bill runs that give days back: on credit memos, or on invoices beside other lines.

    What waits on a draft counts, since its days are taken: nothing else gives them back. What it would take back, as of
    a discount, is not there until it is posted.
    """
    charges = {
        (name, charge.id): charge
        for name in sorted({name for invoice in wanted.values() for name in invoice.subscriptions})
        if name in book.subscriptions
        for charge in book.subscriptions[name].charges
    }
    billed: dict[tuple[str, str], list[_Billed]] | None = None
    for number in sorted({number for name, _ in charges for number in book.numbers_on.get(name, ())}):
        document = book.numbered[number]
        if not isinstance(document, CreditMemo | Invoice) or not _counts(document):
            continue
        if isinstance(document, CreditMemo) and document.source is not None:
            continue
        sign = 1 if isinstance(document, CreditMemo) else -1
        found: list[tuple[str, GivenBack]] = []
        if isinstance(document, Invoice):
            found += _taken_back(book, document, wanted)
        for item in document.items:
            if item.source is not None:
                if item.source in wanted and item.source_item is not None:
                    found += _line(number, item, item.source, item.source_item, sign)
                continue
            for each in item.by_charge:
                key = (each.subscription or "", each.subscribed_charge or "")
                charge = charges.get(key)
                if charge is not None and _gives_back(each, charge, sign):
                    if billed is None:
                        billed = _billed(wanted.values(), charges)
                    alike = [
                        line
                        for line in billed.get(key, ())
                        if line.document != number and wanted[line.document].currency == document.currency
                    ]
                    found += _inferred(number, each, alike, sign, document.currency)
        yield from (one for one in found if one[1].amount > 0 or document.status == "posted")


def _taken_back(book: Book, invoice: Invoice, wanted: Mapping[str, Invoice]) -> Iterator[tuple[str, GivenBack]]:
    """What memos over an invoice, as of its write-off, take back of the credits that stand on it beside other lines."""
    credits = {item.id: item for item in invoice.items if item.source in wanted}
    for one in _by_memos(book, invoice) if credits else ():
        credit = credits.get(one.place.item)
        if credit is not None and credit.source is not None and credit.source_item is not None:
            source_tax = {tax.id: tax.source_tax for tax in credit.taxes}.get(one.place.tax or "")
            if one.place.tax is None or source_tax is not None:
                # The line is below zero, and so is what a memo has of it.
                yield credit.source, one._replace(place=Place(credit.source_item, source_tax))


def _counts(document: CreditMemo | Invoice) -> bool:
    waits = document.is_open_draft and document.bill_run is not None
    return waits or (document.status == "posted" and not document.reversed_)


def _line(number: str, item: Item, document: str, of: str, sign: int) -> Iterator[tuple[str, GivenBack]]:
    """By a line that says which line billed its days."""
    days = item.days
    for each in item.by_charge:
        yield document, GivenBack(number, "bill_run", Place(of), sign * each.amount, days, each.subscribed_charge)
    for tax in item.taxes:
        if tax.source_tax is not None:
            yield document, GivenBack(number, "bill_run", Place(of, tax.source_tax), sign * tax.amount, days)


def _inferred(
    number: str, item: Item, billed: Iterable[_Billed], sign: int, currency: str
) -> Iterator[tuple[str, GivenBack]]:
    """By a line that does not say which line billed its days, as of a book from elsewhere: the lines of the same charge
    in the same currency have parts of it, by the days that they share with it."""
    days = item.days
    if days is None:
        return
    whole = (days[1] - days[0]).days
    for line in billed:
        first, last = max(days[0], line.days[0]), min(days[1], line.days[1])
        if first < last:
            amounts = [(Place(line.item.id), item.amount)]
            for tax in item.taxes:
                alike = (one for one in line.item.taxes if _kind(one) == _kind(tax))
                amounts += [(Place(line.item.id, one.id), tax.amount) for one in islice(alike, 1)]
            for place, amount in amounts:
                minor = to_minor(amount, currency)
                # As cumulative parts, so that those of several lines add up.
                before = prorate(minor, (first - days[0]).days, whole)
                part = from_minor(sign * (prorate(minor, (last - days[0]).days, whole) - before), currency)
                yield line.document, GivenBack(number, "bill_run", place, part, (first, last), item.subscribed_charge)


def _kind(tax: TaxItem) -> tuple[object, ...]:
    """What taxes of two documents have in common (docs/domain.md 9.5)."""
    return tax.name, tax.jurisdiction, tax.rate


def _billed(
    invoices: Iterable[Invoice], charges: Mapping[tuple[str, str], SubscribedCharge]
) -> dict[tuple[str, str], list[_Billed]]:
    """The lines of invoices that bill days of a charge, by subscription and charge."""
    found: dict[tuple[str, str], list[_Billed]] = defaultdict(list)
    for invoice in invoices:
        for item in (each for one in invoice.items for each in one.by_charge):
            key, days = (item.subscription or "", item.subscribed_charge or ""), item.days
            charge = charges.get(key)
            if charge is not None and days is not None and not _gives_back(item, charge, -1):
                found[key].append(_Billed(invoice.number, item, days))
    return found


def _gives_back(item: Item, charge: SubscribedCharge, sign: int) -> bool:
    """Whether an item gives days back: its price is negated; without a price, its amount is. `sign`: of what is given
    back on such a document. An adjustment of a minimum or maximum that names no line bills what it came to since."""
    if charge.usage or (item.source is None and adjusts(item, charge)):
        return False
    if item.source is not None or item.unit_price is not None:
        return gives_back(item, charge)
    return sign * item.amount * (-1 if (charge.rate or 0) < 0 else 1) > 0


def _places(item: Item) -> Iterator[tuple[Place, Decimal]]:
    yield Place(item.id), item.amount
    for tax in item.taxes:
        yield Place(item.id, tax.id), tax.amount
