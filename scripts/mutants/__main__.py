"""Would the tests notice a mistake? `make mutants` changes the code in one place at a time and runs them: a soak.

The changes are drawn at random, by a printed seed, among all that `mutations.py` finds in the rooms of the core. Each
is made in a copy of the tree. First run the tests that execute the changed lines, the quickest first; a change that
none of them notices is shown to all the others too. What survives shows that a test is missing, or means the same:
such changes are listed in `equivalent.toml` with the reason. Where fewer than 97% of the others are noticed, it fails.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.mutants.drawing import CORE, ROOMS, draw, room_of
from scripts.mutants.suite import QUICK, Suite
from scripts.mutants.trying import Copies, Result, tried

ENOUGH = 0.97


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="draw the same changes again")
    parser.add_argument("--count", type=int, default=150, help="how many changes (default: 150)")
    parser.add_argument("--room", action="append", choices=ROOMS, help="only this room; may be repeated")
    parser.add_argument("--since", metavar="REV", help="only lines that are not as they were in this revision")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--quick", action="store_true", help=f"only the quickest tests of each line, {QUICK} s long")
    options = parser.parse_args(arguments)

    drawn = draw(options.seed, options.count, options.room or CORE, options.since)
    say(f"seed {options.seed}, {len(drawn)} changes")
    suite = Suite.measured()
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.workers) as workers:
        copies = Copies(Path(folder), options.workers)
        copies.check(suite)
        for result in workers.map(lambda mutation: tried(mutation, suite, copies, quick=options.quick), drawn):
            results.append(result)
            say(f"[{len(results)}/{len(drawn)}] {result}")
    return report(results)


def say(text: str) -> None:
    print(text, flush=True)


def report(results: Sequence[Result]) -> int:
    """A table by room, and every survivor. 1 where too many survived."""
    counts = Counter((room_of(result.mutation.file), result.outcome) for result in results)
    say(f"\n{'room':12} sampled  killed  equivalent  survived   score")
    score = 1.0
    for room in [*sorted({room for room, _ in counts}), "all"]:
        of = Counter[str]()
        for (name, outcome), count in counts.items():
            of[outcome] += count if room in (name, "all") else 0
        killed = of["killed"] + of["timeout"]
        score = killed / (killed + of["survived"]) if killed + of["survived"] else 1.0
        say(f"{room:12} {of.total():7} {killed:7} {of['equivalent']:11} {of['survived']:9} {score:7.1%}")
    for result in results:
        if result.outcome == "survived":
            say(f"\n{result}")
    return int(score < ENOUGH)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
