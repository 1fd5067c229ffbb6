"""Validating: a generated policy of 1,000 exceptions, and the start of the program beside a bare one.

How cost grows: 100, 1,000 and 2,000 exceptions. The peer for the start is `bare_validate.py`, a typer + pydantic +
PyYAML program that only parses the standard policy; both run as whole processes, in turn.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from billpolicy.deciding.proven import prove
from billpolicy.vocabulary.operations import VOCABULARY

ROOT = Path(__file__).parents[1]
STANDARD = ROOT / "policies" / "standard"


def large_policy(exceptions: int) -> str:
    """A policy of many exceptions over all operations: most for one region, some narrower, some that override."""
    lines = ["policy: large", f"extends: {STANDARD}", "effective: {from: 2026-01-01}", "exceptions:"]
    operations = [
        name
        for name, spec in VOCABULARY.items()
        if spec.produces and "request" in spec.levels and any(field.name == "amount" for field in spec.fields)
    ]
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
            start = time.perf_counter()
            prove(file)
            best = min(best, time.perf_counter() - start)
    return best


def start(command: list[str], cache: str) -> float:
    """Seconds of one whole process."""
    # Programs are installed with their bytecode; without it every start would compile this one anew.
    environment = {**os.environ, "BILLPOLICY_CACHE": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main(rounds: int = 15) -> None:
    """Run and print."""
    print("validate: seconds to read, type and prove a generated policy")
    for exceptions in (100, 1_000, 2_000):
        print(f"  {exceptions:>5} exceptions  {seconds(exceptions):.2f} s")
    billpolicy = [sys.executable, "-m", "billpolicy"]
    validate = [*billpolicy, "validate", "policies/standard"]
    bare = [sys.executable, "benchmarks/bare_validate.py", "policies/standard"]
    with tempfile.TemporaryDirectory() as kept:
        contestants = {
            "bare typer + pydantic + PyYAML, parses only": (bare, "off"),
            "billpolicy validate, nothing cached": (validate, "off"),
            "billpolicy validate, policy cached": (validate, kept),
            "billpolicy --help": ([*billpolicy, "--help"], "off"),
        }
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for counted in [False, *[True] * rounds]:
            for name, (command, cache) in contestants.items():
                took = start(command, cache)
                if counted:
                    times[name].append(took)
    peer, *_ = times.values()
    print("start: whole processes on policies/standard, in turn, median")
    for name, each in times.items():
        ratio = statistics.median(a / b for a, b in zip(each, peer, strict=True))
        print(f"  {name:<45} {statistics.median(each) * 1000:>5.0f} ms   {ratio:.2f} of the bare program")


if __name__ == "__main__":
    main()
