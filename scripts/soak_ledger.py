"""Does a ledger outlive every fault? `make soak-ledger` tries them all on both databases, and then soaks.

Every point of every scenario of `tests/faults` is tried once: killed there, and failing there; then power cuts and
simulated runs by the seed; then eight posters are struck at random, for so many minutes. Writes the table of
docs/security.md: how often each was tried, and what became of the ledgers. Any that is not whole, or has lost or
doubled something, is told with how to see it again, and fails it.

What is done is kept in a folder, part by part: a run that was stopped goes on there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from billpolicy import __version__
from scripts.marked import write_marked
from tests.faults.places import place_at
from tests.faults.running import struck
from tests.faults.scenarios import SCENARIOS
from tests.faults.soak import FAULTS, KILLED, OF_FILES, OF_SERVERS, POSTERS, Soak
from tests.faults.tally import Row, Struck, Tally, table
from tests.helpers.paths import ROOT
from tests.helpers.postgresql import PROGRAMS

PAGE = ROOT / "docs" / "security.md"
WIDTH = 140
"""Of the lines of that page."""
CUTS = 1_000
"""Power cuts in each scenario."""
RUNS = 100
"""Simulated runs."""
STORES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SOAKED = "soaked"


@dataclass
class Found:
    """What came of a part."""

    tally: Tally = field(default_factory=Tally)
    seconds: float = 0
    operations: int = 0
    """Of a soak: those that were acknowledged."""


class Part(NamedTuple):
    """What is tried in one go."""

    store: str
    name: str
    run: Callable[[Found], Iterable[Struck]]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make soak-ledger", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="of soaking on each database (default: 30)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="draw the same again")
    parser.add_argument("--folder", type=Path, help="where to keep what is done, and to go on (default: build/...)")
    parser.add_argument("--store", choices=STORES, help="only on this database; no table is written")
    parser.add_argument("--part", help="only the parts whose names begin so; no table is written")
    parser.add_argument("--points", type=int, help="of each kind in each scenario no more points than these")
    parser.add_argument("--no-more", action="store_true", help="try nothing: write the table of what is kept")
    options = parser.parse_args(arguments)
    folder: Path = options.folder or ROOT / "build" / f"soak-ledger-{options.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    say(f"seed {options.seed}, kept in {folder}")
    wanted = [
        part
        for part in _parts(options)
        if options.store in (None, part.store) and part.name.startswith(options.part or "")
    ]
    if options.no_more:
        wanted = [part for part in wanted if _file(part, folder).exists()]
    found = dict(_done(wanted, folder))
    of_store = {store: _together(found, store) for store in STORES}
    print(lines := table({STORES[store]: tally for store, tally in of_store.items()}))
    problems = [f"{part.store}: {problem}" for part, one in found.items() for problem in one.tally.problems]
    for problem in problems:
        print(problem)
    if options.store is None and options.part is None:
        write_marked(PAGE, "faults", f"{_about(found, options)}\n\n{lines}")
    return 1 if problems else 0


def _done(parts: Sequence[Part], folder: Path) -> Iterator[tuple[Part, Found]]:
    """As many parts at once as there are processors; then the soaks, which want the machine, one after the other."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        faults = [part for part in parts if part.name != SOAKED]
        yield from zip(faults, threads.map(lambda part: _kept(part, folder), faults), strict=True)
    for part in parts:
        if part.name == SOAKED:
            yield part, _kept(part, folder)


def _kept(part: Part, folder: Path) -> Found:
    """What came of a part, now or when it was done."""
    file = _file(part, folder)
    if file.exists():
        return found_of(file.read_text(encoding="utf-8"))
    begun, found = time.monotonic(), Found()
    found.tally.add(part.run(found))
    found.seconds = time.monotonic() - begun
    say(f"{part.store}, {part.name}: {found.tally.times:,} times in {found.seconds:,.0f} s")
    written = file.with_suffix(".part")
    written.write_text(json.dumps(asdict(found)), encoding="utf-8")
    written.replace(file)
    return found


def _file(part: Part, folder: Path) -> Path:
    return folder / f"{part.store} {part.name}.json"


def found_of(text: str) -> Found:
    """What `_kept` wrote."""
    kept = json.loads(text)
    rows = {fault: Row(**row) for fault, row in kept["tally"]["rows"].items()}
    return Found(Tally(rows, kept["tally"]["problems"]), kept["seconds"], kept["operations"])


def _parts(options: argparse.Namespace) -> Iterator[Part]:
    """All that is tried; a disk is made to fail only where files are written: ledgers, or backups of them."""
    few = [] if options.points is None else [f"--each={options.points}"]
    seed = f"--seed={options.seed}"
    for store in STORES:
        url = None if store == "sqlite" else "postgresql:"
        place = [] if url is None else [f"--url={url}"]
        for scenario in SCENARIOS:
            only = f"--only={scenario.name}"
            if scenario.only in (None, store) and not scenario.long:
                yield _program(store, f"killed, {scenario.name}", "points", "kills", seed, only, *place, *few)
            if scenario.only in (None, store) and not scenario.long and (store == "sqlite" or scenario.in_files):
                yield _program(store, f"failing, {scenario.name}", "points", "errors", seed, only, *place, *few)
            if store == "sqlite":
                yield _program(
                    store, f"power, {scenario.name}", "power", seed, only, f"--cuts={options.points or CUTS}"
                )
        yield _program(store, "simulated", "simulation", seed, *place, f"--runs={options.points or RUNS}")
        yield Part(store, SOAKED, partial(_soaked, url=url, seed=options.seed, seconds=options.minutes * 60))


def _program(store: str, name: str, program: str, *arguments: str) -> Part:
    return Part(store, name, lambda _: struck(program, *arguments))


def _soaked(found: Found, url: str | None, seed: int, seconds: float) -> Iterator[Struck]:
    with place_at(url) as place:
        soak = Soak(place, seed, seconds)
        yield from soak.run()
        found.operations = soak.acknowledged


def _together(found: dict[Part, Found], store: str) -> Tally:
    tally = Tally()
    for part, one in found.items():
        if part.store == store:
            tally.join(one.tally)
    return tally


def _about(found: dict[Part, Found], options: argparse.Namespace) -> str:
    """What was tried, when, and for how long."""
    soaks = {part.store: one for part, one in found.items() if part.name == SOAKED}
    of_each = "".join(
        f" {POSTERS} posters soaked {STORES[store]} for {soak.seconds / 60:,.0f} minutes: {_lives(soak):,} of their "
        f"processes were struck, {soak.operations:,} operations acknowledged."
        for store, soak in soaks.items()
    )
    points = "each point" if options.points is None else f"at most {options.points:,} points of each kind"
    every = list(_parts(options))
    of_all = "" if len(found) == len(every) else f" ({len(found)} of {len(every)} parts)"
    assert PROGRAMS is not None
    server = subprocess.run([PROGRAMS / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    commit = subprocess.run(
        ["git", "rev-parse", "--short=8", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    about = (
        f"Last tried on {datetime.now(UTC):%Y-%m-%d} with billpolicy {__version__} at {commit.strip()}, SQLite "
        f"{sqlite3.sqlite_version} and PostgreSQL {server.split()[2]}, seed "
        f"{options.seed}: {points} in each scenario{of_all}.{of_each}"
    )
    return textwrap.fill(about, WIDTH)


def _lives(soak: Found) -> int:
    """How many processes of posters ended by a fault."""
    faults = {KILLED, *(fault.name for fault in (*FAULTS, *OF_FILES, *OF_SERVERS))}
    return sum(row.times for name, row in soak.tally.rows.items() if name in faults)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
