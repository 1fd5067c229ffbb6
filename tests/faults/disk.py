"""A disk that kills, fails, or writes down what is done to it: `shim.c`, compiled and called.

It works in processes that were started with it (`with_shim`), and on the files of one folder.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import subprocess
import tempfile
from enum import IntEnum, IntFlag
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")


class Call(IntFlag):
    """What is done to the disk, as `shim.c` has it."""

    WRITE = 1
    SYNC = 2
    TRUNCATE = 4
    UNLINK = 8
    READ = 16
    CREATE = 32
    LINK = 128


CHANGING = Call.WRITE | Call.SYNC | Call.TRUNCATE | Call.UNLINK | Call.CREATE | Call.LINK


class Mode(IntEnum):
    """What happens at the n-th call, as `shim.c` has it."""

    COUNT = 0
    KILL_BEFORE = 1
    KILL_TORN = 2
    """Half of it is written."""
    KILL_AFTER = 3
    FAIL_ONCE = 4
    FAIL_FROM = 5
    """And at all that come after it, until `disarm`."""


ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC}


@cache
def shim() -> Path:
    """The library, compiled once for each text of its source."""
    name = f"billpolicy-shim-{os.getuid()}-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}.so"
    made = Path(tempfile.gettempdir()) / name
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=made.parent) as folder:
            part = Path(folder) / name
            subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", part, SOURCE, "-ldl"], check=True)
            part.replace(made)
    return made


def with_shim() -> dict[str, str]:
    """The environment of a process that has it."""
    return {**os.environ, "LD_PRELOAD": str(shim())}


@cache
def _library() -> ctypes.CDLL:
    """Raises `AttributeError` in a process that was started without it."""
    library = ctypes.CDLL(None)
    library.fault_arm.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_int]
    library.fault_mark.argtypes = [ctypes.c_char_p]
    library.fault_seen.restype = ctypes.c_long
    return library


def arm(folder: Path, calls: Call, mode: Mode = Mode.COUNT, at: int = 0, error: int = 0) -> None:
    """Count these calls from now on; something happens at one of them, from 1."""
    _library().fault_arm(str(folder.resolve()).encode(), int(calls), int(mode), at, error)


def disarm() -> None:
    """Nothing happens any more."""
    _library().fault_disarm()


def seen() -> int:
    """How many calls were counted."""
    found: int = _library().fault_seen()
    return found


def log_to(file: int) -> None:
    """Write down all that is done from now on to an open file, which is not in that folder; -1 ends it."""
    _library().fault_log(file)


def mark(text: str) -> None:
    """Put a text into the log."""
    _library().fault_mark(text.encode())
