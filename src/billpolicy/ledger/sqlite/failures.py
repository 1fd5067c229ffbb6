"""What disk, rights, locks and foreign or damaged files do to a ledger, in words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.ledger.files import refusal

_FAILURES: dict[str, tuple[Code, str, str]] = {
    "SQLITE_FULL": (
        "ledger-disk-full",
        "the disk is full; nothing was changed",
        "free some space and do it again",
    ),
    "SQLITE_BUSY": (
        "ledger-busy",
        "another program is writing to this ledger and did not finish in time",
        "try again in a moment; nothing was changed",
    ),
    "SQLITE_LOCKED": (
        "ledger-busy",
        "another program has locked this ledger",
        "try again in a moment; nothing was changed",
    ),
    "SQLITE_READONLY": (
        "ledger-read-only",
        "this ledger can only be read here, not written",
        "check who may write the file and its folder",
    ),
    "SQLITE_NOTADB": (
        "ledger-foreign",
        "this file is not a ledger",
        "check the path; `billpolicy ledger init URL` makes a ledger in a new file",
    ),
    "SQLITE_CORRUPT": (
        "ledger-damaged",
        "this ledger is damaged; it may have been cut off or overwritten",
        "keep it as it is, and bring a backup back with `billpolicy ledger restore FILE LEDGER`",
    ),
    "SQLITE_CANTOPEN": (
        "ledger-unreadable",
        "this ledger cannot be opened",
        "check that it is a file and who may read it and its folder",
    ),
    "SQLITE_PERM": (
        "ledger-unreadable",
        "this ledger may not be opened",
        "check who may read the file and its folder",
    ),
    # It is rolled back here. If this process is killed before it closes the ledger, the next one finds it done.
    "SQLITE_IOERR_FSYNC": (
        "ledger-disk-failed",
        "the disk under this ledger did not confirm what was written; it is not done, as far as can be told",
        "check that the disk is well and do the same again: if it is there after all, it is not done twice",
    ),
    "SQLITE_IOERR": (
        "ledger-disk-failed",
        "the disk under this ledger reported an error; nothing was changed",
        "check that the disk is well and not full",
    ),
    "SQLITE_PROTOCOL": (
        "ledger-busy",
        "this ledger could not be locked",
        "try again in a moment; keep it on a local disk, not on a network share",
    ),
}
"""How SQLite's name of an error begins, the first that fits -> code, message, hint."""


_NO_TEXT = "Could not decode to UTF-8"
"""How it begins what it says of something other than text that stands as text."""
_CODE = re.compile(r"error code=([0-9]+)")
"""How it says, among what is wrong with a file, that something else kept it from looking."""
_IOERR = 10
"""What its codes of errors of the disk have as their last byte: `SQLITE_IOERR`."""
_GONE = ("no such table", "no such column")


@contextmanager
def storage_failures(path: Path) -> Iterator[None]:
    """Raise `Refused` for whatever disk, rights, locks or a foreign or damaged file do to the ledger at `path`.

    Also for a text that is no text: a command line can hold bytes that are not UTF-8.
    """
    try:
        yield
    except sqlite3.Error as error:
        if str(error).startswith(_NO_TEXT):
            raise damaged("something in it is no text", path) from None
        if str(error).startswith(_GONE):
            raise damaged("a table or a column of it is gone", path) from None
        for prefix, (code, message, hint) in _FAILURES.items():
            if name_of(error).startswith(prefix):
                raise refusal(code, message, path, hint) from None
        raise
    except UnicodeEncodeError as error:
        message = f"{error.object!r} has characters that are no text"
        hint = "write it in UTF-8; if it is the name of a file, rename the file"
        raise refusal("text-wrong", message, path, hint) from None


def refuse_failed_read(text: str, path: Path) -> None:
    """Raise `Refused` where what is said to be wrong with a file is that the disk did not give a page of it."""
    if any(int(code) & 0xFF == _IOERR for code in _CODE.findall(text)):
        code, message, hint = _FAILURES["SQLITE_IOERR"]
        raise refusal(code, message, path, hint)


def is_of_tables(error: BaseException) -> bool:
    """Whether it may be that the tables are other ones than a statement was written for, or hold something else."""
    return not name_of(error).startswith(tuple(_FAILURES))


def name_of(error: BaseException | None) -> str:
    """What SQLite calls an error; nothing where Python's module has raised it."""
    return getattr(error, "sqlite_errorname", "")


def damaged(what: str, path: Path) -> Refused:
    """The refusal of a ledger of which is known what is wrong with it."""
    hint = "run `billpolicy ledger check`, and restore the ledger from a backup"
    return refusal("ledger-damaged", f"this ledger is damaged: {what}", path, hint)
