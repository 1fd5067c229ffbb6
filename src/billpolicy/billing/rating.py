"""What is due in money: one line for each period, rounded once, half up (docs/domain.md 5.3 and 9.5).

A credit never exceeds what its period was charged, and days billed or credited in several steps come to what they do
at once: the steps of a charge are differences of what the days from the first one on cost, those of a credit
differences of what the days up to the last one are worth, and `share` never falls as days are added.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from billpolicy.billing.due import Due, Stretch
from billpolicy.billing.proration import Counting, share
from billpolicy.book.model import (
    ChargePeriod,
    SubscribedCharge,
    Subscription,
    TaxItem,
    UsageRecord,
)
from billpolicy.money import MAX_MINOR, AmountError, half_up, minor_digits


class Rules(NamedTuple):
    """How time is charged and credited; the names are those of the policy's settings."""

    counting: Counting = Counting()
    partial_charges: Literal["exact", "full"] = "exact"
    partial_credits: Literal["exact", "whole_months", "none"] = "exact"
    credit_one_time: bool = False
    partial_included: Literal["exact", "full"] = "exact"


class Draw(NamedTuple):
    """What usage draws from prepaid charges, and is not billed."""

    amount: int
    """In minor units; below zero it puts back what other usage has drawn."""
    first: str
    """The id of the prepaid period that it draws from first; what that does not cover, from those after it."""


class Usage(NamedTuple):
    """What a line bills of the usage of its period."""

    records: tuple[tuple[UsageRecord, int], ...]
    """The records that it bills, each with what it costs after those before it, in minor units."""
    quantity: Decimal
    """How much it bills: of what was used, what was not included, and not billed before."""
    used: Decimal
    """How much its records add up to."""
    billed: Decimal
    """How much of the period was used by the records that were billed before."""
    included: Decimal
    """How much of the period costs nothing."""
    draws: Mapping[str, Draw] = {}
    """Record -> what of its cost it draws from prepaid charges."""


class BilledLine(NamedTuple):
    """A line of an invoice."""

    document: str
    item: str


LeftOut = Literal["excluded_zero_amount", "excluded_zero_quantity", "nothing_left"]
"""`excluded_...`: as the charge period is on record then. `nothing_left`, of a credit: all that its days were billed at
has been given back before."""
Suffix = Literal["", "Proration", "Proration Credit", "Credit", "Adjustment"]


class Line(NamedTuple):
    """One period of one charge, in minor units: above zero to be paid, below zero to be given back."""

    subscription: Subscription
    charge: SubscribedCharge
    credit: bool
    """Whether it gives time back; a negative charge that is billed does not."""
    start: datetime.date
    end: datetime.date
    """The first day after its last."""
    amount: int
    suffix: Suffix
    """What its name on the document ends with (docs/domain.md 5.3)."""
    usage: Usage | None = None
    """Of a usage charge."""
    quantity: Decimal | None = None
    """Where it is not that of the charge as it stands now: as it was billed, or is corrected."""
    rate: Decimal | None = None
    """In the same way."""
    corrects: BilledLine | None = None
    """Of a credit: the line of an invoice whose days it gives back."""
    taxes: tuple[TaxItem, ...] = ()
    """With the signs of the amount."""
    again: ChargePeriod | None = None
    """The reopened charge period that it bills again."""
    carried: str | None = None
    """Beside the line that bills a period again: what was taken off before, and goes along with it, by this name."""
    combines: tuple[Line, ...] = ()
    """On a line of a billing profile: the lines that are on it, of one charge each. It has their sum and their taxes,
    and the charge of the first."""
    left_out: LeftOut | None = None
    """Why it is on no document, where it is on none: it moves the charged-through date all the same."""
    adjusts: bool = False
    """Of a minimum or a maximum: it changes what was billed of its days before, so it has no price of its own."""

    @property
    def by_charge(self) -> tuple[Line, ...]:
        """It as lines of one charge each."""
        return self.combines or (self,)

    @property
    def returns(self) -> bool:
        """Whether it gives back what had billed a reopened period, beside the line that bills that again."""
        return self.corrects is not None and self.again is not None


