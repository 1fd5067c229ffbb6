"""`create_refund`: docs/domain.md 1.2 rows 13 and 14, 2.7 (dates), 9.2 (amounts)."""

from __future__ import annotations

import pytest

from tests.helpers.levels import LEVELS, NONE, changed, levelled
from tests.helpers.plan_views import balances, inherited, numbers, refund, stored
from tests.helpers.scenes import book_after, plan, refused

NAME = "create_refund"
OF_P1 = f"operation: {NAME}\nof: P1\namount: 20.00\n"
OF_C1 = f"operation: {NAME}\nof: C1\namount: 5.00\n"


# -- attributes and numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [OF_P1, OF_C1])
def test_the_set_is_always_the_accounts_also_for_a_credit_memo(asked: str) -> None:
    found = plan(levelled(), asked, policy=LEVELS)
    assert inherited(found) == {"sequence_set": ("ACC", "account")}
    assert numbers(found) == ["A-REF-00000001"]
    assert stored(found) == {}


def test_an_account_without_a_set_has_the_default_one() -> None:
    assert numbers(plan(levelled(account=NONE), OF_P1, policy=LEVELS)) == ["R-00000001"]
    assert refused(levelled(account=NONE), OF_P1, policy=changed(NAME, "sequence_set: [account]")) == [
        "chain-exhausted"
    ]


def test_a_set_without_refunds_takes_the_prefix_of_default_then_the_last_resort() -> None:
    # docs/domain.md 1.3 point 5.
    bare = "  BARE: {invoice: {prefix: B-I}, credit_memo: {prefix: B-C}, debit_memo: {prefix: B-D}}\n"
    default = "  DEFAULT: {invoice: {prefix: INV}, credit_memo: {prefix: CM}, debit_memo: {prefix: DM}"
    in_book = levelled(account="{sequence_set: BARE}")
    assert numbers(plan(in_book, OF_P1, policy=f"{LEVELS}{bare}")) == ["R-00000001"]
    assert numbers(plan(in_book, OF_P1, policy=f"{LEVELS}{bare}{default}}}\n")) == ["R-00000001"]
    with_refunds = f"{LEVELS}{bare}{default}, refund: {{prefix: BACK}}}}\n"
    assert numbers(plan(in_book, OF_P1, policy=with_refunds)) == ["BACK00000001"]


def test_the_request_cannot_name_a_set() -> None:
    assert refused(levelled(), OF_P1 + "attributes: {sequence_set: INV}", policy=LEVELS) == ["request-not-heard"]
    assert refused(levelled(), OF_P1 + "attributes: {payment_term: x}", policy=LEVELS) == ["attribute-not-here"]


# -- what forbids it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("of: P9\namount: 1.00", ["document-unknown"]),
        ("of: I1\namount: 1.00", ["document-unknown"]),
        ("of: P1\namount: 0.00", ["amount-sign"]),
        ("of: P1\namount: -1.00", ["amount-sign"]),
        ("of: P1\namount: 0.001", ["amount-inexact"]),
        ("of: P1\namount: 50.01", ["over-refunded"]),
        ("of: C1\namount: 12.01", ["over-refunded"]),
        ("of: P1\namount: 1.00\ndate: 2026-05-02", ["date-too-early"]),  # the payment is of 2026-05-03
        ("of: C1\namount: 1.00\ndate: 2026-05-01", ["date-too-early"]),
        ("of: P1\namount: 1.00\ndate: 2026-07-01", ["period-closed"]),
        ("of: P1\namount: 1.00\nreason: Write-off", ["reason-unknown"]),
        ("of: P2\namount: 1.00", ["not-posted"]),
        ("of: C2\namount: 1.00", ["reversed"]),
    ],
)
def test_what_cannot_be_done_is_refused(text: str, codes: list[str]) -> None:
    draft = "- {number: P2, account: acme, date: 2026-05-03, currency: EUR, amount: 5.00, status: draft}"
    reversed_ = (
        "- {number: C2, account: acme, date: 2026-05-03, currency: EUR, reversed: true, items: [{id: x, amount: 5}]}"
    )
    in_book = levelled(rest="accounting_periods: [{from: 2026-07-01, until: 2026-08-01, status: closed}]")
    in_book = in_book.replace("payments:", f"payments:\n{draft}").replace(
        "credit_memos:", f"credit_memos:\n{reversed_}"
    )
    assert refused(in_book, f"operation: {NAME}\n{text}", policy=LEVELS) == codes


def test_only_what_is_unapplied_can_be_refunded() -> None:
    applied = levelled(
        rest="applications: [{from: P1, to: I1, date: 2026-05-03, amount: 35.00, parts: [{item: x, amount: 35.00}]}]"
    )
    assert refused(applied, OF_P1, policy=LEVELS) == ["over-refunded"]  # 50 - 35 = 15
    found = plan(applied, OF_P1.replace("20.00", "15.00"), policy=LEVELS)
    assert balances(found) == {"A-REF-00000001": "0", "P1": "0.00"}


def test_what_was_refunded_cannot_be_refunded_again() -> None:
    after = book_after(levelled(), OF_P1, OF_P1.replace("20.00", "30.00"), policy=LEVELS)
    assert refused(after, OF_P1.replace("20.00", "0.01"), policy=LEVELS) == ["over-refunded"]


# -- amounts -------------------------------------------------------------------------------------------------------


def test_a_payment_is_refunded_as_a_whole() -> None:
    found = plan(levelled(), OF_P1 + "reason: Chargeback\ntype: electronic\ncomment: as agreed", policy=LEVELS)
    back = refund(found)
    assert (str(back.amount), back.of, back.reason, back.type) == ("20.00", "P1", "Chargeback", "electronic")
    assert (back.parts, back.comment) == ((), "as agreed")
    assert balances(found)["P1"] == "30.00"
    assert refund(plan(levelled(), OF_P1, policy=LEVELS)).reason == "Standard Refund"


def refunded_parts(amount: str, policy: str = LEVELS) -> dict[str, str]:
    back = refund(plan(levelled(), OF_C1.replace("5.00", amount), policy=policy))
    return {part.item + (f"/{part.tax}" if part.tax else ""): str(part.amount) for part in back.parts}


def test_a_credit_memo_is_refunded_item_by_item() -> None:
    # The memo: x 10.00 and its tax 2.00. First in, first out unless the policy says otherwise.
    assert refunded_parts("5.00") == {"x": "5.00"}
    assert refunded_parts("11.00") == {"x": "10.00", "x/vat": "1.00"}
    assert refunded_parts("12.00") == {"x": "10.00", "x/vat": "2.00"}
    prorated = changed(NAME, "allocation: proration")
    assert refunded_parts("6.00", prorated) == {"x": "5.00", "x/vat": "1.00"}
    assert refunded_parts("0.05", prorated) == {"x": "0.04", "x/vat": "0.01"}  # 0.0417 and 0.0083


def test_refunds_of_a_credit_memo_take_what_is_left_of_each_item() -> None:
    after = book_after(levelled(), OF_C1.replace("5.00", "9.00"), policy=LEVELS)
    back = refund(plan(after, OF_C1.replace("5.00", "3.00"), policy=LEVELS))
    assert [(part.item, part.tax, str(part.amount)) for part in back.parts] == [
        ("x", None, "1.00"),
        ("x", "vat", "2.00"),
    ]
