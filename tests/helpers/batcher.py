"""Posts a batch of credits of `many_invoices`, telling each when it is in the ledger. Run by tests, to be killed.

Arguments: the address of a ledger, how many operations, and how many make a group.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.ledger.store import open_ledger
from billpolicy.planning.plan import Plan, left_by
from billpolicy.posting.posting import Job, post_jobs
from tests.helpers.sample import NOW, credit_plan


def credits_of(count: int) -> Iterator[Job]:
    """1.00 of the first item of each invoice."""
    return (_credit(n) for n in range(count))


def _credit(n: int) -> Job:
    id, invoice = f"op-{n}", f"INV{10_000_001 + n}"

    def planner(book: Book) -> tuple[Plan, Book]:
        plan = credit_plan(book, id, invoice, "1.00")
        return plan, left_by(plan, book)

    request = {"operation": "credit_memo_from_invoice", "invoice": invoice, "amount": "1.00"}
    return Job(id, request, Needs(numbers=frozenset({invoice})), planner, "ann")


def main(url: str, count: int, group: int) -> None:
    with open_ledger(url) as ledger:
        for outcome in post_jobs(ledger, credits_of(count), now=lambda: NOW, group=group):
            assert outcome.posted is not None
            print(outcome.job.id, outcome.posted.plan.documents[0].document.number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
