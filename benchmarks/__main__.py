"""`make bench`: every benchmark in turn, or those that are named: `python -m benchmarks closure`.

All of them in turn also write docs/performance.md: a table of what was to be reached, and what each of them printed.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import io
import os
import platform
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from benchmarks import (
    allocate,
    bill_run,
    bulk,
    check,
    closure,
    impact,
    load,
    policy_ci,
    post,
    post_postgresql,
    resolve,
    serve,
    start,
    sync,
    usage,
    validate,
)
from benchmarks.goals import Goal

Benchmark = Callable[[], tuple[Goal, ...] | None]

BENCHMARKS: dict[str, Benchmark] = {
    "resolve": resolve.main,
    "validate": validate.main,
    "start": start.main,
    "serve": serve.main,
    "load": load.main,
    "allocate": allocate.main,
    "post": post.main,
    "post_postgresql": post_postgresql.main,
    "bill_run": bill_run.main,
    "usage": usage.main,
    "sync": sync.main,
    "closure": closure.main,
    "policy_ci": policy_ci.main,
    "impact": impact.main,
    "check": check.main,
    "bulk": lambda: bulk.main(10_000_000),
}
VERSIONS_OF = (
    "datalogic-py",
    "durable_rules",
    "duckdb",
    "msgspec",
    "psycopg",
    "pyarrow",
    "pydantic",
    "PyYAML",
    "SQLAlchemy",
    "zen-engine",
)
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
HEAD = """# How fast it is

Written by `make bench`, which takes about half an hour; every figure in the README and in these pages is from here.
Contestants take turns in one process or one after the other, and a ratio is the median over the rounds of that round's
ratio: seconds differ between machines, ratios much less. Answers are compared before anything is timed.
"""


class _Both(io.StringIO):
    """What is printed, kept as well."""

    def __init__(self, shown: TextIO) -> None:
        super().__init__()
        self._shown = shown

    def write(self, text: str, /) -> int:
        self._shown.write(text)
        self._shown.flush()
        return super().write(text)


def machine() -> str:
    """What it was measured on, in a sentence."""
    day = datetime.datetime.now(datetime.UTC).date()
    versions = []
    for name in VERSIONS_OF:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    return (
        f"Measured on {day}: {os.cpu_count()} cores ({platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}; {', '.join(versions)}."
    )


def page(goals: Iterable[Goal], printed: dict[str, str]) -> str:
    """docs/performance.md."""
    rows = "\n".join(f"| {goal.measure} | {goal.goal} | {goal.found} |" for goal in goals)
    table = f"| measure | goal | found |\n|---|---|---|\n{rows}"
    parts = (f"## `{name}`\n\n```text\n{text.strip()}\n```\n" for name, text in printed.items())
    return "\n".join([HEAD, machine(), "", "## What was to be reached", "", table, "", *parts])


def main(wanted: list[str]) -> None:
    """Run, print and, where all were run, write the page. Exits with 2 where a name is that of none."""
    unknown = [name for name in wanted if name not in BENCHMARKS]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        sys.exit(2)
    goals: list[Goal] = []
    printed: dict[str, str] = {}
    for name, benchmark in BENCHMARKS.items():
        if name in wanted or not wanted:
            both = _Both(sys.stdout)
            with contextlib.redirect_stdout(both):
                goals += benchmark() or ()
                print()
            printed[name] = both.getvalue()
    if not wanted:
        PAGE.write_text(page(goals, printed), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
