"""When a document is due: terms of other systems worked out by hand, and every term by a walk over the calendar."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.policy.model import PaymentTerm
from billpolicy.policy.payment_terms import due_on, in_words

HERE = Position("policy.yaml")
ONE = datetime.timedelta(1)


def term(**how: int | bool) -> PaymentTerm:
    return PaymentTerm("T", HERE, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "day", "due"),
    [
        # odoo "30 days, end of month, on the 10th": 14 January + 30 days is 13 February, then the 28th, then 10 March.
        ({"net": 30, "end_of_month": True, "day": 10}, "2026-01-14", "2026-03-10"),
        ({"net": 30, "end_of_month": True, "day": 10}, "2026-01-01", "2026-02-10"),  # 31 January, in January still
        ({"net": 30, "end_of_month": True, "day": 10}, "2026-01-02", "2026-03-10"),  # 1 February
        # 30 days after 30 January is 1 March, but 29 February in a leap year.
        ({"net": 30, "end_of_month": True}, "2026-01-30", "2026-03-31"),
        ({"net": 30, "end_of_month": True}, "2028-01-30", "2028-02-29"),
        ({"net": 45, "end_of_month": True}, "2026-03-15", "2026-04-30"),  # 29 April
        ({"net": 0, "end_of_month": True}, "2028-02-01", "2028-02-29"),
        ({"end_of_month": True}, "2026-02-28", "2026-02-28"),
        ({"end_of_month": True}, "2026-12-05", "2026-12-31"),
        # odoo "days after end of month", erpnext "day(s) after the end of the invoice month".
        ({"end_of_month": True, "days_after": 30}, "2026-01-10", "2026-03-02"),
        ({"end_of_month": True, "days_after": 30}, "2028-01-10", "2028-03-01"),
        ({"end_of_month": True, "day": 30}, "2026-01-10", "2026-02-28"),  # on the 30th, which February has not
        ({"end_of_month": True, "days_after": 0}, "2026-01-10", "2026-01-31"),
        # odoo "days after end of next month".
        ({"months": 1, "end_of_month": True, "days_after": 10}, "2026-01-31", "2026-03-10"),
        # OCA, erpnext: months after the end of the month; it is an end, also after a short month.
        ({"months": 1, "end_of_month": True}, "2026-02-28", "2026-03-31"),
        ({"months": 2, "end_of_month": True}, "2025-12-31", "2026-02-28"),
        ({"months": 12, "end_of_month": True}, "2027-02-14", "2028-02-29"),
        # erpnext: months after the date; the same day, or the last there is.
        ({"months": 1}, "2026-01-31", "2026-02-28"),
        ({"months": 1}, "2028-01-31", "2028-02-29"),
        ({"months": 1}, "2026-02-28", "2026-03-28"),
        ({"months": 12}, "2028-02-29", "2029-02-28"),
        ({"months": 48}, "2028-02-29", "2032-02-29"),
        ({"months": 2}, "2026-12-31", "2027-02-28"),
        # A day of a later month, with a cutoff.
        ({"due_day": 31, "months": 2}, "2025-12-10", "2026-02-28"),
        ({"due_day": 5, "cutoff_day": 20, "months": 2}, "2026-10-20", "2026-12-05"),
        ({"due_day": 5, "cutoff_day": 20, "months": 2}, "2026-10-21", "2027-01-05"),
        ({"due_day": 5, "cutoff_day": 31}, "2026-01-31", "2026-02-05"),  # no day is past it
    ],
)
def test_by_hand(how: dict[str, int | bool], day: str, due: str) -> None:
    assert due_on(term(**how), datetime.date.fromisoformat(day)) == datetime.date.fromisoformat(due)


# -- every term ----------------------------------------------------------------------------------------------------

days = st.dates(datetime.date(1999, 1, 1), datetime.date(2105, 12, 31))
counted: st.SearchStrategy[dict[str, int]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"net": st.integers(0, 400)}),
    st.fixed_dictionaries({"months": st.integers(1, 30)}),
)
ends = st.one_of(
    st.just({"end_of_month": True}),
    st.fixed_dictionaries({"end_of_month": st.just(True), "day": st.integers(1, 31)}),
    st.fixed_dictionaries({"end_of_month": st.just(True), "days_after": st.integers(0, 100)}),
)
proximo = st.fixed_dictionaries(
    {"due_day": st.integers(1, 31)}, optional={"cutoff_day": st.integers(1, 31), "months": st.integers(1, 30)}
)
terms = st.one_of(counted.filter(bool), st.tuples(counted, ends).map(lambda both: both[0] | both[1]), proximo)


def month_later(day: datetime.date, months: int, number: int) -> datetime.date:
    """By a walk: into the next month so many times, then to the day of that number, or the last of the month."""
    for _ in range(months):
        month = day.month
        while day.month == month:
            day += ONE
    day -= (day.day - 1) * ONE
    while day.day < number and (day + ONE).month == day.month:
        day += ONE
    return day


def walked(how: dict[str, int], day: datetime.date) -> datetime.date:
    if "due_day" in how:
        return month_later(day, how.get("months", 1) + (day.day > how.get("cutoff_day", 31)), how["due_day"])
    due = month_later(day, how["months"], day.day) if "months" in how else day
    for _ in range(how.get("net", 0)):
        due += ONE
    if "end_of_month" in how:
        while (due + ONE).month == due.month:
            due += ONE
    for _ in range(how.get("days_after", 0)):
        due += ONE
    return month_later(due, 1, how["day"]) if "day" in how else due


@given(terms, days)
def test_as_walked_over_the_calendar(how: dict[str, int], day: datetime.date) -> None:
    due = due_on(term(**how), day)
    assert due == walked(how, day)
    assert due >= day
    assert in_words(term(**how)).startswith("due ")


@given(terms.filter(lambda how: "cutoff_day" not in how), days)
def test_a_later_document_is_never_due_earlier(how: dict[str, int], day: datetime.date) -> None:
    assert due_on(term(**how), day) <= due_on(term(**how), day + ONE)


@pytest.mark.parametrize(
    "how", [{"net": 1}, {"months": 1}, {"end_of_month": True, "days_after": 1}, {"end_of_month": True, "day": 1}]
)
def test_past_the_calendar_is_an_error_and_never_another_day(how: dict[str, int | bool]) -> None:
    with pytest.raises((OverflowError, ValueError)):
        due_on(term(**how), datetime.date.max)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"net": 0}, "due upon receipt"),
        ({"net": 1}, "due in 1 day"),
        ({"months": 2}, "due in 2 months"),
        ({"end_of_month": True}, "due at the end of the month"),
        ({"net": 30, "end_of_month": True}, "due in 30 days, then at the end of the month"),
        (
            {"net": 30, "end_of_month": True, "day": 10},
            "due in 30 days, then at the end of the month, then on day 10 of the next",
        ),
        ({"end_of_month": True, "days_after": 10}, "due at the end of the month, then 10 days later"),
        ({"due_day": 15, "cutoff_day": 25}, "due on day 15 of the next month, a month later after day 25"),
        ({"due_day": 15, "months": 2}, "due on day 15 of the month 2 months later"),
    ],
)
def test_in_words(how: dict[str, int | bool], words: str) -> None:
    assert in_words(term(**how)) == words
