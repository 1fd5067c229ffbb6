"""What is billed again: the days of a reopened charge period, at what it says, once more on one line.

docs/domain.md 7. Time that is billed again is billed as it was, as far as nothing else is asked for: at unchanged
price and days the amount is the very amount of the line that billed it, and the tax is that line's. So taking a line
back and billing it again moves no balance. What else was given back of that line before is carried to the new one.

Whether there is service on the days does not matter here: of time after the end of service a bill run gives back what
the policy says, and of reopened time that is done by not billing it again (`without_service`).
"""

from __future__ import annotations

import datetime
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billpolicy.billing.due import Due, Stretch, stretches_between
from billpolicy.billing.proration import share
from billpolicy.billing.rating import Line, Rules, credited, rate, suffix_of
from billpolicy.billing.usage import Used, rate_usage
from billpolicy.book.model import ChargePeriod, Invoice, SubscribedCharge, Subscription, TaxItem, UsageRecord
from billpolicy.money import from_minor, half_up, in_parts, minor_digits, prorate, to_minor

Days = tuple[datetime.date, datetime.date]
"""`[from, until)`."""
_Charge = tuple[str, str]
"""Subscription and its charge."""


class Terms(NamedTuple):
    """What a whole billing period costs: quantity x rate."""

    quantity: Decimal
    rate: Decimal


class Before(NamedTuple):
    """What the line that billed a period has of it, in minor units."""

    invoice: Invoice | None
    """None where no document is known."""
    amount: int
    terms: Terms
    days: Days
    taxes: tuple[TaxItem, ...]


class Carried(NamedTuple):
    """What was taken off a line otherwise than by a charge, with the tax that it took; below zero where that line is
    above it."""

    name: str
    amount: int
    taxes: tuple[TaxItem, ...]


class Reopened(NamedTuple):
    """Days of a charge that are to be billed again."""

    subscription: Subscription
    charge: SubscribedCharge
    periods: tuple[ChargePeriod, ...]
    """One; of usage, all of the same days, since late usage is billed by lines of its own."""
    terms: Terms
    """As they are to be billed."""
    until: datetime.date
    """The first day after those that are billed again: not before the first one of the period."""
    before: Before | None = None
    carried: tuple[Carried, ...] = ()
    new: tuple[UsageRecord, ...] = ()
    """Of usage: the records of these days that no document bills, by date and id."""
    billed: tuple[UsageRecord, ...] = ()
    """Of usage: those that one bills."""

    @property
    def period(self) -> ChargePeriod:
        """The period, or the first of them."""
        return self.periods[0]

    @property
    def days(self) -> Days:
        """The days that are billed again."""
        return self.period.from_, self.until


def without_service(
    due: Iterable[Due], reopened: Iterable[Reopened], rules: Rules
) -> tuple[tuple[Due, ...], tuple[Reopened, ...]]:
    """Days that are reopened and that a bill run would give back are not billed again, and not given back either.

    What it would give back is what the policy says (`partial_credits`, `credit_one_time`); time that had been given
    back before is not due, so it is billed again and what was given back for it is carried.
    """
    found, cut = [], list(reopened)
    places: dict[_Charge, list[int]] = defaultdict(list)
    for place, again in enumerate(cut):
        places[again.subscription.id, again.charge.id].append(place)
    for one in due:
        here = places.get((one.subscription.id, one.charge.id), ())
        if not here or not one.credit or (one.charge.period == "one_time" and not rules.credit_one_time):
            found.append(one)
            continue
        # A minimum or maximum is brought to the part of the period that was used, whatever the policy gives back.
        stretches: list[Stretch] = list(one.stretches if one.charge.bills != "rate" else credited(one.stretches, rules))
        for place in here:
            again = cut[place]
            starts = [_overlap(again.days, (stretch.start, stretch.end)) for stretch in stretches]
            start = min((days[0] for days in starts if days is not None), default=again.until)
            stretches = [part for stretch in stretches for part in _outside(stretch, again.days)]
            cut[place] = again._replace(until=start)
        if stretches:
            found.append(one._replace(stretches=tuple(stretches)))
    return tuple(found), tuple(cut)


def rate_again(one: Reopened, rules: Rules) -> list[Line]:
    """The line that bills a reopened period again, without its tax; none where no day of it is billed.

    At the price and for the days of the line that billed it the amount is that line's, also where quantity x rate does
    not give it. Else it is counted as the policy does, where that gives the line's amount for what it billed; where it
    does not, it is in proportion to that amount. Rounded once, half up. Usage is rated by its records; where there are
    none, as of a book that does not have them, by the quantity of the line. Raises `AmountError` where an amount is too
    large.
    """
    start, until = one.days
    if until <= start:
        return []
    if one.charge.usage and (one.new or one.billed):
        return [_usage_again(one, rules)]
    before, days = one.before, one.days
    stretches = () if one.charge.usage else stretches_between(one.subscription, one.charge, *days)
    line = Line(
        one.subscription,
        one.charge,
        False,
        start,
        until,
        before.amount if before is not None and _same(one, one.terms, before) else _anew(one, rules),
        "Proration" if any(suffix_of(each, False, rules) for each in stretches) else "",
        quantity=one.terms.quantity,
        rate=one.terms.rate,
        again=one.period,
    )
    return [line]


