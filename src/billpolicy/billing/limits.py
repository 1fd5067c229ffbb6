"""What minimums and maximums bill beside the other charges of their item. docs/billing.md, "Minimum and maximum".

In each billing period of such a charge, the others of its item come to an amount: with their discounts, what was billed
before and what this bill run bills, less what bill runs have given back. A minimum bills what that falls short of it, a
maximum what it is above it, below zero. Both are told as the difference to what they billed of the period before, so
however the period is billed, and whatever comes late, it comes to what it does at once. Without rounding twice: of a
line that lies in the period with a part of its days, the parts of all periods add up to the line.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from billpolicy.billing.due import Due, Stretch, end_of, start_of, stretch_of
from billpolicy.billing.periods import Period
from billpolicy.billing.proration import share
from billpolicy.billing.rating import BilledLine, Line, Rules, Suffix, rounded, suffix_of
from billpolicy.book.model import SubscribedCharge, Subscription
from billpolicy.money import minor_digits, prorate


class Billed(NamedTuple):
    """What a line of a document has of one charge, in minor units: below zero where it gives back."""

    charge: str
    start: datetime.date
    end: datetime.date
    """The first day after its last."""
    amount: int
    line: BilledLine | None = None
    """Where it can be corrected: a line of an invoice that bills."""


Left = Callable[[BilledLine], int]
"""What is left of a line of an invoice, in minor units, with its sign."""


def has_limits(subscription: Subscription) -> bool:
    """Whether any of its items has a minimum or a maximum."""
    return any(charge.bills != "rate" for charge in subscription.charges)


def item_of(subscription: Subscription, charge: SubscribedCharge) -> str:
    """The subscription item that a charge counts for: a discount goes with what it reduces."""
    reduced = (one for one in subscription.charges if one.id == charge.discounts)
    return charge.item or next(reduced, charge).of_item


def with_limits(
    due: Iterable[Due],
    lines: Sequence[Line],
    billed: Sequence[Billed],
    left: Left,
    subscription: Subscription,
    rules: Rules,
    currency: str,
) -> list[Line]:
    """The lines of a bill run of one subscription, and those of its minimums and maximums, by charge and first day.

    *lines*: all others, and of a minimum or maximum those that bill a reopened period again, at whatever amount.
    *billed*: the lines before this bill run. Raises `AmountError` where an amount is too large.
    """
    own_due = {one.charge.id: one for one in due}
    items = {charge.id: item_of(subscription, charge) for charge in subscription.charges if charge.bills == "rate"}
    found = [line for line in lines if line.charge.bills == "rate"]
    now = [Billed(line.charge.id, line.start, line.end, line.amount) for line in found]
    for charge in sorted(subscription.charges, key=lambda one: one.id):
        start = start_of(subscription, charge)
        if charge.bills == "rate" or charge.rate is None or start is None:
            continue
        limit = _Limit(
            subscription,
            charge,
            start,
            [one for one in (*billed, *now) if items.get(one.charge) == charge.of_item],
            [one for one in billed if one.charge == charge.id],
            left,
            rules,
            currency,
        )
        again = [line for line in lines if line.charge.id == charge.id]
        days = [(one.start, one.end) for one in now if one.amount and items[one.charge] == charge.of_item]
        found += limit.lines(own_due.get(charge.id), again, days)
    return found


def not_known(
    due: Iterable[Due], billed: Sequence[Billed], subscription: Subscription
) -> Iterator[tuple[SubscribedCharge, SubscribedCharge]]:
    """Each minimum or maximum that is due, with each charge of its item that is charged through some of its days though
    no line tells at what: of that nothing counts."""
    for one in due:
        if one.charge.bills == "rate" or one.credit or not one.stretches:
            continue
        first, end = one.stretches[0].first, one.stretches[-1].end
        for other in sorted(subscription.charges, key=lambda charge: charge.id):
            start, through = start_of(subscription, other), other.charged_through
            if other.bills != "rate" or item_of(subscription, other) != one.charge.of_item or not (start and through):
                continue
            since, until = max(first, start), min(end, through)
            told = any(each.charge == other.id and each.start < until and since < each.end for each in billed)
            if since < until and not told:
                yield one.charge, other


class _Window(NamedTuple):
    """One billing period of a minimum or maximum."""

    period: Period
    first: datetime.date
    """Its first day of service."""
    served: datetime.date
    """The first day after its service."""
    until: datetime.date
    """The first day of which nothing counts any more: as the period ends, or as the charge does by itself. What is
    billed of the time after a cancellation counts for the period that it lies in."""

    def holds(self, day: datetime.date) -> bool:
        return self.first <= day < self.period.end


class _Limit(NamedTuple):
    """One minimum or maximum, and what is known of its item."""

    subscription: Subscription
    charge: SubscribedCharge
    start: datetime.date
    others: Sequence[Billed]
    """Of the other charges of its item, this bill run included."""
    own: Sequence[Billed]
    left: Left
    rules: Rules
    currency: str

    def lines(
        self, due: Due | None, again: Sequence[Line], touched: Iterable[tuple[datetime.date, datetime.date]]
    ) -> Iterator[Line]:
        """Its lines in a bill run that bills it `again` for reopened periods, and `touched` days of its item."""
        stretches = {} if due is None else {self._window(one.start).first: one for one in due.stretches}
        windows = {first: self._window(first) for first in stretches}
        through = max(self.start, self.charge.charged_through or self.start)
        for start, end in (*touched, *((line.start, line.end) for line in again)):
            day, end = max(start, self.start), min(end, through)
            while day < end:
                window = self._window(day)
                windows[window.first] = window
                day = window.period.end
        for first, window in sorted(windows.items()):
            reopened = [line for line in again if window.holds(line.start)]
            yield from self._lines_of(window, stretches.get(first), due is not None and due.credit, reopened)

    def _window(self, day: datetime.date) -> _Window:
        stretch = stretch_of(self.subscription, self.charge, self.start, day)
        first, end = stretch.first, stretch.period.end
        until = max(first, min(end, self.charge.until or end))
        served = max(first, min(until, end_of(self.subscription, self.charge) or until))
        return _Window(stretch.period, first, served, until)

    def _lines_of(
        self, window: _Window, stretch: Stretch | None, credit: bool, again: Sequence[Line]
    ) -> Iterator[Line]:
        """The lines of one period. *stretch*: what of its days is due, or, as a `credit`, given back."""
        before = [one for one in self.own if window.holds(one.start)]
        is_new = bool(again) or (stretch is not None and not credit)
        if not before and not is_new:
            # It was billed elsewhere: what the item came to then is not known here.
            yield from () if stretch is None else self._credit(stretch, (), 0)
            return
        difference = self._amount(window, again) - sum(one.amount for one in before)
        is_less = difference < 0 if self.charge.bills == "minimum" else difference > 0
        more, less = (0, difference) if is_less else (difference, 0)
        for line in again:
            yield line._replace(amount=more)
            more = 0
        if stretch is not None and not credit:
            yield self._line(stretch.start, stretch.end, more, suffix_of(stretch, False, self.rules))
        elif more:
            yield self._line(window.first, window.served, more, "Adjustment")._replace(adjusts=True)
        if stretch is not None and credit:
            yield from self._credit(stretch, before, less)
        else:
            yield from (line._replace(adjusts=True) for line in self._back(before, less, window.first, window.served))

    def _credit(self, stretch: Stretch, before: Sequence[Billed], amount: int) -> list[Line]:
        """The days of a stretch given back, with what was billed of them; a line also where that is nothing."""
        suffix = suffix_of(stretch, True, self.rules)
        back = [one._replace(suffix=suffix) for one in self._back(before, amount, stretch.start, stretch.end)]
        return back or [self._line(stretch.start, stretch.end, 0, suffix)._replace(credit=True)]

    def _back(self, before: Sequence[Billed], amount: int, start: datetime.date, end: datetime.date) -> Iterator[Line]:
        """What was billed of a period and is too much, given back line by line, the newest first; of each no more than
        is left of it."""
        newest = sorted(before, key=lambda one: (one.start, one.line or ("", "")), reverse=True)
        for one in newest:
            if not amount or one.amount * amount >= 0:
                continue
            left = one.amount if one.line is None else self.left(one.line)
            part = max(amount, min(0, -left)) if amount < 0 else min(amount, max(0, -left))
            if part:
                yield self._line(start, end, part, "Credit")._replace(credit=True, corrects=one.line)
            amount -= part

    def _amount(self, window: _Window, again: Sequence[Line]) -> int:
        """What it comes to in a period, at the rate and quantity at which it is billed again, if it is."""
        if window.served <= window.first:
            return 0
        of_others = sum(_part(one, window.first, window.until) for one in self.others)
        beyond = self._whole(window, again) - of_others
        return max(0, beyond) if self.charge.bills == "minimum" else min(0, beyond)

    def _whole(self, window: _Window, again: Sequence[Line]) -> int:
        """What the item costs at least, or at most, in a period; of one that is cut short its part."""
        rates = (*(line.rate for line in again), self.charge.rate)
        quantities = (*(line.quantity for line in again), self.charge.quantity)
        rate, quantity = (next(one for one in held if one is not None) for held in (rates, quantities))
        price = Fraction(rate) * Fraction(quantity) * 10 ** minor_digits(self.currency)
        if self.rules.partial_charges == "full":
            return rounded(price)
        return rounded(price * share(window.period, window.first, window.served, self.rules.counting))

    def _line(self, start: datetime.date, end: datetime.date, amount: int, suffix: Suffix) -> Line:
        return Line(self.subscription, self.charge, False, start, end, amount, suffix)


def _part(one: Billed, first: datetime.date, until: datetime.date) -> int:
    """What the days `[first, until)` have of a line, by their number."""
    whole = (one.end - one.start).days
    return _before(one, until, whole) - _before(one, first, whole)


def _before(one: Billed, day: datetime.date, whole: int) -> int:
    return prorate(one.amount, min(max(0, (day - one.start).days), whole), whole)
