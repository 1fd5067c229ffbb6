"""Billing periods: months counted from an anchor, so that a short month shifts none of those after it."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterator
from typing import NamedTuple

from billpolicy.book.model import BillingPeriod

MONTHS: dict[BillingPeriod, int] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
"""Billing period -> how many months it has."""


class Period(NamedTuple):
    """One whole billing period, `[begin, end)`, as the bounds of its months: one more than it has months."""

    bounds: tuple[datetime.date, ...]

    @property
    def begin(self) -> datetime.date:
        return self.bounds[0]

    @property
    def end(self) -> datetime.date:
        return self.bounds[-1]


class Periods(NamedTuple):
    """Every period of a charge, before and after its anchor."""

    month: int
    """The month of the anchor, counted from the year 0."""
    day: int
    """The day on which periods begin; a shorter month has its last day instead."""
    months: int

    @classmethod
    def of(cls, start: datetime.date, bill_day: int | None, months: int) -> Periods:
        """Anchored at the start, or at the first bill day (1 to 31) on or after it."""
        found = cls(start.year * 12 + start.month - 1, start.day if bill_day is None else bill_day, months)
        return found if found._bound(0) >= start else found._replace(month=found.month + 1)

    def since(self, day: datetime.date) -> Iterator[Period]:
        """The period that holds a day, and each one after it. Raises `ValueError` past the end of the calendar."""
        first = (day.year * 12 + day.month - 1 - self.month) // self.months * self.months
        if self._bound(first) > day:
            first -= self.months
        while True:
            yield Period(tuple(self._bound(first + month) for month in range(self.months + 1)))
            first += self.months

    def _bound(self, months: int) -> datetime.date:
        year, month = divmod(self.month + months, 12)
        return datetime.date(year, month + 1, min(self.day, calendar.monthrange(year, month + 1)[1]))


def one_day(start: datetime.date) -> Period:
    """What a one-time charge is billed for: the day of its start."""
    return Period((start, start + datetime.timedelta(days=1)))
