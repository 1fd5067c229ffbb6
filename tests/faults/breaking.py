"""A ledger that is not kept well, on purpose: what these tests must notice, so that they are known to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest import mock

from billpolicy.ledger.statements import Connection
from tests.faults.places import each_begins_with


@contextmanager
def statement_by_statement() -> Iterator[None]:
    """Nothing is one transaction: each statement is committed by itself."""
    run = Connection.run

    def committed(self: Connection, *arguments: object) -> None:
        run(self, *arguments)  # type: ignore[arg-type]
        self.driver.execute("COMMIT")
        self.driver.execute("BEGIN")

    with each_begins_with("foreign_keys=OFF"), mock.patch.object(Connection, "run", committed):
        yield


@contextmanager
def unsynced() -> Iterator[None]:
    """Nothing waits for the disk."""
    with each_begins_with("synchronous=OFF"):
        yield


BREAKINGS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "statement-by-statement": statement_by_statement,
    "unsynced": unsynced,
}
"""Name -> how, for the option `--broken`."""
