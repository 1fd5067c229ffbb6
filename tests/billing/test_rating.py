"""Which days are due and what they cost: docs/domain.md 5.3 and 9.5; every amount with its arithmetic."""

from __future__ import annotations

import pytest

from billpolicy.billing.proration import Counting
from billpolicy.billing.rating import Rules
from billpolicy.money import AmountError
from tests.helpers.rating import BY_DAY, billed, lines, subscription

BY_MONTH = Rules(Counting("by_month_first"))
WHOLE_MONTHS = Rules(partial_credits="whole_months")
NO_PARTS = Rules(partial_credits="none")
FULL = Rules(partial_charges="full")


def month_length(length: str, basis: str = "by_day") -> Rules:
    return Rules(Counting(basis, length))  # type: ignore[arg-type]


# -- which periods are due -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("timing", ["in_advance", "in_arrears"])
def test_a_start_that_is_far_ahead_is_not_due(timing: str) -> None:
    """Not even where its first period has no end on the calendar: it would keep its account from being billed."""
    ahead = subscription(start="9999-12-15", timing=timing)
    assert billed(ahead, "2026-03-01") == []
    with pytest.raises(ValueError, match="year"):
        billed(ahead, "9999-12-31")


def test_in_advance_a_period_is_due_when_it_begins() -> None:
    seats = subscription("10")
    assert billed(seats, "2025-12-31") == []
    assert billed(seats, "2026-01-01") == ["2026-01-01..2026-01-31 10.00"]
    assert billed(seats, "2026-02-28") == ["2026-01-01..2026-01-31 10.00", "2026-02-01..2026-02-28 10.00"]


def test_in_arrears_a_period_is_due_when_its_last_day_is() -> None:
    seats = subscription("10", timing="in_arrears")
    assert billed(seats, "2026-01-30") == []
    assert billed(seats, "2026-01-31") == ["2026-01-01..2026-01-31 10.00"]


def test_in_arrears_the_last_day_of_a_canceled_period_is_that_of_service() -> None:
    seats = subscription("31", timing="in_arrears", canceled_on="2026-01-09")
    assert billed(seats, "2026-01-07") == []
    # 31.00 x 8/31
    assert billed(seats, "2026-01-08") == ["2026-01-01..2026-01-08 8.00 Proration"]
    assert billed(seats, "2027-01-01") == ["2026-01-01..2026-01-08 8.00 Proration"]


def test_billing_goes_on_from_what_is_charged_through() -> None:
    assert billed(subscription("10", charged_through="2026-02-01"), "2026-02-01") == ["2026-02-01..2026-02-28 10.00"]
    assert billed(subscription("10", charged_through="2026-02-01"), "2026-01-31") == []
    # A date before the start is as good as none.
    assert billed(subscription("10", charged_through="2025-02-01"), "2026-01-01") == ["2026-01-01..2026-01-31 10.00"]


def test_a_charge_without_a_rate_is_passed_over() -> None:
    seats = subscription()
    (charge,) = seats.charges
    assert billed(type(seats)(id="s", account="a", charges=(type(charge)(id="c"),)), "2026-01-01") == []


@pytest.mark.parametrize(
    ("period", "last"),
    [("month", "2026-01-31"), ("quarter", "2026-03-31"), ("half_year", "2026-06-30"), ("year", "2026-12-31")],
)
def test_the_price_is_that_of_a_whole_period(period: str, last: str) -> None:
    assert billed(subscription("99", period=period), "2026-01-01") == [f"2026-01-01..{last} 99.00"]


def test_short_months_shift_nothing() -> None:
    assert billed(subscription("10", start="2024-01-31"), "2024-04-30") == [
        "2024-01-31..2024-02-28 10.00",
        "2024-02-29..2024-03-30 10.00",
        "2024-03-31..2024-04-29 10.00",
        "2024-04-30..2024-05-30 10.00",
    ]


def test_a_bill_day_makes_the_stretch_before_it_a_part_of_a_period() -> None:
    # 31.00 x 12/31: the days 20 to 31 of the period from 12/01 to 12/31.
    assert billed(subscription("31", start="2025-12-20", bill_day=1), "2026-01-01") == [
        "2025-12-20..2025-12-31 12.00 Proration",
        "2026-01-01..2026-01-31 31.00",
    ]
    # The quarter that would end on 12/31 began on 10/01: 92.00 x 12/92.
    assert billed(subscription("92", start="2025-12-20", bill_day=1, period="quarter"), "2025-12-20") == [
        "2025-12-20..2025-12-31 12.00 Proration"
    ]
    assert billed(subscription("31", start="2025-12-20", bill_day=1), "2025-12-19") == []


