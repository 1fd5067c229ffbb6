"""Killed at any instant, a ledger holds each operation wholly or not at all, and its numbers have no gaps."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from billpolicy.ledger.store import Ledger, create_ledger
from tests.helpers.ledgers import file_of, whole
from tests.helpers.paths import ROOT
from tests.helpers.poster import post_one
from tests.helpers.sample import many_invoices

CHANCE = random.Random(20260701)
IMPORTER = """
import sys
from billpolicy.ledger.store import create_ledger
from tests.helpers.sample import many_invoices
book = many_invoices(400)
print("ready", flush=True)
with create_ledger(sys.argv[1]) as ledger:
    ledger.import_book(book)
print("done", flush=True)
"""


def started(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kill(child: subprocess.Popen[str]) -> list[str]:
    """Kill it at once, and give the lines it had written by then."""
    with child:
        child.kill()
        assert child.stdout is not None
        assert child.stderr is not None
        told, complaints = child.stdout.read(), child.stderr.read()
    assert complaints == ""
    return told.split("\n")[:-1]


def drawn(ledger: Ledger) -> list[tuple[str, str]]:
    """Operation and number of every document that was posted, in the order of their numbers."""
    with ledger.reading() as connection:
        rows = connection.connection.rows(
            "SELECT operation, number FROM documents WHERE prefix IS NOT NULL ORDER BY counter"
        )
        return [(row[0], row[1]) for row in rows]


def test_killed_while_posting(stocked: Ledger) -> None:
    url = f"sqlite:///{file_of(stocked)}"
    for _ in range(5):
        before = drawn(stocked)
        child = started("-m", "tests.helpers.poster", url, "op", "100000", str(len(before)))
        assert child.stdout is not None
        told = [child.stdout.readline().strip()]
        time.sleep(CHANCE.uniform(0, 0.08))
        told += kill(child)
        after = drawn(stocked)
        assert [f"{operation} {number}" for operation, number in after[len(before) :]][: len(told)] == told
        assert len(after) - len(before) - len(told) in (0, 1)  # the one that was posted when it could not tell any more
        assert [number for _, number in after] == [f"CM{n:08d}" for n in range(3, 3 + len(after))]
        assert stocked.check() == []
    assert post_one(stocked, "op-last").plan.documents[0].document.number == f"CM{3 + len(drawn(stocked)) - 1:08d}"


def test_killed_while_making_and_importing(tmp_path: Path) -> None:
    documents = len(many_invoices(400).numbered)
    found = set()
    for n in range(4):
        url = f"sqlite:///{tmp_path / f'{n}.db'}"
        child = started("-c", IMPORTER, url)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(n * 0.08)
        kill(child)
        with create_ledger(url) as ledger:
            found.add(len(whole(ledger).numbered))
            assert ledger.check() == []
            ledger.import_book(many_invoices(400))
            assert len(whole(ledger).numbered) == documents
    assert found <= {0, documents}
