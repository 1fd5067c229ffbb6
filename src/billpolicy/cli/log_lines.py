"""The lines of a log (`cli/logs.py`): what libraries log, and warnings of Python, are lines as well."""

from __future__ import annotations

import datetime
import io
import json
import logging
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from billpolicy.diagnostics.addresses import without_secrets
from billpolicy.diagnostics.visible import visible
from billpolicy.report.outcome import became

if TYPE_CHECKING:
    import click

    from billpolicy import Diagnostic, Outcome
    from billpolicy.report.log import LogEvent, LogLevel, LogOutcome

_PASSWORD = re.compile(r"(://[^\s/@:]*):[^\s/]*@")
"""In an address, after the name."""
_PROGRESS_SECONDS = 5.0
"""How often it is told how far something is."""


class Log:
    """The log of one run."""

    def __init__(self) -> None:
        import secrets

        self.command = ""
        self.context: click.Context | None = None
        """Of the command, when it is known: it has the ledger."""
        self._is_lost = sys.stderr is None  # it was closed, and `print` would take standard output for it
        self._alone = threading.Lock()
        self._found: set[Diagnostic] = set()
        self._others = _Others(self)
        self._run = secrets.token_hex(6)
        self._began = self._progress = time.monotonic()

    def begin(self) -> None:
        """From here on, what libraries tell comes here."""
        logging.getLogger().addHandler(self._others)
        logging.captureWarnings(True)

    def started(self, command: str) -> None:
        """A command begins."""
        import billpolicy

        self.command = command
        self.write("info", "started", version=billpolicy.__version__)

    def finished(self, code: int) -> None:
        """It is done, with this exit code."""
        level: LogLevel = "error" if code not in (0, 4) else "info"
        self.write(level, "finished", exit_code=code, seconds=round(time.monotonic() - self._began, 3))
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(self._others)

    def note(self, message: str, level: LogLevel = "info") -> None:
        """What came of it, or what else there is to know."""
        self.write(level, "note", message=message)

    def finding(self, one: Diagnostic, operation: str | None = None) -> None:
        """What is wrong or odd, and where, and with which operation; told once, also if it is found again."""
        if one in self._found:
            return
        self._found.add(one)
        at = one.position
        self.write(
            "error" if one.severity == "error" else "warning" if one.severity == "warning" else "info",
            "finding",
            operation=operation,
            code=one.code,
            message=one.message,
            hint=one.hint,
            file=at.file if at is not None else None,
            line=at.line or None if at is not None else None,
            column=at.column or None if at is not None else None,
        )

    def outcome(self, outcome: Outcome, *, waits: bool = False) -> None:
        """What became of an operation, or of a part of one; `waits`: for the approvals that it lacks."""
        done = became(outcome, waits=waits)
        self.write(
            "warning" if done == "refused" and not outcome.is_idle else "info",
            "operation",
            operation=outcome.job.id,
            kind=str(outcome.job.request["operation"]),
            outcome=done,
            documents=outcome.numbers or None,
            codes=[one.code for one in outcome.problems] or None,
        )
        if done == "refused":
            for one in outcome.problems:
                self.finding(one, outcome.job.id)

    def decided(self, id: str, kind: str, outcome: LogOutcome) -> None:
        """What a person said of an operation that waits."""
        self.write("info", "operation", operation=id, kind=kind, outcome=outcome)

    def progress(self, label: str, done: int, of: int) -> None:
        """How far it is: every few seconds, and not at all where it does not take as long."""
        now = time.monotonic()
        if now - self._progress >= _PROGRESS_SECONDS:
            self._progress = now
            self.write("info", "progress", label=label, done=done, of=of)

    def write(self, level: LogLevel, event: LogEvent, **fields: Any) -> None:
        """One line; fields that are None are left out."""
        if self._is_lost:
            return
        line = self.line(level, event, **fields)
        try:
            with self._alone:  # in one piece: others write there, too
                sys.stderr.write(line)
                sys.stderr.flush()
        except (OSError, ValueError):  # nobody reads any more, or the disk is full: what is posted goes on
            self._is_lost = True
            sys.stderr = io.StringIO()  # what it holds cannot be written at the end either

    def line(self, level: LogLevel, event: LogEvent, **fields: Any) -> str:
        """The same, for whoever writes it. It is in ASCII: no character in it steers anything."""
        moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        ledger = self.context.params.get("ledger") if self.context is not None else None
        said = {"time": moment, "level": level, "event": event, "command": self.command, "run": self._run}
        said |= {name: _clean(value) for name, value in (("ledger", ledger), *fields.items()) if value is not None}
        return json.dumps(said) + "\n"


class _Others(logging.Handler):
    """Takes what libraries log, and warnings of Python, as notes."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One note; a line each where it has several."""
        for line in self.format(record).splitlines():
            self._log.note(line, "error" if record.levelno >= logging.ERROR else "warning")


def _clean(value: Any) -> Any:
    """A text without the password of an address, and with nothing in it that cannot be seen."""
    if isinstance(value, str):
        return visible(without_secrets(_PASSWORD.sub(r"\1:***@", value), "***"))
    return [_clean(one) for one in value] if isinstance(value, list) else value
