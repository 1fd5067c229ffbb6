"""Copies of a ledger's file: made while it is used, and put in its place."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

from billpolicy.diagnostics.diagnostic import Position
from billpolicy.ledger.chain import last_link
from billpolicy.ledger.files import exists, give_name, in_the_making, refusal
from billpolicy.ledger.schema import REVISIONS
from billpolicy.ledger.sqlite.database import DIALECT, SqliteDatabase, connect, create_database, version_in
from billpolicy.ledger.sqlite.failures import storage_failures
from billpolicy.ledger.sqlite.files import SCHEME, UNLOCKED, beside, files_of, mode_of, path_of, refuse_strangers
from billpolicy.ledger.statements import Connection, Row

_ALONE_SECONDS = 3.0
"""How long it is waited for others to close a ledger that is to be replaced."""


@contextmanager
def copy_of(url: str, target: Path) -> Iterator[str]:
    """As `DatabaseFile.copy_of`."""
    path = path_of(url)
    refuse_strangers(target)  # a log beside it would be taken for its own
    with closing(_any_revision(path)) as source, in_the_making(target) as copy:
        _copy(source, copy)
        with _up_to_date(copy) as current:
            yield f"{SCHEME}{current}"
        give_name(copy, target)


@contextmanager
def restored(file: Path, url: str) -> Iterator[tuple[str, SqlitePlace]]:
    """As `DatabaseFile.restored`."""
    path = path_of(url)
    path = Path(os.path.realpath(path)) if path.is_symlink() else path  # what a link leads to is replaced, not the link
    with _untouched(file, path) as own, closing(_any_revision(own)) as source, in_the_making(path) as copy:
        _copy(source, copy)
        create_database(f"{SCHEME}{copy}").close()  # brings it up to date
        yield f"{SCHEME}{copy}", SqlitePlace(path, copy)


def last_link_in(backup: Path) -> tuple[int, str] | None:
    """How many links the chain of a backup has, and the digest of the last, whatever the revision of its tables; None
    where that knows no chain. Nothing is written beside it to ask."""
    with storage_failures(backup), closing(connect(backup, UNLOCKED, 0)) as driver:
        if not driver.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'chain'").fetchall():
            return None
        return last_link(Connection(driver, DIALECT))


class SqlitePlace:
    """As `Place`."""

    def __init__(self, path: Path, copy: Path) -> None:
        self._path = path
        self._copy = copy

    def standing(self) -> SqliteStanding | None:
        """As `Place.standing`. Raises `Refused` also where the file is gone, and what SQLite kept beside it is not."""
        refuse_strangers(self._path)
        return SqliteStanding(self._path, self._copy) if exists(self._path) else None

    def take(self) -> None:
        """As `Place.take`."""
        give_name(self._copy, self._path)


class SqliteStanding:
    """As `Standing`."""

    def __init__(self, path: Path, copy: Path) -> None:
        self.at = Position(str(path))
        self.path = path
        self._copy = copy

    @contextmanager
    def alone(self) -> Iterator[SqliteHeld]:
        """As `Standing.alone`."""
        with storage_failures(self.path), closing(connect(self.path, "rw", _ALONE_SECONDS)) as driver:
            driver.execute("PRAGMA locking_mode=EXCLUSIVE")
            try:
                driver.execute("BEGIN EXCLUSIVE")  # takes the lock, which stays until the file is closed
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname != "SQLITE_BUSY":
                    raise
                message = "another program has this ledger open"
                hint = "stop what posts to it and what reads it, and do it again; nothing was changed"
                raise refusal("ledger-busy", message, self.path, hint) from None
            driver.execute("COMMIT")
            yield SqliteHeld(self.path, self._copy, driver, version_in(driver, self.path))

    def take_from_damaged(self) -> Path:
        """As `Standing.take_from_damaged`."""
        kept = _free_name(self.path)
        for file in reversed(files_of(f"{SCHEME}{self.path}")):  # itself last: until then it is still there
            if os.path.lexists(file):
                file.rename(file.with_name(kept.name + file.name.removeprefix(self.path.name)))
        give_name(self._copy, self.path)
        return kept


class SqliteHeld:
    """As `Held`."""

    def __init__(self, path: Path, copy: Path, driver: sqlite3.Connection, version: str | None) -> None:
        self._path = path
        self._copy = copy
        self._driver = driver
        self._version = version

    def rows(self, statement: str) -> list[Row]:
        """As `Held.rows`; of an empty file, nothing."""
        return [] if self._version is None else self._driver.execute(statement).fetchall()

    @property
    def current(self) -> bool:
        """As `Held.current`."""
        return self._version == REVISIONS[-1]

    def give_way(self) -> Path:
        """As `Held.give_way`."""
        kept = _free_name(self._path)
        with in_the_making(kept) as old:
            _make_like(self._path, old)
            with storage_failures(kept), closing(connect(old, "rw", 0)) as target:
                self._driver.backup(target)
            give_name(old, kept)
        try:
            with closing(connect(self._copy, "rw", 0)) as source:
                source.backup(self._driver)
        except BaseException:
            kept.unlink()  # what is in it is still in its place
            raise
        return kept


def _any_revision(path: Path) -> SqliteDatabase:
    """A ledger's file to be copied, whatever the revision of its tables. Raises `Refused`."""
    if not exists(path):
        raise refusal("file-missing", "there is no such ledger", path, "check the path")
    database = SqliteDatabase(path, mode_of(path))
    try:
        with database.reading() as connection:
            if version_in(connection.driver, path) is None:
                raise refusal("ledger-empty", "this file is empty", path, "check the path")
    except BaseException:
        database.close()
        raise
    return database


def _copy(source: SqliteDatabase, file: Path) -> None:
    _make_like(source.path, file)
    with source.reading() as connection, storage_failures(file), closing(connect(file, "rw", 0)) as target:
        connection.driver.backup(target)


@contextmanager
def _up_to_date(copy: Path) -> Iterator[Path]:
    """The copy or, where an earlier program made it, another one that was brought up to date."""
    with closing(SqliteDatabase(copy, "rw")) as database:
        with database.reading() as connection:
            version = version_in(connection.driver, copy)
        if version == REVISIONS[-1]:
            yield copy
            return
        with in_the_making(copy) as current:
            _copy(database, current)
            create_database(f"{SCHEME}{current}").close()
            yield current


@contextmanager
def _untouched(file: Path, path: Path) -> Iterator[Path]:
    """The file of a backup; where a log stands beside it, which opening it would fold in, a copy of both."""
    logs = [beside(file, suffix) for suffix in ("-wal", "-journal")]
    if not any(one.exists() and one.stat().st_size for one in logs):
        yield file
        return
    with in_the_making(path) as copy:
        _make_like(file, copy)
        for one in (file, *(one for one in logs if one.exists())):
            shutil.copyfile(one, beside(copy, one.name.removeprefix(file.name)))
        yield copy


def _make_like(file: Path, new: Path) -> None:
    """Make an empty file that the same people may read as another one."""
    new.touch(mode=0o600, exist_ok=False)
    shutil.copymode(file, new)


def _free_name(path: Path) -> Path:
    """`ledger.db.before-restore-1`, or the next number of which nothing is there."""
    names = (path.with_name(f"{path.name}.before-restore-{number}") for number in count(1))
    return next(name for name in names if not os.path.lexists(name))
