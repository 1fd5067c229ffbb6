"""A ledger that is not kept well, on purpose: what these tests must notice, so that they are known to look."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest import mock

from billpolicy.ledger.sqlite.database import SqliteDatabase
from billpolicy.ledger.statements import Connection


@contextmanager
def _carelessly(pragma: str) -> Iterator[None]:
    """Each connection begins with this."""
    lend = SqliteDatabase._connection

    @contextmanager
    def careless(self: SqliteDatabase) -> Iterator[sqlite3.Connection]:
        with lend(self) as driver:
            driver.execute(f"PRAGMA {pragma}")
            yield driver

    with mock.patch.object(SqliteDatabase, "_connection", careless):
        yield


@contextmanager
def statement_by_statement() -> Iterator[None]:
    """Nothing is one transaction: each statement is committed by itself."""
    run = Connection.run

    def committed(self: Connection, *arguments: object) -> None:
        run(self, *arguments)  # type: ignore[arg-type]
        self.driver.execute("COMMIT")
        self.driver.execute("BEGIN")

    with _carelessly("foreign_keys=OFF"), mock.patch.object(Connection, "run", committed):
        yield


@contextmanager
def unsynced() -> Iterator[None]:
    """Nothing waits for the disk."""
    with _carelessly("synchronous=OFF"):
        yield


BREAKINGS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "statement-by-statement": statement_by_statement,
    "unsynced": unsynced,
}
"""Name -> how, for the option `--broken`."""
