"""Killed at any instant, a ledger holds each operation wholly or not at all, and its numbers have no gaps."""

from __future__ import annotations

import random
import shutil
import signal
from pathlib import Path

from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from tests.helpers.biller import ACCOUNTS, billed
from tests.helpers.importer import INVOICES
from tests.helpers.ledgers import dump, unkept, url_of, whole
from tests.helpers.poster import post_one
from tests.helpers.processes import finished, kill, next_lines, started
from tests.helpers.sample import many_invoices

CHANCE = random.Random(20260701)


def drawn(ledger: Ledger) -> list[tuple[str, str]]:
    """Operation and number of every document that was posted, in the order of their numbers."""
    with ledger.reading() as connection:
        rows = connection.connection.rows(
            "SELECT operation, number FROM documents WHERE prefix IS NOT NULL ORDER BY counter"
        )
        return [(row[0], row[1]) for row in rows]


def test_killed_while_posting(stocked: Ledger) -> None:
    url = url_of(stocked)
    for _ in range(5):
        before = drawn(stocked)
        child = started("poster", url, "op", "100000", str(len(before)))
        told = [*next_lines(child, CHANCE.randint(1, 25)), *kill(child)]
        after = drawn(stocked)
        assert [f"{operation} {number}" for operation, number in after[len(before) :]][: len(told)] == told
        assert len(after) - len(before) - len(told) in (0, 1)  # the one that was posted when it could not tell any more
        assert [number for _, number in after] == [f"CM{n:08d}" for n in range(3, 3 + len(after))]
        assert stocked.check() == []
    assert post_one(stocked, "op-last").plan.documents[0].document.number == f"CM{3 + len(drawn(stocked)) - 1:08d}"


def test_a_bill_run_that_is_killed_is_finished_by_the_same_command(tmp_path: Path, empty_file: Path) -> None:
    """Whole groups stay, and in the end every row is as if it had never been killed."""
    group = 7
    for name in ("killed", "straight"):
        shutil.copy(empty_file, tmp_path / name)
        with open_ledger(f"sqlite:///{tmp_path / name}") as ledger:
            ledger.import_book(billed())
    url = f"sqlite:///{tmp_path / 'killed'}"
    posted = 0
    for _ in range(2):
        child = started("biller", url, str(group))
        told = [*next_lines(child, posted + CHANCE.randint(1, 20)), *kill(child)]
        with open_ledger(url) as ledger:
            after = drawn(ledger)
            assert ledger.check() == []
        assert [f"{operation} {number}" for operation, number in after][: len(told)] == told
        assert len(after) % group == 0
        assert posted <= len(after) < ACCOUNTS
        posted = len(after)
    lines = finished(started("biller", url, str(group)))
    assert lines == finished(started("biller", f"sqlite:///{tmp_path / 'straight'}", str(group)))
    assert lines == [f"BR-1/a{n:03d} INV{n + 1:08d}" for n in range(ACCOUNTS)]
    with open_ledger(url) as one, open_ledger(f"sqlite:///{tmp_path / 'straight'}") as other:
        assert rows(one) == rows(other)
        assert one.check() == []


def test_killed_while_making_and_importing(tmp_path: Path) -> None:
    """While it is made, while it is filled, and when nothing is left to do but to commit: the last statement."""
    (told,) = finished(started("importer", f"sqlite:///{tmp_path / 'whole.db'}", "0"))
    statements = int(told)
    documents = many_invoices(INVOICES)
    for n in (CHANCE.randint(1, statements // 10), CHANCE.randint(statements // 10, statements - 1), statements):
        url = f"sqlite:///{tmp_path / f'{n}.db'}"
        assert finished(started("importer", url, str(n)), -signal.SIGKILL) == []
        with create_ledger(url) as ledger:
            assert whole(ledger).numbered == {}
            assert ledger.check() == []
            ledger.import_book(documents)
            assert unkept(whole(ledger)) == documents


def rows(ledger: Ledger) -> list[str]:
    """All that it holds, but the text of the policy and the chain over it: each process has that in a folder of its
    own."""
    return [line for line in dump(ledger) if not line.startswith(('INSERT INTO "policies"', 'INSERT INTO "chain"'))]
