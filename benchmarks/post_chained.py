"""Posting to a file of SQLite, durability on, beside the same without the hash chain: neither digests nor links.

python -m benchmarks.post_chained
"""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from benchmarks.post import STANDARD, Run, asked, batching, book, posting
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.store import create_ledger, open_ledger

OPERATION = "write_off_invoice"
CHAINED = "with the chain"
UNCHAINED = "without"


@contextmanager
def unchained() -> Iterator[None]:
    """Nothing is digested, nothing linked; everything else is written."""
    with (
        patch("billpolicy.ledger.writing.extend", lambda *_: None),
        patch("billpolicy.ledger.journal.content_of", lambda _: ""),
        patch("billpolicy.ledger.policies.content_of", lambda _: ""),
    ):
        yield


def main(count: int = 300, rounds: int = 9, batch: int = 1_000) -> None:
    """Print how fast each was: one operation a transaction, then in groups of 500."""
    for step, one_by_one in ((count, True), (batch, False)):
        _contest(step, rounds, one_by_one)


def _contest(step: int, rounds: int, one_by_one: bool) -> None:
    whole = step * (rounds + 1)
    versions, work = Versions([Resolver(prove(STANDARD), "python")]), asked(whole, OPERATION)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        files = {name: Path(folder) / f"{n}.db" for n, name in enumerate((CHAINED, UNCHAINED))}
        with create_ledger(f"sqlite:///{files[CHAINED]}") as ledger:
            ledger.import_book(book(whole))
        shutil.copy(files[CHAINED], files[UNCHAINED])
        ledgers = {name: opened.enter_context(open_ledger(f"sqlite:///{file}")) for name, file in files.items()}
        how = posting if one_by_one else batching
        runs = {name: how(ledger, versions, work) for name, ledger in ledgers.items()}
        gc.collect()
        gc.freeze()  # what the contest has prepared is nobody's garbage
        found = rates({name: _in_turn(run, step, name) for name, run in runs.items()}, step, rounds)
        gc.unfreeze()
        assert ledgers[CHAINED].check() == []
    print(f"post: {OPERATION}, {'one a transaction' if one_by_one else 'in groups of 500'}, synchronous=FULL")
    print(table(found, "operations"))
    print(f"  time {CHAINED} / {UNCHAINED}: {ratio(found, UNCHAINED, CHAINED):.2f}")


def _in_turn(run: Run, count: int, name: str) -> Contestant:
    done = iter(range(0, 2**31, count))

    def next_run() -> None:
        start = next(done)
        if name == CHAINED:
            run(start, start + count)
            return
        with unchained():
            run(start, start + count)

    return next_run


if __name__ == "__main__":
    main()
