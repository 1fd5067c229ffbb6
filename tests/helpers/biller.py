"""Posts a bill run over every account of `billed`, telling each when it is in the ledger. Run by tests, to be killed.

Arguments: the address of a ledger, and how many accounts make a group.
"""

from __future__ import annotations

import datetime
import sys

import billpolicy
from billpolicy.book.book import Book
from tests.helpers.books import book_from
from tests.helpers.sample import NOW
from tests.helpers.scenes import versions

ACCOUNTS = 500
"""More than it can post in two lives: of what it tells, less than 200 lines wait to be read."""
DAY = datetime.date(2026, 1, 31)


def billed() -> Book:
    """Accounts, each with a subscription of which January is due."""
    names = [f"a{n:03d}" for n in range(ACCOUNTS)]
    lines = ["accounts:", *(f"- {{id: {a}, currency: USD, attributes: {{bill_to_contact: c-{a}}}}}" for a in names)]
    lines += ["contacts:", *(f"- {{id: c-{a}, account: {a}}}" for a in names), "subscriptions:"]
    lines += [f"- {{id: S-{a}, account: {a}, start: 2026-01-01, charges: [{{id: c, rate: 10.00}}]}}" for a in names]
    return book_from("\n".join(lines))


def main(url: str, group: int) -> None:
    run = {"id": "BR-1", "operation": "bill_run", "date": str(DAY)}
    with billpolicy.open_ledger(url) as ledger:
        posting = billpolicy.post_all(versions(), ledger, [run], who="ann", today=DAY, group=group, now=lambda: NOW)
        for outcome in posting:
            assert outcome.posted is not None
            print(outcome.job.id, outcome.posted.plan.documents[0].document.number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
