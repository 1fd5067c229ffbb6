"""Does a ledger outlive every fault? `make soak-ledger` tries them all, and then soaks: eight posters struck at random.

Every point of every scenario of `tests/faults` is tried once: killed there, and failing there; then power cuts and
simulated runs by the seed; then the soak, for so many minutes. Prints how often each was tried, and what became of the
ledgers; any that is not whole, or has lost or doubled something, is told with how to see it again, and fails it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from tests.faults.places import place_at
from tests.faults.running import struck
from tests.faults.scenarios import SCENARIOS
from tests.faults.soak import Soak
from tests.faults.tally import Struck, Tally

CUTS = 1_000
"""Power cuts in each scenario."""
RUNS = 100
"""Simulated runs."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make soak-ledger", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", help="where to make ledgers, like sqlite:////tmp/folder; else in files of their own")
    parser.add_argument("--minutes", type=float, default=30, help="of soaking, when all else was tried (default: 30)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="draw the same again")
    parser.add_argument("--points", type=int, help="of each kind and scenario no more points than these; else all")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there, too")
    options = parser.parse_args(arguments)
    say(f"seed {options.seed}")
    tally = Tally()
    for name, found in _parts(options):
        begun, before = time.monotonic(), tally.times
        tally.add(found)
        say(f"{name}: {tally.times - before:,} times in {time.monotonic() - begun:,.0f} s")
    print(tally.text())
    for problem in tally.problems:
        print(problem)
    if options.markdown:
        options.markdown.write_text(tally.markdown(), encoding="utf-8")
    return 1 if tally.problems else 0


def _parts(options: argparse.Namespace) -> Iterator[tuple[str, Iterable[Struck]]]:
    """What is tried, one after the other; a disk is made to fail only under a ledger in files."""
    in_files = options.url is None or options.url.startswith("sqlite:")
    place = [] if options.url is None else [f"--url={options.url}"]
    few = [] if options.points is None else [f"--each={options.points}"]
    seed = f"--seed={options.seed}"
    yield "killed at each point", _each_scenario("points", "kills", seed, *place, *few)
    if in_files:
        yield "failing at each point", _each_scenario("points", "errors", seed, *place, *few)
        yield "power cuts", _each_scenario("power", seed, f"--cuts={options.points or CUTS}")
    yield "simulated", struck("simulation", seed, *place, f"--runs={options.points or RUNS}")
    with place_at(options.url) as made:
        yield "soaked", Soak(made, options.seed, options.minutes * 60).run()


def _each_scenario(program: str, *arguments: str) -> Iterator[Struck]:
    """As many scenarios at once as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        tried = threads.map(lambda one: list(struck(program, *arguments, f"--only={one.name}")), SCENARIOS)
        yield from chain.from_iterable(tried)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
