"""What belongs to one selected line, with the reason of each line, beside the obvious ways to find it.

One subscription item of 50 streams, billed month by month on 1,000 invoices: 50,000 charge periods, in memory.
`rebill`: all streams begin their months on the same day, and the first line is to be billed again, so that all later
ones come with it. `chain`: each begins them on a day of its own, and the first line is to be credited, so that each
line comes by the days that it shares with the one before it.

The peers are given charges and days, and only say which lines; we find them on the invoices, and say why. `sets` looks
for what is pulled in by anything found so far until there is no more: that is quick where one line pulls in all, and
hopeless where each pulls in the next. `pairs` writes down who pulls in whom, and walks along. Both look at pairs, so
they run on fewer months; how our time grows is shown at a quarter, a half and all. So is that of whole plans: of a
rebill of all, invoice by invoice credited and then billed again, and of the last line alone, which with the others of
its month is what most corrections take. Wanted is the closure and the whole plan of all in less than two seconds; the
closure does that, and the plan does not.
"""

from __future__ import annotations

import datetime
import gc
import statistics
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import billpolicy
from benchmarks.post import STANDARD
from benchmarks.rounds import rates, ratio, table
from billpolicy.billing.rating import BilledLine
from billpolicy.book.book import Book
from billpolicy.book.model import Account, BookFile, Contact, Invoice, Item, SubscribedCharge, Subscription
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.periods.closure import closure

MONTHS = 1_000
STREAMS = 50
FEW = 40
"""Months for those who look at pairs."""
FIRST = BilledLine("INV00000000", "0")
DAY = datetime.date(2034, 1, 1)
_ONE = datetime.timedelta(days=1)
_OURS = "closure, with reasons"


class Case(NamedTuple):
    """Who comes with the first line, and by what."""

    name: str
    spread: int
    """Days by which each stream begins its months later than the one before it."""
    later: bool


CASES = (Case("rebill", 0, later=True), Case("chain", 1, later=False))


