"""Many payments at once, in columns, beside a loop over integers that does the same one after the other, in CPU time.

As many accounts have ten invoices of 15 items, and two payments each, which reach three or four of them. The loop is
given lists of plain integers, in the order of accounts; it sorts the documents of each, and walks along. We are given
columns, and give columns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.bare_splits import bare_integers
from benchmarks.goals import Goal
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy.allocation.model import Rules
from billpolicy.bulk.allocate import Batch, allocate_all
from billpolicy.source.collector import collector_paused

ACCOUNTS = (200, 4_000)
DOCUMENTS, ITEMS, PAYMENTS = 10, 15, 2
OURS, LOOP = "allocate_all", "loop on int"
Row = tuple[int, int, int]
"""Payment, row of the item, minor units."""


class Document(NamedTuple):
    """As the loop is given it; it sorts by the first three."""

    due: int
    date: int
    number: int
    first: int
    """The row of its first item."""
    balances: list[int]


class Work(NamedTuple):
    """The same for both."""

    payments: dict[str, Any]
    items: dict[str, Any]
    documents: dict[int, list[Document]]
    paid: list[tuple[int, int]]
    """Account and amount."""


def work(accounts: int) -> Work:
    """Random balances and dates, the same ones every time."""
    chance = np.random.default_rng(20260301)
    count = accounts * DOCUMENTS
    number, account = chance.permutation(count), np.repeat(np.arange(accounts), DOCUMENTS)
    due, date = chance.integers(20_000, 20_090, count), chance.integers(19_970, 20_000, count)
    balances = chance.integers(1, 500_000, (count, ITEMS))
    amounts = np.repeat(balances.reshape(accounts, -1).sum(axis=1) // 3, PAYMENTS)
    documents: dict[int, list[Document]] = {one: [] for one in range(accounts)}
    for n, whose in enumerate(account.tolist()):
        documents[whose].append(Document(int(due[n]), int(date[n]), int(number[n]), n * ITEMS, balances[n].tolist()))
    payers = np.repeat(np.arange(accounts), PAYMENTS)
    items = {
        "document": np.repeat(number, ITEMS),
        "account": np.repeat(account, ITEMS),
        "balance": balances.ravel(),
        "due_date": np.repeat(due.astype("datetime64[D]"), ITEMS),
        "date": np.repeat(date.astype("datetime64[D]"), ITEMS),
    }
    payments = {"account": payers, "amount": amounts}
    return Work(payments, items, documents, list(zip(payers.tolist(), amounts.tolist(), strict=True)))


def first_in_first_out(given: Work) -> list[Row]:
    """The peer: each document is walked along as long as there is something left."""
    found: list[Row] = []
    open_: dict[int, list[tuple[int, list[int]]]] = {}
    for payment, (account, rest) in enumerate(given.paid):
        if account not in open_:
            open_[account] = [(one.first, one.balances.copy()) for one in sorted(given.documents[account])]
        for first, balances in open_[account]:
            if not rest:
                break
            for i, balance in enumerate(balances):
                if balance:
                    part = min(rest, balance)
                    found.append((payment, first + i, part))
                    balances[i] = balance - part
                    rest -= part
                    if not rest:
                        break
    return found


def in_proportion(given: Work) -> list[Row]:
    """The other peer: largest remainder on each document that is not paid in full."""
    found: list[Row] = []
    open_: dict[int, list[list[Any]]] = {}
    for payment, (account, rest) in enumerate(given.paid):
        if account not in open_:
            open_[account] = [[one.first, one.balances, sum(one.balances)] for one in sorted(given.documents[account])]
        for document in open_[account]:
            first, balances, total = document
            if not total:
                continue
            if total <= rest:
                found += [(payment, first + i, part) for i, part in enumerate(balances) if part]
                document[2] = 0
                rest -= total
            else:
                parts = bare_integers(rest, balances)
                found += [(payment, first + i, part) for i, part in enumerate(parts) if part]
                document[1:] = [balance - part for balance, part in zip(balances, parts, strict=True)], total - rest
                rest = 0
            if not rest:
                break
    return found


def ours(given: Work, rules: Rules) -> Batch:
    """All at once."""
    return allocate_all(given.payments, given.items, rules, "USD")


def contest(accounts: int, rule: str, loop: Callable[[Work], list[Row]], rounds: int) -> float:
    """Both on the same payments; different answers are refused. How many times as fast we are."""
    given, rules = work(accounts), Rules(item_rule=rule)
    found = ours(given, rules)
    rows = list(zip(found.payment.tolist(), found.item.tolist(), found.amount.tolist(), strict=True))
    if rows != loop(given):
        raise SystemExit("not the same answers")
    items = accounts * DOCUMENTS * ITEMS
    print(f"allocate: {accounts * PAYMENTS:,} payments on {items:,} items, {rule}")
    with collector_paused():
        both: dict[str, Contestant] = {OURS: partial(ours, given, rules), LOOP: partial(loop, given)}
        speeds = rates(both, items, rounds, clock=time.process_time)
    times = ratio(speeds, OURS, LOOP)
    print(f"{table(speeds, 'items')}\n  speed / {LOOP}: {times:.1f}")
    return times


def main(rounds: int = 9, sizes: Sequence[int] = ACCOUNTS) -> tuple[Goal, ...]:
    """Run the contests and print them."""
    goals = []
    for rule, loop, wanted in (("fifo", first_in_first_out, 3), ("proration", in_proportion, 6)):
        times = [contest(accounts, rule, loop, rounds) for accounts in sizes]
        measure = f"{sizes[-1] * PAYMENTS:,} payments at once, {rule}, beside a loop on int"
        goals.append(Goal(measure, f"{wanted} times the speed", f"{times[-1]:.1f} times"))
    return tuple(goals)


if __name__ == "__main__":
    main()
