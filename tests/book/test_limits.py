"""What a minimum or maximum can say in a book, and in an item beside each other."""

from __future__ import annotations

import pytest

from tests.helpers.books import book_from
from tests.helpers.refusals import codes, refused

CALLS = "id: calls, item: line, rate: 0.10, usage: true"
LEAST = "id: least, item: line, bills: minimum, rate: 20.00"
MOST = "id: most, item: line, bills: maximum, rate: 80.00"


def book(*each: str) -> str:
    charges = ", ".join(f"{{{one}}}" for one in each)
    return f"""
accounts: [{{id: a, currency: USD, attributes: {{bill_to_contact: c}}}}]
contacts: [{{id: c, account: a}}]
subscriptions: [{{id: s, account: a, start: 2026-01-01, charges: [{charges}]}}]
"""


def told(*each: str) -> list[str]:
    return codes(refused(lambda: book_from(book(*each))))


def test_an_item_with_both() -> None:
    charges = book_from(book(CALLS, LEAST, MOST)).subscriptions["s"].charges
    assert [(charge.of_item, charge.bills) for charge in charges] == [
        ("line", "rate"),
        ("line", "minimum"),
        ("line", "maximum"),
    ]


@pytest.mark.parametrize(
    "each",
    [
        (CALLS, LEAST.replace(", rate: 20.00", "")),
        (CALLS, LEAST.replace("20.00", "-20.00")),
        (CALLS, f"{LEAST}, usage: true"),
        (CALLS, f"{LEAST}, period: one_time"),
        (CALLS, f"{LEAST}, discounts: calls"),
        (CALLS, f"{LEAST}, drawn_by: [line]"),
        (CALLS, LEAST, "id: off, rate: -1.00, discounts: least"),
        (CALLS, LEAST.replace("item: line", "item: other")),
        (LEAST, MOST),
    ],
)
def test_what_does_not_go_with_a_minimum(each: tuple[str, ...]) -> None:
    assert "limit-charge-odd" in told(*each)


@pytest.mark.parametrize(
    "more",
    [
        MOST.replace("80.00", "19.99"),
        MOST.replace("80.00", "80.00, quantity: 0"),
        f"{MOST}, period: year",
        "id: least2, item: line, bills: minimum, rate: 30.00",
    ],
)
def test_what_an_item_cannot_have_at_once(more: str) -> None:
    assert told(CALLS, LEAST, more) == ["limits-cross"]


@pytest.mark.parametrize(
    "more",
    [
        MOST.replace("80.00", "20.00"),
        f"{MOST.replace('80.00', '19.99')}, start: 2026-03-01",
        "id: least2, item: line, bills: minimum, rate: 30.00, start: 2026-03-01",
        "id: least2, item: calls2, bills: minimum, rate: 30.00}, {id: calls2, rate: 1.00",
    ],
)
def test_what_an_item_can_have(more: str) -> None:
    assert len(book_from(book(CALLS, f"{LEAST}, until: 2026-03-01", more)).subscriptions["s"].charges) >= 3
