"""Closures as plans have them, made by hand."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billpolicy.billing.rating import BilledLine
from billpolicy.operations import registry
from billpolicy.periods.closure import Rule
from billpolicy.planning.closure import Closure, ClosureLine
from billpolicy.planning.operation import Step
from billpolicy.planning.planning import Planning


def line(
    document: str,
    rule: Rule | None = None,
    by: str | None = None,
    amount: str = "10.00",
    *,
    charges: tuple[str, ...] = ("seats",),
    left_out: str | None = None,
) -> ClosureLine:
    """Line 1 of an invoice, which bills January 2023; `by`: line 1 of another one."""
    return ClosureLine(
        line=BilledLine(document, "1"),
        subscription="S",
        charges=charges,
        from_=datetime.date(2023, 1, 1),
        until=datetime.date(2023, 2, 1),
        currency="USD",
        billed=Decimal("10.00"),
        amount=Decimal(amount),
        rule=rule,
        by=None if by is None else BilledLine(by, "1"),
        left_out=left_out,
    )


ALONE = Closure((line("INV1"),))
THREE = Closure((line("INV3", "later", "INV1"), line("INV2", "later", "INV1"), line("INV1")))


def take_more(monkeypatch: pytest.MonkeyPatch, closure: Closure) -> None:
    """From here on, credit memos from an invoice say that they take these lines."""
    name = "credit_memo_from_invoice"
    operation = registry.OPERATIONS[name]

    def plan(planning: Planning, request: Any) -> Iterable[Step] | None:
        planning.close_over(closure)
        return operation.plan(planning, request)

    monkeypatch.setitem(registry.OPERATIONS.loaded, name, replace(operation, plan=plan))
