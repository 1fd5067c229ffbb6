"""Which policies were proven free of conflicts: kept, so that one that has not changed is not proven again.

What is kept is one line of JSON for each path, with the digest of the policy that was read there and the program that
proved it. It is never taken for a policy: that is read again each time, and all the other checks are made again. An
entry counts only if it is to the letter what this program would write for what was just read; nothing else in it is
looked at. So a file that was restored from elsewhere, or forged, can save or cost the one proof and nothing more: two
rules that conflict are refused where they decide something, proven or not, and `validate` proves anew.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

from billpolicy import __version__
from billpolicy.source.plain_file import read_plain

_SWITCH = "BILLPOLICY_CACHE"
"""Environment: a folder for what is kept, or `off`."""
_PROVED_BY = ("analysis", "book", "policy", "vocabulary")
"""The rooms that a proof stands on: in a checkout they change without another version."""


def is_proven(path: Path, digest: str) -> bool:
    """Whether it is kept that the policy at `path`, of this digest, was proven by this very program."""
    entry = _entry(path)
    try:
        if entry is None or not _private(entry):
            return False
        wanted = _line(digest)
        return read_plain(entry, len(wanted) + 1) == wanted
    except OSError:
        return False


def keep_proven(path: Path, digest: str) -> None:
    """Keep that the policy at `path`, of this digest, is proven. Where it cannot be kept, nothing happens."""
    entry = _entry(path)
    if entry is None:
        return
    import tempfile

    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=entry.parent, delete=False) as stream:
            stream.write(_line(digest))
        Path(stream.name).replace(entry)
    except OSError:
        return


def _line(digest: str) -> bytes:
    return f'{{"proven":"{digest}","by":"{_program()}"}}\n'.encode()


def _entry(path: Path) -> Path | None:
    place = os.environ.get(_SWITCH)
    if place == "off":
        return None
    try:
        root = Path(place) if place else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "billpolicy"
        name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
    except (OSError, RuntimeError):  # no home, or a current folder that was removed
        return None
    return root / f"{name}.json"


def _program() -> str:
    """This very program: its version, its Python, and the source files that prove by size and time."""
    package = Path(__file__).parents[1]
    files = sorted(file for room in _PROVED_BY for file in (package / room).rglob("*.py"))
    stamps = [(file.name, (found := file.stat()).st_size, found.st_mtime_ns) for file in files]
    return hashlib.sha256(repr((__version__, sys.version_info, stamps)).encode()).hexdigest()


def _private(entry: Path) -> bool:
    found, folder = entry.stat(), entry.parent.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    mine = os.getuid() if hasattr(os, "getuid") else found.st_uid
    return found.st_uid == mine and folder.st_uid == mine and not (found.st_mode | folder.st_mode) & others
