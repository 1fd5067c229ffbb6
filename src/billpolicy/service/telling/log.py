"""What the service logs: a line a request, one for each operation that is posted, and what becomes of the service.

Who writes the lines, and how, is for whoever starts it (`cli/service_log.py`); docs/logs.md says what they have.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from billpolicy.service.telling.noted import Noted

if TYPE_CHECKING:
    from billpolicy import Diagnostic
    from billpolicy.report.log import LogEvent, LogLevel, LogOutcome


class Write(Protocol):
    """Writes one line; fields that are None are left out."""

    def __call__(self, level: LogLevel, event: LogEvent, **fields: Any) -> None: ...


def _nowhere(level: LogLevel, event: LogEvent, **fields: Any) -> None:
    pass


class Log:
    """The log of one process."""

    def __init__(self, write: Write = _nowhere) -> None:
        self._write = write

    def request(self, noted: Noted, seconds: float) -> None:
        """A request was answered, or whoever sent it went away."""
        level: LogLevel = "error" if noted.status == 500 else "warning" if noted.status >= 400 else "info"
        self._write(
            level,
            "request",
            request=noted.id,
            method=noted.method,
            route=noted.route,
            status=noted.status,
            caller=noted.caller,
            policy=noted.policy,
            problem=noted.problem,
            codes=noted.codes[:MOST] or None,
            seconds=round(seconds, 6),
        )

    def operation(
        self,
        noted: Noted,
        id: str,
        kind: str,
        became: LogOutcome,
        documents: Sequence[str] = (),
        codes: Sequence[str] = (),
    ) -> None:
        """What became of an operation that was to be posted, or that waits."""
        self._write(
            "warning" if became == "refused" else "info",
            "operation",
            request=noted.id,
            caller=noted.caller,
            operation=id,
            kind=kind,
            outcome=became,
            documents=list(documents[:MOST]) or None,
            codes=list(codes[:MOST]) or None,
        )

    def failed(self, noted: Noted, error: BaseException) -> None:
        """A bug, with where it is: that stands here and in no answer."""
        self._trace(error, noted.id)

    def broke(self, error: BaseException) -> None:
        """The same of one that no request met."""
        self._trace(error, None)

    def _trace(self, error: BaseException, request: str | None) -> None:
        for line in "".join(traceback.format_exception(error)).splitlines():
            self._write("error", "note", request=request, message=line)

    def became(
        self,
        event: LogEvent,
        message: str,
        *,
        level: LogLevel = "info",
        found: Iterable[Diagnostic] = (),
        **fields: Any,
    ) -> None:
        """What becomes of the service itself, with what was found."""
        found = list(found)
        codes = list(dict.fromkeys(one.code for one in found)) or None
        self._write(level, event, message=message, codes=codes, **fields)
        for one in found:
            at = one.position
            self._write(
                "error" if one.severity == "error" else "warning",
                "finding",
                code=one.code,
                message=one.message,
                hint=one.hint,
                file=None if at is None else at.file,
                line=None if at is None else at.line or None,
                column=None if at is None else at.column or None,
            )


MOST = 100
"""Codes and numbers in one line: a request may have many operations, and what is longer is not written in one piece."""
