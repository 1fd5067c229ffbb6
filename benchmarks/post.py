"""Posting, durability on, beside hand-written sqlite3 that inserts the same rows in the same transactions.

First one operation per transaction: each writes off one invoice of three items with a tax each. Beside it also how
often the disk can be waited for at all: a page is appended to a file and synced. Then a batch in groups of 500: each
transfers one such negative invoice to the credit balance of its account. The peer writes exactly these rows into a copy
of the same file, with the same pragmas, indexes and guards; it reads, plans and checks nothing. At last the same on
ledgers of several sizes.
"""

from __future__ import annotations

import datetime
import gc
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import billpolicy
from benchmarks.goals import Goal
from benchmarks.rounds import Contestant, rates, ratio, table
from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.deciding.matching.engines import default_engine
from billpolicy.deciding.proven import prove
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.versions import Versions
from billpolicy.exchange.operations_file import operations_of
from billpolicy.ledger import schema
from billpolicy.ledger.store import Ledger, create_ledger, open_ledger
from billpolicy.ledger.tables import Table
from billpolicy.operations.chain import needs_of
from billpolicy.planning.plan import Plan
from billpolicy.planning.request import Instruction
from billpolicy.posting.posting import GROUP
from billpolicy.source.tree import parse_text

STANDARD = Path(__file__).parents[1] / "policies" / "standard"
DAY = datetime.date(2026, 7, 1)
NOW = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
INVOICES_OF_AN_ACCOUNT = 10
Run = Callable[[int, int], None]
"""Does the work from one operation to another."""
Statements = list[tuple[str, list[tuple[object, ...]]]]
"""What one transaction runs: texts, each with all its rows."""


def book(count: int, sign: str = "") -> Book:
    """As many invoices of three items with a tax each; `sign` `-` makes them negative."""
    item = "{{id: i{n}, name: Seats, amount: {s}100.00, taxes: [{{id: vat, name: VAT, rate: 0.20, amount: {s}20.00}}]}}"
    items = ", ".join(item.format(n=n, s=sign) for n in range(3))
    invoices, accounts = [], {}
    for n in range(count):
        owner = f"a{n // INVOICES_OF_AN_ACCOUNT}"
        contact = f"{{bill_to_contact: {owner}-contact}}"
        accounts[owner] = f"- {{id: {owner}, currency: USD, attributes: {contact}}}"
        head = f"number: {_number(n)}, account: {owner}, date: 2026-06-01, currency: USD, attributes: {contact}"
        invoices.append(f"- {{{head}, items: [{items}]}}")
    contacts = [f"- {{id: {owner}-contact, account: {owner}}}" for owner in accounts]
    lines = ["accounts:", *accounts.values(), "contacts:", *contacts, "invoices:", *invoices]
    return book_of(parse_text("\n".join(lines), "book.yaml"))


def asked(count: int, operation: str) -> list[Instruction]:
    """The operation once for each invoice."""
    lines = ["operations:"]
    lines += [f"- {{id: op-{n}, operation: {operation}, invoice: {_number(n)}}}" for n in range(count)]
    return operations_of(parse_text("\n".join(lines), "operations.yaml"))


def _number(n: int) -> str:
    return f"INV{n + 1:08d}"


def posting(ledger: Ledger, versions: Versions, work: Sequence[Plan | Instruction]) -> Run:
    def run(start: int, stop: int) -> None:
        for one in work[start:stop]:
            billpolicy.post(versions, ledger, one, who="bench", now=NOW, today=DAY)

    return run


def batching(ledger: Ledger, versions: Versions, work: list[Instruction]) -> Run:
    def run(start: int, stop: int) -> None:
        for outcome in billpolicy.post_all(versions, ledger, work[start:stop], who="bench", now=lambda: NOW, today=DAY):
            assert outcome.posted is not None, outcome.problems

    return run


def slicing(ledger: Ledger, versions: Versions, work: list[Instruction]) -> Run:
    def run(start: int, stop: int) -> None:
        with ledger.reading() as connection:
            for one in work[start:stop]:
                connection.book(needs_of(versions.policies, one.request))

    return run


