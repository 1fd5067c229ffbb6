"""Which document a line goes on: docs/domain.md 6.2, with G12 and G13."""

from __future__ import annotations

import pytest

from billpolicy.billing.documents import NegativeTotals, split
from billpolicy.billing.rating import Line
from billpolicy.book.model import SubscribedCharge, Subscription
from tests.helpers.rating import day

OF = Subscription(id="s", account="a")


def line(name: str, amount: int, month: int = 1, *, discounts: str | None = None, credit: bool = False) -> Line:
    charge = SubscribedCharge(id=name, discounts=discounts)
    start = day(f"2026-{month:02d}-01")
    return Line(OF, charge, credit, start, day(f"2026-{month + 1:02d}-01"), amount, "")


def told(lines: list[Line], rule: NegativeTotals) -> dict[str, list[int]]:
    return {kind: [line.amount for line in members] for kind, members in split(lines, rule, "USD")}


# -15 and +10 a month, three months: -45 and +30, together -15.
G12 = [each for month in (1, 2, 3) for each in (line("off", -15, month), line("on", 10, month))]


def test_by_charge_a_negative_total_is_an_invoice_of_30_and_a_memo_of_45() -> None:
    assert told(G12, "by_charge_below_zero") == {"invoice": [10, 10, 10], "credit_memo": [-15, -15, -15]}


def test_without_grouping_it_is_one_memo_of_15() -> None:
    assert told(G12, "one_document") == {"credit_memo": [-15, 10, -15, 10, -15, 10]}


def test_or_a_negative_invoice() -> None:
    assert told(G12, "negative_invoice") == {"invoice": [-15, 10, -15, 10, -15, 10]}


@pytest.mark.parametrize("rule", ["one_document", "by_charge_below_zero", "negative_invoice"])
@pytest.mark.parametrize("on", [15, 16])
def test_a_total_of_zero_or_more_is_one_invoice(rule: NegativeTotals, on: int) -> None:
    assert told([line("off", -15), line("on", on)], rule) == {"invoice": [-15, on]}


def test_negative_charges_always_go_on_a_memo() -> None:
    lines = [line("off", -15), line("on", 100), line("nothing", 0, credit=True)]
    assert told(lines, "negative_charges") == {"invoice": [100, 0], "credit_memo": [-15]}
    assert told(lines, "negative_and_zero_charges") == {"invoice": [100], "credit_memo": [-15, 0]}


def test_what_is_billed_at_zero_stays_on_the_invoice() -> None:
    lines = [line("free", 0), line("even", -5, credit=True), line("even", 5, 2)]
    assert told(lines, "negative_and_zero_charges") == {"invoice": [0, -5, 5]}


def test_a_discount_goes_with_its_charge() -> None:
    lines = [line("seats", 100), line("promo", -20, discounts="seats"), line("off", -5)]
    assert told(lines, "negative_charges") == {"invoice": [100, -20], "credit_memo": [-5]}
    lines = [line("seats", 100), line("promo", -120, discounts="seats"), line("on", 5)]
    assert told(lines, "negative_charges") == {"invoice": [5], "credit_memo": [100, -120]}
