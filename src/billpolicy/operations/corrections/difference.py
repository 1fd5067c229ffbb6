"""Only the difference: what had billed reopened periods is given back beside the lines that bill them again.

That is `correction_style: difference` of `credit_rebill` (docs/credit-rebill.md): no memo has taken back what is left
of the lines, so the bill run does. Where less is due than before, the invoice comes to zero and a credit memo has the
rest: the time is always billed by a line of an invoice, which can be corrected and credited in its turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from billpolicy.billing.again import Reopened
from billpolicy.billing.rating import BilledLine, Line
from billpolicy.book.book import ZERO, Book, Place, at_most
from billpolicy.book.changes import billing
from billpolicy.book.model import ChargePeriod, CreditMemo, Invoice, Item, TaxItem
from billpolicy.money import from_minor, in_parts, to_minor
from billpolicy.operations.corrections.selection import what_is_left
from billpolicy.periods.given_back import Left, given_back_of
from billpolicy.planning.request import DocumentAmount, PartAmount

_Amounts = dict[str, Mapping[Place, Decimal]]
"""Invoice -> what is left of places of it."""


class _Before(NamedTuple):
    """A line that had billed a reopened period, with what reduces it and is no charge's."""

    one: Reopened
    period: ChargePeriod
    invoice: Invoice
    items: tuple[Item, ...]
    """The line first."""


def returned_lines(book: Book, bills: Iterable[tuple[Sequence[Line], Sequence[Reopened]]]) -> list[list[Line]]:
    """For each of some bills, its lines and what they bill again: the lines that give back what is left of those
    before, where no memo has taken that."""
    before = [list(_before(book, lines, again)) for lines, again in bills]
    invoices = {one.invoice.number: one.invoice for of in before for one in of}
    if not invoices:
        return [[] for _ in before]
    given = given_back_of(book, invoices.values())
    names: dict[str, set[str]] = defaultdict(set)
    for one in (one for of in before for one in of):
        names[one.invoice.number].update(item.id for item in one.items)
    amounts: _Amounts = {
        number: what_is_left(Left(invoice, given[number]), names[number]) for number, invoice in invoices.items()
    }
    return [[line for one in of for line in _lines(one, amounts)] for of in before]


def _before(book: Book, lines: Sequence[Line], again: Sequence[Reopened]) -> Iterator[_Before]:
    """The lines before, each once, of the periods that these lines bill again."""
    billed = {each.again.id for line in lines for each in line.by_charge if each.again is not None}
    periods = [(one, period) for one in again if one.period.id in billed for period in one.periods]
    on: dict[str, _OnInvoice] = {}
    done: set[BilledLine] = set()
    for one, period in periods:
        name = BilledLine(period.document or "", period.item or "")
        invoice = book.numbered.get(name.document)
        if period.memo is not None or not isinstance(invoice, Invoice) or name in done:
            continue
        done.add(name)
        if invoice.status == "posted" and not invoice.reversed_:
            if invoice.number not in on:
                on[invoice.number] = _OnInvoice(book, invoice)
            yield _Before(one, period, invoice, on[invoice.number].items(name.item))


class _OnInvoice:
    """The items of an invoice, each with what reduces it and is no charge's: that has no period to be billed again."""

    def __init__(self, book: Book, invoice: Invoice) -> None:
        records = (id for name in invoice.subscriptions for id in book.charge_periods_of.get(name, ()))
        recorded = {one.item for one in map(book.charge_periods.__getitem__, records) if one.document == invoice.number}
        self._items = {item.id: item for item in invoice.items}
        self._reducing: dict[str, list[Item]] = defaultdict(list)
        for item in invoice.items:
            told = None not in (item.subscribed_charge, item.service_start, item.service_end)
            if item.discounts is not None and not told and item.id not in recorded:
                self._reducing[item.discounts].append(item)

    def items(self, id: str) -> tuple[Item, ...]:
        """The item, first, and those."""
        return self._items[id], *self._reducing.get(id, ())


def _lines(before: _Before, amounts: _Amounts) -> Iterator[Line]:
    one, period, invoice, items = before
    left, currency = amounts[invoice.number], invoice.currency
    for place, item in enumerate(items):
        net = left[Place(item.id)]
        taxes = tuple(
            replace(tax, amount=-left[Place(item.id, tax.id)], source_tax=tax.id)
            for tax in item.taxes
            if left[Place(item.id, tax.id)]
        )
        if not net and not taxes:
            continue
        start, end = item.days or (period.from_, period.until)
        line = Line(
            one.subscription,
            one.charge,
            True,
            start,
            end,
            0,
            "Credit",
            quantity=item.quantity,
            rate=item.unit_price,
            corrects=BilledLine(invoice.number, item.id),
            again=period,
            carried=(item.name or item.id) if place else None,
            # Without a price it is a minimum, a maximum or one of a book that does not say it.
            adjusts=item.unit_price is None,
        )
        yield _with_amounts(line._replace(combines=tuple(_combined(line, item))), -to_minor(net, currency), taxes)


def _combined(line: Line, item: Item) -> Iterator[Line]:
    """What a line of a billing profile gives back, by charge; each with what it was billed at, to be divided by."""
    charges = {charge.id: charge for charge in line.subscription.charges}
    currency = line.again.currency if line.again is not None else ""
    for each in item.combines:
        charge, amount = charges[each.subscribed_charge], -to_minor(each.amount, currency)
        yield line._replace(charge=charge, amount=amount, quantity=each.quantity, rate=each.unit_price)


