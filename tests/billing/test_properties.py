"""Whatever the dates, the rate and the settings: nothing is credited that was not charged, and nothing drifts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from billpolicy.billing.documents import NegativeTotals, split
from billpolicy.billing.due import what_is_due
from billpolicy.billing.periods import MONTHS, Period, Periods
from billpolicy.billing.proration import Counting, share
from billpolicy.billing.rating import Line, Rules, rate
from billpolicy.book.model import SubscribedCharge, Subscription
from tests.helpers.properties import examples

ONE_DAY = datetime.timedelta(days=1)
FIRST = datetime.date(2023, 11, 1)
LAST = datetime.date(2030, 1, 1)
DAYS = st.integers(0, 900).map(lambda days: FIRST + datetime.timedelta(days))
COUNTINGS = st.builds(
    Counting, st.sampled_from(("by_day", "by_month_first")), st.sampled_from(("actual", "thirty", "thirty_360"))
)
RULES = st.builds(
    Rules,
    COUNTINGS,
    st.sampled_from(("exact", "full")),
    st.sampled_from(("exact", "whole_months", "none")),
    st.booleans(),
)


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    """One charge, not billed yet; any rate, in fractions of a cent, above or below zero."""
    charge = SubscribedCharge(
        id="c",
        rate=Decimal(draw(st.integers(-99999, 99999))) / 1000,
        quantity=Decimal(draw(st.integers(1, 7))),
        period=draw(st.sampled_from(("one_time", *MONTHS))),
        timing=draw(st.sampled_from(("in_advance", "in_arrears"))),
    )
    bill_day = draw(st.none() | st.integers(1, 31))
    return Subscription(id="s", account="a", start=draw(DAYS), bill_day=bill_day, charges=(charge,))


def run(of: Subscription, target: datetime.date, rules: Rules) -> tuple[list[Line], Subscription]:
    """A bill run: its lines, and the subscription as it leaves it."""
    lines = [line for due in what_is_due(of, target) for line in rate(due, rules, "USD")]
    if not lines:
        return [], of
    (charge,) = of.charges
    through = lines[0].start if lines[0].credit else lines[-1].end
    return lines, replace(of, charges=(replace(charge, charged_through=through),))


def total(lines: Iterable[Line]) -> int:
    return sum(line.amount for line in lines)


@examples(300)
@given(st.data())
def test_periods_follow_each_other_without_a_gap_from_the_anchor(data: st.DataObject) -> None:
    start, months = data.draw(DAYS), data.draw(st.sampled_from(sorted(MONTHS.values())))
    bill_day = data.draw(st.none() | st.integers(1, 31))
    periods = Periods.of(start, bill_day, months)
    since = data.draw(DAYS)
    found: list[Period] = []
    for period in periods.since(since):
        found.append(period)
        if period.begin > LAST:
            break
    assert found[0].begin <= since < found[0].end
    assert all(before.end == after.begin for before, after in pairwise(found))
    for period in found:
        assert len(period.bounds) == months + 1
        assert list(period.bounds) == sorted(set(period.bounds))
        for bound in period.bounds:
            # The wanted day, or the last one of a month that is too short for it.
            assert bound.day == (bill_day or start.day) or (bound.day < 31 and (bound + ONE_DAY).day == 1)
    begins = {period.begin for period in found}
    if bill_day is None:
        assert start < since or start in begins


@examples(500)
@given(st.data())
def test_a_share_never_falls_as_days_are_added(data: st.DataObject) -> None:
    months = data.draw(st.sampled_from(sorted(MONTHS.values())))
    start = data.draw(DAYS)
    period = next(Periods.of(start, data.draw(st.none() | st.integers(1, 31)), months).since(start))
    days = st.integers(0, (period.end - period.begin).days).map(lambda n: period.begin + datetime.timedelta(n))
    a, b, c, d = sorted(data.draw(st.tuples(days, days, days, days)))
    counting = data.draw(COUNTINGS)
    assert 0 <= share(period, b, c, counting) <= share(period, a, d, counting) <= 1
    assert share(period, period.begin, period.end, counting) == 1
    assert share(period, b, b, counting) == 0
    if counting.month_length == "actual":
        assert share(period, a, b, counting) + share(period, b, d, counting) == share(period, a, d, counting)


@examples(600)
@given(subscriptions(), RULES, DAYS, DAYS)
def test_a_credit_is_never_more_than_its_period_was_charged(
    of: Subscription, rules: Rules, target: datetime.date, canceled_on: datetime.date
) -> None:
    charged, after = run(of, target, rules)
    credited, left = run(replace(after, canceled_on=canceled_on), target, rules)
    credited = [line for line in credited if line.credit]
    sign = 1 if (of.charges[0].rate or 0) >= 0 else -1
    for line in credited:
        (its,) = [c for c in charged if c.start <= line.start and line.end <= c.end]
        assert 0 <= -line.amount * sign <= its.amount * sign
        if (line.start, line.end) == (its.start, its.end):
            assert line.amount == -its.amount
    assert (total(charged) + total(credited)) * sign >= 0
    if credited:
        # What was given back can be billed again, and nothing is given back twice.
        assert [(a.end, b.start) for a, b in pairwise(credited) if a.end != b.start] == []
        assert left.charges[0].charged_through == credited[0].start
        again, _ = run(replace(left, canceled_on=canceled_on), FIRST, rules)
        assert again == []


@examples(600)
@given(subscriptions(), RULES, st.lists(DAYS, min_size=1, max_size=4), st.lists(DAYS, max_size=4))
def test_steps_come_to_what_it_is_at_once(
    of: Subscription, rules: Rules, ends: list[datetime.date], cancellations: list[datetime.date]
) -> None:
    """A term that is renewed again and again, then a cancellation that is moved earlier and earlier."""
    ends, sign = sorted(ends), 1 if (of.charges[0].rate or 0) >= 0 else -1
    steps: list[Line] = []
    after = of
    for end in ends:
        lines, after = run(replace(after, term_end=end), LAST, rules)
        steps += lines
    at_once, _ = run(replace(of, term_end=ends[-1]), LAST, rules)
    if rules.partial_charges == "exact":
        assert total(steps) == total(at_once)
    for canceled_on in sorted(cancellations, reverse=True):
        lines, after = run(replace(after, term_end=ends[-1], canceled_on=canceled_on), FIRST, rules)
        assert all(line.credit for line in lines)
        steps += lines
        assert total(steps) * sign >= 0


def test_a_cancellation_that_is_moved_into_a_period_that_ended_by_itself_credits_what_was_charged() -> None:
    """From 25 June 2024 on, until 23 May 2025: the second half year is cut there, after 4 months and 28 days of 30.

    It costs 2.328 x (4 + 28/30) / 6 = 1.9141, so 1.91. The cancellations credit all of it, in two steps.
    """
    day = datetime.date
    charge = SubscribedCharge(id="c", rate=Decimal("2.328"), period="half_year")
    rules = Rules(Counting("by_month_first", "actual"))
    of = Subscription(id="s", account="a", start=day(2024, 6, 25), term_end=day(2025, 5, 23), charges=(charge,))
    lines, after = run(of, day(2025, 5, 1), rules)
    assert [line.amount for line in lines] == [233, 191]
    first, after = run(replace(after, canceled_on=day(2025, 3, 15)), day(2025, 5, 1), rules)
    rest, _ = run(replace(after, canceled_on=day(2024, 6, 25)), day(2025, 5, 1), rules)
    assert total(first) + total(rest) == -(233 + 191)


@examples(300)
@given(subscriptions(), RULES, st.lists(DAYS, min_size=1, max_size=5))
def test_many_bill_runs_bill_what_one_does(of: Subscription, rules: Rules, targets: list[datetime.date]) -> None:
    targets = sorted(targets)
    at_once, _ = run(of, targets[-1], rules)
    step_by_step: list[Line] = []
    after = of
    for target in targets:
        lines, after = run(after, target, rules)
        step_by_step += lines
        assert run(after, target, rules)[0] == []

    def plain(lines: list[Line]) -> list[tuple[object, ...]]:
        return [(line.start, line.end, line.amount, line.suffix) for line in lines]

    assert plain(step_by_step) == plain(at_once)


@examples(300)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 3), st.booleans()), min_size=1, max_size=8),
    st.sampled_from(get_args(NegativeTotals)),
)
def test_splitting_loses_nothing_and_keeps_a_charge_together(
    drawn: list[tuple[str, int, bool]], rule: NegativeTotals
) -> None:
    of = Subscription(id="s", account="a")
    charges = {
        "a": SubscribedCharge(id="a"),
        "b": SubscribedCharge(id="b", discounts="a"),
        "c": SubscribedCharge(id="c"),
    }
    lines = [
        Line(of, charges[name], credit, FIRST + number * ONE_DAY, LAST, amount, "")
        for number, (name, amount, credit) in enumerate(drawn)
    ]
    found = split(lines, rule, "USD")
    assert sorted(line.start for _, members in found for line in members) == [line.start for line in lines]
    assert [kind for kind, _ in found] == sorted({kind for kind, _ in found}, reverse=True)
    for name in (("a", "b"), ("c",)):
        assert sum(any(line.charge.id in name for line in members) for _, members in found) <= 1
    for kind, members in found:
        if kind == "credit_memo":
            assert total(members) <= 0
            assert total(members) < 0 or rule == "negative_and_zero_charges"
        elif rule != "negative_invoice":
            assert total(members) >= 0
