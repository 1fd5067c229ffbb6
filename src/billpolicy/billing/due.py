"""Which days of a charge are to be billed, and which were billed and are not used. docs/domain.md 1.2 and 5.3."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import NamedTuple

from billpolicy.billing.periods import MONTHS, Period, Periods, one_day
from billpolicy.book.history import values_in_turn
from billpolicy.book.model import SubscribedCharge, Subscription


class Stretch(NamedTuple):
    """Days `[start, end)` of one billing period."""

    period: Period
    first: datetime.date
    """The first day of service in the period: its begin, or the charge's start."""
    start: datetime.date
    end: datetime.date
    ended: datetime.date | None = None
    """Of a credit: where in the period service ended by itself, at the end of the stretch or after it: no later day of
    the period was ever charged."""


class Due(NamedTuple):
    """What is due of one charge: days to bill, or, as a `credit`, days that were billed beyond the end of service."""

    subscription: Subscription
    charge: SubscribedCharge
    credit: bool
    stretches: tuple[Stretch, ...]


def what_is_due(subscription: Subscription, target: datetime.date) -> tuple[Due, ...]:
    """What a bill run with this target date finds of a subscription, by charge.

    In advance, a period is due when it begins on or before the target date; in arrears, and of a minimum or maximum
    whatever its timing, when its last day of service is. Billing goes on from `charged_through`. Charges without a rate
    are passed over, and so are those without a start: see `without_start`; usage is told in `usage.py`. Raises
    `ValueError` or `OverflowError` past the end of the calendar.
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


def stretch_of(
    subscription: Subscription, charge: SubscribedCharge, start: datetime.date, day: datetime.date
) -> Stretch:
    """The days of the billing period that holds a day, of a charge that starts before it and is not charged once."""
    calendars = _calendars(subscription, charge, start)
    periods, since, _ = next(one for one in calendars if one.until is None or day < one.until)
    period = next(periods.since(day))
    first = max(period.begin, since, start)
    return Stretch(period, first, first, period.end)


def stretches_between(
    subscription: Subscription, charge: SubscribedCharge, first: datetime.date, until: datetime.date
) -> tuple[Stretch, ...]:
    """The days `[first, until)` of a charge, period by period, whether there is service on them now or not.

    Raises `ValueError` or `OverflowError` past the end of the calendar.
    """
    if charge.period == "one_time":
        return (Stretch(one_day(first), first, first, until),)
    start = start_of(subscription, charge) or first
    return tuple(_stretches(_calendars(subscription, charge, start), start, first, until))


def billed_alike(subscription: Subscription, other: Subscription, billed: Mapping[str, datetime.date]) -> bool:
    """Whether all that was billed of a subscription lies in the same billing periods by the bill days of another.

    *billed*: charge -> the first day after what is billed of it.
    """
    for charge in subscription.charges:
        start, through = start_of(subscription, charge), billed.get(charge.id)
        if charge.period != "one_time" and start is not None and through is not None and through > start:
            try:
                before, after = (
                    list(_stretches(_calendars(one, charge, start), start, start, through))
                    for one in (subscription, other)
                )
            except (OverflowError, ValueError):
                return False  # billed, by mistake, through a period that ends after the last day of the calendar
            if before != after:
                return False
    return True


class _Calendar(NamedTuple):
    """Periods that begin on one bill day, for the days `[since, until)`."""

    periods: Periods
    since: datetime.date
    until: datetime.date | None


def _calendars(subscription: Subscription, charge: SubscribedCharge, start: datetime.date) -> list[_Calendar]:
    """The billing periods of a charge, by bill day.

    A new bill day begins with the first period that ends on or after the day from which it holds: what was billed by
    the old one stays a whole period of the old one. Until its own first day, a part of one of its periods is billed.
    """
    months = MONTHS[charge.period]
    found: list[_Calendar] = []
    since = _anchor(subscription, charge) or start
    for bill_day, day in values_in_turn(subscription, "bill_day"):
        if found and day is not None and day > found[-1].since:
            last = found[-1]
            since = next(period.end for period in last.periods.since(last.since) if period.end >= day)
            found[-1] = last._replace(until=since)
        elif found:
            since = found.pop().since
        found.append(_Calendar(Periods.of(since, bill_day, months), since, None))
    return found


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
    calendars = _calendars(subscription, charge, start)
    if end is not None and end < through:
        unused = _stretches(calendars, start, end, through)
        ended = min(by_itself, default=datetime.date.max)
        return Due(
            subscription,
            charge,
            True,
            tuple(one._replace(ended=ended) if one.end <= ended < one.period.end else one for one in unused),
        )
    if start > target:
        return None  # without asking for its periods, which may lie past the end of the calendar

    def is_due(stretch: Stretch) -> bool:
        if charge.timing == "in_advance" and charge.bills == "rate":
            return stretch.first <= target
        return stretch.end - datetime.timedelta(days=1) <= target

    return Due(subscription, charge, False, tuple(takewhile(is_due, _stretches(calendars, start, through, end))))


def _stretches(
    calendars: Iterable[_Calendar], first: datetime.date, start: datetime.date, end: datetime.date | None
) -> Iterator[Stretch]:
    """The days `[start, end)` period by period; `first` is the first day of all."""
    for periods, since, until in calendars:
        if start == end:
            return
        if until is not None and until <= start:
            continue
        last = min((day for day in (end, until) if day is not None), default=None)
        for period in periods.since(start):
            to = period.end if last is None else min(period.end, last)
            yield Stretch(period, max(period.begin, first, since), max(period.begin, start), to)
            if to == last:
                break
        if last is not None:
            start = last


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
