"""When a document is due by its payment term (docs/domain.md 1.7, docs/policy-language.md, payment terms)."""

from __future__ import annotations

import calendar
import datetime

from billpolicy.diagnostics.sentences import counted
from billpolicy.policy.model import PaymentTerm


def due_on(term: PaymentTerm, day: datetime.date) -> datetime.date:
    """When a document of this day is due. A month that is too short has its last day instead.

    Raises `OverflowError` or `ValueError` where that is past the last day of the calendar.
    """
    if term.due_day is not None:
        past_cutoff = term.cutoff_day is not None and day.day > term.cutoff_day
        return _in_month(day, (term.months or 1) + past_cutoff, term.due_day)
    due = _in_month(day, term.months, day.day) if term.months else day + datetime.timedelta(days=term.net or 0)
    if not term.end_of_month:
        return due
    if term.day is not None:
        return _in_month(due, 1, term.day)
    return _in_month(due, 0, 31) + datetime.timedelta(days=term.days_after or 0)


def in_words(term: PaymentTerm) -> str:
    """`due in 30 days, then at the end of the month, then on day 10 of the next`."""
    if term.due_day is not None:
        months = term.months or 1
        which = "the next month" if months == 1 else f"the month {months} months later"
        cutoff = f", a month later after day {term.cutoff_day}" if term.cutoff_day is not None else ""
        return f"due on day {term.due_day} of {which}{cutoff}"
    first = counted(term.months, "month") if term.months else counted(term.net, "day") if term.net else ""
    if not term.end_of_month:
        return f"due in {first}" if first else "due upon receipt"
    end = f"due in {first}, then at the end of the month" if first else "due at the end of the month"
    if term.day is not None:
        return f"{end}, then on day {term.day} of the next"
    return f"{end}, then {counted(term.days_after, 'day')} later" if term.days_after else end


def _in_month(day: datetime.date, months: int, number: int) -> datetime.date:
    """The day of this number in the month so many months after that of `day`, or the last one that it has."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > datetime.MAXYEAR:
        raise OverflowError("past the last day of the calendar")
    return datetime.date(year, month + 1, min(number, calendar.monthrange(year, month + 1)[1]))
