"""Backups of a ledger in PostgreSQL, and backups put into it: as files, which are ledgers that SQLite keeps.

So whatever opens and checks a ledger opens and checks a backup, wherever the ledger is; and a ledger moves from a file
to a server, or back, by a backup.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, in_order
from billpolicy.ledger.databases import database_of
from billpolicy.ledger.files import address_of, give_name, in_the_making, refuse_beside
from billpolicy.ledger.postgresql.database import PostgresDatabase, create_database, open_database, version_in
from billpolicy.ledger.postgresql.failures import refusal
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.structure import orphans, other_tables


@contextmanager
def copy_of(url: str, target: Path) -> Iterator[str]:
    """As `DatabaseFile.copy_of`; only of a ledger of this version of the tables."""
    refuse_beside(target)
    with closing(_of_this_version(url)) as source, in_the_making(target) as copy:
        copy.touch(mode=0o600, exist_ok=False)
        address = address_of(copy)
        with source.reading() as rows:
            _refuse_other_tables(source, rows)
            database_of(address).create_database(address, rows).close()
        yield address
        give_name(copy, target)


def _of_this_version(url: str) -> PostgresDatabase:
    """Raises `Refused`: a file has the tables of this version, so what is in others cannot be copied into one."""
    try:
        return open_database(url)
    except Refused as refused:
        if [one.code for one in refused.diagnostics] != ["ledger-older"]:
            raise
        message = "this ledger was made by an earlier version of billpolicy, and is not backed up as it is"
        hint = f"keep it with `pg_dump`, then run `billpolicy ledger init {told_address(url)}`, and back it up"
        raise refusal("ledger-older", message, url, hint) from None


def _refuse_other_tables(source: PostgresDatabase, rows: Connection) -> None:
    """The tables of a file are always a ledger's: what those of the server are is asked of them."""
    if found := other_tables(source, rows) or orphans(source, rows):
        at = Position(told_address(source.url))
        raise Refused(in_order(Diagnostic(one.code, one.message, at, one.hint) for one in found))


@contextmanager
def restored(file: Path, url: str) -> Iterator[tuple[str, PostgresPlace]]:
    """As `DatabaseFile.restored`."""
    with TemporaryDirectory() as folder:
        address = address_of(Path(folder, "ledger.db"))
        with database_of(address).restored(file, address) as (copy, _):
            yield copy, PostgresPlace(url, copy)


class PostgresPlace:
    """As `Place`: a database, or a schema of one, in which there are no tables yet."""

    def __init__(self, url: str, copy: str) -> None:
        self._url = url
        self._copy = copy

    def standing(self) -> None:
        """Nothing. Raises `Refused` where there are tables: who is connected to a ledger would go on with the old
        one."""
        with closing(PostgresDatabase(self._url)) as database, database.reading() as connection:
            if version_in(connection.driver, self._url) is not None:
                message = "a ledger in PostgreSQL is not replaced: others may be connected to it"
                hint = "restore into another database or schema, check it, and give its address to whoever posts"
                raise refusal("file-there", message, self._url, hint)

    def take(self) -> None:
        """As `Place.take`."""
        with closing(database_of(self._copy).open_database(self._copy)) as copy, copy.reading() as rows:
            create_database(self._url, rows).close()
