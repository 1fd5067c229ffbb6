"""One payment over 1,000 documents and 15,000 items, and the splitting kernel alone beside bare loops.

The loops are the same largest remainder, written out once on integers and once on `Decimal`: whole units first, then
one more to the largest remainders, ties to the earliest. They check nothing and take no caps, steps or other rules.
"""

from __future__ import annotations

import datetime
import gc
import random
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

from benchmarks.rounds import rates, ratio, table
from billpolicy.allocation.allocate import allocate
from billpolicy.allocation.model import Allocation, Rules, Source, Target
from billpolicy.allocation.open_items import Slot
from billpolicy.allocation.residual import split
from billpolicy.book.book import Place
from billpolicy.money import from_minor

DOCUMENTS, ITEMS = 1_000, 15
GROWTH = (10, 100, 1_000, 15_000)
DAY = datetime.date(2026, 3, 1)


def bare_integers(total: int, balances: Sequence[int]) -> list[int]:
    """The peer: largest remainder in integer minor units."""
    whole = sum(balances)
    parts = []
    remainders = []
    for balance in balances:
        part, remainder = divmod(total * balance, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total - sum(parts)
    order = sorted(range(len(balances)), key=lambda i: -remainders[i])
    for i in order[:left]:
        parts[i] += 1
    return parts


def bare_decimals(total: Decimal, balances: Sequence[Decimal]) -> list[Decimal]:
    """The other peer: the same on amounts with two decimals."""
    cent = Decimal("0.01")
    whole = sum(balances)
    parts = []
    remainders = []
    for balance in balances:
        part, remainder = divmod(total * balance * 100, whole)
        parts.append(part * cent)
        remainders.append(remainder)
    left = int((total - sum(parts)) * 100)
    order = sorted(range(len(balances)), key=lambda i: -remainders[i])
    for i in order[:left]:
        parts[i] += cent
    return parts


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


def kernel(rounds: int) -> None:
    """Every document of its own, as a payment does it; then one split of ever more items."""
    documents = [(sum(each) // 3, each) for each in (balances_of(ITEMS, number) for number in range(DOCUMENTS))]
    contest(f"splitting {DOCUMENTS:,} amounts over {ITEMS} items each", documents, rounds)
    for count in GROWTH:
        balances = balances_of(count)
        times = max(1, GROWTH[-1] // count)
        contest(f"splitting one amount over {count:,} items", [(sum(balances) // 3, balances)] * times, rounds)


def contest(title: str, work: Sequence[tuple[int, list[int]]], rounds: int) -> None:
    """The kernel and both loops on the same splits; different answers are refused."""
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
    found = rates(contestants, sum(len(balances) for _, balances in work), rounds)
    print(table(found, "items"))
    print(f"  time / bare loop on int:      {1 / ratio(found, 'billpolicy', 'bare loop on int'):.2f}")
    print(f"  speed / bare loop on Decimal: {ratio(found, 'billpolicy', 'bare loop on Decimal'):.2f}")


def whole(rounds: int) -> None:
    """`allocate` as the operations call it: Decimal in, parts in Decimal out, the amount of each document given."""
    print(f"allocate: one payment over documents of {ITEMS} items each, the best of {rounds} rounds")
    for documents in (1, 10, 100, DOCUMENTS):
        targets = targets_of(documents, ITEMS)
        amount = sum((target.amount for target in targets if target.amount is not None), Decimal(0))
        source = Source("P1", "USD", amount)
        run = partial(allocate, source, targets, amount, Rules())
        best = min(_seconds(run) for _ in range(rounds))
        count = documents * ITEMS
        print(f"  {count:>6,} items  {best * 1e3:>8.2f} ms   {best / count * 1e6:.2f} microseconds an item")


def _seconds(run: Callable[[], Allocation]) -> float:
    gc.collect()
    start = time.perf_counter()
    done = run()
    taken = time.perf_counter() - start
    if done.left or done.problems:
        raise SystemExit("not all of it was applied")
    return taken


def main(rounds: int = 9) -> None:
    """Run the contests and print them."""
    kernel(rounds)
    whole(rounds)


if __name__ == "__main__":
    main()