def test_a_bill_day_beyond_the_month_is_its_last_day() -> None:
    found = billed(subscription("30", start="2026-02-10", bill_day=31), "2026-03-31")
    # 30.00 x 18/28: the days 10 to 27 of the period from 01/31 to 02/27, which has 28.
    assert found == [
        "2026-02-10..2026-02-27 19.29 Proration",
        "2026-02-28..2026-03-30 30.00",
        "2026-03-31..2026-04-29 30.00",
    ]


def test_the_first_of_three_ends_ends_service() -> None:
    for ends in (
        {"until": "2026-01-11", "term_end": "2026-03-01", "canceled_on": "2026-02-01"},
        {"until": "2026-03-01", "term_end": "2026-01-11"},
        {"canceled_on": "2026-01-11", "term_end": "2027-01-01"},
    ):
        # 31.00 x 10/31
        assert billed(subscription("31", **ends), "2026-12-31") == ["2026-01-01..2026-01-10 10.00 Proration"]


def test_a_partial_charge_may_be_the_full_one() -> None:
    assert billed(subscription("31", until="2026-01-11"), "2026-01-01", FULL) == ["2026-01-01..2026-01-10 31.00"]


# -- amounts -------------------------------------------------------------------------------------------------------


def test_an_item_is_rounded_once_half_up() -> None:
    assert billed(subscription("0.335", quantity=3), "2026-01-01") == ["2026-01-01..2026-01-31 1.01"]  # 1.005
    assert billed(subscription("-0.335", quantity=3), "2026-01-01") == ["2026-01-01..2026-01-31 -1.01"]
    assert billed(subscription("1000.5"), "2026-01-01", currency="JPY") == ["2026-01-01..2026-01-31 1001"]
    # 0.335 x 3 x 10/31 = 0.3241...; from the rounded 1.01 it would be 0.33.
    assert billed(subscription("0.335", quantity=3, until="2026-01-11"), "2026-01-01") == [
        "2026-01-01..2026-01-10 0.32 Proration"
    ]


def test_an_amount_out_of_range_is_told() -> None:
    with pytest.raises(AmountError):
        lines(subscription("1" + "0" * 20), "2026-01-01")


def test_days_that_are_billed_in_steps_cost_what_they_do_at_once() -> None:
    # 24.69 x 14/28 = 12.345 each time; 12.35 twice would be a cent too much.
    first = subscription("24.69", start="2026-02-01", term_end="2026-02-15")
    renewed = subscription("24.69", start="2026-02-01", charged_through="2026-02-15")
    assert billed(first, "2026-02-01") == ["2026-02-01..2026-02-14 12.35 Proration"]
    assert billed(renewed, "2026-02-15")[0] == "2026-02-15..2026-02-28 12.34 Proration"


@pytest.mark.parametrize(
    ("rules", "amount"),
    [
        (month_length("actual"), "54.84"),  # 100 x 17/31
        (month_length("thirty"), "56.67"),  # 100 x 17/30
        (month_length("thirty_360"), "53.33"),  # 100 x 16/30: from the 15th to the 30th
    ],
)
def test_month_lengths(rules: Rules, amount: str) -> None:
    found = billed(subscription("100", start="2026-01-15", bill_day=1), "2026-01-15", rules)
    assert found == [f"2026-01-15..2026-01-31 {amount} Proration"]


def test_no_part_is_more_than_the_whole() -> None:
    # 30 days of 31 are 30/30; 27 of February are 27/30, and strictly 28 to the end makes 3 of 30.
    thirty, strict = month_length("thirty"), month_length("thirty_360")
    assert billed(subscription("90", until="2026-01-31"), "2026-01-01", thirty)[0].split()[1] == "90.00"
    assert billed(subscription("90", start="2026-02-01", until="2026-02-28"), "2026-02-01", thirty) == [
        "2026-02-01..2026-02-27 81.00 Proration"
    ]
    assert billed(subscription("90", start="2026-02-28", bill_day=1), "2026-02-28", strict) == [
        "2026-02-28..2026-02-28 9.00 Proration"
    ]


# -- credits -------------------------------------------------------------------------------------------------------

QUARTER = {"start": "2014-10-01", "period": "quarter", "canceled_on": "2014-10-15", "charged_through": "2015-01-01"}


@pytest.mark.parametrize(
    ("rules", "credit"),
    [
        # docs/domain.md 5.3: a quarter of 300.00 from 10/01, canceled on 10/15.
        (BY_DAY, "2014-10-15..2014-12-31 -254.35 Proration Credit"),  # 300 x 78/92
        (BY_MONTH, "2014-10-15..2014-12-31 -254.84 Proration Credit"),  # 300 x (17/31 + 2)/3
        (WHOLE_MONTHS, "2014-11-01..2014-12-31 -198.91 Proration Credit"),  # 300 x 61/92
        (
            Rules(Counting("by_month_first"), partial_credits="whole_months"),
            "2014-11-01..2014-12-31 -200.00 Proration Credit",  # 300 x 2/3
        ),
        (month_length("thirty"), "2014-10-15..2014-12-31 -260.00 Proration Credit"),  # 300 x 78/90
        (month_length("thirty_360"), "2014-10-15..2014-12-31 -253.33 Proration Credit"),  # 300 x (16 + 60)/90
        (
            month_length("thirty", "by_month_first"),
            "2014-10-15..2014-12-31 -256.67 Proration Credit",  # 300 x (17/30 + 2)/3
        ),
    ],
)
def test_the_rest_of_a_quarter(rules: Rules, credit: str) -> None:
    assert billed(subscription("300", **QUARTER), "2014-10-15", rules) == [credit]


