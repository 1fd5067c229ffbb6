"""What days of a line are worth when they are given back: what they were billed at. docs/domain.md 5.3.

The days from one on to the end of the line are worth their part of the price by which the line was billed, counted as
the policy says, and never more than the line; all of its days are worth all of it. What lies between two days is the
difference, so days that are given back in any number of steps come to what they do at once, to the cent.
"""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import NamedTuple

from billpolicy.billing.due import Stretch
from billpolicy.billing.periods import Period
from billpolicy.billing.proration import share
from billpolicy.billing.rating import Rules, Value
from billpolicy.money import half_up


class BilledDays(NamedTuple):
    """Days `[first, until)` that a line has billed, and what that came to."""

    first: datetime.date
    until: datetime.date
    amount: int
    """Minor units, not below zero."""
    price: Fraction | None
    """Quantity x unit price as billed, in minor units, not below zero; None where the line does not say them."""


def worth(billed: BilledDays, since: datetime.date, until: datetime.date, stretch: Stretch, rules: Rules) -> int:
    """What the days `[since, until)` of a line are worth, in minor units; `stretch`: days of the period they lie in."""
    period = stretch.period
    if billed.first < period.begin or period.end < billed.until:
        # It was billed for other periods than those of the charge as it is now: its days are a period of their own.
        period = Period((billed.first, billed.until))
    price = _price(billed, stretch, period, rules)

    def from_on(day: datetime.date) -> int:
        if day <= billed.first:
            return billed.amount
        return min(billed.amount, half_up(price * share(period, day, billed.until, rules.counting)))

    return from_on(since) - from_on(until)


def _price(billed: BilledDays, stretch: Stretch, period: Period, rules: Rules) -> Fraction:
    """What a whole period costs by this line: as it says itself, if its amount comes of that; else in proportion."""
    if billed.price is not None and period == stretch.period:
        as_billed = stretch._replace(start=billed.first, end=billed.until)
        if Value(billed.price, rules).charged(as_billed) == billed.amount:
            return billed.price
    days = share(period, billed.first, billed.until, rules.counting)
    # By 30 days to a month a 31st is none of them: such a line is given back whole.
    return billed.amount / days if days else Fraction(billed.amount)
