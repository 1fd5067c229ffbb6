"""What days of a line are worth: docs/domain.md 5.3. A quarter of 92 days from 1 October, at 300.00."""

from __future__ import annotations

import datetime
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.billing.due import Stretch
from billpolicy.billing.periods import Period
from billpolicy.billing.proration import Counting
from billpolicy.billing.rating import Rules
from billpolicy.billing.worth import BilledDays, worth
from tests.helpers.properties import examples

day = datetime.date.fromisoformat
QUARTER = Period((day("2025-10-01"), day("2025-11-01"), day("2025-12-01"), day("2026-01-01")))
FULL = BilledDays(QUARTER.begin, QUARTER.end, 30000, Fraction(30000))


def stretch(start: datetime.date = QUARTER.begin) -> Stretch:
    return Stretch(QUARTER, start, start, QUARTER.end)


@pytest.mark.parametrize(
    ("counting", "expected"),
    [
        (Counting(), 25435),  # 78 of 92 days
        (Counting("by_month_first"), 25484),  # (17/31 + 2) / 3
        (Counting("by_day", "thirty"), 26000),  # 78 of 90
        (Counting("by_day", "thirty_360"), 25333),  # 76 of 90
    ],
)
def test_from_15_october_on_by_the_counting_of_the_policy(counting: Counting, expected: int) -> None:
    rules = Rules(counting)
    since = day("2025-10-15")
    assert worth(FULL, since, QUARTER.end, stretch(), rules) == expected
    assert worth(FULL, QUARTER.begin, since, stretch(), rules) == 30000 - expected


@pytest.mark.parametrize(
    ("amount", "price", "expected"),
    [
        # From 1 December on 31 days, 101.09: 10109 / 31 x 16 = 5217.5..., by the price 30000 x 16 / 92 = 5217.4.
        (10109, 30000, 5217),
        (10109, None, 5218),
        (10109, 9999, 5218),  # its amount does not come of its price
        (3100, 30000, 1600),  # billed at 1.00 a day, whatever the price says
    ],
)
def test_a_line_that_was_cut_short_is_worth_its_own_price(amount: int, price: int | None, expected: int) -> None:
    first = day("2025-12-01")
    billed = BilledDays(first, QUARTER.end, amount, None if price is None else Fraction(price))
    assert worth(billed, day("2025-12-16"), QUARTER.end, stretch(first), Rules()) == expected


def test_what_was_charged_in_full_gives_back_the_days_that_are_not_used() -> None:
    """`partial_charges: full`: from 1 December on all 300.00 were charged; 16 days are worth 52.17, all of them all."""
    first, rules = day("2025-12-01"), Rules(partial_charges="full")
    billed = BilledDays(first, QUARTER.end, 30000, Fraction(30000))
    assert worth(billed, day("2025-12-16"), QUARTER.end, stretch(first), rules) == 5217
    assert worth(billed, first, QUARTER.end, stretch(first), rules) == 30000


def test_a_31st_is_no_day_where_months_have_thirty_and_is_worth_all_of_its_line() -> None:
    first, end = day("2025-10-31"), day("2025-11-01")
    billed = BilledDays(first, end, 100, None)
    assert worth(billed, first, end, stretch(), Rules(Counting("by_day", "thirty_360"))) == 100


def test_a_line_over_several_periods_is_a_period_of_its_own() -> None:
    """92 days of the quarter on a monthly charge: 10 of them are 32.61."""
    november = Period((day("2025-11-01"), day("2025-12-01")))
    part = Stretch(november, november.begin, day("2025-11-21"), november.end)
    billed = BilledDays(QUARTER.begin, QUARTER.end, 30000, Fraction(30000))
    # From the 21st on 41 + 1 days of 92, less those from 1 December on: 30000 x 41 / 92 - 30000 x 31 / 92.
    assert worth(billed, part.start, part.end, part, Rules()) == 13370 - 10109


@examples(300)
@given(
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
    st.lists(st.integers(0, 92), min_size=2, max_size=8),
    st.builds(
        Rules,
        st.builds(
            Counting, st.sampled_from(("by_day", "by_month_first")), st.sampled_from(("actual", "thirty", "thirty_360"))
        ),
        st.sampled_from(("exact", "full")),
    ),
)
def test_parts_come_to_the_whole_and_none_is_below_zero(
    amount: int, price: int | None, offsets: list[int], rules: Rules
) -> None:
    days = sorted({QUARTER.begin + datetime.timedelta(n) for n in offsets} | {QUARTER.begin})
    first, until = days[0], QUARTER.end
    billed = BilledDays(first, until, amount, None if price is None else Fraction(price))
    parts = [worth(billed, a, b, stretch(), rules) for a, b in pairwise([*days, until])]
    assert min(parts) >= 0
    assert sum(parts) == amount
