"""Posts operations one after the other, telling each when it is in the ledger. Run by tests, in processes to kill.

Arguments: the address of a ledger, a prefix for the ids of the operations, how many, and where to begin counting.
"""

from __future__ import annotations

import sys

from billpolicy import Posted
from billpolicy.book.needs import Needs
from billpolicy.ledger.store import Ledger, open_ledger
from tests.helpers.ledgers import execute
from tests.helpers.sample import NOW, credit_plan

INVOICE = "INV00000004"
"""JPY 5000, of which each operation credits 1."""


def post_one(ledger: Ledger, id: str) -> Posted:
    """Credit 1 yen of one invoice."""
    request = {"operation": "credit_memo_from_invoice", "invoice": INVOICE, "amount": "1"}
    needs = Needs(numbers=frozenset({INVOICE}))
    return execute(ledger, id, request, needs, lambda book: credit_plan(book, id, INVOICE, "1"), who="ann", now=NOW)


def main(url: str, name: str, count: int, first: int) -> None:
    with open_ledger(url) as ledger:
        for n in range(first, first + count):
            posted = post_one(ledger, f"{name}-{n}")
            print(posted.plan.id, posted.plan.documents[0].document.number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
