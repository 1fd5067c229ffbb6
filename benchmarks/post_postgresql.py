"""Posting to PostgreSQL, durability on, beside psycopg that writes the same rows by hand in the same transactions.

The peer knows all rows in advance: it plans nothing, and asks for nothing. Groups are copied in, single operations are
inserted. Then one client beside eight, each in a process of its own; and one and eight that do the same by hand, since
how much more eight can do than one is also a matter of how many processors they share. Needs Debian's `postgresql`.

    python -m benchmarks.post_postgresql
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

import billpolicy
from benchmarks.goals import Goal
from benchmarks.post import DAY, Statements, asked, batching, book, policy, posting, rows_of
from billpolicy.book.book import Book
from billpolicy.deciding.versions import Versions
from billpolicy.ledger.schema import TABLES
from billpolicy.ledger.store import create_ledger, open_ledger
from billpolicy.ledger.tables import Type
from billpolicy.planning.request import Instruction
from tests.helpers.postgresql import Server, server

OPERATION = "write_off_invoice"
ROUNDS = 5
GROUP = 500
CLIENTS = 8


def main() -> tuple[Goal, ...]:
    """Print how fast each was."""
    versions = policy()
    with durable() as started:
        groups = _contest(started, versions, 5_000, GROUP)
        single = _contest(started, versions, 1_000, 1)
        at_once = _clients(started, versions, 2_000)
    return (
        Goal(f"groups of {GROUP} in PostgreSQL", "at least 0.4 of COPY of the same rows", f"{groups:.2f}"),
        Goal("one document a transaction in PostgreSQL", "at least 0.6 of the same rows by hand", f"{single:.2f}"),
        Goal(f"{CLIENTS} clients of PostgreSQL at once", "at least 3 times one", f"{at_once:.2f} times"),
    )


@contextmanager
def durable() -> Iterator[Server]:
    """A server that waits for the disk."""
    with server() as started:
        started.stop()
        started.start(fsync="on")
        yield started


def _contest(started: Server, versions: Versions, count: int, group: int) -> float:
    """Print how fast each was, and give the ratio of both."""
    invoices, work = book(count), asked(count, OPERATION)
    statements = _written(invoices, versions, work, group)
    empty = started.new_database()
    with create_ledger(started.url(empty)) as ledger:
        ledger.import_book(invoices)
    rates: dict[str, list[float]] = {"post": [], "by hand": []}
    step = count // ROUNDS
    gc.collect()
    gc.freeze()  # what the contest has prepared is nobody's garbage
    with started.database(empty) as ours, started.database(empty) as theirs:
        with open_ledger(started.url(ours)) as ledger, psycopg.connect(started.url(theirs), autocommit=True) as raw:
            run = batching(ledger, versions, work) if group > 1 else posting(ledger, versions, work)
            for n in range(ROUNDS):
                begun = time.perf_counter()
                run(n * step, (n + 1) * step)
                rates["post"].append(step / (time.perf_counter() - begun))
                begun = time.perf_counter()
                for each in statements[n * step // group : (n + 1) * step // group]:
                    _by_hand(raw, each, copied=group > 1)
                rates["by hand"].append(step / (time.perf_counter() - begun))
            kept = [
                _rows(raw),
            ]
            with psycopg.connect(started.url(ours), autocommit=True) as other:
                kept.append(_rows(other))
        if kept[0] != kept[1]:
            raise SystemExit("the contestants did not write the same rows")
    gc.unfreeze()
    ratio = statistics.median(a / b for a, b in zip(rates["post"], rates["by hand"], strict=True))
    how = "COPY" if group > 1 else "INSERT"
    print(f"post to PostgreSQL: {OPERATION}, {group} a transaction, fsync on")
    for name, found in rates.items():
        told = f"by {how}" if name == "by hand" else "slice, plan, post"
        print(f"  {name:<8} {statistics.median(found):>9,.0f} operations/s ({told})")
    print(f"  post / by hand: {ratio:.2f}")
    return ratio


def _written(invoices: Book, versions: Versions, work: list[Instruction], group: int) -> list[Statements]:
    """What each transaction writes, in groups of so many."""
    planned = billpolicy.plan_all(versions, invoices, work, today=DAY)
    plans = [outcome.plan for outcome in planned if outcome.plan is not None]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.db"
        with create_ledger(f"sqlite:///{file}") as ledger:
            ledger.import_book(invoices)
            batching(ledger, versions, work)(0, len(work))
        return list(rows_of(file, plans, group))


def _by_hand(raw: psycopg.Connection, statements: Statements, *, copied: bool) -> None:
    with raw.transaction(), raw.cursor() as cursor:
        for text, rows in statements:
            words = text.split()
            if words[0] == "INSERT" and "CONFLICT" not in words:
                (table,) = [one for one in TABLES if one.name == words[2]]
                names = table.names
                truths = [place for place, column in enumerate(table.columns) if column.type is Type.BOOLEAN]
                typed = [_typed(row, truths) for row in rows]
                if copied:
                    with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
                        for row in typed:
                            copy.write_row(row)
                    continue
                marks = ", ".join(["%s"] * len(names))
                cursor.executemany(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", typed)
            else:
                cursor.executemany(text.replace("?", "%s"), rows)


def _typed(row: tuple[Any, ...], truths: list[int]) -> list[Any]:
    typed = list(row)
    for place in truths:
        typed[place] = None if row[place] is None else bool(row[place])
    return typed


def _rows(connection: psycopg.Connection) -> list[Any]:
    return [sorted(map(str, connection.execute(f"SELECT * FROM {table.name}").fetchall())) for table in TABLES]


def _clients(started: Server, versions: Versions, count: int) -> float:
    """Print how fast one client is, and several at once; how much faster these are where they post."""
    gained = {}
    invoices = book(count)
    empty = started.new_database()
    with create_ledger(started.url(empty)) as ledger:
        ledger.import_book(invoices)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "written.json"
        written.write_text(json.dumps(_written(invoices, versions, asked(count, OPERATION), 1)), encoding="utf-8")
        ways = {"post": ["--client", str(count)], "by hand": ["--by-hand", str(written)]}
        print(f"post to PostgreSQL: {OPERATION}, one a transaction, fsync on, clients in processes of their own")
        for name, arguments in ways.items():
            rates = {}
            for clients in (1, CLIENTS):
                with started.database(empty) as database:
                    rates[clients] = _rate(started.url(database), arguments, count, clients)
                    with open_ledger(started.url(database)) as ledger:
                        assert name == "by hand" or ledger.check() == []
            told = ", ".join(f"{clients} at once {rate:,.0f} operations/s" for clients, rate in rates.items())
            gained[name] = rates[CLIENTS] / rates[1]
            print(f"  {name:<8} {told}; {CLIENTS} / 1: {gained[name]:.2f}")
    return gained["post"]


def _rate(url: str, arguments: list[str], count: int, clients: int) -> float:
    share = count // clients
    command = [sys.executable, "-m", "benchmarks.post_postgresql", *arguments, url]
    children = [
        subprocess.Popen(
            [*command, str(n * share), str((n + 1) * share)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for n in range(clients)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()  # it has read everything
    begun = time.perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"go\n")
        child.stdin.flush()
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
    rate = share * clients / (time.perf_counter() - begun)
    for child in children:
        child.communicate()
    return rate


def _client(count: str, url: str, first: str, end: str) -> None:
    versions = policy()
    work = asked(int(count), OPERATION)
    with open_ledger(url) as ledger:
        run = posting(ledger, versions, work)
        _when_told(lambda: run(int(first), int(end)))


_HIGHEST = "= greatest(counters.last, excluded.last)"


def _client_by_hand(written: str, url: str, first: str, end: str) -> None:
    """Who comes first has kept the policy, which the others name, when all of them begin. They draw from one counter,
    and so wait for each other as those do who post; their numbers are known before, so it stays at the highest."""
    statements = json.loads(Path(written).read_text(encoding="utf-8"))[int(first) : int(end)]
    with psycopg.connect(url, autocommit=True) as raw:
        if first == "0":
            _by_hand(raw, statements.pop(0), copied=False)

        def run() -> None:
            for each in statements:
                _by_hand(raw, [(text.replace("= excluded.last", _HIGHEST), rows) for text, rows in each], copied=False)

        _when_told(run)


def _when_told(run: Callable[[], object]) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    run()
    print("done", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--client"]:
        _client(*sys.argv[2:])
    elif sys.argv[1:2] == ["--by-hand"]:
        _client_by_hand(*sys.argv[2:])
    else:
        main()
