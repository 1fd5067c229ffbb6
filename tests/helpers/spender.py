"""Posts payments of one day under a policy with limits, and tells which came through. Run by tests, side by side.

Arguments: the address of a ledger, the path of a policy, the name of this poster, and how many it tries.
"""

from __future__ import annotations

import sys
from pathlib import Path

import billpolicy
from tests.helpers.sample import NOW

AMOUNT = {"EUR": "7.00", "USD": "9.00"}


def main(url: str, policy: str, name: str, count: int) -> None:
    asked = [
        {
            "id": f"{name}-{n}",
            "operation": "create_payment",
            "date": "2026-06-05",
            "account": "acme",
            "currency": currency,
            "amount": AMOUNT[currency],
            "actor": name,
        }
        for n, currency in enumerate(sorted(AMOUNT) * count)
    ]
    versions = billpolicy.load_policy(Path(policy), engine="python")
    with billpolicy.open_ledger(url) as ledger:
        for outcome in billpolicy.post_all(
            versions, ledger, asked, who=name, now=lambda: NOW, group=3, today=NOW.date()
        ):
            codes = {problem.code for problem in outcome.problems}
            assert codes <= {"limit-used-up"}, codes
            print(outcome.job.id, "refused" if codes else outcome.job.request["currency"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
