"""How a plan and a ledger tell of charge periods that are put on record: charge, days, lines, and what comes next."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from billpolicy.book.changes import PeriodsRecorded
from billpolicy.book.model import ChargePeriod
from billpolicy.report.changes import in_ledger, in_plan
from tests.helpers.sample import credit_plan, doing, sample


def period(month: int = 1, charge: str = "seats", **fields: Any) -> ChargePeriod:
    """A month of a charge that a line of an invoice billed; the invoice and the line have its number."""
    billed = ChargePeriod(
        id=f"INV{month}/{month}",
        subscription="S-1",
        charge=charge,
        from_=dt.date(2026, month, 1),
        until=dt.date(2026, month + 1, 1),
        currency="EUR",
        document=f"INV{month}",
        item=str(month),
    )
    return replace(billed, **fields)


def told(*periods: ChargePeriod) -> list[str]:
    plan = doing(credit_plan(sample(), "x", "INV00000003"), (), (), PeriodsRecorded("S-1", periods))
    assert list(in_plan(plan)) == list(in_ledger(plan))
    return list(in_plan(plan))


AT: dict[str, Any] = {"status": "reopened", "quantity": Decimal(10), "rate": Decimal("11.00")}


def test_reopened_with_its_terms() -> None:
    assert told(period(**AT)) == [
        "S-1/seats: 2026-01-01 to 2026-01-31 reopened, to be billed at 10 x 11.00 (billed by INV1/1)"
    ]
    assert told(period(**AT, tax_code="DE-19"), period(2, "support", status="reopened")) == [
        "S-1/seats: 2026-01-01 to 2026-01-31 reopened, to be billed at 10 x 11.00, taxed as DE-19 (billed by INV1/1)",
        "S-1/support: 2026-02-01 to 2026-02-28 reopened, to be billed as its charge says then (billed by INV2/2)",
    ]
    assert told(period(status="reopened", rate=Decimal("11.00"))) == [
        "S-1/seats: 2026-01-01 to 2026-01-31 reopened, to be billed at its quantity then x 11.00 (billed by INV1/1)"
    ]
    assert told(period(status="reopened", quantity=Decimal(10))) == [
        "S-1/seats: 2026-01-01 to 2026-01-31 reopened, to be billed at 10 x its rate then (billed by INV1/1)"
    ]


def test_those_that_are_alike_are_told_together() -> None:
    again = "reopened, to be billed at 10 x 11.00"
    assert told(*(period(month, **AT) for month in (5, 1, 2, 4, 3))) == [
        f"S-1/seats: 5 charge periods, 2026-01-01 to 2026-05-31 {again} (billed by INV1/1, INV2/2, INV3/3 and 2 more)"
    ]
    # At another rate from March on.
    rates = {1: "11.00", 2: "11.00", 3: "12.00"}
    assert told(*(period(month, **AT | {"rate": Decimal(rate)}) for month, rate in rates.items())) == [
        f"S-1/seats: 2 charge periods, 2026-01-01 to 2026-02-28 {again} (billed by INV1/1, INV2/2)",
        "S-1/seats: 2026-03-01 to 2026-03-31 reopened, to be billed at 10 x 12.00 (billed by INV3/3)",
    ]


def test_what_else_becomes_of_them() -> None:
    memo: Any = {"memo": "CM1", "memo_item": "1"}
    no_line: Any = {"document": None, "item": None}
    assert told(
        period(1, status="credited", **memo),
        period(2, status="rebilled", **memo, rebilled_by="INV9", rebilled_item="4"),
        period(3, status="excluded_zero_amount", **no_line),
        period(4, status="excluded_zero_quantity", **no_line),
        period(5, status="reopened", **no_line),
        period(6),
    ) == [
        "S-1/seats: 2026-01-01 to 2026-01-31 credited by CM1/1, billed by INV1/1",
        "S-1/seats: 2026-02-01 to 2026-02-28 billed again by INV9/4 (was INV2/2)",
        "S-1/seats: 2026-03-01 to 2026-03-31 excluded from billing, zero amount",
        "S-1/seats: 2026-04-01 to 2026-04-30 excluded from billing, zero quantity",
        "S-1/seats: 2026-05-01 to 2026-05-31 reopened, to be billed as its charge says then",
        "S-1/seats: 2026-06-01 to 2026-06-30 billed by INV6/6",
    ]
