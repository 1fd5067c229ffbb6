"""Which databases a ledger can be kept in, and what the file of each gives. A new one is that file and a line here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.ledger.schema import REVISIONS
from billpolicy.ledger.statements import Connection, Row


class OlderLedger(Refused):
    """The refusal of a ledger that an earlier version of the program made."""

    def __init__(self, found: Diagnostic, revision: str) -> None:
        super().__init__([found])
        self.revision = revision
        """Of its tables."""


class Known(NamedTuple):
    """A database that this program knows."""

    file: str
    """The module that is its file; it is read only when it is wanted."""
    address: str
    """How an address of it is written, after "write"."""


DATABASES = {
    "sqlite": Known(
        "billpolicy.ledger.sqlite",
        "`sqlite:///` and the path of a file, like `sqlite:///books.db` or `sqlite:////srv/books.db`",
    ),
    "postgresql": Known(
        "billpolicy.ledger.postgresql",
        "`postgresql://` with a server and a database, like `postgresql://poster@db.example.com/books`",
    ),
}
"""What an address begins with, up to its colon -> its database."""
_OTHER_NAMES = {"postgres": "write `postgresql://` for `postgres://`"}
"""What other programs take before `://` as well -> what is written here."""


class Database(Protocol):
    """An open ledger: transactions of its own, and what the database knows of its own damages."""

    def close(self) -> None: ...
    def reading(self) -> AbstractContextManager[Connection]: ...
    def writing(self) -> AbstractContextManager[Connection]: ...
    def damages(self, connection: Connection) -> Iterator[str]: ...
    def schema_breaches(self, connection: Connection) -> Iterator[str]: ...
    def orphans(self, connection: Connection) -> Iterator[tuple[str, str]]: ...


class Held(Protocol):
    """A ledger of any revision that nobody else has open, nor can open."""

    def rows(self, statement: str) -> list[Row]:
        """What a statement finds there that every revision of the tables understands."""

    @property
    def current(self) -> bool:
        """Whether its tables are those of this version."""

    def give_way(self) -> Path:
        """Let the copy take its place, in one transaction. Gives the name of the file in which it is kept."""


class Standing(Protocol):
    """The file of a ledger where a copy of a backup is wanted."""

    at: Position
    """As it is told."""

    def alone(self) -> AbstractContextManager[Held]:
        """Hold the ledger that stands there. Raises `Refused` where somebody has it open, or it is none."""

    def take_from_damaged(self) -> Path:
        """Put the copy where a damaged ledger stands, which is kept with its files. Gives its new name."""


class Place(Protocol):
    """Where a copy of a backup is wanted."""

    def standing(self) -> Standing | None:
        """What stands there; None where nothing does. Raises `Refused` where it is nothing that could be replaced."""

    def take(self) -> None:
        """Put the copy there, where nothing is."""


class DatabaseFile(Protocol):
    """What the file of a database gives. Everything raises `Refused` for an address that it cannot have."""

    def create_database(self, url: str, rows: Connection | None = None) -> Database:
        """Make a ledger's tables, or bring those that an earlier program made up to date, and open it. `rows`: of a
        ledger that a new one begins with, chain and all."""

    def open_database(self, url: str) -> Database:
        """Open a ledger that exists."""

    def files_of(self, url: str) -> list[Path]:
        """The files on this machine that the ledger is kept in, whether they are there yet or not."""

    def copy_of(self, url: str, target: Path) -> AbstractContextManager[str]:
        """Copy a ledger of any revision as of one moment, while it is used. Within the context the copy, as this
        program brings it up to date, can be opened at the address that is given; at its end it is the file `target`, as
        it was. Where the context fails nothing is left of it."""

    def restored(self, file: Path, url: str) -> AbstractContextManager[tuple[str, Place]]:
        """A copy of a backup, brought up to date, at an address of its own; and the place that it is wanted in."""


def database_of(url: str) -> DatabaseFile:
    """The file of the database of an address. Raises `Refused` where it is none that this program knows."""
    known = DATABASES.get(str(url).partition(":")[0])  # a program may give whatever it has
    if known is None:
        raise no_address(url)
    return cast(DatabaseFile, import_module(known.file))


def refuse_other_revision(
    version: str | None, address: str, at: Position, empty: str, keep: str = "keep a copy of it first"
) -> None:
    """Refuse a ledger that this program cannot open as it is. `version`: of its tables, None where there are none;
    `address`: as it is told; `empty`: what is said where there are none; `keep`: what is done before it is brought up
    to date."""
    if version is None:
        hint = f"make a ledger in it with `billpolicy ledger init {address}`"
        raise Refused([Diagnostic("ledger-empty", empty, at, hint)])
    if version != REVISIONS[-1]:
        message = (
            f"this ledger was made by an earlier version of billpolicy: its tables have revision {version}, "
            f"and those of this version {REVISIONS[-1]}"
        )
        hint = f"{keep}, then run `billpolicy ledger init {address}`, which brings it up to date"
        raise OlderLedger(Diagnostic("ledger-older", message, at, hint), version)


def no_address(url: str) -> Refused:
    """The refusal of an address that no ledger can have."""
    scheme = str(url).partition("://")[0]
    hint = _OTHER_NAMES.get(scheme) or "write " + ", or ".join(known.address for known in DATABASES.values())
    if url and not set(str(url)) & {":", "\0"}:  # a path, as all else on a command line
        hint = f"did you mean `sqlite:///{url}`?"
    return Refused(
        [Diagnostic("ledger-address", f"`{told_address(str(url))}` is not the address of a ledger", hint=hint)]
    )