def inserting(connection: sqlite3.Connection, work: list[Statements], group: int) -> Run:
    """The peer: what somebody would write by hand who knows all rows in advance."""

    def run(start: int, stop: int) -> None:
        for statements in work[start // group : stop // group]:
            connection.execute("BEGIN IMMEDIATE")
            for text, rows in statements:
                connection.executemany(text, rows)
            connection.execute("COMMIT")

    return run


@contextmanager
def syncing(file: Path) -> Iterator[Run]:
    """How often the disk can be waited for: a page for each operation, each synced."""
    page = b"\0" * 4096
    with file.open("wb", buffering=0) as opened:

        def run(start: int, stop: int) -> None:
            for _ in range(start, stop):
                opened.write(page)
                os.fdatasync(opened.fileno())

        yield run


def rows_of(file: Path, plans: Sequence[Plan], group: int) -> Iterator[Statements]:
    """The rows that each group of plans became in a ledger, as statements in the order in which they were run."""
    with closing(sqlite3.connect(file)) as connection:
        texts = connection.execute("SELECT digest, name, layers FROM policies").fetchall()
        for start in range(0, len(plans), group):
            # The text of each policy is kept once, with the first that is posted by it.
            kept = [("INSERT INTO policies VALUES (?, ?, ?)", texts)] if start == 0 else []
            linked = [digest for digest, *_ in texts] if start == 0 else []
            yield [*kept, *_statements(connection, plans[start : start + group], linked)]


def _statements(
    connection: sqlite3.Connection, plans: Sequence[Plan], linked: Sequence[str]
) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    draws = [planned.draw for plan in plans for planned in plan.documents]
    yield (
        (
            "INSERT INTO counters (prefix, kind, imported, last) VALUES (?, ?, 0, ?) "
            "ON CONFLICT (prefix) DO UPDATE SET last = excluded.last"
        ),
        list({draw.prefix: (draw.prefix, draw.kind, draw.counter) for draw in draws}.values()),
    )
    ids, numbers = [plan.id for plan in plans], [draw.number for draw in draws]
    keys = [_select(connection, "id", "applications", "operation", id) for id in ids]
    applications = [row[0] for rows in keys for row in rows]
    wanted: tuple[tuple[Table, str, Sequence[object]], ...] = (
        (schema.operations, "id", ids),
        (schema.audit, "operation", ids),
        (schema.chain, "what", [*linked, *ids]),
        (schema.items, "document", numbers),
        (schema.taxes, "document", numbers),
        (schema.documents, "number", numbers),
        (schema.application_parts, "application", applications),
        (schema.applications, "id", applications),
    )
    for each, key, values in wanted:
        names = each.names
        found = [row for value in values for row in _select(connection, ", ".join(names), each.name, key, value)]
        if found:
            yield f"INSERT INTO {each.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", found
    bumped: list[tuple[object, ...]] = [(name,) for plan in plans for name in plan.touched]
    yield "UPDATE documents SET revision = revision + 1 WHERE number = ?", bumped


def _select(
    connection: sqlite3.Connection, names: str, table: str, key: str, value: object
) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT {names} FROM {table} WHERE {key} = ?", (value,)).fetchall()


def contents(file: Path) -> list[str]:
    """Every row of a ledger as text."""
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def policy() -> Versions:
    """The standard policy, by the engine that the command line takes."""
    return Versions([Resolver(prove(STANDARD), default_engine())])


def contest(operation: str, invoices: Book, whole: int, count: int, rounds: int, group: int) -> dict[str, list[float]]:
    """Post the operation for each invoice of the book in every way, and print how fast each was, in operations a
    second, round by round."""
    versions = policy()
    work = asked(whole, operation)
    planned = billpolicy.plan_all(versions, invoices, work, today=DAY)
    plans = [outcome.plan for outcome in planned if outcome.plan is not None]
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.db" for name in ("rows", "read", "post", "execute", "insert")}
        with create_ledger(f"sqlite:///{files['rows']}") as ledger:
            ledger.import_book(invoices)
        for name in ("read", "post", "execute", "insert"):
            shutil.copy(files["rows"], files[name])
        with open_ledger(f"sqlite:///{files['rows']}") as ledger:
            batching(ledger, versions, work)(0, whole)
        statements = list(rows_of(files["rows"], plans, group))
        with (
            open_ledger(f"sqlite:///{files['post']}") as posted,
            open_ledger(f"sqlite:///{files['execute']}") as executed,
            open_ledger(f"sqlite:///{files['read']}") as unposted,
            closing(sqlite3.connect(files["insert"], isolation_level=None)) as raw,
            syncing(Path(folder) / "synced") as synced,
        ):
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA synchronous=FULL")
            runs = {BY_HAND: inserting(raw, statements, group)}
            if group == 1:
                runs[SYNCED] = synced
                runs["post, planned before"] = posting(posted, versions, plans)
                runs[ONE_BY_ONE] = posting(executed, versions, work)
                runs["read_slice"] = slicing(unposted, versions, work)
            else:
                runs[IN_GROUPS] = batching(executed, versions, work)
            gc.collect()
            gc.freeze()  # what the contest has prepared is nobody's garbage
            found = rates({name: _in_turn(run, count) for name, run in runs.items()}, count, rounds)
            gc.unfreeze()
        written = [files[name] for name in ("insert", "execute", *(("post",) if group == 1 else ()))]
        if len({"\n".join(contents(file)) for file in written}) > 1:
            raise SystemExit("the contestants did not write the same rows")
    rows = sum(len(rows) for _, rows in statements[0]) / group
    print(
        f"post: {operation}, {count} a round, {rows:.1f} rows each, {group} per transaction, WAL and synchronous=FULL"
    )
    print(table(found, "operations"))
    ours, peers = (ONE_BY_ONE, (BY_HAND, SYNCED)) if group == 1 else (IN_GROUPS, (BY_HAND,))
    for peer in peers:
        print(f"  {peer} / {ours}: {1 / ratio(found, ours, peer):.2f}")
    return found


BY_HAND = "sqlite3 by hand"
SYNCED = "fdatasync of a page"
ONE_BY_ONE = "post (slice, plan, post)"
IN_GROUPS = "post_all (slice, plan, post)"


def growth(sizes: Sequence[int], one_by_one: int = 200, batch: int = 1000) -> None:
    """Print how fast it is on ledgers of so many invoices, both ways."""
    print(
        f"write_off_invoice on a ledger of so many invoices, operations/s: {one_by_one} one by one, {batch} in groups"
    )
    for size in sizes:
        versions, work = policy(), asked(one_by_one + batch, "write_off_invoice")
        with tempfile.TemporaryDirectory() as folder, create_ledger(f"sqlite:///{folder}/ledger.db") as ledger:
            ledger.import_book(book(size))
            posting(ledger, versions, work)(0, 1)  # what is read once of a policy is read
            rates = []
            for way, start, stop in ((posting, 1, one_by_one), (batching, one_by_one, one_by_one + batch)):
                begun = time.perf_counter()
                way(ledger, versions, work)(start, stop)
                rates.append((stop - start) / (time.perf_counter() - begun))
        print(f"  {size:>7,} {rates[0]:>9,.0f} {rates[1]:>9,.0f}")


def main(
    count: int = 300, rounds: int = 9, batch: int = 1000, sizes: Sequence[int] = (2_000, 10_000, 50_000)
) -> tuple[Goal, ...]:
    """Run the contests and print them: one operation per transaction, then a batch of `batch * (rounds + 1)`; then how
    it grows."""
    single = contest("write_off_invoice", book(count * (rounds + 1)), count * (rounds + 1), count, rounds, 1)
    whole = batch * (rounds + 1)
    groups = contest("transfer_negative_invoice", book(whole, "-"), whole, batch, rounds, GROUP)
    growth(sizes)
    of_syncs, of_hand = ratio(single, ONE_BY_ONE, SYNCED), ratio(single, ONE_BY_ONE, BY_HAND)
    syncs = statistics.median(single[SYNCED])
    return (
        Goal(
            "one document a transaction in SQLite",
            "at least 0.6 of fdatasync/s",
            f"{of_syncs:.2f} at {syncs:,.0f} fdatasync/s ({of_hand:.2f} of the same rows by hand)",
        ),
        Goal(
            f"groups of {GROUP} in SQLite",
            "at most 2 times the same rows by hand",
            f"{ratio(groups, BY_HAND, IN_GROUPS):.1f} times",
        ),
    )


def _in_turn(run: Run, count: int) -> Contestant:
    """Each call does the next `count` of the work: what is posted once cannot be posted again."""
    done = iter(range(0, 2**31, count))

    def next_run() -> None:
        start = next(done)
        run(start, start + count)

    return next_run


if __name__ == "__main__":
    main()
