"""The first answer: whole processes, from the start of Python to its end, by the CPU that they take.

The commands are those that people type: the help, a check of the standard policy, and one operation explained and
planned on the book of an example and on a ledger in a file. The peers are the least that such a program can be:
`bare_click.py` says a line, and `bare_validate.py` parses the standard policy with typer, pydantic and PyYAML and does
nothing with it. All take turns. CPU is user and system time of the process, so that a busy machine counts less.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks.goals import Goal
from benchmarks.validate import rules_on_one_operation

ROOT = Path(__file__).parents[1]
STORY = ROOT / "examples" / "bad-debt-written-off"
OPERATIONS = """\
operations:
  - id: one
    operation: credit_memo_from_invoice
    date: 2026-03-10
    invoice: WEST-INV00000022
    reason: Service unavailable
    items: [{item: support, amount: 10.00}]
"""
MADE = "WEST-CM00000001"
"""What that operation makes, however it is planned."""
BARE = "bare typer + pydantic + PyYAML, parses only"
GOALS = {
    "--help": 60,
    "explain one operation": 120,
    "plan one operation": 150,
    "plan one operation on a ledger": 200,
}
"""Command -> how many milliseconds of CPU it may take."""


class Program(NamedTuple):
    """A command line, and what its answer has in it."""

    words: Sequence[str]
    says: str
    cache: str = "off"
    """The folder in which it is kept which policies were proven; `validate` proves anew whatever is kept."""


def programs(folder: Path, rules: int) -> dict[str, Program]:
    """The contestants, by name; in `folder` is made what they read."""
    billpolicy = (sys.executable, "-m", "billpolicy")
    cache, ledger = str(folder / "cache"), f"sqlite:///{folder / 'ledger.db'}"
    policy, book = ("--policy", str(STORY / "policy.yaml")), ("--book", str(STORY / "book.yaml"))
    operations, large = folder / "operations.yaml", folder / "large.yaml"
    operations.write_text(OPERATIONS, encoding="utf-8")
    large.write_text(rules_on_one_operation(rules, STORY / "policy.yaml"), encoding="utf-8")
    for words in (("ledger", "init", ledger), ("ledger", "import", ledger, str(STORY / "book.yaml"))):
        answer([*billpolicy, *words], cache)
    found = {
        "bare click": Program((sys.executable, "benchmarks/bare_click.py"), "hello"),
        BARE: Program((sys.executable, "benchmarks/bare_validate.py", "policies/standard"), "files"),
        "--help": Program((*billpolicy, "--help"), "validate"),
        "validate": Program((*billpolicy, "validate", "policies/standard"), "valid"),
        "explain one operation": Program((*billpolicy, "explain", str(operations), *policy, *book), MADE, cache),
        "plan one operation": Program((*billpolicy, "plan", str(operations), *policy, *book), MADE, cache),
        "plan one operation on a ledger": Program(
            (*billpolicy, "plan", str(operations), *policy, "--ledger", ledger), MADE, cache
        ),
        f"plan one operation, {rules:,} rules": Program(
            (*billpolicy, "plan", str(operations), "--policy", str(large), *book), MADE, cache
        ),
    }
    if find_spec("typer") is None:
        print(f"without {BARE}: typer is not installed (requirements-bench.lock)")
        del found[BARE]
    return found


def answer(words: Sequence[str], cache: str) -> str:
    """What a whole process prints. Raises where it fails."""
    # Programs are installed with their bytecode; without it every start would compile this one anew.
    environment = {**os.environ, "BILLPOLICY_CACHE": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(words, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def cpu(program: Program) -> float:
    """Milliseconds of CPU that one whole process takes. Raises where it does not say what it should."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = answer(program.words, program.cache)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if program.says not in said:
        raise RuntimeError(f"{' '.join(program.words)} says {said!r}")
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def main(rounds: int = 15, rules: int = 3_000, *, warm: bool = True) -> tuple[Goal, ...]:
    """Run and print. The first round keeps that the policies are proven, and does not count unless it is the only one
    (`warm=False`)."""
    with tempfile.TemporaryDirectory() as folder:
        contestants = programs(Path(folder), rules)
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for counted in [*[False] * warm, *[True] * rounds]:
            for name, program in contestants.items():
                took = cpu(program)
                if counted:
                    times[name].append(took)
    peers = [name for name in ("bare click", BARE) if name in times]
    print("start: CPU of whole processes, in turn; median, and the median of each round's ratio to a peer")
    for name, each in times.items():
        told = (f"{_ratio(each, times[peer]):.2f} of {peer.partition(',')[0]}" for peer in peers)
        print(f"  {name:<34} {statistics.median(each):>5.0f} ms   {'   '.join(told)}")
    found = {name: f"{statistics.median(each):.0f} ms" for name, each in times.items()}
    goals = {**GOALS, f"plan one operation, {rules:,} rules": 150}
    return tuple(
        Goal(f"first answer: `{name}`, policy cached", f"under {most} ms of CPU", found[name])
        for name, most in goals.items()
    )


def _ratio(each: list[float], peer: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(each, peer, strict=True))


if __name__ == "__main__":
    main()
