"""One payment over 1,000 documents and 15,000 items, and the splitting kernel alone beside bare loops, in CPU time.

The loops are the same largest remainder, written out once on integers and once on `Decimal`: whole units first, then
one more to the largest remainders, ties to the earliest. They check nothing and take no caps, steps or other rules.
Then how payments grow with open documents (`allocate_payments.py`), and many at once (`allocate_many.py`).
"""

from __future__ import annotations

import datetime
import random
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

from benchmarks import allocate_many, allocate_payments
from benchmarks.bare_splits import bare_decimals, bare_integers
from benchmarks.goals import Goal
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy.allocation.allocate import allocate
from billpolicy.allocation.model import Applied, Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.allocation.residual import split
from billpolicy.book.book import Place
from billpolicy.book.model import Part
from billpolicy.money import from_minor, to_minor
from billpolicy.source.collector import collector_paused

DOCUMENTS, ITEMS = 1_000, 15
GROWTH = (10, 100, 1_000, 15_000)
DAY = datetime.date(2026, 3, 1)


def balances_of(count: int, seed: int = 20260301) -> list[int]:
    """Random balances of 0.01 to 5,000.00, the same ones every time."""
    chance = random.Random(seed)
    return [chance.randrange(1, 500_000) for _ in range(count)]


def targets_of(documents: int, items: int) -> list[Target]:
    """Invoices of as many items, due on different days, of each of which half is to be paid."""
    found = []
    for number in range(documents):
        balances = balances_of(items, number)
        slots = tuple(Slot(Place(f"i{i}"), from_minor(each, "USD"), "charge") for i, each in enumerate(balances))
        half = from_minor(sum(balances) // 2, "USD")
        due = DAY + datetime.timedelta(number % 90)
        found.append(Target(f"INV{number:05d}", DAY, slots, due, amount=half))
    return found


def kernel(rounds: int, count: int = DOCUMENTS) -> tuple[Goal, ...]:
    """Every document of its own, as a payment does it; then one split of ever more items."""
    documents = [(sum(each) // 3, each) for each in (balances_of(ITEMS, number) for number in range(count))]
    few = contest(f"splitting {count:,} amounts over {ITEMS} items each", documents, rounds)
    for items in GROWTH:
        balances = balances_of(items)
        times = max(1, count * ITEMS // items)
        contest(f"splitting one amount over {items:,} items", [(sum(balances) // 3, balances)] * times, rounds)
    return (Goal(f"`split` over {ITEMS} items beside a loop on int", "at most 1.5 times", f"{few:.2f} times"),)


def contest(title: str, work: Sequence[tuple[int, list[int]]], rounds: int) -> float:
    """The kernel and both loops on the same splits; different answers are refused. Its time beside the loop on int."""
    amounts = [(from_minor(total, "USD"), [from_minor(each, "USD") for each in balances]) for total, balances in work]
    contestants: dict[str, Callable[[], object]] = {
        "billpolicy": lambda: [split(total, balances) for total, balances in work],
        "bare loop on int": lambda: [bare_integers(total, balances) for total, balances in work],
        "bare loop on Decimal": lambda: [bare_decimals(total, balances) for total, balances in amounts],
    }
    answers = [split(total, balances) for total, balances in work]
    exact = [[from_minor(part, "USD") for part in parts] for parts in answers]
    if answers != [bare_integers(*each) for each in work] or exact != [bare_decimals(*each) for each in amounts]:
        raise SystemExit("not the same answers")
    print(f"allocate: {title}")
    found = rates(contestants, sum(len(balances) for _, balances in work), rounds, clock=time.process_time)
    beside = 1 / ratio(found, "billpolicy", "bare loop on int")
    print(table(found, "items"))
    print(f"  time / bare loop on int:      {beside:.2f}")
    print(f"  speed / bare loop on Decimal: {ratio(found, 'billpolicy', 'bare loop on Decimal'):.2f}")
    return beside


def by_hand(source: Source, targets: Sequence[Target]) -> list[Applied]:
    """The peer of `allocate`: the same walk over documents and items, and the same answers, written out for this case
    alone. The arithmetic is that of the loop on int; it checks nothing."""
    cent, units = Decimal("0.01"), Decimal(100)
    found = []
    for target in sorted(
        targets, key=lambda target: (target.due_date or datetime.date.max, target.date, target.number)
    ):
        balances = [int(slot.balance * units) for slot in target.slots]
        parts = bare_integers(int((target.amount or 0) * units), balances)
        found.append(
            Applied(
                target.number,
                sum(parts) * cent,
                tuple(
                    Part(item=slot.place.item, tax=slot.place.tax, amount=part * cent)
                    for slot, part in zip(target.slots, parts, strict=True)
                    if part
                ),
            )
        )
    return found


def whole(rounds: int, most: int = DOCUMENTS) -> tuple[Goal, ...]:
    """`allocate` as the operations call it: Decimal in, parts in Decimal out, the amount of each document given."""
    goals: list[Goal] = []
    for documents in (*(count for count in (1, 10, 100) if count < most), most):
        targets = targets_of(documents, ITEMS)
        amount = sum((target.amount for target in targets if target.amount is not None), Decimal(0))
        source = Source("P1", "USD", amount)
        done = allocate(source, targets, amount, Rules())
        if done.left or done.problems or list(done.applied) != by_hand(source, targets):
            raise SystemExit("not the same answers")
        in_minor = [
            (to_minor(target.amount or Decimal(0), "USD"), [to_minor(slot.balance, "USD") for slot in target.slots])
            for target in targets
        ]
        contestants: dict[str, Contestant] = {
            "allocate": partial(allocate, source, targets, amount, Rules()),
            "by hand": partial(by_hand, source, targets),
            "bare loop on int": lambda work=in_minor: [bare_integers(*each) for each in work],  # type: ignore[misc]
        }
        count = documents * ITEMS
        with collector_paused():  # as it is while an operation is planned
            times = max(1, most // documents // 10)
            many = {name: partial(_times, times, run) for name, run in contestants.items()}
            found = rates(many, count * times, rounds, clock=time.process_time)
        by, bare = (1 / ratio(found, "allocate", peer) for peer in ("by hand", "bare loop on int"))
        print(f"allocate: one payment over {documents:,} documents of {ITEMS} items each, in CPU time")
        print(table(found, "items"))
        print(f"  time / by hand to the same answers:       {by:.2f}")
        print(f"  time / bare loop on int, from ints to ints: {bare:.2f}")
        measure = f"`allocate` at {count:,} items beside a loop on int that gives the same answers"
        goals = [Goal(measure, "at most 1.5 times", f"{by:.2f} times ({bare:.1f} times one from ints to ints)")]
    return tuple(goals)


def _times(times: int, run: Contestant) -> None:
    for _ in range(times):
        run()


def main(
    rounds: int = 9,
    documents: int = DOCUMENTS,
    open_documents: Sequence[int] = allocate_payments.SIZES,
    accounts: Sequence[int] = allocate_many.ACCOUNTS,
) -> tuple[Goal, ...]:
    """Run the contests and print them."""
    goals = kernel(rounds, documents) + whole(rounds, documents)
    goals += allocate_payments.main(rounds, open_documents, documents)
    return goals + allocate_many.main(rounds, accounts)


if __name__ == "__main__":
    main()
