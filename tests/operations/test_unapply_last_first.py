"""`lifo`: what was put last is taken back first, against a stack of cents."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.book.book import Book
from tests.helpers.books import book_from
from tests.helpers.properties import examples
from tests.helpers.scenes import book_after, plan

BOOK = """
accounts: [{id: a, currency: USD}]
invoices:
- number: I1
  account: a
  date: 2026-01-01
  currency: USD
  items: [{id: x, amount: 40.00, taxes: [{id: t, amount: 8.00}]}, {id: y, amount: 40.00}]
payments: [{number: S, account: a, date: 2026-01-01, currency: USD, amount: 100.00}]
"""
MEMO = BOOK.replace("payments", "credit_memos").replace("amount: 100.00}]", "items: [{id: m, amount: 100.00}]}]")
LIFO = "operations: {{{}: {{allocation: {{is: lifo, because: test}}}}}}\n"
DAY = datetime.date(2026, 2, 1)


def put(kind: str, n: int, **items: str) -> str:
    whole = sum((Decimal(amount) for amount in items.values()), Decimal(0))
    parts = ", ".join(
        f"{{item: {name[0]}, {'tax: t, ' if name == 'xt' else ''}amount: {amount}}}" for name, amount in items.items()
    )
    day = DAY + datetime.timedelta(n)
    return (
        f"id: put-{n}\noperation: apply_{kind}\n{kind}: S\ndate: {day}\n"
        f"apply: [{{document: I1, amount: {whole}, items: [{parts}]}}]"
    )


def take(kind: str, n: int, amount: str) -> str:
    day = DAY + datetime.timedelta(n)
    asked = f"unapply: [{{document: I1, amount: {amount}}}]"
    return f"id: take-{n}\noperation: unapply_{kind}\n{kind}: S\ndate: {day}\n{asked}"


def taken(book: Book | str, kind: str, n: int, amount: str) -> list[tuple[str, str]]:
    found = plan(book, take(kind, n, amount), policy=LIFO.format(f"unapply_{kind}"))
    return [(part.item + (part.tax or ""), str(-part.amount)) for one in found.applications for part in one.parts]


@pytest.mark.parametrize(("kind", "text"), [("payment", BOOK), ("credit_memo", MEMO)])
def test_by_hand(kind: str, text: str) -> None:
    """30 on x, 20 on y, then 10 on x again: the last 15 are 10 of x and 5 of y."""
    book = book_after(text, put(kind, 1, x="30.00"), put(kind, 2, y="20.00"), put(kind, 3, x="10.00"))
    assert taken(book, kind, 4, "15.00") == [("x", "10.00"), ("y", "5.00")]
    assert taken(book, kind, 4, "59.99") == [("x", "39.99"), ("y", "20.00")]
    left = book_after(book, take(kind, 4, "15.00"), policy=LIFO.format(f"unapply_{kind}"))
    assert taken(left, kind, 5, "20.00") == [("x", "5.00"), ("y", "15.00")]
    # What is put there after that is the last.
    again = book_after(left, put(kind, 5, x="1.00"))
    assert taken(again, kind, 6, "2.00") == [("x", "1.00"), ("y", "1.00")]


def test_of_one_application_the_last_item_comes_first() -> None:
    book = book_after(BOOK, put("payment", 1, x="10.00", xt="5.00", y="10.00"))
    assert taken(book, "payment", 2, "12.00") == [("xt", "2.00"), ("y", "10.00")]


def test_by_fifo_and_proration_the_same_comes_otherwise() -> None:
    book = book_after(BOOK, put("payment", 1, x="30.00"), put("payment", 2, y="20.00"), put("payment", 3, x="10.00"))
    for rule, x, y in (("fifo", "15.00", "0"), ("proration", "10.00", "5.00")):
        found = plan(book, take("payment", 4, "15.00"), policy=LIFO.replace("lifo", rule).format("unapply_payment"))
        parts = {part.item: str(-part.amount) for one in found.applications for part in one.parts}
        assert (parts["x"], parts.get("y", "0")) == (x, y)


steps = st.lists(
    st.tuples(st.sampled_from(("x", "y", "xy", "take")), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=7
)


@examples(60)
@given(steps, st.sampled_from(("payment", "credit_memo")))
def test_as_a_stack_of_coins(doings: list[tuple[str, int, int]], kind: str) -> None:
    """Each unit that is put is a coin on a stack, and what is taken is from its top."""
    book, stack = book_from(BOOK if kind == "payment" else MEMO), list[str]()
    for n, (what, one, two) in enumerate(doings):
        if what == "take":
            amount = min(one + two, len(stack))
            if not amount:
                continue
            gone = [stack.pop() for _ in range(amount)]
            expected = sorted((item, f"{gone.count(item)}.00") for item in set(gone))
            assert sorted(taken(book, kind, n, f"{amount}.00")) == expected
            book = book_after(book, take(kind, n, f"{amount}.00"), policy=LIFO.format(f"unapply_{kind}"))
            continue
        coins = {item: min(most, 40 - stack.count(item)) for item, most in zip("xy", (one, two), strict=True)}
        coins = {item: count for item, count in coins.items() if item in what and count}
        if coins:
            book = book_after(book, put(kind, n, **{item: f"{count}.00" for item, count in coins.items()}))
            stack += [item for item, count in coins.items() for _ in range(count)]
