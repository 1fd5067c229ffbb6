"""`batch_limits`: the safety stop of batches, and what layers make of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.helpers.scenes import layered, layered_refusals

LIMITS = """
batch_limits:
  every_operation: {count: 20000}
  write_off_invoice: {count: 500, amounts: {EUR: 25000.00, USD: 25000.00}}
"""


def test_a_limit_is_a_number_of_operations_and_amounts_by_currency(tmp_path: Path) -> None:
    limits = layered(tmp_path, LIMITS).batch_limits
    assert list(limits) == ["every_operation", "write_off_invoice"]
    assert (limits["every_operation"].count, limits["every_operation"].amounts) == (20000, {})
    write_off = limits["write_off_invoice"]
    assert write_off.count == 500
    assert write_off.amounts == {"EUR": Decimal("25000.00"), "USD": Decimal("25000.00")}
    assert (write_off.position.line, write_off.position.column) == (7, 3)


def test_either_of_both_is_enough(tmp_path: Path) -> None:
    limits = layered(
        tmp_path, "batch_limits: {bill_run: {amounts: {JPY: 1}}, reverse_invoice: {count: 1}}\n"
    ).batch_limits
    assert (limits["bill_run"].count, limits["bill_run"].amounts) == (None, {"JPY": Decimal(1)})
    assert limits["reverse_invoice"].count == 1


def test_a_later_layer_says_a_name_anew_as_a_whole(tmp_path: Path) -> None:
    limits = layered(tmp_path, LIMITS, "batch_limits: {write_off_invoice: {amounts: {CHF: 5.00}}}\n").batch_limits
    assert limits["every_operation"].count == 20000
    assert (limits["write_off_invoice"].count, limits["write_off_invoice"].amounts) == (None, {"CHF": Decimal("5.00")})
    assert limits["write_off_invoice"].position.file.endswith("layer1.yaml")


def test_what_is_said_of_other_currencies_is_refused_unless_it_is_said(tmp_path: Path) -> None:
    limits = layered(
        tmp_path,
        "batch_limits: {bill_run: {amounts: {EUR: 1.00}},"
        " reverse_invoice: {amounts: {EUR: 1.00}, other_currencies: unlimited}}\n",
    ).batch_limits
    assert {name: limit.other_currencies for name, limit in limits.items()} == {
        "bill_run": "refused",
        "reverse_invoice": "unlimited",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{write_off: {count: 5}}", "operation-unknown"),
        ("{bill_run: {}}", "batch-limit-wrong"),
        ("{bill_run: {amounts: {}}}", "batch-limit-wrong"),
        ("{bill_run: {count: 0}}", "batch-limit-wrong"),
        ("{bill_run: {count: -1}}", "batch-limit-wrong"),
        ("{bill_run: {count: 1.5}}", "value-wrong"),
        ("{bill_run: {amounts: {EUR: 0.00}}}", "batch-limit-wrong"),
        ("{bill_run: {amounts: {EUR: -1.00}}}", "batch-limit-wrong"),
        # Each currency has its own minor units: JPY 0, EUR 2, KWD 3.
        ("{bill_run: {amounts: {EUR: 1.001}}}", "batch-limit-wrong"),
        ("{bill_run: {amounts: {JPY: 1.5}}}", "batch-limit-wrong"),
        ("{bill_run: {amounts: {KWD: 0.0001}}}", "batch-limit-wrong"),
        ("{bill_run: {amounts: {EURO: 1.00}}}", "value-wrong"),
        ("{bill_run: {amounts: {EUR: many}}}", "value-wrong"),
        ("{bill_run: {amount: {EUR: 1.00}}}", "key-unknown"),
        ("{bill_run: {count: 5, other_currencies: unlimited}}", "batch-limit-wrong"),
        ("{bill_run: {amounts: {EUR: 1.00}, other_currencies: holds}}", "value-not-allowed"),
        ("{bill_run: 500}", "value-wrong"),
    ],
)
def test_a_limit_that_limits_nothing_is_an_error(text: str, code: str, tmp_path: Path) -> None:
    (problem,) = layered_refusals(tmp_path, f"batch_limits: {text}\n")
    assert problem.code == code
    assert problem.position is not None
    assert problem.position.line == 4
