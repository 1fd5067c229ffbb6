"""Validating: how the cost of a policy grows with its rules, over all operations and on one of them alone.

What the start of the program costs, cached or not, is asked by `start.py`.
"""

from __future__ import annotations

import datetime
import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.goals import Goal
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.policy.condition import Fact
from billpolicy.vocabulary.operations import VOCABULARY

ONE = "credit_memo_from_invoice"
DAY = datetime.date(2026, 3, 1)
FACTS: dict[str, Fact] = {"account.region": "C000", "amount": 150_000, "amount.currency": "EUR"}
"""Of a document that two rules match: it is decided once, since what decides is compiled when it is asked for."""
STANDARD = Path(__file__).parents[1] / "policies" / "standard"


def large_policy(exceptions: int) -> str:
    """A policy of many exceptions over all operations: most for one region, some narrower, some that override."""
    operations = [
        name
        for name, spec in VOCABULARY.items()
        if spec.produces and "request" in spec.levels and any(field.name == "amount" for field in spec.fields)
    ]
    return _policy(operations, exceptions, STANDARD)


def rules_on_one_operation(rules: int, base: Path = STANDARD) -> str:
    """A policy of as many exceptions as these, all of them of credit memos from an invoice."""
    return _policy([ONE], rules, base)


def _policy(operations: Sequence[str], exceptions: int, base: Path) -> str:
    lines = ["policy: large", f"extends: {base}", "effective: {from: 2026-01-01}", "exceptions:"]
    for number in range(exceptions):
        operation = operations[number % len(operations)]
        region = f"C{number // len(operations) // 3:03d}"
        kind = number // len(operations) % 3
        when = f"account.region: {region}"
        if kind:
            when += f", amount: {{at_least: {kind * 1000}.00 EUR}}"
        lines += [
            f"  - id: rule-{number:05d}",
            f"    operations: [{operation}]",
            f"    when: {{{when}}}",
            f"    then: {{sequence_set: [{'account' if kind else 'request, account'}, default]}}",
            f"    because: agreement number {number}",
        ]
    return "\n".join(lines) + "\n"


def seconds(exceptions: int) -> float:
    """Read, type and prove a policy of so many exceptions, in this process; the best of three."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(large_policy(exceptions), encoding="utf-8")
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            prove(file)
            best = min(best, time.process_time() - start)
    return best


def compiling(rules: int) -> tuple[float, float]:
    """Seconds of CPU to read, type and prove a policy of so many rules on one operation, and for the
    first decision by it, for which it is compiled; the best of three."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "policy.yaml"
        file.write_text(rules_on_one_operation(rules), encoding="utf-8")
        best = [float("inf")] * 2
        for _ in range(3):
            start = time.process_time()
            policy = prove(file)
            proven = time.process_time()
            Resolver(policy, "python").deciding(ONE, DAY, FACTS)
            best = [min(best[0], proven - start), min(best[1], time.process_time() - proven)]
    return best[0], best[1]


def main(sizes: Sequence[int] = (100, 1_000, 2_000), rules: Sequence[int] = (300, 1_000, 3_000)) -> tuple[Goal, ...]:
    """Run and print."""
    print("validate: seconds of CPU to read, type and prove a generated policy, its exceptions over all operations")
    for exceptions in sizes:
        print(f"  {exceptions:>5} exceptions  {seconds(exceptions):.2f} s")
    print("compile: seconds of CPU, all rules on one operation")
    found = {count: compiling(count) for count in rules}
    for count, (proving, making) in found.items():
        print(f"  {count:>5} rules  read, typed and proven {proving:.2f} s   compiled {making:.2f} s")
    fewest, most = min(found), max(found)
    grown = sum(found[most]) / sum(found[fewest])
    by_length = most * math.log(most) / (fewest * math.log(fewest))
    return (
        Goal(f"{most:,} rules on one operation: compiled", "under 0.5 s of CPU", f"{found[most][1]:.2f} s"),
        Goal(
            f"the same, read and proven too, beside {fewest:,} rules",
            f"{by_length:.0f} times, as n log n grows",
            f"{grown:.0f} times",
        ),
    )


if __name__ == "__main__":
    main()