def with_tax_and_carried(lines: Sequence[Line], reopened: Iterable[Reopened]) -> list[Line]:
    """The lines; those that bill a period again with the tax of the line that billed it, each followed by what was
    taken off that before.

    The tax of an unchanged amount is copied; of another one it is at the rate on record where that gave the tax, else
    in proportion. Where the period says its `tax_code`, tax is left to that. No more is carried than is billed, less
    the discounts on it, and no more tax than there is.
    """
    by_period = {one.period.id: one for one in reopened}
    discounts = _Discounts(lines)
    _settle_carried(lines, discounts, by_period)
    found = []
    for line in lines:
        one = by_period.get(line.again.id) if line.again is not None else None
        if one is None:
            found.append(line)
            continue
        line = line._replace(taxes=_taxes(one, line.amount))
        found.append(line)
        off = sum(_with_carried(other, by_period) for other in discounts.of(line))
        found += _carried(one, line, off)
    return found


# -- what it costs -------------------------------------------------------------------------------------------------


def _same(one: Reopened, terms: Terms, before: Before) -> bool:
    return one.days == before.days and terms.quantity * terms.rate == before.terms.quantity * before.terms.rate


def _anew(one: Reopened, rules: Rules) -> int:
    """What it costs at another price or for other days than those of the line that billed it, or where none is."""
    before = one.before
    counted = _counted(one, one.terms, one.days, rules)
    if before is None or not (whole := _exact(one, before.terms, before.days, rules)):
        return counted
    if _counted(one, before.terms, before.days, rules) == before.amount:
        return counted
    ratio = _exact(one, one.terms, one.days, rules) / whole
    return prorate(before.amount, ratio.numerator, ratio.denominator)


def _counted(one: Reopened, terms: Terms, days: Days, rules: Rules) -> int:
    """What the policy makes of days at a price."""
    if one.charge.usage:
        return half_up(_exact(one, terms, days, rules))
    charge = replace(one.charge, quantity=terms.quantity, rate=terms.rate)
    due = Due(one.subscription, charge, False, stretches_between(one.subscription, charge, *days))
    # Whether a one-time charge is given back on cancellation is asked of what is due, not of what is billed again.
    return sum(line.amount for line in rate(due, rules._replace(credit_one_time=False), one.period.currency))


def _exact(one: Reopened, terms: Terms, days: Days, rules: Rules) -> Fraction:
    """What days are worth at a price, not rounded; of usage the quantity is that of the days."""
    price = Fraction(terms.quantity) * Fraction(terms.rate) * Fraction(10 ** minor_digits(one.period.currency))
    if one.charge.usage:
        return price
    stretches = stretches_between(one.subscription, one.charge, *days)
    return price * sum((share(each.period, each.start, each.end, rules.counting) for each in stretches), Fraction(0))


def _usage_again(one: Reopened, rules: Rules) -> Line:
    """Usage at the rate of the period. At an unchanged quantity and rate it costs what it did, but for what is drawn
    from a prepaid charge anew."""
    currency, before = one.period.currency, one.before
    charge = replace(one.charge, rate=one.terms.rate)
    first, *_ = stretches_between(one.subscription, charge, *one.days)
    stretch = first._replace(start=one.days[0], end=one.until)
    line = rate_usage(Used(one.subscription, charge, stretch, one.new, one.billed), rules, currency)
    line = line._replace(charge=one.charge, rate=one.terms.rate, again=one.period)
    usage = line.usage
    assert usage is not None
    draws = any(one.charge.of_item in each.drawn_by for each in one.subscription.charges)
    if (
        before is None
        or draws
        or not line.amount
        or not _same(one, one.terms._replace(quantity=usage.quantity), before)
    ):
        return line
    parts = in_parts(before.amount, [amount for _, amount in usage.records])
    records = tuple((record, part) for (record, _), part in zip(usage.records, parts, strict=True))
    return line._replace(amount=before.amount, usage=usage._replace(records=records))


# -- tax, and what is carried --------------------------------------------------------------------------------------


def _taxes(one: Reopened, amount: int) -> tuple[TaxItem, ...]:
    before, currency = one.before, one.period.currency
    if before is None or one.period.tax_code is not None:
        return ()
    if amount == before.amount:
        return before.taxes
    return tuple(replace(tax, amount=from_minor(_tax(tax, amount, before, currency), currency)) for tax in before.taxes)


def _tax(tax: TaxItem, amount: int, before: Before, currency: str) -> int:
    was = to_minor(tax.amount, currency)
    if tax.rate is not None and _at(tax.rate, before.amount) == was:
        return _at(tax.rate, amount)
    return was if not before.amount else _in_proportion(was, amount, before.amount)


