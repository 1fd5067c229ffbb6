"""`--log-format json`: what is told beside a result, as a line of JSON each on stderr, for programs that collect logs.

One run of a command has one log or none. It is known before anything is parsed, so that a mistake in what was typed is
a line of it, too. Nothing else goes to stderr meanwhile. What writes it is imported only where there is one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from billpolicy.cli.log_lines import Log

OPTION, VARIABLE = "--log-format", "BILLPOLICY_LOG_FORMAT"

_current: ContextVar[Log | None] = ContextVar("log", default=None)


def log() -> Log | None:
    """That of this run; None where people read what is told."""
    return _current.get()


def begin_log(typed: Sequence[str]) -> Log | None:
    """Begin a run with the log that it is to have, by what was typed before the command or by the environment."""
    format = os.environ.get(VARIABLE, "text")
    for place, word in enumerate(typed):
        if word.startswith(f"{OPTION}="):
            format = word.partition("=")[2]
        elif word == OPTION:
            format = (*typed[place + 1 :], "")[0]
        elif not word.startswith("-") and typed[place - 1 : place] != [OPTION]:
            break  # the command
    _current.set(None)
    if format != "json":
        return None
    from billpolicy.cli.log_lines import Log

    begun = Log()
    begun.begin()
    _current.set(begun)
    return begun
