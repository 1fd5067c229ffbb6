"""The bytes of a plain file, and whether there is a file at all.

Pipes, devices and sockets are refused: reading one may wait for ever, or never end.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

_HOW = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Opening waits for nobody, so what was opened can be looked at before it is read."""


class NotPlainError(OSError):
    """What should be read is a pipe, a device or a socket."""


def is_there(path: Path) -> bool:
    """Whether there is a file or a folder. Raises `OSError` where that cannot be told.

    `Path.exists` tells the two apart only before Python 3.14: then it says no to both.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: no file can have such a name
        return False
    return True


def read_plain(path: Path, most: int = -1) -> bytes:
    """The bytes of a plain file, at most so many of them. Raises `OSError`, of which `NotPlainError` is one."""
    with _opened(path) as stream:
        return stream.read(most)


def plain_lines(path: Path, most: int) -> Iterator[bytes]:
    """The lines of a plain file as they are asked for, each with its end. Raises `OSError`, as `read_plain` does, also
    for a line of more than `most` bytes."""
    with _opened(path) as stream:
        while line := stream.readline(most + 1):
            if len(line) > most:
                raise OSError(errno.EFBIG, f"a line of it is longer than {most:,} bytes", str(path))
            yield line


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        opened = os.open(path, _HOW)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            raise NotPlainError(errno.ENXIO, "not a plain file", str(path)) from None
        raise
    try:
        mode = os.fstat(opened).st_mode
        if S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not S_ISREG(mode):
            raise NotPlainError(errno.EINVAL, "not a plain file", str(path))
        with os.fdopen(opened, "rb", closefd=False) as stream:
            yield stream
    finally:
        os.close(opened)
