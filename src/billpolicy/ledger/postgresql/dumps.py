"""Backups of a ledger in PostgreSQL, and backups put into it: as files, which are ledgers that SQLite keeps.

So whatever opens and checks a ledger opens and checks a backup, wherever the ledger is; and a ledger moves from a file
to a server, or back, by a backup.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, in_order
from billpolicy.ledger import sqlite
from billpolicy.ledger.copying import copy_rows
from billpolicy.ledger.databases import Held
from billpolicy.ledger.postgresql.database import PostgresDatabase, create_database, open_database, version_in
from billpolicy.ledger.postgresql.failures import refusal
from billpolicy.ledger.sqlite.backups import give_name, in_the_making
from billpolicy.ledger.sqlite.files import SCHEME, refuse_strangers
from billpolicy.ledger.structure import orphans, other_tables


@contextmanager
def copy_of(url: str, target: Path) -> Iterator[str]:
    """As `DatabaseFile.copy_of`; only of a ledger of this version of the tables."""
    refuse_strangers(target)
    with closing(open_database(url)) as source, in_the_making(target) as copy:
        copy.touch(mode=0o600, exist_ok=False)
        _fill(f"{SCHEME}{copy}", source)
        yield f"{SCHEME}{copy}"
        give_name(copy, target)


def _fill(address: str, source: PostgresDatabase) -> None:
    """Make a file of all rows, once the server's own tables have shown to be a ledger's: those of the file always are.

    Nothing of this may outlive it: a cursor that somebody still has keeps SQLite from folding the log into the file.
    Raises `Refused`.
    """
    sqlite.create_database(address, chained=False)
    with closing(sqlite.open_database(address)) as made, source.reading() as rows, made.writing() as into:
        if found := other_tables(source, rows) or orphans(source, rows):
            at = Position(told_address(source.url))
            raise Refused(in_order(Diagnostic(one.code, one.message, at, one.hint) for one in found))
        copy_rows(rows, into)


@contextmanager
def restored(file: Path, url: str) -> Iterator[tuple[str, PostgresPlace]]:
    """As `DatabaseFile.restored`."""
    with TemporaryDirectory() as folder, sqlite.restored(file, f"{SCHEME}{folder}/ledger.db") as (copy, _):
        yield copy, PostgresPlace(url, copy)


class PostgresPlace:
    """As `Place`: a database, or a schema of one, in which there are no tables yet."""

    def __init__(self, url: str, copy: str) -> None:
        self.path = Path(url)
        self._url = url
        self._copy = copy

    @property
    def is_there(self) -> bool:
        """Never. Raises `Refused` where there are tables: who is connected to a ledger would go on with the old one."""
        with closing(PostgresDatabase(self._url)) as database, database.reading() as connection:
            if version_in(connection.driver, self._url) is not None:
                raise self._elsewhere()
        return False

    def take(self) -> None:
        """As `Place.take`."""
        with closing(sqlite.open_database(self._copy)) as copy, copy.reading() as rows:
            create_database(self._url, rows)

    def alone(self) -> AbstractContextManager[Held]:
        """No ledger on a server is replaced. Raises `Refused`."""
        raise self._elsewhere()

    def take_from_damaged(self) -> Path:
        """As `alone`."""
        raise self._elsewhere()

    def _elsewhere(self) -> Refused:
        message = "a ledger in PostgreSQL is not replaced: others may be connected to it"
        hint = "restore into another database or schema, check it, and give its address to whoever posts"
        return refusal("file-there", message, self._url, hint)
