"""Document orders, what is not due yet, and buckets of age, against a clerk who pays cent by cent."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.allocation.allocate import allocate
from billpolicy.allocation.model import FUTURES, SPANS, Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.allocation.orders import DOCUMENT_ORDERS
from billpolicy.book.book import Place
from tests.helpers.properties import examples

TODAY = datetime.date(2026, 6, 15)
COMPONENTS = ("tax", "charge")
Doc = tuple[str, datetime.date, datetime.date | None, int | None, int, int]
"""Number, date, due date, priority, tax and charge in cents."""
Paid = dict[tuple[int, str], int]
FAR = datetime.date.max

# -- the clerk ---------------------------------------------------------------------------------------------------------


def cent_by_cent(amount: int, docs: list[Doc], how: Rules) -> dict[str, int]:
    """Each cent goes to whoever comes first at that moment, of all who have room."""
    owed = {(n, what): owes for n, doc in enumerate(docs) for what, owes in zip(COMPONENTS, doc[4:], strict=True)}
    paid: Paid = dict.fromkeys(owed, 0)
    for _ in range(amount):
        waiting = [key for key in owed if paid[key] < owed[key]]
        if waiting:
            paid[min(waiting, key=lambda key: place_in_line(key, docs, paid, how))] += 1
    return {doc[0]: sum(paid[n, what] for what in COMPONENTS) for n, doc in enumerate(docs)}


def place_in_line(key: tuple[int, str], docs: list[Doc], paid: Paid, how: Rules) -> tuple[Any, ...]:
    n, what = key
    _, _, due, _, _, _ = docs[n]
    late = None if due is None or due > TODAY else (TODAY - due).days
    whole = how.span == "document"
    group = 0
    if how.span == "aging_bucket":  # the latest bucket first, then what is due today, then what is not due
        group = 1 if late is None else -ceil(late / how.bucket_days)
    elif how.future != "by_order":
        group = 1 if late is None else 0
    component = 0 if whole else how.components.index(what)
    got = sum(paid[n, c] for c in COMPONENTS if whole or c == what)
    return (group, component, *own_place(n, docs, got, how, is_later=late is None))


def own_place(n: int, docs: list[Doc], got: int, how: Rules, *, is_later: bool) -> tuple[Any, ...]:
    number, date, due, _, _, _ = docs[n]
    total = (due or FAR, date, number)
    if is_later and how.future != "by_order":
        least = got if how.future == "equal" else 0
        last_first = how.future == "last" and due is not None
        return (least, due is None, -due.toordinal() if last_first and due else total, total)
    return (*IN_LINE[how.document_order](n, docs, got), total)


IN_LINE: dict[str, Callable[[int, list[Doc], int], tuple[Any, ...]]] = {
    "as_named": lambda n, docs, got: (n,),
    "oldest_due_first": lambda n, docs, got: (),
    "oldest_document_first": lambda n, docs, got: (docs[n][1],),
    "newest_document_first": lambda n, docs, got: (-docs[n][1].toordinal(),),
    "largest_balance_first": lambda n, docs, got: (-(docs[n][4] + docs[n][5]),),
    "smallest_balance_first": lambda n, docs, got: (docs[n][4] + docs[n][5],),
    "by_priority": lambda n, docs, got: (docs[n][3] is None, docs[n][3] or 0),
    "equal_spread": lambda n, docs, got: (got,),
}

# -- the rules ---------------------------------------------------------------------------------------------------------


def cents(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2).quantize(Decimal("0.01"))


def by_rules(amount: int, docs: list[Doc], how: Rules) -> dict[str, int]:
    targets = []
    for number, date, due, priority, tax, charge in docs:
        slots = [Slot(Place("i"), cents(charge), "charge"), Slot(Place("i", "vat"), cents(tax), "tax")]
        targets.append(Target(number, date, tuple(slot for slot in slots if slot.balance), due, priority))
    done = allocate(Source("P", "USD", cents(amount)), targets, cents(amount), how)
    assert not done.problems
    applied = {one.document: int(one.amount.scaleb(2)) for one in done.applied}
    return {doc[0]: applied.get(doc[0], 0) for doc in docs}


days = st.integers(-100, 40).map(lambda n: TODAY + datetime.timedelta(n))


@st.composite
def documents(draw: st.DrawFn) -> list[Doc]:
    numbers = draw(st.permutations([f"I{n}" for n in range(draw(st.integers(1, 6)))]))
    owed = st.integers(0, 15)
    found = [
        (n, draw(days), draw(st.none() | days), draw(st.none() | st.integers(1, 3)), draw(owed), draw(owed))
        for n in numbers
    ]
    return [doc for doc in found if doc[4] + doc[5]]


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    return Rules(
        item_rule="by_component",
        document_order=draw(st.sampled_from(sorted(DOCUMENT_ORDERS))),
        residual="first",  # of equal shares the first ones get the cents that are left
        components=draw(st.permutations(COMPONENTS).map(tuple)),
        span=draw(st.sampled_from(SPANS)),
        bucket_days=draw(st.sampled_from((1, 7, 30))),
        future=draw(st.sampled_from(FUTURES)),
        day=TODAY,
    )


@examples(600)
@given(documents(), rules(), st.integers(1, 120))
def test_as_a_clerk_pays(docs: list[Doc], how: Rules, amount: int) -> None:
    assert by_rules(amount, docs, how) == cent_by_cent(amount, docs, how)


# -- Fineract's three, by hand -----------------------------------------------------------------------------------------

DUE = TODAY - datetime.timedelta(5)
LOAN: list[Doc] = [
    ("I1", DUE, DUE, None, 0, 30),
    ("I2", DUE, TODAY, None, 0, 30),  # today is due
    ("I3", DUE, TODAY + datetime.timedelta(1), None, 0, 30),
    ("I4", DUE, TODAY + datetime.timedelta(30), None, 0, 30),
    ("I5", DUE, TODAY + datetime.timedelta(60), None, 0, 30),
    ("I6", DUE, None, None, 0, 30),  # never due
]


@pytest.mark.parametrize(
    ("future", "gets"),
    [
        ("by_order", [30, 30, 30, 10, 0, 0]),
        ("next", [30, 30, 30, 10, 0, 0]),
        ("last", [30, 30, 0, 10, 30, 0]),
        ("equal", [30, 30, 10, 10, 10, 10]),
    ],
)
def test_what_is_due_comes_first_and_then_what_is_next_or_last_or_each_the_same(future: str, gets: list[int]) -> None:
    how = Rules(future=future, day=TODAY)
    assert list(by_rules(100, LOAN, how).values()) == gets


@pytest.mark.parametrize(
    ("order", "future", "gets"),
    [
        ("newest_document_first", "by_order", [0, 0, 0, 40]),
        ("newest_document_first", "next", [20, 20, 0, 0]),  # due on the same day, I2 the newer
        ("equal_spread", "by_order", [10, 10, 10, 10]),
        ("equal_spread", "last", [20, 20, 0, 0]),
    ],
)
def test_the_order_is_that_of_what_is_due(order: str, future: str, gets: list[int]) -> None:
    docs: list[Doc] = [
        (f"I{n}", DUE + datetime.timedelta(n), DUE if n < 3 else FAR, None, 0, owed)
        for n, owed in ((1, 20), (2, 20), (3, 40), (4, 40))
    ]
    assert list(by_rules(40, docs, Rules(document_order=order, future=future, day=TODAY)).values()) == gets


def test_the_oldest_bucket_is_settled_component_by_component_before_the_next() -> None:
    """40 and 35 days late are one bucket of 30 days, 20 days late the next, today is no day late."""
    docs: list[Doc] = [(f"I{late}", DUE, TODAY - datetime.timedelta(late), None, 10, 50) for late in (0, 20, 35, 40)]
    how = Rules(item_rule="by_component", span="aging_bucket", day=TODAY)
    assert by_rules(15, docs, how) == {"I40": 10, "I35": 5, "I20": 0, "I0": 0}
    assert by_rules(70, docs, how) == {"I40": 60, "I35": 10, "I20": 0, "I0": 0}  # both taxes, then the charge of I40
    assert by_rules(125, docs, how) == {"I40": 60, "I35": 60, "I20": 5, "I0": 0}
    assert by_rules(190, docs, how) == {"I40": 60, "I35": 60, "I20": 60, "I0": 10}


@pytest.mark.parametrize(("late", "bucket"), [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3)])
def test_where_a_bucket_ends(late: int, bucket: int) -> None:
    """Of two buckets the older comes first, and of one bucket the newer document by this order."""
    for other, its in ((0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3)):
        docs: list[Doc] = [
            ("A", TODAY - datetime.timedelta(200), TODAY - datetime.timedelta(late), None, 0, 1),
            ("B", TODAY - datetime.timedelta(199), TODAY - datetime.timedelta(other), None, 0, 1),
        ]
        how = Rules(item_rule="by_component", span="aging_bucket", document_order="newest_document_first", day=TODAY)
        first = "A" if bucket > its else "B"
        assert by_rules(1, docs, how)[first] == 1


@pytest.mark.parametrize(
    "wrong", [{"future": "never"}, {"future": "next"}, {"span": "aging_bucket"}, {"day": TODAY, "bucket_days": 0}]
)
def test_rules_that_mean_nothing_are_a_bug(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"none of|day"):
        Rules(**wrong)
