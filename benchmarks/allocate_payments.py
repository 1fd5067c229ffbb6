"""How the cost of putting money on documents grows with what the account has open, in CPU time, the answers known.

One account has 10 to 10,000 open invoices of three items with a tax each, in a book that is kept: a payment of which
two or three get something, two credit memos by `apply_credits`, one by `apply_credit_memo`, and a cancellation with its
final bill, whose credit is used on the subscription's invoices. Each by every document order that fills one document
before the next; by `equal_spread` each document gets something, so no payment reaches few. Which documents have to get
something is found by sorting them all by hand. Then one payment over 1,000 documents.
"""

from __future__ import annotations

import datetime
import gc
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import billpolicy
from benchmarks.goals import Goal
from benchmarks.post import STANDARD
from billpolicy.book.book import Book
from billpolicy.book.model import (
    Account,
    BookFile,
    Contact,
    CreditMemo,
    Invoice,
    Item,
    SubscribedCharge,
    Subscription,
    TaxItem,
)
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.planning.plan import Plan, in_turn

SIZES = (10, 100, 1_000, 10_000)
MOST = 1_000
"""As many documents as one payment may settle (`document_limit`)."""
DAY = datetime.date(2026, 7, 1)
OF_IT = ("INV00000000", "INV00000001")
"""The invoices of the subscription."""
_ONE = datetime.timedelta(days=1)
ORDERS: Mapping[str, Callable[[Invoice, Decimal], tuple[Any, ...]]] = {
    "oldest_due_first": lambda one, left: (),
    "oldest_document_first": lambda one, left: (one.date,),
    "newest_document_first": lambda one, left: (-one.date.toordinal(),),
    "largest_balance_first": lambda one, left: (-left,),
    "smallest_balance_first": lambda one, left: (left,),
    "by_priority": lambda one, left: (one.priority is None, one.priority),
}
"""By what each sorts before due date, date and number: the document, and what is left open on it."""
AMOUNT = Decimal("60.00")
CREDIT = Decimal("30.00")
OPERATIONS: dict[str, dict[str, Any]] = {
    "create_payment": {"account": "acme", "amount": str(AMOUNT), "apply_to_open": True},
    "apply_credits": {"account": "acme"},
    "apply_credit_memo": {"credit_memo": "CM00000000"},
    "cancel_subscription": {"subscription": "S-1", "effective_date": str(DAY)},
}
PUT = {"create_payment": (AMOUNT,), "apply_credits": (CREDIT, CREDIT), "apply_credit_memo": (CREDIT,)}
"""The amounts that each puts on documents by the order; a cancellation puts its credit on invoices of its own."""


def book(count: int) -> Book:
    """One account with so many open invoices, of which two are of the subscription."""
    start, until = DAY - 60 * _ONE, DAY + 30 * _ONE
    taxes = (TaxItem(id="vat", name="VAT", amount=Decimal("1.90")),)
    invoices = tuple(
        Invoice(
            number=f"INV{n:08}",
            account="acme",
            date=DAY - (61 + n * 7 % 83) * _ONE,
            due_date=DAY + (n * 11 % 97 - 50) * _ONE if n % 9 else None,
            priority=n * 5 % 13 if n % 3 else None,
            currency="EUR",
            bill_run=f"BR-{n}",
            attributes={"bill_to_contact": "ann"},
            items=tuple(
                Item(
                    id=str(i),
                    line=i,
                    amount=Decimal("10.00") + (n + i) * 13 % 31,
                    taxes=taxes,
                    subscription="S-1" if n < len(OF_IT) else None,
                    subscribed_charge=f"c{n}" if n < len(OF_IT) else None,
                    service_start=start,
                    service_end=until - _ONE,
                )
                for i in range(1 if n < len(OF_IT) else 3)
            ),
        )
        for n in range(count)
    )
    charges = tuple(
        SubscribedCharge(id=f"c{n}", rate=Decimal("10.00"), start=start, charged_through=until) for n in range(2)
    )
    memos = tuple(
        CreditMemo(
            number=f"CM{n:08}",
            account="acme",
            date=DAY - _ONE,
            currency="EUR",
            attributes={"bill_to_contact": "ann"},
            items=(Item(id="0", amount=CREDIT),),
        )
        for n in range(2)
    )
    return Book.of(
        BookFile(
            accounts=(Account(id="acme", currency="EUR", attributes={"bill_to_contact": "ann"}),),
            contacts=(Contact(id="ann", account="acme"),),
            subscriptions=(Subscription(id="S-1", account="acme", start=start, charges=charges),),
            invoices=invoices,
            credit_memos=memos,
        )
    )


