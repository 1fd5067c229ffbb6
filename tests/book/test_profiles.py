"""What a billing profile and a line that combines charges can say in a book; and a prepaid charge."""

from __future__ import annotations

import pytest

from tests.helpers.books import book_from
from tests.helpers.refusals import codes, messages, refused

SEATS, HELP = "{subscribed_charge: seats, amount: 20.00}", "{subscribed_charge: help, amount: 5.00}"


def book(*, charges: str = "", line: str = "", combines: str = f"{SEATS}, {HELP}") -> str:
    """`line`: what the line that combines two charges says beside."""
    return f"""
accounts: [{{id: a, currency: EUR}}]
charges: [{{id: SEATS, name: Seats}}]
subscriptions:
- id: s
  account: a
  start: 2026-01-01
  charges: [{{id: seats, rate: 20.00, profile: P}}, {{id: help, rate: 5.00, profile: P}}{charges}]
invoices:
- number: I1
  account: a
  date: 2026-01-01
  currency: EUR
  items: [{{id: 1, amount: 25.00, subscription: s, {line}combines: [{combines}]}}]
"""


def test_a_line_of_several_charges() -> None:
    (item,) = book_from(book()).numbered["I1"].items  # type: ignore[union-attr]
    assert [(one.subscribed_charge, str(one.amount)) for one in item.by_charge] == [
        ("seats", "20.00"),
        ("help", "5.00"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (book(line="subscribed_charge: seats, "), "so it has no `subscribed_charge` of its own"),
        (book(line="charge: SEATS, "), "so it has no `charge` of its own"),
        (book(line="quantity: 1, "), "so it has no `quantity` of its own"),
        (book(line="unit_price: 25.00, "), "so it has no `unit_price` of its own"),
        (book(combines=SEATS), "item `1` of I1 is 25.00, but the charges that it combines add up to 20.00"),
        (book(combines=f"{SEATS}, {HELP.replace('help', 'hepl')}"), "combines the charge `hepl`"),
        (book().replace("subscription: s, ", ""), "combines the charge `seats`, which its subscription does not have"),
    ],
)
def test_what_does_not_go_with_a_line_of_several_charges(text: str, told: str) -> None:
    refusal = refused(lambda: book_from(text))
    assert set(codes(refusal)) == {"combined-odd"}
    assert told in messages(refusal)


@pytest.mark.parametrize(
    ("combined", "code"),
    [
        ("{subscribed_charge: help, charge: SEAT, amount: 5.00}", "reference-unknown"),
        ("{subscribed_charge: help, amount: 5.000001}", "amount-inexact"),
    ],
)
def test_each_of_its_charges_is_held_against_the_book(combined: str, code: str) -> None:
    assert code in codes(refused(lambda: book_from(book(combines=f"{SEATS}, {combined}"))))


def test_a_discount_has_no_profile() -> None:
    off = ", {id: off, rate: -1.00, discounts: seats, profile: P}"
    assert codes(refused(lambda: book_from(book(charges=off)))) == ["profile-odd"]


@pytest.mark.parametrize(
    "paid",
    [
        "{id: paid, rate: 20.00, drawn_by: [calls]}",  # the item is the line
        "{id: paid, rate: 20.00, drawn_by: [line, seats]}",
        "{id: paid, rate: 20.00, drawn_by: [line], usage: true}",
        "{id: paid, rate: -20.00, drawn_by: [line], discounts: seats}",
    ],
)
def test_what_does_not_go_with_a_prepaid_charge(paid: str) -> None:
    calls = ", {id: calls, item: line, rate: 0.10, usage: true}, "
    book_from(book(charges=calls + "{id: paid, rate: 20.00, drawn_by: [line]}"))
    assert codes(refused(lambda: book_from(book(charges=calls + paid)))) == ["prepaid-odd"]
