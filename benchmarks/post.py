"""Posting one document per transaction, durability on, beside a hand-written sqlite3 loop inserting the same rows.

Each operation writes off one invoice of three items with a tax each: a credit memo and its application, the parts of
both, the reasons for its attributes, the operation and its audit entry. The loop writes exactly these rows into a
copy of the same file, with the same pragmas, indexes and guards, one transaction per operation; it checks nothing.
"""

from __future__ import annotations

import datetime
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Table

from benchmarks.rounds import rates, ratio, table
from billpolicy.book.book import Book
from billpolicy.book.load import book_of
from billpolicy.executor import execute, post
from billpolicy.ledger import schema
from billpolicy.ledger.importing import import_book
from billpolicy.ledger.slices import read_slice
from billpolicy.ledger.store import Ledger, create, open_ledger
from billpolicy.operations.dry_run import dry_run, plan_operation
from billpolicy.operations.load import operations_of
from billpolicy.operations.registry import OPERATIONS
from billpolicy.operations.request import Asked, request_data
from billpolicy.plan import Plan
from billpolicy.resolve import Resolver
from billpolicy.source.tree import parse_text
from billpolicy.validation import prove
from billpolicy.versions import Versions

STANDARD = Path(__file__).parents[1] / "policies" / "standard"
DAY = datetime.date(2026, 7, 1)
NOW = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)
_ITEMS = ", ".join(
    f"{{id: i{n}, name: Seats, amount: 100.00, taxes: [{{id: vat, name: VAT, rate: 0.20, amount: 20.00}}]}}"
    for n in range(3)
)
Statements = list[tuple[str, list[tuple[object, ...]]]]


def book(count: int) -> Book:
    """As many invoices, of one account."""
    lines = ["accounts: [{id: acme, currency: USD, attributes: {bill_to_contact: ann, payment_term: Net 30}}]"]
    lines += ["contacts: [{id: ann, account: acme}]", "invoices:"]
    for n in range(count):
        head = f"number: {_number(n)}, account: acme, date: 2026-06-01, currency: USD"
        lines.append(f"- {{{head}, attributes: {{bill_to_contact: ann}}, items: [{_ITEMS}]}}")
    return book_of(parse_text("\n".join(lines), "book.yaml"))


def asked(count: int) -> list[Asked]:
    """One write-off for each invoice."""
    lines = ["operations:"]
    lines += [f"- {{id: op-{n}, operation: write_off_invoice, invoice: {_number(n)}}}" for n in range(count)]
    return operations_of(parse_text("\n".join(lines), "operations.yaml"))


def _number(n: int) -> str:
    return f"INV{n + 1:08d}"


def posting(ledger: Ledger, plans: list[Plan]) -> Callable[[int, int], None]:
    def run(start: int, stop: int) -> None:
        for plan in plans[start:stop]:
            post(ledger, plan, who="bench", now=NOW)

    return run


def executing(ledger: Ledger, versions: Versions, work: list[Asked]) -> Callable[[int, int], None]:
    def run(start: int, stop: int) -> None:
        for one in work[start:stop]:
            execute(
                ledger,
                one.request.id,
                request_data(one.request),
                OPERATIONS[one.request.operation].needs(one.request),
                lambda book, one=one: plan_operation(versions, book, one, DAY),  # type: ignore[misc]
                who="bench",
                now=NOW,
            )

    return run


def slicing(ledger: Ledger, work: list[Asked]) -> Callable[[int, int], None]:
    def run(start: int, stop: int) -> None:
        with ledger.reading() as connection:
            for one in work[start:stop]:
                read_slice(connection, OPERATIONS[one.request.operation].needs(one.request))

    return run


def inserting(connection: sqlite3.Connection, work: list[Statements]) -> Callable[[int, int], None]:
    """The peer: what somebody would write by hand who knows all rows in advance."""

    def run(start: int, stop: int) -> None:
        for statements in work[start:stop]:
            connection.execute("BEGIN IMMEDIATE")
            for text, rows in statements:
                connection.executemany(text, rows)
            connection.execute("COMMIT")

    return run


