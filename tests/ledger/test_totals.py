"""What adds up stays countable: no sum passes 2**63, and the operation that would make one pass is refused."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import billpolicy
from billpolicy import Ledger, Versions
from billpolicy.book.book import Book
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import codes, refused

LARGEST = Decimal("999999999999999.99")
"""10**17 - 1 cents; 93 of them are more than 2**63 - 1 cents, which is 9.22 * 10**18."""
ACCOUNTS = [{"id": name, "currency": "EUR"} for name in ("acme", "berg")]


def increase(
    number: int, amount: Decimal, account: str = "acme", day: str = "2026-01-02", **more: str
) -> dict[str, Any]:
    return {
        "id": f"o{number}",
        "operation": "adjust_credit_balance",
        "account": account,
        "type": "increase",
        "amount": amount,
        "date": day,
    }


def invoice(amounts: list[Decimal]) -> dict[str, Any]:
    return {
        "number": "INV00000001",
        "account": "acme",
        "date": "2026-01-01",
        "currency": "EUR",
        "items": [{"id": f"i{place:03}", "amount": amount} for place, amount in enumerate(amounts)],
    }


@pytest.fixture(name="policy", scope="module")
def _policy() -> Versions:
    return billpolicy.load_policy(STANDARD, engine="python")


@pytest.fixture(name="ledger")
def _ledger(tmp_path: Path) -> Iterator[Ledger]:
    with billpolicy.create_ledger(f"sqlite:///{tmp_path}/ledger.db") as made:
        made.import_book(billpolicy.book_from({"accounts": ACCOUNTS}))
        yield made


def test_many_increases_of_one_account_are_refused_each_and_the_others_of_their_group_posted(
    policy: Versions, ledger: Ledger
) -> None:
    asked = [increase(number, LARGEST) for number in range(95)] + [increase(95, Decimal(1), "berg")]
    outcomes = list(billpolicy.post_all(policy, ledger, asked, who="ines"))
    assert [one.job.id for one in outcomes if one.posted] == ["o0", "o95"]
    assert {problem.code for one in outcomes if not one.posted for problem in one.problems} == {"amount-too-large"}
    assert list(ledger.check()) == []
    planned = list(billpolicy.plan_all(policy, billpolicy.book_from({"accounts": ACCOUNTS}), asked))
    assert [one.job.id for one in planned if one.plan] == ["o0", "o95"]


def test_a_credit_balance_may_be_the_largest_amount_on_every_day(policy: Versions, ledger: Ledger) -> None:
    """A cent above it is refused, also on a day before one on which something goes out again."""
    cent = Decimal("0.01")
    asked = [
        increase(1, LARGEST - cent),
        increase(2, cent),
        increase(3, cent),
        {**increase(4, LARGEST, day="2026-03-01"), "type": "decrease"},
        increase(5, cent, day="2026-02-01"),
        increase(6, LARGEST, day="2026-03-01"),
        increase(7, cent, day="2026-01-01"),
    ]
    outcomes = list(billpolicy.post_all(policy, ledger, asked, who="ines"))
    assert [one.job.id for one in outcomes if one.posted] == ["o1", "o2", "o4", "o6"]


def test_the_highest_balance_is_told_with_its_first_day() -> None:
    changes = [("increase", 5, 1), ("increase", 7, 2), ("decrease", 4, 3), ("increase", 4, 5), ("decrease", 1, 5)]
    book = billpolicy.book_from(
        {
            "accounts": ACCOUNTS,
            "credit_adjustments": [
                {
                    "number": f"CBA-{place:08}",
                    "account": "acme",
                    "currency": "EUR",
                    "type": type_,
                    "amount": Decimal(amount),
                    "date": f"2026-01-0{day}",
                    "reason": "Standard Adjustment",
                }
                for place, (type_, amount, day) in enumerate(changes, start=1)
            ],
        }
    )
    # 5, 12, 8, 11 at the end of the 1st, 2nd, 3rd and 5th
    found = [book.credit_highest("acme", "EUR", datetime.date(2026, 1, day)) for day in (1, 2, 3, 4, 5, 6)]
    assert [(int(one.balance), one.day.day) for one in found] == [(12, 2), (12, 2), (11, 5), (11, 5), (11, 5), (11, 6)]


def test_items_that_cancel_each_other_are_no_way_around() -> None:
    """Their sum is 0, but a database adds them one by one."""
    amounts = [LARGEST] * 95 + [-LARGEST] * 95
    with pytest.raises(billpolicy.Refused) as caught:
        billpolicy.book_from({"accounts": ACCOUNTS, "invoices": [invoice(amounts)]})
    assert codes(caught.value) == ["amount-too-large"]
    half = Decimal("499999999999999.99")
    book = billpolicy.book_from({"accounts": ACCOUNTS, "invoices": [invoice([half, -half])]})  # 10**17 - 2 cents
    assert isinstance(book, Book)
    more = [half, -half, Decimal("0.02")]
    assert codes(refused(lambda: billpolicy.book_from({"accounts": ACCOUNTS, "invoices": [invoice(more)]}))) == [
        "amount-too-large"
    ]
