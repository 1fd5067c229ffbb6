"""What moves money, and that all balances follow from it: on random walks of every operation, and one by one."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from billpolicy.accounting.movements import (
    MOVEMENT_KINDS,
    Movement,
    as_of,
    balances,
    credit_balances,
    movements_of,
    owed,
)
from billpolicy.book.book import Book
from billpolicy.book.kinds import KINDS, kind_of
from tests.helpers.books import book_from
from tests.helpers.walks import Walk, hold, walk

EVER = datetime.date.max


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_balances_follow_from_movements(first: int) -> None:
    hold(_agrees, (walk(seed) for seed in range(first, first + 20)))


def _agrees(found: Walk) -> None:
    for step in found.steps:
        _is_what_the_book_says(step.after)


def test_walks_and_the_book_below_have_every_kind_of_movement() -> None:
    ends = [step.after for seed in range(60) for step in walk(seed).steps[-1:]]
    of_walks = {one.kind for book in ends for one in movements_of(book)}
    assert of_walks >= {*KINDS, "application", "transfer", "payment_reversal"}
    assert of_walks | {one.kind for one in movements_of(book_from(BOOK))} == set(MOVEMENT_KINDS)


def _is_what_the_book_says(book: Book) -> None:
    movements = movements_of(book)
    posted = [one for one in book.numbered.values() if one.status == "posted"]
    open_of = {one.number: book.balance(one) for one in posted if kind_of(one).open_word is not None}
    assert balances(movements) == open_of
    changes = [one for of_account in book.credit_of.values() for one in of_account]
    credit = {(one.account, one.currency): book.credit_balance(one.account, one.currency) for one in changes}
    assert credit_balances(movements) == credit
    owing: dict[tuple[str, str], Decimal] = {key: -amount for key, amount in credit.items()}
    for one in posted:
        key, sign = (one.account, one.currency), 1 if kind_of(one).is_owed else -1
        owing[key] = owing.get(key, Decimal(0)) + sign * open_of.get(one.number, Decimal(0))
    assert owed(movements) == {key: owing[key] for key in owed(movements)}
    assert all(not amount for key, amount in owing.items() if key not in owed(movements))
    assert len({one.id for one in movements}) == len(movements)
    assert [one.date for one in movements] == sorted(one.date for one in movements)
    assert as_of(movements, EVER) == movements


BOOK = """
accounts: [{id: a, currency: EUR}, {id: b, currency: EUR}]
invoices:
- {number: I/1, account: a, date: 2026-01-10, currency: EUR, items: [{id: i, amount: 100.00}]}
- {number: I-2, account: a, date: 2026-01-20, currency: EUR, status: draft, items: [{id: i, amount: 50.00}]}
- {number: I-3, account: a, date: 2026-01-05, currency: EUR, items: [{id: i, amount: -30.00}]}
payments:
- {number: P-1, account: a, date: 2026-01-15, currency: EUR, amount: 80.00}
- {number: P-2, account: b, date: 2026-01-16, currency: EUR, amount: 20.00, source: P-1}
- {number: P-3, account: a, date: 2026-01-01, currency: EUR, amount: 5.00, reversed: true}
- {number: P-4, account: b, date: 2026-01-02, currency: EUR, amount: 3.00, source: P-3, reversed: true}
refunds: [{number: R-1, account: b, date: 2026-02-01, currency: EUR, amount: 7.00, of: P-2}]
credit_adjustments:
- {number: K-1, account: a, date: 2026-01-06, currency: EUR, amount: 30.00, type: increase, document: I-3}
- {number: K-2, account: a, date: 2026-01-12, currency: EUR, amount: 10.00, type: decrease, document: I/1}
applications:
- {from: I-3, to: K-1, date: 2026-01-06, amount: 30.00, parts: [{item: transferred, source_item: i, amount: 30.00}]}
- {from: K-2, to: I/1, date: 2026-01-12, amount: 10.00}
- {from: P-1, to: I/1, date: 2026-01-15, amount: 60.00}
- {from: P-1, to: P-2, date: 2026-01-16, amount: 20.00}
- {from: P-1, to: I/1, date: 2026-01-18, amount: -15.00}
- {from: P-3, to: I/1, date: 2026-01-10, amount: 2.00}
- {from: P-3, to: I/1, date: 2026-01-13, amount: -2.00}
- {from: P-3, to: P-4, date: 2026-01-02, amount: 3.00}
- {from: P-3, to: P-4, date: 2026-01-14, amount: -3.00}
"""


def test_each_movement_has_its_day_kind_and_id() -> None:
    book = book_from(BOOK)
    assert [(str(one.date), one.kind, one.id, str(one.amount), str(one.owed)) for one in movements_of(book)] == [
        ("2026-01-01", "payment", "P-3", "5.00", "-5.00"),
        ("2026-01-02", "payment", "P-4", "3.00", "-3.00"),
        ("2026-01-02", "transfer", "P-3/P-4/1", "3.00", "3.00"),
        ("2026-01-05", "invoice", "I-3", "-30.00", "-30.00"),
        ("2026-01-06", "credit_adjustment", "K-1", "30.00", "-30.00"),
        ("2026-01-06", "transfer", "I-3/K-1/1", "30.00", "30.00"),
        ("2026-01-10", "invoice", "I%2F1", "100.00", "100.00"),
        ("2026-01-10", "application", "P-3/I%2F1/1", "2.00", "0.00"),
        ("2026-01-12", "credit_adjustment", "K-2", "-10.00", "10.00"),
        ("2026-01-12", "application", "K-2/I%2F1/1", "10.00", "-10.00"),
        ("2026-01-13", "unapplication", "P-3/I%2F1/2", "-2.00", "0.00"),
        ("2026-01-14", "transfer_back", "P-3/P-4/2", "-3.00", "-3.00"),
        ("2026-01-14", "payment_reversal", "P-3/reversal", "-5.00", "5.00"),
        ("2026-01-14", "payment_reversal", "P-4/reversal", "-3.00", "3.00"),
        ("2026-01-15", "payment", "P-1", "80.00", "-80.00"),
        ("2026-01-15", "application", "P-1/I%2F1/1", "60.00", "0.00"),
        ("2026-01-16", "payment", "P-2", "20.00", "-20.00"),
        ("2026-01-16", "transfer", "P-1/P-2/1", "20.00", "20.00"),
        ("2026-01-18", "unapplication", "P-1/I%2F1/2", "-15.00", "0.00"),
        ("2026-02-01", "refund", "R-1", "7.00", "7.00"),
    ]
    _is_what_the_book_says(book)


@pytest.mark.parametrize(
    ("day", "invoice", "credit"),
    [
        ("2026-01-06", None, "30.00"),
        ("2026-01-10", "98.00", "30.00"),
        ("2026-01-12", "88.00", "20.00"),
        ("2026-01-13", "90.00", "20.00"),
        ("2026-01-15", "30.00", "20.00"),
        ("2026-01-18", "45.00", "20.00"),
    ],
)
def test_what_was_open_as_of_a_day(day: str, invoice: str | None, credit: str) -> None:
    until = as_of(movements_of(book_from(BOOK)), datetime.date.fromisoformat(day))
    assert balances(until).get("I/1") == (None if invoice is None else Decimal(invoice))
    assert credit_balances(until) == {("a", "EUR"): Decimal(credit)}


def test_the_order_of_a_file_changes_nothing() -> None:
    book = book_from(BOOK)
    numbered = reversed(list(book.numbered.values()))
    other = Book().with_posted(numbered, [a for made in book.applications_from.values() for a in made])

    def told(movements: tuple[Movement, ...]) -> list[str]:
        return [one.id for one in movements]

    assert told(movements_of(other)) == told(movements_of(book))
