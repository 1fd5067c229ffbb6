"""A ledger that is not kept well, on purpose: what these tests must notice, so that they are known to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

from billpolicy.ledger.sqlite import backups
from billpolicy.ledger.statements import Connection
from tests.faults.places import each_begins_with


@contextmanager
def statement_by_statement() -> Iterator[None]:
    """Nothing is one transaction: each statement is committed by itself."""

    def committing(write: Callable[..., None]) -> Callable[..., None]:
        def committed(self: Connection, *arguments: Any) -> None:
            write(self, *arguments)
            self.driver.execute("COMMIT")
            self.driver.execute("BEGIN")

        return committed

    with (
        each_begins_with("foreign_keys=OFF"),
        mock.patch.object(Connection, "run", committing(Connection.run)),
        mock.patch.object(Connection, "insert", committing(Connection.insert)),
        mock.patch.object(Connection, "together", return_value=nullcontext()),
    ):
        yield


@contextmanager
def unsynced() -> Iterator[None]:
    """Nothing waits for the disk."""
    with each_begins_with("synchronous=OFF"):
        yield


@contextmanager
def copied_in_place() -> Iterator[None]:
    """A copy of a ledger has its name from the start, and not when it is whole."""

    @contextmanager
    def at_once(target: Path) -> Iterator[Path]:
        yield target

    with (
        mock.patch.object(backups, "in_the_making", at_once),
        mock.patch.object(backups, "give_name"),
    ):
        yield


BREAKINGS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "statement-by-statement": statement_by_statement,
    "unsynced": unsynced,
    "copied-in-place": copied_in_place,
}
"""Name -> how, for the option `--broken`."""