def rows_of(file: Path, plans: list[Plan]) -> Iterator[Statements]:
    """The rows that each plan became in a ledger it was posted to, as statements in the order they were run."""
    with closing(sqlite3.connect(file)) as connection:
        for plan in plans:
            (memo,) = (planned.document.number for planned in plan.documents)
            (application,) = connection.execute(
                "SELECT id FROM applications WHERE operation = ?", (plan.id,)
            ).fetchone()
            wanted: tuple[tuple[Table, str, object], ...] = (
                (schema.operations, "id", plan.id),
                (schema.audit, "operation", plan.id),
                (schema.items, "document", memo),
                (schema.taxes, "document", memo),
                (schema.documents, "number", memo),
                (schema.resolutions, "document", memo),
                (schema.application_parts, "application", application),
                (schema.applications, "id", application),
            )
            counter = plan.documents[0].draw.counter
            statements: Statements = [
                (
                    "INSERT INTO counters VALUES (?, ?, 0, ?) ON CONFLICT (prefix) DO UPDATE SET last = excluded.last",
                    [("CM", "credit_memo", counter)],
                )
            ]
            for each, key, value in wanted:
                names = [column.name for column in each.columns if column is not each.autoincrement_column]
                found = connection.execute(f"SELECT {', '.join(names)} FROM {each.name} WHERE {key} = ?", (value,))
                marks = ", ".join("?" * len(names))
                statements.append((f"INSERT INTO {each.name} ({', '.join(names)}) VALUES ({marks})", found.fetchall()))
            bump = "UPDATE documents SET revision = revision + 1 WHERE number = ?"
            statements.append((bump, [(application.to,) for application in plan.applications]))
            yield statements


def contents(file: Path) -> list[str]:
    """Every row of a ledger as text."""
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def main(count: int = 300, rounds: int = 9) -> None:
    """Run the contest and print it."""
    whole = count * (rounds + 1)
    versions = Versions([Resolver(prove(STANDARD), "python")])
    invoices, work = book(whole), asked(whole)
    plans = [one.plan for one in dry_run(versions, invoices, work, DAY) if one.plan is not None]
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.db" for name in ("rows", "read", "post", "execute", "insert")}
        with create(f"sqlite:///{files['rows']}") as ledger:
            import_book(ledger, invoices)
        for name in ("read", "post", "execute", "insert"):
            shutil.copy(files["rows"], files[name])
        with open_ledger(f"sqlite:///{files['rows']}") as ledger:
            posting(ledger, plans)(0, whole)
        statements = list(rows_of(files["rows"], plans))
        with (
            open_ledger(f"sqlite:///{files['post']}") as posted,
            open_ledger(f"sqlite:///{files['execute']}") as executed,
            open_ledger(f"sqlite:///{files['read']}") as unposted,
            closing(sqlite3.connect(files["insert"], isolation_level=None)) as raw,
        ):
            raw.execute("PRAGMA foreign_keys=ON")
            raw.execute("PRAGMA synchronous=FULL")
            runs = {
                "executor.post": posting(posted, plans),
                "executor.execute (slice, plan, post)": executing(executed, versions, work),
                "sqlite3 by hand": inserting(raw, statements),
                "read_slice (one open invoice)": slicing(unposted, work),
            }
            found = rates({name: _in_turn(run, count) for name, run in runs.items()}, count, rounds)
        if len({"\n".join(contents(files[name])) for name in ("post", "execute", "insert")}) > 1:
            raise SystemExit("the contestants did not write the same rows")
    written = sum(len(rows) for _, rows in statements[0])
    print(f"post: {count} operations a round, {written} rows each, one transaction per operation, synchronous=FULL")
    print(table(found, "operations"))
    print(f"  executor.post / sqlite3 by hand:     {ratio(found, 'executor.post', 'sqlite3 by hand'):.2f}")
    execute_ratio = ratio(found, "executor.execute (slice, plan, post)", "sqlite3 by hand")
    print(f"  executor.execute / sqlite3 by hand:  {execute_ratio:.2f}")


def _in_turn(run: Callable[[int, int], None], count: int) -> Callable[[], None]:
    """Each call does the next `count` of the work: what is posted once cannot be posted again."""
    done = iter(range(0, 2**31, count))

    def next_run() -> None:
        start = next(done)
        run(start, start + count)

    return next_run


if __name__ == "__main__":
    main()
