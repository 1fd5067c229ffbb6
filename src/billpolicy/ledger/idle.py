"""Connections that are open and used by nobody, so that the next one need not be made."""

from __future__ import annotations

import os
import weakref
from typing import Any, Generic, Protocol, TypeVar


class _Open(Protocol):
    def close(self) -> None: ...


_Driver = TypeVar("_Driver", bound=_Open)


class Idle(Generic[_Driver]):
    """Those of one database. Threads may share it. Where it is forgotten, as a program may forget to close a ledger,
    they are closed, too; and before the process forks: a child would share them with its parent."""

    def __init__(self, most: int | None = None) -> None:
        """`most`: how many are kept; None is all."""
        self._free: list[_Driver] = []
        self._most = most
        self._closed = False
        # Not at the end of the process: that of a child would let go of locks that its parent holds.
        weakref.finalize(self, _close_all, self._free).atexit = False
        _EVERY.add(self)

    def take(self) -> _Driver | None:
        """One of them, which is the caller's now; None if there is none."""
        try:
            return self._free.pop()
        except IndexError:
            return None

    def put(self, driver: _Driver) -> None:
        """Keep a connection for whoever comes later; one too many, or after `close`, is closed."""
        if self._most is not None and len(self._free) >= self._most:
            driver.close()
            return
        self._free.append(driver)
        if self._closed:
            _close_all(self._free)

    def close(self) -> None:
        """Close all of them, and all that are put here from now on."""
        self._closed = True
        _close_all(self._free)


def _close_all(free: list[_Driver]) -> None:
    while True:
        try:
            driver = free.pop()
        except IndexError:  # also where another thread took the last
            return
        driver.close()


_EVERY: weakref.WeakSet[Idle[Any]] = weakref.WeakSet()


def _before_fork() -> None:
    for idle in list(_EVERY):
        _close_all(idle._free)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(before=_before_fork)