def months(first: datetime.date, count: int) -> list[datetime.date]:
    """The days on which so many months begin, and the end of the last one."""
    begin = first.year * 12 + first.month - 1
    return [first.replace(year=n // 12, month=n % 12 + 1) for n in range(begin, begin + count + 1)]


def book(months_: int, case: Case, streams: int = STREAMS) -> Book:
    """One item of so many streams, billed for so many months; an invoice has a month of each."""
    start = datetime.date(1950, 1, 1)
    first = [start + _ONE * (case.spread * stream % 28) for stream in range(streams)]
    charges = tuple(
        SubscribedCharge(id=f"stream-{n}", item="seats", rate=Decimal("10.00"), start=first[n], charged_through=end)
        for n in range(streams)
        for end in months(first[n], months_)[-1:]
    )
    billed = [list(pairwise(months(one, months_))) for one in first]
    invoices = tuple(
        Invoice(
            number=f"INV{month:08d}",
            account="acme",
            date=billed[0][month][0],
            currency="EUR",
            bill_run=f"BR-{month}",
            attributes={"bill_to_contact": "ann"},
            items=tuple(
                Item(
                    id=str(stream),
                    line=stream,
                    amount=Decimal("10.00"),
                    subscription="S-1",
                    subscribed_charge=charges[stream].id,
                    quantity=Decimal(1),
                    unit_price=Decimal("10.00"),
                    service_start=billed[stream][month][0],
                    service_end=billed[stream][month][1] - _ONE,
                )
                for stream in range(streams)
            ),
        )
        for month in range(months_)
    )
    return Book.of(
        BookFile(
            accounts=(Account(id="acme", currency="EUR", attributes={"bill_to_contact": "ann"}),),
            contacts=(Contact(id="ann", account="acme"),),
            subscriptions=(Subscription(id="S-1", account="acme", start=start, charges=charges),),
            invoices=invoices,
        )
    )


class Billed(NamedTuple):
    """A line as the peers are given it."""

    line: BilledLine
    item: str
    start: datetime.date
    end: datetime.date


def lines_of(book: Book) -> list[Billed]:
    """All lines of a book."""
    items = {charge.id: charge.of_item for charge in book.subscriptions["S-1"].charges}
    return [
        Billed(BilledLine(invoice.number, item.id), items[item.subscribed_charge or ""], start, end + _ONE)
        for invoice in book.numbered.values()
        if isinstance(invoice, Invoice)
        for item in invoice.items
        for start, end in [(item.service_start, item.service_end)]
        if start is not None and end is not None
    ]


def by_sets(lines: Sequence[Billed], *, later: bool) -> Collection[BilledLine]:
    """The peer that looks again until nothing more is found."""
    found = {lines[0]}
    left = set(lines[1:])
    while True:
        more = {
            one
            for one in left
            if any(one.item == by.item and (by.start < one.end and (later or one.start < by.end)) for by in found)
        }
        if not more:
            return {one.line for one in found}
        found |= more
        left -= more


def by_pairs(lines: Sequence[Billed], *, later: bool) -> Collection[BilledLine]:
    """The peer that writes down who pulls in whom, of later periods only the next ones, and walks along."""
    pulls: dict[BilledLine, list[BilledLine]] = defaultdict(list)
    in_order = sorted(lines, key=lambda one: (one.item, one.start))
    for place, one in enumerate(in_order):
        for other in in_order[place + 1 :]:
            if other.item != one.item or other.start > one.end or (other.start == one.end and not later):
                break
            pulls[one.line].append(other.line)
            if other.start < one.end:
                pulls[other.line].append(one.line)
    reached, waiting = {lines[0].line}, deque([lines[0].line])
    while waiting:
        for line in pulls[waiting.popleft()]:
            if line not in reached:
                reached.add(line)
                waiting.append(line)
    return reached


def ours(book: Book, *, later: bool) -> Collection[BilledLine]:
    """The closure itself."""
    return {one.line for one in closure(book, [FIRST], later=later).lines}


def contest(case: Case, months_: int, rounds: int, streams: int = STREAMS) -> None:
    """Find the closure in every way, and print who took how long."""
    whole = book(months_, case, streams)
    lines = lines_of(whole)
    runs: dict[str, Callable[[], Collection[BilledLine]]] = {
        "sets": partial(by_sets, lines, later=case.later),
        "pairs": partial(by_pairs, lines, later=case.later),
        _OURS: partial(ours, whole, later=case.later),
    }
    if any(set(run()) != {one.line for one in lines} for run in runs.values()):
        raise SystemExit("the contestants did not find the same lines")
    found = rates(runs, len(lines), rounds, warm=False)
    print(f"closure, {case.name}: {len(lines):,} charge periods")
    print(table(found, "periods"))
    for peer in ("sets", "pairs"):
        print(f"  {peer} / {_OURS}: {1 / ratio(found, _OURS, peer):.2f}")


def growth(case: Case, what: Callable[[Book], object], months_: int, rounds: int, streams: int = STREAMS) -> None:
    """How the time of the closure, or of a whole plan, grows with the months."""
    sizes = {count: book(count, case, streams) for count in (months_ // 4, months_ // 2, months_)}
    gc.collect()
    gc.freeze()  # what the contest has prepared is nobody's garbage
    for count, one in sizes.items():
        work = count * streams
        found = rates({f"{work:,} periods": partial(what, one)}, work, rounds, warm=False)
        (speed,) = found.values()
        print(f"{table(found, 'periods')}, {work / statistics.median(speed):.2f} s")
    gc.unfreeze()


def planned(book: Book, versions: Versions, place: int) -> object:
    """The whole plan of a rebill of the first line of an invoice, with all that belongs to it."""
    invoice = sorted(book.numbered)[place]
    asked = {"id": "fix", "operation": "credit_rebill", "invoice": invoice, "lines": [FIRST.item]}
    return billpolicy.plan(versions, book, asked, today=DAY)


def main(months_: int = MONTHS, few: int = FEW, rounds: int = 3, streams: int = STREAMS) -> None:
    """Run the contests and print them."""
    for case in CASES:
        contest(case, few, rounds, streams)
        print(f"closure, {case.name}, as it grows")
        growth(case, partial(ours, later=case.later), months_, rounds, streams)
    versions = Versions([Resolver(prove(STANDARD), "python")])
    for what, place in (("first", 0), ("last", -1)):
        print(f"the whole plan of a rebill of the {what} line, as it grows")
        growth(CASES[0], partial(planned, versions=versions, place=place), months_, rounds, streams)


if __name__ == "__main__":
    main()
