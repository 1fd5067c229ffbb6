"""Files that are kept to save time, in a folder of the user's own. They are data, and whoever reads one asks what it is
worth: it may come from elsewhere, from another program, or be damaged.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from billpolicy.source.plain_file import read_plain

_SWITCH = "BILLPOLICY_CACHE"
"""Environment: a folder for what is kept, or one of the words for nothing."""
_OFF = frozenset({"off", "no", "false", "0"})


def folder() -> Path | None:
    """Where things are kept; None where nothing is."""
    place = os.environ.get(_SWITCH)
    if place is not None and place.strip().casefold() in _OFF:
        return None
    try:
        return Path(place) if place else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "billpolicy"
    except (OSError, RuntimeError):  # no home, or a current folder that was removed
        return None


def read_own(entry: Path, most: int) -> bytes | None:
    """At most so many bytes of what is kept; None if it is not there, or if others could have written it."""
    try:
        return read_plain(entry, most) if _private(entry) else None
    except OSError:
        return None


def write_own(entry: Path, content: bytes) -> None:
    """Keep it, for nobody else. Where it cannot be kept, nothing happens."""
    import tempfile

    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=entry.parent, delete=False) as stream:
            try:
                stream.write(content)
            except OSError:
                Path(stream.name).unlink()
                raise
        Path(stream.name).replace(entry)
    except OSError:
        return


def program(version: str, rooms: Sequence[str]) -> str:
    """This very program: its version, its Python, and the source files of these rooms, and of money, by size and time,
    as in a checkout they change without another version."""
    package = Path(__file__).parents[1]
    files = sorted([package / "money.py", *(file for room in rooms for file in (package / room).rglob("*.py"))])
    stamps = [(file.name, (found := file.stat()).st_size, found.st_mtime_ns) for file in files]
    return hashlib.sha256(repr((version, sys.version_info, stamps)).encode()).hexdigest()


def _private(entry: Path) -> bool:
    found, around = entry.stat(), entry.parent.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    mine = os.getuid() if hasattr(os, "getuid") else found.st_uid
    return found.st_uid == mine and around.st_uid == mine and not (found.st_mode | around.st_mode) & others