def test_a_period_that_was_used_in_part_may_give_nothing_back() -> None:
    assert billed(subscription("300", **QUARTER), "2014-10-15", NO_PARTS) == []
    two = {**QUARTER, "charged_through": "2015-04-01"}
    for rules in (NO_PARTS, BY_DAY):
        assert billed(subscription("300", **two), "2014-10-15", rules)[-1] == "2015-01-01..2015-03-31 -300.00 Credit"


def test_january_canceled_on_the_ninth() -> None:
    # Vector G8: 100 x 23/31 = 74.193...
    january = subscription("100", canceled_on="2026-01-09", charged_through="2026-02-01")
    assert billed(january, "2026-01-09") == ["2026-01-09..2026-01-31 -74.19 Proration Credit"]


def test_a_credit_is_due_whatever_the_target_date() -> None:
    january = subscription("100", canceled_on="2026-01-09", charged_through="2026-02-01")
    assert billed(january, "2020-01-01") == billed(january, "2026-01-09")


def test_what_was_canceled_before_it_began_is_credited_as_it_was_charged() -> None:
    before = subscription("31", start="2026-01-22", bill_day=1, canceled_on="2026-01-22", charged_through="2026-02-01")
    assert billed(before, "2026-01-22") == ["2026-01-22..2026-01-31 -10.00 Credit"]  # 31 x 10/31
    assert billed(before, "2026-01-22", NO_PARTS) == ["2026-01-22..2026-01-31 -10.00 Credit"]
    assert billed(before, "2026-01-22", FULL) == ["2026-01-22..2026-01-31 -31.00 Credit"]


def test_the_end_of_a_charge_or_a_term_credits_as_cancellation_does() -> None:
    for end in ("until", "term_end"):
        january = subscription("100", **{end: "2026-01-09"}, charged_through="2026-02-01")
        assert billed(january, "2026-01-09") == ["2026-01-09..2026-01-31 -74.19 Proration Credit"]


def test_the_credit_of_a_negative_charge_is_asked_for() -> None:
    off = subscription("-100", canceled_on="2026-01-09", charged_through="2026-02-01")
    assert billed(off, "2026-01-09") == ["2026-01-09..2026-01-31 74.19 Proration Credit"]


def test_what_is_credited_in_steps_is_what_it_is_at_once() -> None:
    # 24.69 x 14/28 = 12.345 for each half of February.
    half = subscription("24.69", start="2026-02-01", canceled_on="2026-02-15", charged_through="2026-03-01")
    rest = subscription("24.69", start="2026-02-01", canceled_on="2026-02-01", charged_through="2026-02-15")
    assert billed(half, "2026-02-15") == ["2026-02-15..2026-02-28 -12.35 Proration Credit"]
    assert billed(rest, "2026-02-15") == ["2026-02-01..2026-02-14 -12.34 Credit"]


# -- one-time charges ----------------------------------------------------------------------------------------------


def test_a_one_time_charge_is_due_once_at_its_start() -> None:
    for timing in ("in_advance", "in_arrears"):
        setup = subscription("50", period="one_time", timing=timing, bill_day=15)
        assert billed(setup, "2025-12-31") == []
        assert billed(setup, "2027-01-01") == ["2026-01-01..2026-01-01 50.00"]
    assert billed(subscription("50", period="one_time", charged_through="2026-01-02"), "2027-01-01") == []


def test_a_one_time_charge_is_credited_where_the_policy_says_so() -> None:
    credited = Rules(credit_one_time=True)
    billed_once = subscription("50", period="one_time", canceled_on="2026-02-01", charged_through="2026-01-02")
    assert billed(billed_once, "2026-02-01") == []
    assert billed(billed_once, "2026-02-01", credited) == ["2026-01-01..2026-01-01 -50.00 Credit"]
    # Nor is it billed to be credited at once, before or after it was.
    for through in (None, "2026-01-01"):
        canceled = subscription("50", period="one_time", canceled_on="2026-02-01", charged_through=through)
        assert billed(canceled, "2026-02-01", credited) == []
        assert billed(canceled, "2026-02-01") == ["2026-01-01..2026-01-01 50.00"]


def test_a_one_time_charge_of_a_service_that_never_began_is_not_due() -> None:
    assert billed(subscription("50", period="one_time", canceled_on="2026-01-01"), "2026-02-01") == []
