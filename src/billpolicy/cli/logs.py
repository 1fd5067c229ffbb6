"""`--log-format json`: what is told beside a result, as a line of JSON each on stderr, for programs that collect logs.

One run of a command has one log or none. It is known before anything is parsed, so that a mistake in what was typed is
a line of it, too.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import time
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from billpolicy import Diagnostic, Outcome
    from billpolicy.report.log import LogEvent, LogLevel

OPTION, VARIABLE = "--log-format", "BILLPOLICY_LOG_FORMAT"
_PROGRESS_SECONDS = 5.0
"""How often it is told how far something is."""


class Log:
    """The log of one run."""

    def __init__(self) -> None:
        import secrets

        self.command = ""
        self._run = secrets.token_hex(6)
        self._began = self._progress = time.monotonic()

    def started(self, command: str) -> None:
        """A command begins."""
        import billpolicy

        self.command = command
        self._write("info", "started", version=billpolicy.__version__)

    def finished(self, code: int) -> None:
        """It is done, with this exit code."""
        level: LogLevel = "error" if code not in (0, 4) else "info"
        self._write(level, "finished", exit_code=code, seconds=round(time.monotonic() - self._began, 3))

    def usage_wrong(self, message: str) -> None:
        """What was typed is no command that there is."""
        self._write("error", "finding", code="usage-wrong", message=message, hint="--help lists what can be typed")

    def note(self, message: str) -> None:
        """What came of it, or what else there is to know."""
        self._write("info", "note", message=message)

    def finding(self, one: Diagnostic) -> None:
        """What is wrong or odd, and where."""
        at = one.position
        self._write(
            "error" if one.severity == "error" else "warning" if one.severity == "warning" else "info",
            "finding",
            code=one.code,
            message=one.message,
            hint=one.hint,
            file=at.file if at is not None else None,
            line=at.line or None if at is not None else None,
            column=at.column or None if at is not None else None,
        )

    def outcome(self, outcome: Outcome) -> None:
        """What became of an operation, or of a part of one."""
        done = "refused" if outcome.problems else "planned" if outcome.plan is not None else "not_posted"
        if outcome.posted is not None:
            done = "posted_before" if outcome.posted.repeated else "posted"
        self._write(
            "warning" if outcome.problems and not outcome.is_idle else "info",
            "operation",
            operation=outcome.job.id,
            kind=str(outcome.job.request["operation"]),
            outcome=done,
            documents=outcome.numbers or None,
            codes=[one.code for one in outcome.problems] or None,
        )

    def progress(self, label: str, done: int, of: int) -> None:
        """How far it is: every few seconds, and not at all where it does not take as long."""
        now = time.monotonic()
        if now - self._progress >= _PROGRESS_SECONDS:
            self._progress = now
            self._write("info", "progress", label=label, done=done, of=of)

    def _write(self, level: LogLevel, event: LogEvent, **fields: Any) -> None:
        moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        said = {name: value for name, value in fields.items() if value is not None}
        line = {"time": moment, "level": level, "event": event, "command": self.command, "run": self._run, **said}
        print(json.dumps(line), file=sys.stderr, flush=True)  # in ASCII: no character in it steers anything


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
    _current.set(Log() if format == "json" else None)
    return _current.get()