def _at(rate: Decimal, amount: int) -> int:
    return half_up(Fraction(rate) * amount)


def _in_proportion(amount: int, part: int, whole: int) -> int:
    return prorate(amount, part, whole) if whole > 0 else prorate(-amount, part, -whole)


class _Discounts:
    """Which of some lines reduce which: that of their charge in which they begin."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._of: dict[_Charge, list[Line]] = defaultdict(list)
        for line in sorted(lines, key=_start):
            if line.charge.discounts is not None:
                self._of[line.subscription.id, line.charge.discounts].append(line)

    def of(self, line: Line) -> Sequence[Line]:
        """Those that reduce this one."""
        those = self._of.get((line.subscription.id, line.charge.id), [])
        return those[bisect_left(those, line.start, key=_start) : bisect_left(those, line.end, key=_start)]


def _start(line: Line) -> datetime.date:
    return line.start


def _settle_carried(lines: Iterable[Line], discounts: _Discounts, by_period: dict[str, Reopened]) -> None:
    """What one document has given back of a line and of its discounts is carried to the line as one: what was given
    back of a discount reduces nothing by itself, so nobody would give it back with the new line."""
    for line in lines:
        for other in discounts.of(line):
            if line.again is None or other.again is None:
                continue
            one, discount = by_period.get(line.again.id), by_period.get(other.again.id)
            if one is None or discount is None:
                continue
            of_discount = {each.name: each for each in discount.carried}
            settled = []
            for each in one.carried:
                known = of_discount.get(each.name)
                if known is not None:
                    each, of_discount[each.name] = _as_one(each, known, one.period.currency)
                settled.append(each)
            by_period[line.again.id] = one._replace(carried=tuple(settled))
            by_period[other.again.id] = discount._replace(carried=tuple(of_discount.values()))


def _as_one(of_line: Carried, of_discount: Carried, currency: str) -> tuple[Carried, Carried]:
    """Two amounts of which the one makes up for the other, and their taxes: what is left of each."""

    def less(one: int, other: int) -> int:
        both = min(abs(one), abs(other)) if one * other < 0 else 0
        return one + both if one < 0 else one - both

    def taxes(own: Carried, of_other: Carried) -> tuple[TaxItem, ...]:
        others = {tax.id: to_minor(tax.amount, currency) for tax in of_other.taxes}
        left = [(tax, less(to_minor(tax.amount, currency), others.get(tax.id, 0))) for tax in own.taxes]
        return tuple(replace(tax, amount=from_minor(amount, currency)) for tax, amount in left)

    return (
        Carried(of_line.name, less(of_line.amount, of_discount.amount), taxes(of_line, of_discount)),
        Carried(of_discount.name, less(of_discount.amount, of_line.amount), taxes(of_discount, of_line)),
    )


def _with_carried(discount: Line, by_period: Mapping[str, Reopened]) -> int:
    """What a discount takes off, less what of it was taken off before with the line that it reduced."""
    one = by_period.get(discount.again.id) if discount.again is not None else None
    carried = 0 if one is None else sum(each.amount for each in one.carried)
    return min(0, discount.amount + max(0, carried))


def _carried(one: Reopened, line: Line, discounts: int) -> list[Line]:
    """What goes along with a line, below zero where that is above it, and together never more."""
    currency, sign = one.period.currency, -1 if line.amount > 0 else 1
    left = max(0, sign * -(line.amount + discounts))
    tax_left = {tax.id: abs(to_minor(tax.amount, currency)) for tax in line.taxes}
    found = []
    for each in one.carried:
        most = max(0, sign * each.amount)
        amount = min(most, left)
        left -= amount
        taxes = []
        for tax in each.taxes if one.period.tax_code is None else ():
            whole = max(0, sign * to_minor(tax.amount, currency))
            part = min(tax_left.get(tax.id, 0), prorate(whole, amount, most) if most else whole)
            tax_left[tax.id] = tax_left.get(tax.id, 0) - part
            if part:
                taxes.append(replace(tax, amount=from_minor(sign * part, currency)))
        if amount or taxes:
            found.append(
                line._replace(amount=sign * amount, taxes=tuple(taxes), usage=None, suffix="", carried=each.name)
            )
    return found


# -- days ----------------------------------------------------------------------------------------------------------


def _overlap(one: Days, other: Days) -> Days | None:
    start, until = max(one[0], other[0]), min(one[1], other[1])
    return (start, until) if start < until else None


def _outside(stretch: Stretch, days: Days) -> list[Stretch]:
    """The days of a stretch that are not among these."""
    if _overlap((stretch.start, stretch.end), days) is None:
        return [stretch]
    parts = (stretch._replace(end=days[0]), stretch._replace(start=days[1]))
    return [part for part in parts if part.start < part.end]
