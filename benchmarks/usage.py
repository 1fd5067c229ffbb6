"""Usage from a CSV file into a ledger, durability on, beside the csv module and executemany by hand.

Each round brings a file of its own: read, held against subscriptions and charges, planned, journaled and written, ten
thousand rows a transaction. The peer reads the same file with Python's csv module, turns dates and quantities into
what they are, and inserts them into the same table of a copy of the ledger, with its indexes and guards, in
transactions of the same size; it checks nothing else and keeps no journal.
"""

from __future__ import annotations

import csv
import datetime
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import billpolicy
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from billpolicy.source.tree import parse_text

STANDARD = Path(__file__).parents[1] / "policies" / "standard"
DAY = datetime.date(2026, 7, 1)
NOW = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
AT_ONCE = 10
"""Operations of a thousand rows in one transaction, as `ledger usage` has it."""
ROWS = "SELECT id, subscription, charge, date, quantity FROM usage ORDER BY id"
INSERT = "INSERT INTO usage (id, subscription, charge, date, quantity) VALUES (?, ?, ?, ?, ?)"
BY_HAND = "csv and sqlite3 by hand"


def book(subscriptions: int) -> Book:
    """As many subscriptions with a usage charge."""
    lines = ["accounts: [{id: a, currency: USD, attributes: {bill_to_contact: c}}]", "contacts: [{id: c, account: a}]"]
    charges = "[{id: calls, rate: 0.10, usage: true, included: 100}]"
    subscribed = [f"- {{id: S{n}, account: a, start: 2026-01-01, charges: {charges}}}" for n in range(subscriptions)]
    return book_of(parse_text("\n".join([*lines, "subscriptions:", *subscribed]), "book.yaml"))


def usage_file(path: Path, round: int, rows: int, subscriptions: int) -> Path:
    """A file of usage whose ids no other one has."""
    lines = ["id,subscription,charge,date,quantity"]
    for n in range(rows):
        day = datetime.date(2026, 6, 1) + datetime.timedelta(n % 30)
        lines.append(f"u{round}-{n},S{n * 7 % subscriptions},calls,{day},{n % 90}.5")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def recording(ledger: Ledger, versions: Versions, files: Iterator[Path]) -> Contestant:
    def run() -> None:
        asked, _ = billpolicy.usage_operations(ledger, billpolicy.load_usage(next(files)))
        how = {"who": "bench", "group": AT_ONCE, "now": lambda: NOW, "today": DAY}
        for outcome in billpolicy.post_all(versions, ledger, asked, **how):  # type: ignore[arg-type]
            assert outcome.posted is not None, outcome.problems

    return run


def inserting(connection: sqlite3.Connection, files: Iterator[Path], at_once: int) -> Contestant:
    """The peer: what somebody would write by hand who trusts the file."""

    def run() -> None:
        with next(files).open(encoding="utf-8", newline="") as stream:
            rows = [
                (
                    one["id"],
                    one["subscription"],
                    one["charge"],
                    datetime.date.fromisoformat(one["date"]).isoformat(),
                    str(Decimal(one["quantity"])),
                )
                for one in csv.DictReader(stream)
            ]
        for first in range(0, len(rows), at_once):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, rows[first : first + at_once])
            connection.execute("COMMIT")

    return run


def main(rows: int = 20_000, rounds: int = 5, subscriptions: int = 2_000) -> None:
    """Run the contest and print it."""
    versions = Versions([Resolver(prove(STANDARD), "python")])
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.db" for name in ("recorded", "inserted")}
        with create_ledger(f"sqlite:///{files['recorded']}") as ledger:
            ledger.import_book(book(subscriptions))
        shutil.copy(files["recorded"], files["inserted"])
        usage = [usage_file(Path(folder) / f"{n}.csv", n, rows, subscriptions) for n in range(rounds + 1)]
        with (
            open_ledger(f"sqlite:///{files['recorded']}") as opened,
            closing(sqlite3.connect(files["inserted"], isolation_level=None)) as raw,
        ):
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA synchronous=FULL")
            ours = "file to ledger"
            contestants = {
                BY_HAND: inserting(raw, iter(usage), AT_ONCE * 1_000),
                ours: recording(opened, versions, iter(usage)),
            }
            found = rates(contestants, rows, rounds)
            with closing(sqlite3.connect(files["recorded"])) as recorded:
                if recorded.execute(ROWS).fetchall() != raw.execute(ROWS).fetchall():
                    raise SystemExit("the contestants did not write the same rows")
    print(f"usage: {rows:,} rows a round, {AT_ONCE * 1_000:,} per transaction, WAL and synchronous=FULL")
    print(table(found, "rows"))
    print(f"  {BY_HAND} / {ours}: {1 / ratio(found, ours, BY_HAND):.2f}")


if __name__ == "__main__":
    main()
