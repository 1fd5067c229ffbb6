"""A nightly sync: accounts, each with a contact and a subscription, of which one in a hundred has changed.

What is measured is what `ledger sync --post` does once the book is loaded: the ledger's master data are read and
compared, and what differs is posted as operations, each planned, held against the policy and kept in the audit trail.
The peer does by hand what it takes to bring the same tables up to date: it reads them with sqlite3, compares the rows
with the plain data of the book's JSON, and updates those that differ, in one transaction. It keeps no history and no
audit trail, and checks nothing. How cost grows: 10,000 and 100,000 accounts. Loading the book is told beside it.
"""

from __future__ import annotations

import datetime
import gc
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import billpolicy
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy.book.book import Book
from billpolicy.book.load import load_book
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger

STANDARD = Path(__file__).parents[1] / "policies" / "standard"
DAY = datetime.date(2026, 7, 1)
NOW = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
SIZES = ((10_000, 3), (100_000, 1))
"""Accounts, and rounds."""
EVERY = 100
"""One account in so many has changed: its payment term and the name of its contact."""
Record = dict[str, Any]
Sections = dict[str, list[Record]]
BY_HAND, OURS = "sqlite3 and dicts by hand", "sync and post_all"


def records(count: int, changed: int = 0) -> Sections:
    """The sections of a book of so many accounts; `changed`: how often the changing ones have done so."""
    accounts: list[Record] = []
    contacts: list[Record] = []
    subscriptions: list[Record] = []
    for n in range(count):
        owner = f"A{n:06d}"
        times = changed if n % EVERY == 0 else 0
        attributes = {"bill_to_contact": f"{owner}-c", "payment_term": f"Net {30 + 30 * (times % 2)}"}
        accounts.append(
            {"id": owner, "name": f"Customer {n}", "country": "DE", "currency": "EUR", "attributes": attributes}
        )
        email = f"billing@{n}.example"
        contacts.append({"id": f"{owner}-c", "account": owner, "name": f"Office {n} {times}", "email": email})
        charges = [{"id": "seats", "rate": "12.00", "quantity": n % 9 + 1}]
        subscriptions.append({"id": f"S{n:06d}", "account": owner, "start": "2026-01-01", "charges": charges})
    return {"accounts": accounts, "contacts": contacts, "subscriptions": subscriptions}


def syncing(ledger: Ledger, versions: Versions, books: Iterator[Book]) -> Contestant:
    """Compare the next book, and post what follows it."""

    def run() -> None:
        sync = billpolicy.sync(versions, ledger, next(books), today=DAY)
        steps = [step.operation for step in sync.steps]
        for outcome in billpolicy.post_all(versions, ledger, steps, who="bench", now=lambda: NOW, today=DAY):
            assert outcome.posted is not None, outcome.problems

    return run


def by_hand(connection: sqlite3.Connection, books: Iterator[Sections]) -> Contestant:
    """The peer: the same tables brought up to date, by what somebody would write who needs only that."""

    def read(what: str) -> dict[str, tuple[object, ...]]:
        return {row[0]: row[1:] for row in connection.execute(f"SELECT {what}")}

    def run() -> None:
        book = next(books)
        accounts = read("id, name, country, currency, attributes FROM accounts")
        contacts = read("id, account, name, email FROM contacts")
        subscriptions = read("id, account FROM subscriptions")
        charges = read("subscription, id, rate, quantity FROM subscribed_charges")
        changed: list[tuple[object, ...]] = []
        for one in book["accounts"]:
            held = json.dumps(one["attributes"], separators=(",", ":"))
            if accounts[one["id"]] != (one["name"], one["country"], one["currency"], held):
                changed.append((one["name"], one["country"], one["currency"], held, one["id"]))
        called = [
            (one["name"], one["email"], one["id"])
            for one in book["contacts"]
            if contacts[one["id"]] != (one["account"], one["name"], one["email"])
        ]
        for one in book["subscriptions"]:
            (charge,) = one["charges"]
            assert subscriptions[one["id"]] == (one["account"],)
            assert charges[one["id"]] == (charge["id"], charge["rate"], str(charge["quantity"]))
        connection.execute("BEGIN IMMEDIATE")
        set_ = "name = ?, country = ?, currency = ?, attributes = ?"
        connection.executemany(f"UPDATE accounts SET {set_}, revision = revision + 1 WHERE id = ?", changed)
        connection.executemany("UPDATE contacts SET name = ?, email = ? WHERE id = ?", called)
        connection.execute("COMMIT")
        assert len(changed) == len(called) == len(book["accounts"]) // EVERY

    return run


def contest(folder: Path, count: int, rounds: int) -> None:
    """Follow as many newer books as there are rounds, and one before they count; print who took how long."""
    versions = Versions([Resolver(prove(STANDARD), "python")])
    files = [folder / f"{count}-{changed}.json" for changed in range(rounds + 2)]
    for changed, file in enumerate(files):
        file.write_text(json.dumps(records(count, changed)), encoding="utf-8")
    ledger_file, peer_file = folder / f"{count}.db", folder / f"{count}-by-hand.db"
    with create_ledger(f"sqlite:///{ledger_file}") as ledger:
        ledger.import_book(load_book(files[0]))
    shutil.copy(ledger_file, peer_file)
    start = time.perf_counter()
    load_book(files[1])
    loading = time.perf_counter() - start
    with (
        open_ledger(f"sqlite:///{ledger_file}") as ledger,
        closing(sqlite3.connect(peer_file, isolation_level=None)) as raw,
    ):
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")  # the guards of the ledger would not let it
        raw.execute("PRAGMA synchronous=FULL")
        contestants = {
            BY_HAND: by_hand(raw, iter([json.loads(file.read_bytes()) for file in files[1:]])),
            OURS: syncing(ledger, versions, iter([load_book(file) for file in files[1:]])),
        }
        gc.collect()
        gc.freeze()  # the books that were loaded before are nobody's garbage
        found = rates(contestants, count, rounds)
        gc.unfreeze()
    print(f"sync: {count:,} accounts, contacts and subscriptions, of which 1 in {EVERY} has changed")
    print(table(found, "accounts"))
    print(f"  {OURS} takes {1 / ratio(found, OURS, BY_HAND):.1f} of the time of {BY_HAND}")
    print(f"  loading the book, JSON of {files[1].stat().st_size / 1e6:,.0f} MB, takes {loading:.1f} s beside it")


def main(sizes: Sequence[tuple[int, int]] = SIZES) -> None:
    """Run and print."""
    with tempfile.TemporaryDirectory() as kept:
        for count, rounds in sizes:
            contest(Path(kept), count, rounds)


if __name__ == "__main__":
    main()
