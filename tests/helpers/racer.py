"""Tries to be the one to put the last money of a payment on an invoice, and tells how it went. Run by tests.

Arguments: the address of a ledger, and which of the racers this is.
"""

from __future__ import annotations

import sys

from billpolicy.book.book import Book
from billpolicy.book.needs import Needs
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.store import Ledger, open_ledger
from billpolicy.planning.plan import Plan
from tests.helpers.ledgers import execute, whole
from tests.helpers.refusals import codes
from tests.helpers.sample import NOW, apply_plan


def unapplied_left(book: Book, id: str, target: str) -> Plan:
    """Put 35.00, all that P-00000001 has left, on an invoice; refused if it is there no more, as a planner does."""
    return apply_plan(book, id, "P-00000001", target, "35.00")


def put_all(ledger: Ledger, n: int) -> str:
    """Plan and post in one transaction: the code of the refusal, or nothing."""
    id, target = f"op-{n}", ("INV00000001", "INV00000002")[n % 2]
    plan = unapplied_left(whole(ledger), id, target)
    needs = Needs(numbers=frozenset({"P-00000001", target}))
    try:
        execute(ledger, id, plan.request, needs, lambda book: unapplied_left(book, id, target), who="ines", now=NOW)
    except Refused as refusal:
        return codes(refusal)[0]
    return ""


if __name__ == "__main__":
    with open_ledger(sys.argv[1]) as ledger:
        print(put_all(ledger, int(sys.argv[2])))
