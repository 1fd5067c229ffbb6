"""How large a part of a billing period some of its days are. docs/domain.md 5.3."""

from __future__ import annotations

import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Literal, NamedTuple

from billpolicy.billing.periods import Period

DAYS = 30
"""The days of a month that is not counted by its actual ones."""


class Counting(NamedTuple):
    """How days are counted; the names are those of the policy's settings."""

    proration_basis: Literal["by_day", "by_month_first"] = "by_day"
    month_length: Literal["actual", "thirty", "thirty_360"] = "actual"


def share(period: Period, start: datetime.date, end: datetime.date, counting: Counting) -> Fraction:
    """The days `[start, end)` as a part of their period: 1 for all of it, never more, and more days are never less.

    | | `by_day` | `by_month_first` |
    |---|---|---|
    | `actual` | days / days of the period | for each month of the period: days / days of the month |
    | `thirty` | days / (30 x months) | for each month: days / 30 |
    | `thirty_360` | days30 / (30 x months) | for each month: days30 / 30 |

    `by_month_first` adds up the months and divides by their number. A month of a period runs from bound to bound, so
    from the 15th to the 15th where that is its anchor; a whole one counts 1 however long it is, and so does a whole
    period. No quotient is above 1. `days30` counts every month as 30 days: its 31st is none, and the last day of a
    shorter one makes it full. Of the quarter from October, the days from 10/15 are 78/92, or (17/31 + 2)/3 by month.
    """
    months = len(period.bounds) - 1
    if counting.proration_basis == "by_day":
        return _part(period.begin, period.end, start, end, months, counting)
    each = (_part(begin, after, start, end, 1, counting) for begin, after in pairwise(period.bounds))
    return sum(each, Fraction(0)) / months


def _part(
    begin: datetime.date, after: datetime.date, start: datetime.date, end: datetime.date, months: int, how: Counting
) -> Fraction:
    """The days of `[start, end)` in `[begin, after)`, which has so many months."""
    start, end = max(begin, start), min(after, end)
    if start >= end:
        return Fraction(0)
    if (start, end) == (begin, after):
        return Fraction(1)
    if how.month_length == "actual":
        return Fraction((end - start).days, (after - begin).days)
    days = (end - start).days if how.month_length == "thirty" else _days30(end) - _days30(start)
    return min(Fraction(1), Fraction(days, DAYS * months))


def _days30(day: datetime.date) -> int:
    """The days before this one, if every month had 30."""
    return (day.year * 12 + day.month) * DAYS + day.day
