"""Which charge periods are to be billed again, at what, and what of each was given back before? docs/domain.md 7.

A reopened charge period stands beside the charged-through date of its charge, which stays: later time was billed. Its
record says the days, the quantity and the rate; what it does not say is that of the charge on its first day, also where
another one continues it there. The memo that unwound its line (`memo`) took what was left of that, so what others had
given back of the line before still counts for the line that bills the period again.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from billpolicy.billing.again import Before, Carried, Days, Reopened, Terms
from billpolicy.billing.rating import BilledLine
from billpolicy.billing.usage import rated_by
from billpolicy.book.book import ZERO, Book
from billpolicy.book.model import (
    ChargePeriod,
    CombinedCharge,
    CreditMemo,
    DebitMemo,
    Invoice,
    Item,
    SubscribedCharge,
    Subscription,
    TaxItem,
    UsageRecord,
)
from billpolicy.money import from_minor, prorate, to_minor
from billpolicy.periods.charge_periods import line_name
from billpolicy.periods.given_back import GivenBack, given_back_of

_DAY = datetime.timedelta(days=1)


def reopened_of(book: Book, subscription: Subscription) -> tuple[Reopened, ...]:
    """The reopened periods of a subscription, by first day, charge and id; those without any rate are passed over, as
    bill runs pass over charges without one."""
    charges = {charge.id: charge for charge in subscription.charges}
    records = book.recorded_periods(subscription.id)
    waiting = [one for one in records if one.status == "reopened" and one.charge in charges]
    together: dict[tuple[object, ...], list[ChargePeriod]] = defaultdict(list)
    for one in sorted(waiting, key=lambda one: (one.from_, one.charge, one.document or "", one.id)):
        alone = None if charges[one.charge].usage else one.id
        together[one.charge, one.from_, one.until, alone].append(one)
    lines = _Lines(book, subscription.id, waiting)
    found = (_reopened(lines, subscription, charges[of[0].charge], of) for of in together.values())
    return tuple(one for one in found if one is not None)


def is_due(one: Reopened, target: datetime.date) -> bool:
    """In advance, a period is due when it begins on or before the target date; in arrears, and of usage, when its last
    day is."""
    return _is_due(one.charge, *one.days, target)


def any_due(book: Book, subscription: Subscription, target: datetime.date) -> bool:
    """Whether one of them may be due, by its days; it may be rated at nothing."""
    charges = {charge.id: charge for charge in subscription.charges}
    return any(
        _is_due(charges[one.charge], one.from_, one.until, target)
        for one in book.recorded_periods(subscription.id)
        if one.status == "reopened" and one.charge in charges
    )


def _is_due(charge: SubscribedCharge, first: datetime.date, until: datetime.date, target: datetime.date) -> bool:
    in_arrears = charge.usage or charge.timing == "in_arrears"
    return (until - _DAY if in_arrears else first) <= target


def _reopened(
    found: _Lines, subscription: Subscription, charge: SubscribedCharge, periods: list[ChargePeriod]
) -> Reopened | None:
    first = periods[0]
    now = rated_by(subscription, charge.id, first.from_) or charge
    lines = [line for line in (_line(found, period, now) for period in periods) if line is not None]
    before = _together([before for before, _ in lines])
    quantity = first.quantity
    if quantity is None:
        quantity = before.terms.quantity if charge.usage and before else now.quantity
    rate = next((rate for rate in (first.rate, now.rate, before and before.terms.rate) if rate is not None), None)
    if rate is None:
        return None
    new, billed = _used(found.book, subscription, first) if charge.usage else ((), ())
    return Reopened(
        subscription,
        charge,
        tuple(periods),
        Terms(quantity, rate),
        first.until,
        before,
        tuple(each for _, carried in lines for each in carried),
        new,
        billed,
    )


def _used(
    book: Book, subscription: Subscription, period: ChargePeriod
) -> tuple[tuple[UsageRecord, ...], tuple[UsageRecord, ...]]:
    """The usage of the days of a period, not billed and billed; also on days that have no service any more."""
    found = []
    for record in book.usage_records(subscription.id):
        if period.from_ <= record.date < period.until:
            charge = rated_by(subscription, record.charge, record.date)
            if (record.charge if charge is None else charge.id) == period.charge:
                found.append(record)
    found.sort(key=lambda one: (one.date, one.id))
    return tuple(one for one in found if one.billed_by is None), tuple(one for one in found if one.billed_by)


# -- the line that billed it ---------------------------------------------------------------------------------------


class _Lines:
    """The lines that had billed reopened periods of a subscription, and what was given back of them: each invoice, and
    each record, is looked at once."""

    def __init__(self, book: Book, subscription: str, periods: Iterable[ChargePeriod]) -> None:
        self.book = book
        numbered = (book.numbered.get(one.document or "") for one in periods)
        invoices = {one.number: one for one in numbered if isinstance(one, Invoice)}
        self.lines = {
            BilledLine(invoice.number, item.id): (invoice, item)
            for invoice in invoices.values()
            for item in invoice.items
        }
        self.discounts: dict[BilledLine, list[Item]] = defaultdict(list)
        for invoice, item in self.lines.values():
            if item.discounts is not None:
                self.discounts[BilledLine(invoice.number, item.discounts)].append(item)
        self.given: dict[BilledLine, list[GivenBack]] = defaultdict(list)
        for number, those in given_back_of(book, invoices.values()).items():
            for given in those:
                self.given[BilledLine(number, given.place.item)].append(given)
        self.records: dict[BilledLine, list[ChargePeriod]] = defaultdict(list)
        for one in sorted(book.recorded_periods(subscription), key=lambda one: (one.from_, one.charge, one.id)):
            if one.document is not None and one.item is not None:
                self.records[BilledLine(one.document, one.item)].append(one)
        names = {item.subscription or "" for of_line in self.discounts.values() for item in of_line}
        self._on_record = {
            (one.subscription, one.document, one.item) for name in names for one in book.recorded_periods(name)
        }

    def is_charged(self, invoice: Invoice, item: Item) -> bool:
        """Whether a discount is billed again by itself, as a charge period of its own."""
        if item.subscribed_charge is not None and item.service_start is not None and item.service_end is not None:
            return True
        return (item.subscription, invoice.number, item.id) in self._on_record


def _line(found: _Lines, period: ChargePeriod, now: SubscribedCharge) -> tuple[Before, list[Carried]] | None:
    """What a line has of a period, and what was taken off it otherwise than by a charge; None where nobody knows."""
    currency = period.currency
    terms = Terms(now.quantity, now.rate or ZERO)
    invoice, item = found.lines.get(BilledLine(period.document or "", period.item or ""), (None, None))
    if invoice is None or item is None:
        if period.amount is None:
            return None
        return Before(None, to_minor(period.amount, currency), terms, (period.from_, period.until), ()), []
    on_line: Item | CombinedCharge = next((one for one in item.combines if _is_of(period, one)), item)
    share = _share(found, period, item, on_line)
    if on_line.quantity is not None:
        terms = terms._replace(quantity=on_line.quantity)
    if on_line.unit_price is not None:
        terms = terms._replace(rate=on_line.unit_price)
    before = Before(invoice, share.own, terms, _days(item, period), share.taxes(item.taxes))
    return before, list(_carried(found, invoice, item, period, share))


def _days(item: Item, period: ChargePeriod) -> Days:
    """Those of the line; of one without days, those that the record has given it."""
    return item.days or (period.from_, period.until)


def _is_of(period: ChargePeriod, on_line: CombinedCharge) -> bool:
    """Whether it is what the line of a billing profile has of a period, also of one that is of another charge now."""
    charge = on_line.subscribed_charge
    return period.id == f"{line_name(period.document or '', period.item or '')}/{charge}"


class _Share(NamedTuple):
    """What a period has of its line, in minor units: all of it, unless the line bills several."""

    before: int
    """What those before it have: as cumulative parts they add up to the line."""
    own: int
    whole: int
    currency: str

    def taxes(self, taxes: Iterable[TaxItem]) -> tuple[TaxItem, ...]:
        """Its part of each tax."""
        return tuple(replace(tax, amount=self._part_of(tax.amount), source_tax=None) for tax in taxes)

    def part(self, amount: int) -> int:
        """Its part of an amount on the line."""
        if self.own == self.whole:
            return amount
        if not self.whole:
            return 0
        sign = 1 if self.whole > 0 else -1
        until = prorate(sign * amount, self.before + self.own, sign * self.whole)
        return until - prorate(sign * amount, self.before, sign * self.whole)

    def _part_of(self, amount: Decimal) -> Decimal:
        return from_minor(self.part(to_minor(amount, self.currency)), self.currency)


def _share(found: _Lines, period: ChargePeriod, item: Item, on_line: Item | CombinedCharge) -> _Share:
    """Of a line of a billing profile, and of one of which a book gives several periods."""
    if isinstance(on_line, CombinedCharge):
        amounts = [(one is on_line, one.amount) for one in item.combines]
    else:
        amounts = [
            (one.id == period.id, item.amount if one.amount is None else one.amount)
            for one in found.records[BilledLine(period.document or "", period.item or "")]
        ]
    minor = [to_minor(amount, period.currency) for _, amount in amounts]
    place = [is_it for is_it, _ in amounts].index(True)
    return _Share(sum(minor[:place]), minor[place], to_minor(item.amount, period.currency), period.currency)


def _carried(found: _Lines, invoice: Invoice, item: Item, period: ChargePeriod, share: _Share) -> Iterator[Carried]:
    """What was taken off a line: on the invoice, by items that are no charge's, as by a line that billed it again; and
    by what others than the memo that unwound it have given back, as far as it is of the days that are billed again."""
    currency = invoice.currency

    def by_others(of: Item) -> Iterator[GivenBack]:
        those = found.given.get(BilledLine(invoice.number, of.id), ())
        return (_within(one, period, currency) for one in those if one.by != period.memo)

    for one in found.discounts.get(BilledLine(invoice.number, item.id), ()):
        if not found.is_charged(invoice, one):
            off: dict[str | None, Decimal] = defaultdict(Decimal)
            for each in by_others(one):
                off[each.place.tax] += each.amount
            taxes = tuple(replace(tax, amount=tax.amount - off[tax.id]) for tax in one.taxes)
            yield _part(share, one.name or one.id, one.amount - off[None], taxes, currency)
    by: dict[str, dict[str | None, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for each in by_others(item):
        by[_giver(found.book, each)][each.place.tax] += each.amount
    for number, amounts in sorted(by.items()):
        taxes = tuple(replace(tax, amount=-amounts[tax.id]) for tax in item.taxes)
        yield _part(share, f"Credited before: {number}", -amounts[None], taxes, currency)


def _within(one: GivenBack, period: ChargePeriod, currency: str) -> GivenBack:
    """What of it is of the days of a period, by their number: the days after these may have been billed by others."""
    if one.days is None or one.days[1] <= period.until:
        return one
    start, end = one.days
    kept = max(0, (period.until - start).days)
    part = prorate(to_minor(one.amount, currency), kept, (end - start).days)
    return one._replace(amount=from_minor(part, currency))


def _part(share: _Share, name: str, amount: Decimal, taxes: tuple[TaxItem, ...], currency: str) -> Carried:
    return Carried(name, share.part(to_minor(amount, currency)), share.taxes(taxes))


def _giver(book: Book, given: GivenBack) -> str:
    """The memo that gave it; what takes a write-off back counts with that."""
    document = book.numbered[given.by]
    source = book.numbered.get(document.source or "") if isinstance(document, DebitMemo) else None
    return source.number if isinstance(source, CreditMemo) else given.by


def _together(lines: list[Before]) -> Before | None:
    """Several lines of the same days as one."""
    if len(lines) < 2:
        return lines[0] if lines else None
    taxes: dict[str, TaxItem] = {}
    for tax in (tax for line in lines for tax in line.taxes):
        known = taxes.get(tax.id)
        taxes[tax.id] = tax if known is None else replace(known, amount=known.amount + tax.amount)
    quantity = sum((line.terms.quantity for line in lines), ZERO)
    first = lines[0]
    return first._replace(
        amount=sum(line.amount for line in lines),
        terms=first.terms._replace(quantity=quantity),
        taxes=tuple(taxes.values()),
    )
