"""How wide texts are: as the terminal that they are read on, or always the same where nobody knows who reads them."""

from __future__ import annotations

from contextvars import ContextVar

WIDTH = 80
"""Columns of a text that goes into a file or to a program: the same prints the same everywhere."""
MOST = 140
"""Columns of a line that is still read with ease."""
LEAST = 60
"""A table needs so many; a terminal that has fewer breaks its lines."""
_terminal: ContextVar[int | None] = ContextVar("terminal", default=None)


def use_terminal(columns: int | None) -> None:
    """From here on, texts are for a terminal that is so wide, or for none."""
    _terminal.set(None if columns is None else min(max(columns, LEAST), MOST))


def on_terminal() -> bool:
    """Whether a person reads this as it is printed: then no line is longer than the terminal is wide."""
    return _terminal.get() is not None


def width() -> int:
    """Columns of a line."""
    return _terminal.get() or WIDTH
