"""When a document is due by its payment term (docs/domain.md 1.7, docs/policy-language.md, payment terms)."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterator

from billpolicy.diagnostics.sentences import counted
from billpolicy.policy.declarations import Declarations
from billpolicy.policy.language import PaymentTermText
from billpolicy.policy.layers import Layer, entries
from billpolicy.policy.model import PaymentTerm
from billpolicy.source.tree import Tree

_Number = tuple[tuple[str, ...], int | None, int, int, str]
"""Of a term as it is written: where a number stands, what it is, the least and the most, and what to do."""
_MONTHS = "`months` is a number from 1 to 120; for the month of the document write `{end_of_month: true}`"
_DAY_OF_MONTH = "write 1 to 31; a shorter month has its last day instead"


def payment_terms_of(declared: Declarations, layer: Layer) -> Iterator[PaymentTerm]:
    """The payment terms of one layer; what is wrong with them is noted among the declarations."""
    for name, text, tree in entries(layer, lambda file: file.payment_terms):
        term = _term(declared, name, text, tree)
        if term is not None:
            yield term


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


# -- as they are written ---------------------------------------------------------------------------------------------


def _term(declared: Declarations, name: str, text: PaymentTermText, tree: Tree) -> PaymentTerm | None:
    """A term as it is written; what is wrong with it is noted at its place."""
    due, counted = text.proximo, (text.net is not None) + (text.months is not None)
    ways = counted + (due is not None)
    at = tree.at("payment_terms", name, key=True)
    if ways > 1 or (not ways and not text.end_of_month) or (due and text.end_of_month):
        message = f"`{name}` must be counted in one way"
        hint = "write `{net: 30}`, `{months: 2}` or `{end_of_month: true}`, or else `{proximo: {due_day: 15}}`"
        declared.problem("payment-term-kind", message, at, hint)
        return None
    if not text.end_of_month and (text.day is not None or text.days_after is not None):
        key = "day" if text.day is not None else "days_after"
        message = f"`{key}` is counted from the end of a month"
        hint = f"add `end_of_month: true`, or write `{{proximo: {{due_day: {text.day or 15}}}}}`"
        declared.problem("payment-term-kind", message, tree.at("payment_terms", name, key, key=True), hint)
    if text.day is not None and text.days_after is not None:
        message = f"`{name}` is due either on a `day` or `days_after`, not both"
        here = tree.at("payment_terms", name, "days_after", key=True)
        declared.problem("payment-term-kind", message, here, "remove one of the two")
    numbers: list[_Number] = [
        (("net",), text.net, 0, 3660, "`net` is a number of days from 0 to 3660"),
        (("days_after",), text.days_after, 0, 3660, "`days_after` is a number of days from 0 to 3660"),
        (("months",), text.months, 1, 120, _MONTHS),
        (("day",), text.day, 1, 31, _DAY_OF_MONTH),
    ]
    if due is not None:
        numbers += [
            (("proximo", "months"), due.months, 1, 120, _MONTHS),
            (("proximo", "due_day"), due.due_day, 1, 31, _DAY_OF_MONTH),
            (("proximo", "cutoff_day"), due.cutoff_day, 1, 31, _DAY_OF_MONTH),
        ]
    for path, number, least, most, hint in numbers:
        if number is not None and not least <= number <= most:
            message = f"`{path[-1]}` of `{name}` is {number}"
            declared.problem("payment-term-range", message, tree.at("payment_terms", name, *path), hint)
    return PaymentTerm(
        name,
        at,
        net=text.net,
        months=due.months if due else text.months,
        end_of_month=text.end_of_month,
        day=text.day,
        days_after=text.days_after,
        due_day=due.due_day if due else None,
        cutoff_day=due.cutoff_day if due else None,
    )