def _with_amounts(line: Line, amount: int, taxes: tuple[TaxItem, ...]) -> Line:
    """The line at another amount; what it combines has its part of that, in proportion."""
    parts = in_parts(amount, [each.amount for each in line.combines])
    combines = (each._replace(amount=part) for each, part in zip(line.combines, parts, strict=True))
    return line._replace(amount=amount, taxes=taxes, combines=tuple(combines))


# -- where less is due ---------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """What a line gives back, of its net or of a tax, in minor units above zero."""

    line: int
    tax: str | None
    kind: object
    most: int


def divided(lines: Sequence[Line], currency: str) -> tuple[list[Line], list[Line]] | None:
    """The lines of an invoice not below zero, and those of the credit memo that gives the rest back; None where there
    are none, since what is billed again comes to less than nothing.

    On the memo is, of what is given back, first what a line and its discounts and taxes come to less than before, each
    for itself.
    """
    less = -sum(amount for line in lines for _, amount in _amounts(line, currency))
    if less <= 0:
        return list(lines), []
    parts = [
        _Part(number, tax, _kind(line, tax), -amount)
        for number, line in enumerate(lines)
        if line.returns
        for tax, amount in _amounts(line, currency)
        if amount < 0
    ]
    short: dict[object, int] = defaultdict(int)
    for line in lines:
        for tax, amount in _amounts(line, currency):
            short[_kind(line, tax)] -= amount
    first = []
    for part in parts:
        own = min(part.most, max(short[part.kind], 0))
        short[part.kind] -= own
        first.append(own)
    rest = [part.most - own for part, own in zip(parts, first, strict=True)]
    if less > sum(first) + sum(rest):
        return None
    taken = in_parts(min(less, sum(first)), first)
    if less > sum(first):
        taken = [own + more for own, more in zip(first, in_parts(less - sum(first), rest), strict=True)]
    on_memo: dict[int, dict[str | None, int]] = defaultdict(dict)
    for part, amount in zip(parts, taken, strict=True):
        if amount:
            on_memo[part.line][part.tax] = amount
    kept = [_less(line, on_memo.get(number, {}), currency) for number, line in enumerate(lines)]
    given = [_only(lines[number], of, currency) for number, of in sorted(on_memo.items())]
    return [line for line in kept if not line.returns or line.amount or line.taxes], given


def _amounts(line: Line, currency: str) -> Iterator[tuple[str | None, int]]:
    """Its net and its taxes, by id."""
    yield None, line.amount
    for tax in line.taxes:
        yield tax.id, to_minor(tax.amount, currency)


def _kind(line: Line, tax: str | None) -> object:
    """What is compared with what it was before: an item with its discounts, and each of its taxes."""
    period = line.again
    name = next((one.name or one.id for one in line.taxes if one.id == tax), None)
    days = None if period is None else (period.document, period.from_)
    return line.subscription.id, line.charge.discounts or line.charge.id, days, name


def _less(line: Line, of: Mapping[str | None, int], currency: str) -> Line:
    taxes = (replace(tax, amount=tax.amount + from_minor(of.get(tax.id, 0), currency)) for tax in line.taxes)
    return _with_amounts(line, line.amount + of.get(None, 0), tuple(tax for tax in taxes if tax.amount)) if of else line


def _only(line: Line, of: Mapping[str | None, int], currency: str) -> Line:
    taxes = (replace(tax, amount=from_minor(-of[tax.id], currency)) for tax in line.taxes if tax.id in of)
    return _with_amounts(line, -of.get(None, 0), tuple(taxes))


# -- afterwards ----------------------------------------------------------------------------------------------------


def changes(book: Book, documents: Iterable[Invoice | CreditMemo]) -> bool:
    """Whether documents that give lines back and bill their time again change what any charge was billed at for it,
    with its discounts."""
    items = cache(lambda number: {item.id: item for item in billing(book, number).items})

    def charge(number: str, item: Item) -> str | None:
        """The charge that an item is of, or that it reduces; None of a line that combines several."""
        if item.source is not None:
            number, item = item.source, items(item.source)[item.source_item or ""]
        return items(number)[item.discounts or item.id].subscribed_charge

    sums: dict[object, Decimal] = defaultdict(Decimal)
    for document in documents:
        sign = -1 if isinstance(document, CreditMemo) else 1
        for item in document.items:
            of = item.subscription, charge(document.number, item), item.service_start
            sums[of, None] += sign * item.amount
            for tax in item.taxes:
                sums[of, tax.name or tax.id] += sign * tax.amount
    return any(sums.values())


def open_of_corrected(book: Book, memo: CreditMemo) -> list[DocumentAmount]:
    """What is open of the very places that the lines of a memo give back, as much as they do."""
    given: dict[str, dict[Place, Decimal]] = defaultdict(dict)
    for item in memo.items:
        given[item.source or ""][Place(item.source_item or "")] = item.amount
        for tax in item.taxes:
            given[item.source or ""][Place(item.source_item or "", tax.source_tax)] = tax.amount
    found = []
    for number, places in sorted(given.items()):
        invoice = book.numbered[number]
        is_open = book.open_places(billing(book, number))
        amounts = {place: max(min(amount, is_open[place]), ZERO) for place, amount in places.items()}
        amounts = {place: most for place, most in at_most(book.balance(invoice), amounts).items() if most}
        if amounts:
            parts = tuple(PartAmount(item=place.item, tax=place.tax, amount=most) for place, most in amounts.items())
            total = sum(amounts.values(), ZERO)
            found.append(DocumentAmount(document=number, amount=total, items=parts))
    return found
