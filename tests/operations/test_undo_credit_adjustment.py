"""`undo_credit_adjustment`: what was done to a credit balance by hand is taken back, once. docs/domain.md 6.1."""

from __future__ import annotations

import pytest

from tests.helpers.credit_balances import (
    ACCOUNTS,
    ADJUST,
    APPLY,
    REFUND,
    SCENE,
    TRANSFER,
    adjustments,
    codes,
    credit,
    planned,
    told,
)
from tests.helpers.plan_views import balances

UP = ADJUST + "type: increase\namount: 50.00\ndate: 2026-09-05"
DOWN = ADJUST + "type: decrease\namount: 20.00\ndate: 2026-09-07"
UNDO = "operation: undo_credit_adjustment\nadjustment: CBA-00000001\ndate: 2026-09-08\n"
UNDO_DOWN = UNDO.replace("0001", "0002")


def test_an_increase_is_taken_back_by_a_decrease_that_names_it() -> None:
    plan, after = planned(ACCOUNTS, UP, UNDO)
    (undone,) = adjustments(plan)
    assert (undone.type, str(undone.amount), undone.document, undone.reason) == (
        "decrease",
        "50.00",
        "CBA-00000001",
        "Standard Adjustment",
    )
    assert balances(plan) == {"a": "0.00"}
    assert [credit(after, f"2026-09-0{day}") for day in (4, 5, 7, 8)] == ["0.00", "50.00", "50.00", "0.00"]


def test_a_decrease_is_taken_back_by_an_increase() -> None:
    plan, after = planned(ACCOUNTS, UP, DOWN, UNDO_DOWN + "reason: Other")
    (undone,) = adjustments(plan)
    assert (undone.type, str(undone.amount), undone.document, undone.reason) == (
        "increase",
        "20.00",
        "CBA-00000002",
        "Other",
    )
    assert credit(after) == "50.00"


def test_once() -> None:
    _, after = planned(ACCOUNTS, UP, UNDO)
    assert told(after, UNDO) == (
        "undone-already: CBA-00000001 was undone already, on 2026-09-08, by CBA-00000002; "
        "change the credit balance with `adjust_credit_balance`"
    )
    assert told(after, UNDO_DOWN).startswith(
        "adjustment-not-by-hand: CBA-00000002 was not done by hand: it undoes CBA-"
    )


def test_the_balance_is_below_zero_on_no_date() -> None:
    _, after = planned(ACCOUNTS, UP, DOWN)
    assert told(after, UNDO).startswith("credit-unavailable: 50.00 is more than the 30.00 that can be used")
    # 20.00 are used only on 09-07, but then they would be missing.
    assert told(after, UNDO.replace("09-08", "09-06")).startswith("credit-unavailable: 50.00 is more than the 30.00")


def test_what_was_done_for_a_day_to_come_is_taken_back_on_that_day() -> None:
    _, after = planned(ACCOUNTS, UP.replace("09-05", "10-05"))
    assert codes(after, UNDO) == ["credit-unavailable", "date-too-early"]
    _, after = planned(after, UNDO.replace("09-08", "10-05"))
    assert credit(after) == "0.00"


@pytest.mark.parametrize(
    ("before", "number", "what"),
    [
        ((TRANSFER + "date: 2026-09-10",), 1, "is the balance of INV-001, which was transferred"),
        ((UP, APPLY + "date: 2026-09-06"), 2, "was used on INV-002"),
        ((UP, REFUND + "amount: 10.00\ndate: 2026-09-06"), 2, "pays the refund R-00000001"),
    ],
)
def test_what_another_operation_did_is_refused(before: tuple[str, ...], number: int, what: str) -> None:
    _, after = planned(SCENE, *before)
    text = UNDO.replace("0001", f"000{number}").replace("09-08", "09-12")
    message = told(after, text)
    assert message.startswith(f"adjustment-not-by-hand: CBA-0000000{number} was not done by hand: it {what}; ")
    assert "`" in message.partition("; ")[2]  # an operation that leads on


def test_what_is_no_adjustment_is_refused() -> None:
    assert told(SCENE, UNDO.replace("CBA-00000001", "INV-001")).startswith(
        "document-unknown: `INV-001` is an invoice, "
    )
    assert told(SCENE, UNDO).startswith("document-unknown: there is no credit adjustment `CBA-00000001`")


def test_a_follow_up_uses_what_comes_back() -> None:
    policy = "follow_ups: [{id: use, after: credit_increased, then: apply_credit_balance, because: test}]"
    plan, after = planned(SCENE, UP, DOWN)
    plan, after = planned(after, UNDO_DOWN, policy=policy)
    assert [step.plan.operation for step in plan.follow_ups] == ["apply_credit_balance"]
    assert after.balance(after.numbered["INV-002"]) == 0
    assert credit(after) == "20.00"
