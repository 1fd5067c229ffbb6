"""`ledger check` of ledgers of different sizes: rows against links, the journal replayed, every column compared.

There is no peer: no other program knows what a ledger must hold. What is shown is growth, in time and in memory, each
size in a process of its own.

    python -m benchmarks.check [OPERATIONS ...]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.post import DAY, NOW, STANDARD, asked, book
from billpolicy import post_all
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.store import create_ledger, open_ledger

SIZES = (12_500, 25_000, 50_000, 100_000)


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print a line for each size."""
    print(f"check: {'operations':>10} {'seconds':>8} {'a second':>9} {'megabytes':>10}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "ledger.db"
            _fill(file, size)
            command = [sys.executable, "-m", "benchmarks.check", "--of", str(file)]
            told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        print(f"       {size:>10,} {told['seconds']:>8.1f} {size / told['seconds']:>9,.0f} {told['megabytes']:>10,.0f}")


def _fill(file: Path, size: int) -> None:
    """A write-off of each of so many invoices."""
    versions = Versions([Resolver(prove(STANDARD), "python")])
    with create_ledger(f"sqlite:///{file}") as ledger:
        ledger.import_book(book(size))
        work = asked(size, "write_off_invoice")
        for outcome in post_all(versions, ledger, work, who="bench", now=lambda: NOW, today=DAY, group=500):
            assert outcome.posted is not None, outcome.problems


def _check(file: str) -> None:
    with open_ledger(f"sqlite:///{file}") as ledger:
        begun = time.perf_counter()
        assert ledger.check() == []
        seconds = time.perf_counter() - begun
    told = Path("/proc/self/status").read_text()  # what `getrusage` tells is that of the parent, where it was larger
    peak = int(told.partition("VmHWM:")[2].split()[0])
    print(json.dumps({"seconds": seconds, "megabytes": peak / 1024}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--of"]:
        _check(sys.argv[2])
    else:
        main(tuple(map(int, sys.argv[1:])) or SIZES)
