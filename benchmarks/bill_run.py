"""A bill run over every account, durability on, beside hand-written sqlite3 that writes the same rows.

Each account has two subscriptions of two charges, of which one month is due: an invoice of four items. The peer writes
exactly these rows into a copy of the same file, in the same transactions of 500 accounts, with the same pragmas,
indexes and guards; it looks for nothing that is due, and rates, plans and checks nothing. How cost grows: 10,000 and
100,000 subscriptions. Memory is the peak of a process that posts the run and does nothing else.
"""

from __future__ import annotations

import datetime
import gc
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.post import BY_HAND, NOW, STANDARD, Statements, contents, inserting
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy import post_all
from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger import schema
from billpolicy.ledger.store import create_ledger, open_ledger
from billpolicy.posting.posting import GROUP
from billpolicy.source.given import given

SIZES = ((10_000, 3), (100_000, 1))
"""Subscriptions, and rounds."""
OF_AN_ACCOUNT = 2
DAY = datetime.date(2026, 2, 1)
RUN = {"id": "run", "operation": "bill_run", "date": str(DAY)}
OURS = "post_all, a bill run over every account"
_POST = """
import sys
from pathlib import Path
from benchmarks.bill_run import bill
bill(Path(sys.argv[1]))
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def book(subscriptions: int) -> Book:
    """Accounts with two subscriptions each, charged through the end of January."""
    names = [f"a{n:06d}" for n in range(subscriptions // OF_AN_ACCOUNT)]
    charges = [
        {"id": "seats", "rate": "10.00", "quantity": "3", "charged_through": "2026-02-01"},
        {"id": "support", "rate": "5.00", "charged_through": "2026-02-01"},
    ]
    sections = {
        "accounts": [{"id": a, "currency": "EUR", "attributes": {"bill_to_contact": f"c-{a}"}} for a in names],
        "contacts": [{"id": f"c-{a}", "account": a} for a in names],
        "subscriptions": [
            {"id": f"{a}-{n}", "account": a, "start": "2026-01-01", "charges": charges}
            for a in names
            for n in range(OF_AN_ACCOUNT)
        ],
    }
    return book_of(given(sections, "book"))


def bill(file: Path) -> None:
    """Post the run to a ledger."""
    versions = Versions([Resolver(prove(STANDARD), "python")])
    with open_ledger(f"sqlite:///{file}") as ledger:
        for outcome in post_all(versions, ledger, [RUN], who="bench", now=lambda: NOW, today=DAY):
            assert outcome.posted is not None, outcome.problems


def rows_of(file: Path) -> Iterator[Statements]:
    """The rows that each group became in a ledger, as statements in the order in which they are run."""
    with closing(sqlite3.connect(file)) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM operations ORDER BY id")]
        texts = connection.execute("SELECT digest, name, layers FROM policies").fetchall()
        links = connection.execute("SELECT * FROM chain WHERE kind = 'policy'").fetchall()
        for start in range(0, len(ids), GROUP):
            # The text of the policy is kept once, with the first that is posted by it.
            kept = [("INSERT INTO policies VALUES (?, ?, ?)", texts)] if start == 0 else []
            kept += [("INSERT INTO chain VALUES (?, ?, ?, ?, ?)", links)] if start == 0 else []
            yield [*kept, *_statements(connection, ids[start : start + GROUP])]


def _statements(connection: sqlite3.Connection, ids: Sequence[str]) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    marks = ", ".join("?" * len(ids))
    numbers = f"SELECT number FROM documents WHERE operation IN ({marks})"
    billed = f"SELECT subscription FROM billed WHERE document IN ({numbers})"

    def rows(select: str) -> list[tuple[object, ...]]:
        return connection.execute(select, ids).fetchall()

    yield (
        (
            "INSERT INTO counters (prefix, kind, imported, last) VALUES (?, ?, 0, ?) "
            "ON CONFLICT (prefix) DO UPDATE SET last = excluded.last"
        ),
        rows(f"SELECT prefix, kind, max(counter) FROM documents WHERE operation IN ({marks}) GROUP BY prefix, kind"),
    )
    for each, condition in (
        (schema.operations, f"id IN ({marks})"),
        (schema.audit, f"operation IN ({marks})"),
        (schema.chain, f"kind = 'operation' AND what IN ({marks})"),
        (schema.items, f"document IN ({numbers})"),
        (schema.documents, f"operation IN ({marks})"),
        (schema.billed, f"document IN ({numbers})"),
    ):
        names = each.names
        found = rows(f"SELECT {', '.join(names)} FROM {each.name} WHERE {condition}")
        yield f"INSERT INTO {each.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", found
    yield (
        "UPDATE subscriptions SET revision = ? WHERE id = ?",
        rows(f"SELECT revision, id FROM subscriptions WHERE id IN ({billed})"),
    )
    yield (
        "UPDATE subscribed_charges SET charged_through = ? WHERE subscription = ? AND id = ?",
        rows(f"SELECT charged_through, subscription, id FROM subscribed_charges WHERE subscription IN ({billed})"),
    )


def contest(folder: Path, subscriptions: int, rounds: int) -> None:
    """Bill so many subscriptions in both ways, and print how fast each was."""
    made, whole = folder / "made.db", folder / "whole.db"
    with create_ledger(f"sqlite:///{made}") as ledger:
        ledger.import_book(book(subscriptions))
    shutil.copy(made, whole)
    bill(whole)
    statements = list(rows_of(whole))
    files = {name: [folder / f"{name}-{n}.db" for n in range(rounds + 1)] for name in ("post", "insert")}
    for file in (file for copies in files.values() for file in copies):
        shutil.copy(made, file)

    def by_hand(file: Path) -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as raw:
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA synchronous=FULL")
            inserting(raw, statements, 1)(0, len(statements))

    runs = {BY_HAND: _in_turn(by_hand, files["insert"]), OURS: _in_turn(bill, files["post"])}
    gc.collect()
    gc.freeze()  # what the contest has prepared is nobody's garbage
    found = rates(runs, subscriptions, rounds, warm=rounds > 1)
    gc.unfreeze()
    if len({"\n".join(contents(file)) for file in (whole, files["post"][0], files["insert"][0])}) > 1:
        raise SystemExit("the contestants did not write the same rows")
    print(f"bill_run: {subscriptions:,} subscriptions, groups of {GROUP} accounts, WAL and synchronous=FULL")
    print(table(found, "subscriptions"))
    print(f"  {BY_HAND} / {OURS}: {1 / ratio(found, OURS, BY_HAND):.2f}")
    print(f"  peak memory of a process that posts it: {megabytes(made):,.0f} MB")
    for file in folder.iterdir():
        file.unlink()


def _in_turn(run: Callable[[Path], None], files: Sequence[Path]) -> Contestant:
    """Each call bills the next copy: what is billed once is not due again."""
    left = iter(files)
    return lambda: run(next(left))


def megabytes(file: Path) -> float:
    """The peak memory of a process that posts the run to this ledger; as Linux tells it."""
    command = [sys.executable, "-c", _POST, str(file)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024


def main() -> None:
    """Run and print."""
    with tempfile.TemporaryDirectory() as folder:
        for subscriptions, rounds in SIZES:
            contest(Path(folder), subscriptions, rounds)


if __name__ == "__main__":
    main()
