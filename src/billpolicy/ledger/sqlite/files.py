"""The file of a ledger, and those that SQLite keeps beside it: where they are, and how they can be opened."""

from __future__ import annotations

import os
from pathlib import Path

from billpolicy.diagnostics.addresses import told_address
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger.databases import no_address
from billpolicy.ledger.files import exists, refusal, refuse_beside

SCHEME = "sqlite:///"
UNLOCKED = "ro&immutable=1"
"""For a file beside which no lock can be kept: it is read as it stands."""
_NO_FILE = (":memory:", "file:")
"""How what other programs know begins: a database that is gone when it is closed, and an address in the address."""
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite adds to the name of a ledger for the files that it keeps beside it."""


def files_of(url: str) -> list[Path]:
    """The file of a ledger and those that SQLite keeps beside it, whether they are there or not. Raises `Refused`."""
    path = path_of(url)
    bases = dict.fromkeys((path, Path(os.path.realpath(path))))
    return [beside(base, suffix) for base in bases for suffix in ("", *_BESIDE)]


def path_of(url: str) -> Path:
    """The file that a ledger's address names. Raises `Refused` for addresses that no ledger can have yet."""
    url = str(url)  # also of whatever else a program may give; it is no address then
    name = url.removeprefix(SCHEME)
    if not url.startswith(SCHEME) or not name or "\0" in name or name.startswith(_NO_FILE):
        raise no_address(url)
    if "=" in name.partition("?")[2]:  # a name may have a question mark
        message = f"`{told_address(url)}` has options, and a ledger in a file has none"
        raise Refused([Diagnostic("ledger-address", message, hint="leave out all from the `?` on")])
    return Path(name)


def mode_of(path: Path) -> str:
    """How a file can be opened: to write, or to read with or without locks."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "rw"
    if beside(path, "-shm").exists():
        return "ro"
    wal = beside(path, "-wal")
    if wal.exists() and wal.stat().st_size:
        message = "this ledger was not closed properly, and cannot be tidied up because it cannot be written"
        hint = f"open it once where it can be written, or copy it together with `{wal.name}`"
        raise refusal("ledger-read-only", message, path, hint)
    return UNLOCKED


def refuse_strangers(path: Path) -> None:
    """Refuse a new ledger where a file stands that SQLite would take for empty or its own, and destroy."""
    if exists(path):
        if path.stat().st_size == 1:  # SQLite writes over a single byte
            hint = "check the path; `billpolicy ledger init URL` makes a ledger in a new file"
            raise refusal("ledger-foreign", "this file is not a ledger", path, hint)
        return
    refuse_beside(path)


def beside(path: Path, suffix: str) -> Path:
    """The path of a file that SQLite keeps beside a ledger."""
    return path.with_name(path.name + suffix)


def file_at(path: Path) -> tuple[int, int] | None:
    """What tells one file from another, whatever its name is; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def changed(path: Path) -> tuple[int, int] | None:
    """What tells whether a file has changed: when it was, and its size."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