def versions(order: str) -> Versions:
    """The standard policy with another document order."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        text = f"policy: bench\nextends: {STANDARD}\neffective: {{from: 2000-01-01}}\n"
        by_order = f"  document_order: {{is: {order}, because: it is measured}}\n"
        file.write_text(f"{text}every_operation:\n{by_order}", encoding="utf-8")
        return Versions([Resolver(prove(file), "python")])


def by_hand(book: Book, order: str, amounts: Iterable[Decimal]) -> dict[str, Decimal]:
    """What each document gets that gets something, found by sorting all of them for each amount."""
    invoices = [one for one in book.numbered.values() if isinstance(one, Invoice)]
    left = {one.number: one.amount for one in invoices}
    got: dict[str, Decimal] = defaultdict(Decimal)
    for rest in amounts:
        for one in sorted(invoices, key=lambda one: (*ORDERS[order](one, left[one.number]), *_total_order(one))):
            part = min(rest, left[one.number])
            if part:
                got[one.number] += part
                left[one.number] -= part
                rest -= part
    return got


def _total_order(one: Invoice) -> tuple[datetime.date, datetime.date, str]:
    return one.due_date or datetime.date.max, one.date, one.number


def planned(on: Book, policy: Versions, operation: str) -> Plan:
    """The plan of an operation."""
    return billpolicy.plan(policy, on, {"id": "op", "operation": operation, **OPERATIONS[operation]}, today=DAY)


def put(plan: Plan) -> dict[str, Decimal]:
    """What a plan with all that follows it puts on each document."""
    found: dict[str, Decimal] = {}
    for one in in_turn(plan):
        for made in one.applications:
            found[made.to] = found.get(made.to, Decimal(0)) + made.amount
    return found


def seconds(run: Callable[[], object], rounds: int) -> float:
    """The median of the rounds, in CPU time."""
    run()
    taken = []
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def growth(rounds: int, sizes: Sequence[int] = SIZES) -> Goal:
    """The table, and how much longer the slowest takes at the end than at the beginning."""
    print("payments that reach a few of so many open documents, in ms of CPU, and the last / the first")
    books = {count: book(count) for count in sizes}
    worst = 0.0
    for order in ORDERS:
        policy = versions(order)
        for operation in OPERATIONS:
            found = []
            for on in books.values():
                got = put(planned(on, policy, operation))
                if operation not in PUT:
                    is_right = set(got) == set(OF_IT)
                else:
                    is_right = got == by_hand(on, order, PUT[operation])
                if not is_right:
                    raise SystemExit(f"{operation} by {order} put {got} on documents")
                found.append(seconds(partial(planned, on, policy, operation), rounds))
            worst = max(worst, found[-1] / found[0])
            figures = "".join(f"{each * 1e3:>8.2f}" for each in found)
            print(f"  {order:<23}{operation:<20}{figures}   {found[-1] / found[0]:.2f}")
    few = "with 10,000 open documents, of which a few are reached, beside 10: the slowest operation and order"
    return Goal(few, "at most 3 times", f"{worst:.1f} times")


def over_many(rounds: int, count: int = MOST) -> Goal:
    """One payment over as many documents as one may settle, all of them paid in full."""
    on, policy = book(count), versions("oldest_due_first")
    total = sum((one.amount for one in on.numbered.values() if isinstance(one, Invoice)), Decimal(0))
    asked = {"id": "op", "operation": "create_payment", **OPERATIONS["create_payment"], "amount": str(total)}

    def run() -> Plan:
        return billpolicy.plan(policy, on, asked, today=DAY)

    if put(run()) != by_hand(on, "oldest_due_first", [total]):
        raise SystemExit("not every document was paid in full")
    taken = seconds(run, rounds) * 1e3
    print(f"one payment over {count:,} documents of six items and taxes: {taken:.1f} ms of CPU")
    return Goal(f"a payment over {count:,} documents", "under 30 ms of CPU", f"{taken:.0f} ms")


def main(rounds: int = 9, sizes: Sequence[int] = SIZES, most: int = MOST) -> tuple[Goal, ...]:
    """Print the tables."""
    return growth(rounds, sizes), over_many(rounds, most)


if __name__ == "__main__":
    main()
