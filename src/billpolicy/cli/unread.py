"""Standard error of a program that runs on: no pipe, socket or terminal that nobody reads may stop it, no full disk
either.

A line is written as ever while it is taken. One that is not taken within a moment is lost, and counted; how many were
lost is told before the next one that is taken.
"""

from __future__ import annotations

import io
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from stat import S_ISFIFO, S_ISSOCK

_SECONDS = 0.5
"""How long a line waits where the one before was taken: whoever reads may only be slow."""


def never_wait(lost: Callable[[int], str]) -> None:
    """From here on nobody waits for long for whoever reads standard error, and nothing fails since it cannot be
    written; `lost`: a line that says how many were not taken."""
    try:
        fd = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # it is closed, or somebody has put another one in its place
        return
    if hasattr(select, "poll"):
        encoding = sys.stderr.encoding
        raw = NeverWaiting(fd, lambda count: lost(count).encode(encoding, "backslashreplace"))
        sys.stderr = io.TextIOWrapper(raw, encoding, "backslashreplace", write_through=True)


class NeverWaiting(io.RawIOBase):
    """Writes each line in one piece, by any thread and any process, or loses it. In a pipe whose reader is behind, a
    line of more than the pipe takes at once (4 KB on Linux) may have one of another process in it."""

    def __init__(self, fd: int, lost: Callable[[int], bytes]) -> None:
        self._fd = fd
        self._told = lost
        self._closing = ExitStack()
        self._put = _put_in(fd, self._closing)
        self._ready = select.poll()
        self._ready.register(fd, select.POLLOUT)
        self._alone = threading.Lock()
        self._lost = 0
        """Lines, since the last one that was taken."""
        self._rest = b""
        """Of a line that was taken in part."""

    def writable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Standard error itself stays open."""
        self._closing.close()
        super().close()

    def fileno(self) -> int:
        """As that of standard error."""
        return self._fd

    def isatty(self) -> bool:
        """As standard error."""
        return os.isatty(self._fd)

    def write(self, line: bytes, /) -> int:  # type: ignore[override]
        """Take a line, or lose it."""
        if not line:
            return 0
        line = bytes(line)
        with self._alone:
            said = self._told(self._lost) + line if self._lost else line
            self._rest = self._left_of(self._rest)
            left = said if self._rest else self._left_of(said)
            if left == said:
                self._lost += 1
            else:
                self._lost, self._rest = 0, left
        return len(line)

    def _left_of(self, data: bytes) -> bytes:
        """What of it is not taken. After a line that was not, none is waited for."""
        until = time.monotonic() + (0 if self._lost else _SECONDS)
        while data:
            try:
                data = data[self._put(data) :]
            except BlockingIOError:
                seconds = until - time.monotonic()
                if seconds <= 0:
                    break
                self._ready.poll(seconds * 1000)
            except OSError:  # whoever read is gone, or the disk is full
                break
        return data


def _put_in(fd: int, closing: ExitStack) -> Callable[[bytes], int]:
    """What writes there at once, or raises `BlockingIOError`. That nobody waits is a property of an open file, which
    others have open, too: so it is set for one that is this program's own."""
    mode = os.fstat(fd).st_mode
    if S_ISSOCK(mode):
        there = closing.enter_context(socket.socket(fileno=os.dup(fd)))
        return lambda data: there.send(data, socket.MSG_DONTWAIT)
    if not (S_ISFIFO(mode) or os.isatty(fd)):  # a file takes what it is given, or says at once that it cannot
        return lambda data: os.write(fd, data)
    try:
        own = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:  # it is of another user, or this is another system
        own = None
    if own is not None:
        closing.callback(os.close, own)
        return lambda data: os.write(own, data)
    ready = select.poll()
    ready.register(fd, select.POLLOUT)

    def put(data: bytes) -> int:
        if not ready.poll(0):
            raise BlockingIOError
        return os.write(fd, data[: select.PIPE_BUF])  # so much is taken at once where anything is

    return put
