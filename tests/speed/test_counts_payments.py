"""How much a payment looks at that reaches two of 1,000 open documents: what it reaches, and not what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest

import billpolicy
from benchmarks.allocate_payments import DAY, OPERATIONS, ORDERS, book, planned, put, versions
from billpolicy.allocation.model import Rules
from billpolicy.book.book import Book
from billpolicy.book.model import Document
from billpolicy.operations.shared import targets

COUNT = 1_000


def counted(run: Callable[[], object]) -> Counter[str]:
    """How many documents are opened, netted, added up and taken as targets."""
    found: Counter[str] = Counter()

    def counting(what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> Any:
            found[what] += 1
            return call(*args, **named)

        return counted

    with (
        patch.object(Book, "open_places", counting("opened", Book.open_places)),
        patch.object(Book, "balance", counting("balances", Book.balance)),
        patch.object(Rules, "net", counting("netted", Rules.net)),
        patch.object(targets, "Named", counting("targets", targets.Named)),
        patch.object(Document, "amount", property(counting("added up", Document.amount.fget))),  # type: ignore[attr-defined]
    ):
        run()
    return found


@pytest.fixture(scope="module")
def on() -> Book:
    return book(COUNT)


@pytest.mark.parametrize("order", ORDERS)
def test_a_payment_looks_at_what_it_reaches(on: Book, order: str) -> None:
    policy = versions(order)
    for operation in OPERATIONS:
        reached = put(planned(on, policy, operation))  # once before it counts: the orders are kept then
        assert 0 < len(reached) <= 4
        found = counted(lambda of=operation: planned(on, policy, of))  # type: ignore[misc]
        assert sum(found.values()) < 100, (operation, found)
        # Each credit memo is opened too, and a cancellation opens what its subscription owes for each step.
        assert found["opened"] <= 6 * len(reached), (operation, found)


def test_so_does_each_of_many_payments(on: Book) -> None:
    """Each on the book that the ones before it leave: what they changed is looked at again, and nothing else."""
    policy, many = versions("oldest_due_first"), 50
    asked = [{"id": f"p{n}", "operation": "create_payment", **OPERATIONS["create_payment"]} for n in range(many)]
    planned(on, policy, "create_payment")
    found = counted(lambda: list(billpolicy.plan_all(policy, on, asked, today=DAY)))
    assert found["netted"] <= 4 * many
    assert found["added up"] <= 20 * many
    assert (
        found["targets"] <= 150 * many
    )  # those that changed since all were sorted, each time they are laid over the rest