def rate(due: Due, rules: Rules, currency: str) -> list[Line]:
    """The lines of one charge, by period. Raises `AmountError` where an amount is too large."""
    charge, credit = due.charge, due.credit
    assert charge.rate is not None
    price = Fraction(charge.rate) * Fraction(charge.quantity) * 10 ** minor_digits(currency)
    sign = -1 if (price < 0) != credit else 1
    value = Value(abs(price), rules)
    return [
        Line(
            due.subscription,
            charge,
            credit,
            stretch.start,
            stretch.end,
            sign * (value.credited(stretch) if credit else value.charged(stretch)),
            suffix_of(stretch, credit, rules),
        )
        for stretch in stretches_of(due, rules)
    ]


def stretches_of(due: Due, rules: Rules) -> tuple[Stretch, ...]:
    """The days that are billed, or given back, period by period."""
    if due.charge.period == "one_time" and due.credit != _wanted(due.subscription, rules):
        return ()
    return tuple(credited(due.stretches, rules)) if due.credit else due.stretches


def _wanted(subscription: Subscription, rules: Rules) -> bool:
    """Whether a one-time charge is to be credited rather than billed."""
    return rules.credit_one_time and subscription.canceled_on is not None


def credited(stretches: tuple[Stretch, ...], rules: Rules) -> Iterator[Stretch]:
    """The days that are given back. Of a month or period that was used in part, it may be none (`partial_credits`)."""
    for stretch in stretches:
        start = stretch.start
        if start > stretch.first and rules.partial_credits != "exact":
            whole = stretch.period.bounds if rules.partial_credits == "whole_months" else stretch.period.bounds[-1:]
            start = next(bound for bound in whole if bound >= start)
        if start < stretch.end:
            yield stretch._replace(start=start)


class Value(NamedTuple):
    """What days of a period cost and are worth, at a price of the whole period in minor units, not below zero."""

    price: Fraction
    rules: Rules

    def charged(self, stretch: Stretch) -> int:
        """What the stretch costs, after the days of its period that were billed before it."""
        return self._cost(stretch, stretch.end) - self._exact(stretch, stretch.first, stretch.start)

    def credited(self, stretch: Stretch) -> int:
        """What the stretch is worth, before the days of its period that were credited after it.

        Where service ended by itself within the period, what the days until then were charged is given back, and no
        more. Else a stretch that ends within its period may be the rest of what was credited, and is worth no more than
        it was charged.
        """
        if stretch.ended is not None:
            return self._worth(stretch, stretch.start, stretch.ended) - self._worth(stretch, stretch.end, stretch.ended)
        worth = self._worth(stretch, stretch.start) - self._worth(stretch, stretch.end)
        return worth if stretch.end == stretch.period.end else min(worth, self.charged(stretch))

    def _cost(self, stretch: Stretch, until: datetime.date) -> int:
        """What the days of service in the period before `until` cost."""
        if self.rules.partial_charges == "full":
            return rounded(self.price)
        return self._exact(stretch, stretch.first, until)

    def _worth(self, stretch: Stretch, since: datetime.date, until: datetime.date | None = None) -> int:
        """What the days of the period from `since` on, `until` its end or that of service, are worth; if none is used,
        what they cost."""
        end = until or stretch.period.end
        whole = self._cost(stretch, end)
        return whole if since <= stretch.first else min(whole, self._exact(stretch, since, end))

    def _exact(self, stretch: Stretch, start: datetime.date, end: datetime.date) -> int:
        return rounded(self.price * share(stretch.period, start, end, self.rules.counting))


def rounded(amount: Fraction) -> int:
    """An amount in minor units, not below zero, half up. Raises `AmountError` if it is too large."""
    minor = half_up(amount)
    if minor >= MAX_MINOR:
        raise AmountError("quantity x rate is too large an amount")
    return minor


def suffix_of(stretch: Stretch, credit: bool, rules: Rules) -> Suffix:
    """What the name of a line of these days ends with."""
    if credit:
        return "Credit" if stretch.start <= stretch.first else "Proration Credit"
    whole = (stretch.start, stretch.end) == (stretch.period.begin, stretch.period.end)
    return "" if whole or rules.partial_charges == "full" else "Proration"
