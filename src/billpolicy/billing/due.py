"""Which days of a charge are to be billed, and which were billed and are not used. docs/domain.md 1.2 and 5.3."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from billpolicy.billing.periods import MONTHS, Period, Periods, one_day
from billpolicy.book.model import SubscribedCharge, Subscription


class Stretch(NamedTuple):
    """Days `[start, end)` of one billing period."""

    period: Period
    first: datetime.date
    """The first day of service in the period: its begin, or the charge's start."""
    start: datetime.date
    end: datetime.date
    service_ended: bool = False
    """Of a credit: service ended there by itself, so no later day of the period was ever charged."""


class Due(NamedTuple):
    """What is due of one charge: days to bill, or, as a `credit`, days that were billed beyond the end of service."""

    subscription: Subscription
    charge: SubscribedCharge
    credit: bool
    stretches: tuple[Stretch, ...]


def what_is_due(subscription: Subscription, target: datetime.date) -> tuple[Due, ...]:
    """What a bill run with this target date finds of a subscription, by charge.

    In advance, a period is due when it begins on or before the target date; in arrears, when its last day of service
    is. Billing goes on from `charged_through`. Charges without a rate are passed over, and so are those without a
    start: see `without_start`; usage is told in `usage.py`. Raises `ValueError` or `OverflowError` past the end of the
    calendar.
    """
    charges = sorted(subscription.charges, key=lambda charge: charge.id)
    found = (_due(subscription, charge, target) for charge in charges if charge.rate is not None and not charge.usage)
    return tuple(due for due in found if due is not None and due.stretches)


def without_start(subscription: Subscription) -> list[SubscribedCharge]:
    """The charges that cannot be billed, since neither they nor their subscription say when they start."""
    return [c for c in subscription.charges if c.rate is not None and start_of(subscription, c) is None]


def start_of(subscription: Subscription, charge: SubscribedCharge) -> datetime.date | None:
    """The first day of a charge: none is billed before its subscription begins."""
    return max(filter(None, (charge.start, subscription.start)), default=None)


def _anchor(subscription: Subscription, charge: SubscribedCharge) -> datetime.date | None:
    """Where the billing periods are counted from: a charge that continues another one has the periods of that one."""
    first = next((each for each in subscription.charges if each.id == charge.continues), charge)
    return start_of(subscription, first)


def end_of(subscription: Subscription, charge: SubscribedCharge) -> datetime.date | None:
    """The first day after the last one of a charge; None where it runs on. What ends before it starts has no day."""
    days = (charge.until, subscription.term_end, subscription.canceled_on)
    return min((day for day in days if day is not None), default=None)


def periods_of(subscription: Subscription, charge: SubscribedCharge, start: datetime.date) -> Periods:
    """The billing periods of a charge that starts on this day, and is not charged once."""
    return Periods.of(_anchor(subscription, charge) or start, subscription.bill_day, MONTHS[charge.period])


def _due(subscription: Subscription, charge: SubscribedCharge, target: datetime.date) -> Due | None:
    start = start_of(subscription, charge)
    if start is None:
        return None
    by_itself = [day for day in (charge.until, subscription.term_end) if day is not None]
    end = end_of(subscription, charge)
    # What ends before it starts has no service at all.
    end = None if end is None else max(start, end)
    through = max(start, charge.charged_through or start)
    if charge.period == "one_time":
        return _one_time(subscription, charge, start, through, end, target)
    periods = periods_of(subscription, charge, start)
    if end is not None and end < through:
        unused = _stretches(periods, start, end, through)
        ended = min(by_itself, default=None)
        return Due(subscription, charge, True, tuple(one._replace(service_ended=one.end == ended) for one in unused))

    def is_due(stretch: Stretch) -> bool:
        if charge.timing == "in_advance":
            return stretch.first <= target
        return stretch.end - datetime.timedelta(days=1) <= target

    return Due(subscription, charge, False, tuple(takewhile(is_due, _stretches(periods, start, through, end))))


def _stretches(
    periods: Periods, first: datetime.date, start: datetime.date, end: datetime.date | None
) -> Iterator[Stretch]:
    """The days `[start, end)` period by period; `first` is the first day of all."""
    if start == end:
        return
    for period in periods.since(start):
        until = period.end if end is None else min(period.end, end)
        yield Stretch(period, max(period.begin, first), max(period.begin, start), until)
        if until == end:
            return


def _one_time(
    subscription: Subscription,
    charge: SubscribedCharge,
    start: datetime.date,
    through: datetime.date,
    end: datetime.date | None,
    target: datetime.date,
) -> Due | None:
    """A one-time charge is due once, at its start, whatever its timing. Cancellation undoes all of it or nothing."""
    period = one_day(start)
    stretches = (Stretch(period, start, start, period.end),)
    if through > start:
        return Due(subscription, charge, True, stretches) if subscription.canceled_on is not None else None
    has_service = end is None or start < end
    return Due(subscription, charge, False, stretches) if has_service and start <= target else None
