"""What usage costs, by hand and by chance: late, in several runs, undone and billed anew, it costs what it costs."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.billing.rating import Line, Rules
from billpolicy.billing.usage import after_the_end, rate_usage, since, what_was_used
from billpolicy.book.model import Subscription, UsageRecord
from billpolicy.money import AmountError, from_minor
from tests.helpers.properties import examples
from tests.helpers.rating import BY_DAY, day, subscription

CALLS: dict[str, Any] = {"rate": "0.10", "usage": True, "included": Decimal(100)}


def used(quantity: str, on: str = "2026-01-10", id: str = "u", **more: object) -> UsageRecord:
    own = UsageRecord(id=id, subscription="s", charge="c", date=day(on), quantity=Decimal(quantity))
    return replace(own, **more)  # type: ignore[arg-type]


def lines(of: Subscription, records: list[UsageRecord], target: str, rules: Rules = BY_DAY) -> list[Line]:
    return [rate_usage(one, rules, "USD") for one in what_was_used(of, records, day(target))]


def told(of: Subscription, records: list[UsageRecord], target: str, rules: Rules = BY_DAY) -> list[str]:
    """Each line as `first day..last day quantity amount`."""
    found = []
    for line in lines(of, records, target, rules):
        assert line.usage is not None
        last = line.end - datetime.timedelta(days=1)
        found.append(f"{line.start}..{last} {line.usage.quantity} {from_minor(line.amount, 'USD')}")
    return found


def test_a_period_is_due_when_it_is_over() -> None:
    calls = subscription(**CALLS)
    records = [used("110", "2026-01-31", "a"), used("120", "2026-02-01", "b")]
    assert told(calls, records, "2026-01-30") == []
    assert told(calls, records, "2026-01-31") == ["2026-01-01..2026-01-31 10 1.00"]
    assert told(calls, records, "2026-02-28") == [
        "2026-01-01..2026-01-31 10 1.00",
        "2026-02-01..2026-02-28 20 2.00",
    ]


def test_usage_of_the_last_period_of_the_calendar_keeps_nothing_else_from_being_billed() -> None:
    """A day mistyped as 9999-12-31 cannot be taken back; its period ends after every target date."""
    calls = subscription(**CALLS)
    records = [used("110", "2026-01-31", "a"), used("120", "9999-12-31", "b")]
    for target in ("2026-01-31", "9999-12-31"):
        assert told(calls, records, target) == ["2026-01-01..2026-01-31 10 1.00"]


def test_periods_begin_on_the_bill_day_and_the_first_one_has_its_part_of_what_is_included() -> None:
    # From 2026-01-16 on, periods from the 1st: 16 of 31 days of 100 are 51.6, so 52; 60 - 52 = 8.
    calls = subscription(start="2026-01-16", bill_day=1, **CALLS)
    assert told(calls, [used("60", "2026-01-16")], "2026-02-01") == ["2026-01-16..2026-01-31 8 0.80"]
    # With two decimals written, 100.00 x 16/31 = 51.61; 60 - 51.61 = 8.39.
    exact = subscription(start="2026-01-16", bill_day=1, **{**CALLS, "included": Decimal("100.00")})
    assert told(exact, [used("60", "2026-01-16")], "2026-02-01") == ["2026-01-16..2026-01-31 8.39 0.84"]


def test_what_is_rounded_is_the_whole_period_and_each_record_costs_what_it_adds() -> None:
    # 0.005 x 1 each: 0.005, 0.01, 0.015 come to 0.01, 0.01, 0.02 (half up), so the records cost 1, 0 and 1 cents.
    calls = subscription("0.005", usage=True)
    (line,) = lines(calls, [used("1", id=id) for id in "cab"], "2026-02-01")
    assert line.usage is not None
    assert [(record.id, amount) for record, amount in line.usage.records] == [("a", 1), ("b", 0), ("c", 1)]
    assert line.amount == 2


def test_what_was_billed_is_not_billed_again_whatever_it_was_billed_at() -> None:
    calls = subscription(**CALLS)
    before = used("120", id="a", billed_by="INV1", amount=Decimal("2.00"))
    assert told(calls, [before], "2026-02-01") == []
    assert told(calls, [before, used("5", id="b")], "2026-02-01") == ["2026-01-01..2026-01-31 5 0.50"]


def test_undone_out_of_order_it_still_comes_to_the_same() -> None:
    """100 cost nothing, 50 late ones 5.00. The first document is undone: the 100 cost nothing, again."""
    calls = subscription(**CALLS)
    late = used("50", id="b", billed_by="INV2", amount=Decimal("5.00"))
    (line,) = lines(calls, [used("100", id="a"), late], "2026-02-01")
    assert line.amount == 0


def test_usage_ends_with_its_service() -> None:
    # Until 2026-01-15, 15 of 31 days: 48 of 100 are included; 50 - 48 = 2.
    calls = subscription(canceled_on="2026-01-16", **CALLS)
    records = [used("50", "2026-01-15", "a"), used("7", "2026-01-16", "b"), used("9", "2026-02-20", "c")]
    assert told(calls, records, "2026-03-01") == ["2026-01-01..2026-01-15 2 0.20"]
    assert told(calls, records, "2026-01-15") == ["2026-01-01..2026-01-15 2 0.20"]
    assert [one.id for one in after_the_end(calls, records)] == ["b", "c"]
    assert after_the_end(replace(calls, canceled_on=None), records) == []


def test_usage_that_was_billed_beyond_a_later_end_counts() -> None:
    """Billed for all of January: 130, of which 100 were included. Then canceled on the 16th, with 48 included: what
    comes late costs what the month costs now, less the 3.00: 131 - 48 = 83, 8.30 - 3.00."""
    calls = subscription(canceled_on="2026-01-16", **CALLS)
    billed = used("130", "2026-01-20", "a", billed_by="INV1", amount=Decimal("3.00"))
    (line,) = lines(calls, [billed, used("1", "2026-01-02", "b")], "2026-02-01")
    assert line.amount == 530


@pytest.mark.parametrize("charge", [{"usage": False}, {"start": "2026-02-01"}])
def test_other_charges_and_days_before_the_first_are_passed_over(charge: dict[str, object]) -> None:
    assert told(subscription(**{**CALLS, **charge}), [used("500")], "2027-01-01") == []


def test_a_charge_that_continues_another_one_rates_the_usage_of_its_days() -> None:
    """0.10 until 16 January, 0.20 from then on, each with its part of what is included: 48 and 52 of 100."""
    calls = subscription(until="2026-01-16", **CALLS)
    (first,) = calls.charges
    second = replace(first, id="c-2", rate=Decimal("0.20"), start=day("2026-01-16"), until=None, continues="c")
    both = replace(calls, charges=(first, second))
    records = [used("50", "2026-01-15", "a"), used("60", "2026-01-16", "b"), used("0", "2026-01-10", "d", charge="c-2")]
    # 50 - 48 = 2 at 0.10; 60 - 52 = 8 at 0.20.
    assert told(both, records, "2026-02-01") == ["2026-01-01..2026-01-15 2 0.20", "2026-01-16..2026-01-31 8 1.60"]
    assert [line.charge.id for line in lines(both, records, "2026-02-01")] == ["c", "c-2"]
    assert after_the_end(both, records) == []
    ended = replace(both, canceled_on=day("2026-01-16"))
    assert [one.id for one in after_the_end(ended, records)] == ["b"]


def test_quantities_of_any_length_add_up_exactly() -> None:
    calls = subscription("1", usage=True)
    tiny, huge = "0." + "0" * 39 + "1", "1" + "0" * 12
    records = [used(huge, id="a"), used(tiny, id="b"), used("-" + huge, id="c"), used("-" + tiny, id="d")]
    (line,) = lines(calls, records, "2026-02-01")
    assert line.usage is not None
    assert line.amount == 0
    assert line.usage.quantity == 0
    with pytest.raises(AmountError, match="too large"):
        lines(calls, [used("9" * 20)], "2026-02-01")


def test_where_a_period_begins() -> None:
    calls = subscription(start="2026-01-16", bill_day=1, **CALLS)
    (charge,) = calls.charges
    assert since(calls, charge, day("2026-01-20")) == day("2026-01-16")
    assert since(calls, charge, day("2026-03-20")) == day("2026-03-01")


# -- by chance -----------------------------------------------------------------------------------------------------

QUANTITIES = st.decimals(min_value=-300, max_value=300, places=2)


@given(
    seed=st.integers(0, 10**9),
    quantities=st.lists(QUANTITIES, min_size=1, max_size=12),
    rate=st.decimals(min_value=-2, max_value=2, places=3),
    included=st.none() | st.decimals(min_value=0, max_value=400, places=1),
)
@examples(300)
def test_in_several_runs_with_late_records_and_undone_ones_it_costs_what_it_costs_at_once(
    seed: int, quantities: list[Decimal], rate: Decimal, included: Decimal | None
) -> None:
    chance = Random(seed)
    calls = subscription(str(rate), usage=True, included=included)
    end = "2026-04-30"
    everything = [
        used(str(quantity), str(day("2026-01-01") + datetime.timedelta(chance.randrange(120))), f"u{n}")
        for n, quantity in enumerate(quantities)
    ]
    at_once = sum(line.amount for line in lines(calls, everything, end))

    coming, known = list(everything), dict[str, UsageRecord]()
    runs = 0
    while coming or any(one.billed_by is None for one in known.values()):
        for _ in range(chance.randrange(4)):
            if coming:
                record = coming.pop(chance.randrange(len(coming)))
                known[record.id] = record
        runs += 1
        target = end if not coming else str(day("2026-01-01") + datetime.timedelta(chance.randrange(150)))
        for line in lines(calls, list(known.values()), target):
            assert line.usage is not None
            assert sum(amount for _, amount in line.usage.records) == line.amount
            for record, amount in line.usage.records:
                assert known[record.id].billed_by is None, "billed twice"
                known[record.id] = replace(record, billed_by=f"INV{runs}", amount=from_minor(amount, "USD"))
        documents = sorted({one.billed_by for one in known.values() if one.billed_by})
        if coming and documents and chance.random() < 0.4:  # any document, not only the last one
            undone = chance.choice(documents)
            for id, record in known.items():
                if record.billed_by == undone:
                    known[id] = replace(record, billed_by=None, amount=None)
    assert sum((one.amount or Decimal(0) for one in known.values()), Decimal(0)) == from_minor(at_once, "USD")
