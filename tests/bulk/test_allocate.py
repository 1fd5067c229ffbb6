"""Many payments at once come out as one after the other."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpolicy.allocation.allocate import allocate
from billpolicy.allocation.model import Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.book.book import Place
from billpolicy.bulk import allocate as bulk
from billpolicy.bulk.allocate import allocate_all
from billpolicy.bulk.spreading import CLAIMS
from billpolicy.money import AmountError, from_minor, to_minor
from tests.helpers.allocations import DAY, days, rules
from tests.helpers.paths import ROOT
from tests.helpers.properties import examples

PLAIN = Rules()


@dataclass
class Owed:
    """A document."""

    number: str
    account: str
    balances: list[int]
    due_date: datetime.date | None = None
    date: datetime.date = DAY
    priority: int | None = None
    components: list[str] = field(default_factory=list)


def columns(documents: list[Owed]) -> dict[str, Any]:
    rows = [(one, n) for one in documents for n in range(len(one.balances))]
    return {
        "document": [one.number for one, _ in rows],
        "account": [one.account for one, _ in rows],
        "balance": np.array([one.balances[n] for one, n in rows], np.int64),
        "due_date": [one.due_date for one, _ in rows],
        "date": [one.date for one, _ in rows],
        "priority": [one.priority for one, _ in rows],
        "component": [one.components[n] if one.components else "charge" for one, n in rows],
    }


def paying(payments: list[tuple[str, int]]) -> dict[str, Any]:
    return {"account": [account for account, _ in payments], "amount": np.array([one for _, one in payments], np.int64)}


def all_at_once(payments: list[tuple[str, int]], documents: list[Owed], how: Rules) -> Iterator[object]:
    """Of each payment which item got how much, in order, and what is left."""
    found = allocate_all(paying(payments), columns(documents), how, "USD")
    rows = [(one.number, n) for one in documents for n in range(len(one.balances))]
    got = defaultdict(list)
    for payment, item, amount in zip(found.payment, found.item, found.amount, strict=True):
        got[payment].append((*rows[item], int(amount)))
    assert len(list(np.flatnonzero(np.diff(found.payment)))) == max(len(got) - 1, 0), (
        "those of a payment stand together"
    )
    for payment in range(len(payments)):
        yield got[payment], int(found.left[payment])


def one_by_one(payments: list[tuple[str, int]], documents: list[Owed], how: Rules) -> Iterator[object]:
    """The same by `allocate`."""
    left_open = {one.number: list(one.balances) for one in documents}
    for payer, amount in payments:
        targets = [
            Target(
                one.number,
                one.date,
                tuple(
                    Slot(Place(str(n)), from_minor(open_, "USD"), one.components[n] if one.components else "charge")
                    for n, open_ in enumerate(left_open[one.number])
                    if open_
                ),
                one.due_date,
                one.priority,
            )
            for one in documents
            if one.account == payer
        ]
        money = from_minor(amount, "USD")
        found = allocate(Source("P", "USD", money), targets, money, how)
        got = [
            (applied.document, int(part.item), to_minor(part.amount, "USD"))
            for applied in found.applied
            for part in applied.parts
        ]
        for number, n, part in got:
            left_open[number][n] -= part
        yield got, to_minor(found.left, "USD")


@st.composite
def cases(draw: st.DrawFn, least: int) -> tuple[list[tuple[str, int]], list[Owed]]:
    """Payments and documents of a few accounts; some pay that owe nothing."""
    names = draw(st.permutations([f"INV{n}" for n in range(draw(st.integers(0, 7)))]))
    documents = []
    for name in names:
        balances = draw(st.lists(st.integers(least, 60), min_size=1, max_size=5))
        components = [draw(st.sampled_from(("charge", "tax"))) for _ in balances]
        account = draw(st.sampled_from("ab"))
        priority = draw(st.none() | st.integers(-1, 2))
        documents.append(Owed(name, account, balances, draw(st.none() | days), draw(days), priority, components))
    payments = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 120)), max_size=8))
    return payments, documents


@examples(300)
@given(
    cases(least=0),
    st.sampled_from(("fifo", "proration")),
    st.sampled_from(sorted(CLAIMS)),
    st.sampled_from(sorted(bulk._ORDERS)),
)
def test_whole_columns(case: tuple[list[tuple[str, int]], list[Owed]], rule: str, residual: str, order: str) -> None:
    """Nobody goes through `allocate` here."""
    how = Rules(item_rule=rule, residual=residual, document_order=order)
    with patch.object(bulk, "allocate", side_effect=AssertionError):
        found = list(all_at_once(*case, how))
    assert found == list(one_by_one(*case, how))


@examples(300)
@given(cases(least=-9), rules())
def test_any_rules(case: tuple[list[tuple[str, int]], list[Owed]], how: Rules) -> None:
    assert list(all_at_once(*case, how)) == list(one_by_one(*case, how))


@examples(100)
@given(st.data())
def test_amounts_near_the_end_of_an_integer(data: st.DataObject) -> None:
    """What would not fit in 64 bits when it is multiplied or added up is done by `allocate`, which has no end."""
    large = st.integers(1, 10**17 - 1) | st.integers(2**31 - 9, 2**31 + 9)
    documents = [
        Owed(
            f"INV{n}",
            data.draw(st.sampled_from("ab")),
            [x // 3 for x in data.draw(st.lists(large, min_size=1, max_size=3))],
        )
        for n in range(data.draw(st.integers(1, 4)))
    ]
    payments = data.draw(st.lists(st.tuples(st.sampled_from("ab"), large), min_size=1, max_size=4))
    for how in (PLAIN, Rules(item_rule="fifo")):
        assert list(all_at_once(payments, documents, how)) == list(one_by_one(payments, documents, how))


def test_a_payment_over_too_many_items_is_first_in_first_out() -> None:
    """Two items are prorated, and the three of both documents are not (`grid_limit`): 3 of 4 is 1 and 2, or 2 and 1."""
    documents = [Owed("I1", "a", [2, 2]), Owed("I2", "b", [2, 2]), Owed("I3", "b", [9])]
    payments = [("a", 3), ("b", 5)]
    how = Rules(grid_limit=2, document_order="as_named")
    found = list(all_at_once(payments, documents, how))
    assert found == list(one_by_one(payments, documents, how))
    assert found == [([("I1", 0, 2), ("I1", 1, 1)], 0), ([("I2", 0, 2), ("I2", 1, 2), ("I3", 0, 1)], 0)]


def test_arrow() -> None:
    """Tables of Arrow are taken as they are: 25 pays all of what is due first, and half of the other."""
    items = pa.table(
        {
            "document": ["I1", "I1", "I2"],
            "account": ["a", "a", "a"],
            "balance": [10, 20, 10],
            "due_date": pa.array([None, None, DAY], pa.date32()),
            "priority": pa.array([None, None, 1], pa.int64()),
        }
    )
    payments = pa.table({"account": ["a", "nobody"], "amount": [25, 7]})
    for order in ("oldest_due_first", "by_priority"):
        found = allocate_all(payments, items, Rules(document_order=order), "USD")
        assert found.payment.tolist() == [0, 0, 0]
        assert found.item.tolist() == [2, 0, 1]
        assert found.amount.tolist() == [10, 5, 10]
        assert found.left.tolist() == [0, 7]


@pytest.mark.parametrize(
    ("payments", "items", "why"),
    [
        ({"amount": [1]}, {}, "there is no column `account`"),
        ({"account": ["a"], "amount": [1.5]}, {}, "in minor units"),
        ({"account": ["a"], "amount": [0]}, {}, "above zero"),
        ({"account": ["a"], "amount": [10**17]}, {}, "too large"),
        ({"account": ["a", "b"], "amount": [1]}, {}, "not equally long"),
        ({"account": ["a"], "amount": [1]}, {"balance": [1, 2]}, "not equally long"),
        ({"account": ["a"], "amount": [1]}, {"balance": [10**17, 1, 1]}, "too large"),
        ({"account": ["a"], "amount": [1]}, {"document": ["I1", "I2", "I1"]}, "do not stand together"),
        ({"account": pa.array([2**60, None]), "amount": [1, 1]}, {}, "`account` has a text or a whole number in each"),
        ({"account": pa.array(["a", None]), "amount": [1, 1]}, {}, "`account` has a text or a whole number in each"),
        ({"account": ["a"], "amount": [1]}, {"document": [1.0, 1.0, 2.0]}, "`document` has a text or a whole number"),
    ],
)
def test_what_does_not_fit(payments: dict[str, Any], items: dict[str, Any], why: str) -> None:
    plain: dict[str, Any] = {"document": ["I1", "I1", "I2"], "account": ["a", "a", "a"], "balance": [1, 2, 3]}
    with pytest.raises(ValueError, match=why):
        allocate_all(payments, {**plain, **items}, PLAIN, "USD")


@pytest.mark.parametrize(("payer", "ower"), [(np.uint64, np.int64), (np.int64, np.uint64), (np.uint64, np.uint64)])
def test_accounts_of_large_numbers_are_told_apart(payer: type, ower: type) -> None:
    """2^60 and the next number are the same as floats."""
    items = {"document": ["I1", "I2"], "account": np.array([2**60, 2**60 + 2], ower), "balance": [10, 10]}
    found = allocate_all({"account": np.array([2**60 + 1, 2**60 + 2], payer), "amount": [7, 7]}, items, PLAIN, "USD")
    assert (found.payment.tolist(), found.item.tolist(), found.left.tolist()) == ([1], [1], [7, 0])


def test_no_day_is_the_last_of_all_days() -> None:
    documents = [
        Owed("I1", "a", [100], due_date=datetime.date.max, date=DAY),
        Owed("I2", "a", [100], date=DAY - datetime.timedelta(1)),
    ]
    how = Rules(document_order="oldest_due_first")
    found = list(all_at_once([("a", 50)], documents, how))
    assert found == list(one_by_one([("a", 50)], documents, how)) == [([("I2", 0, 50)], 0)]


def test_what_is_no_rule_for_payments() -> None:
    with pytest.raises(ValueError, match="credit memo"):
        allocate_all(paying([]), columns([]), replace(PLAIN, item_rule="source_item"), "USD")
    with pytest.raises(AmountError):
        allocate_all(paying([]), columns([]), PLAIN, "dollars")


def test_nothing() -> None:
    for how in (PLAIN, Rules(item_rule="fifo"), Rules(item_rule="by_component")):
        found = allocate_all(paying([]), columns([]), how, "USD")
        assert [len(column) for column in found] == [0, 0, 0, 0]


def test_the_page() -> None:
    """What docs/allocation.md shows is what comes out."""
    _, _, text = (ROOT / "docs" / "allocation.md").read_text(encoding="utf-8").partition("## Many payments at once")
    code = text.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    table = text.partition("```text\n")[2].partition("```")[0].splitlines()[1:]
    rows = [[int(cell) for cell in line.split()] for line in table]
    assert rows == [[int(cell) for cell in row] for row in zip(*names["found"][:3], strict=True)]
    assert names["found"].left.tolist() == [0, 0]
