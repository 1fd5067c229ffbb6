"""Follows a newer book, in groups of three, and tells each operation that it has posted. Run and killed by tests.

Arguments: the address of a ledger, and how many accounts its book had.
"""

from __future__ import annotations

import random
import sys

import billpolicy
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from tests.helpers.paths import STANDARD
from tests.helpers.synced import DAY, a_book, a_newer_one


def main(url: str, accounts: int) -> None:
    versions = Versions([Resolver(prove(STANDARD), "python")])
    chance = random.Random(20260701)
    book = a_newer_one(chance, a_book(chance, accounts))
    with billpolicy.open_ledger(url) as ledger:
        sync = billpolicy.sync(versions, ledger, book, today=DAY)
        steps = [step.operation for step in sync.steps]
        for outcome in billpolicy.post_all(versions, ledger, steps, who="ann", today=DAY, group=3):
            assert outcome.posted is not None, outcome.problems
            print(outcome.job.id, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
