"""One line of a log: what a command tells beside its result, as data (docs/logs.md)."""

from __future__ import annotations

import datetime
from typing import Literal

from billpolicy.source.record import record

LogLevel = Literal["info", "warning", "error"]
LogEvent = Literal[
    "started",
    "operation",
    "finding",
    "note",
    "progress",
    "finished",
    "serving",
    "request",
    "policy_changed",
    "policy_refused",
    "callers_changed",
    "callers_refused",
    "worker_ended",
    "stopping",
    "stopped",
]
"""From `serving` on: of a service."""
LogOutcome = Literal["planned", "posted", "posted_before", "waiting", "approved", "withdrawn", "refused", "not_posted"]


@record
class LogLine:
    """What happened. Every line has the first five; the others belong to its event."""

    time: datetime.datetime
    level: LogLevel
    event: LogEvent
    command: str
    """As it is typed: `ledger check`."""
    run: str
    """The same in all lines of one run of a command."""
    ledger: str | None = None
    """The address of the ledger that it is given, from where that is known; without the password."""

    version: str | None = None
    """`started`: of billpolicy."""

    operation: str | None = None
    """`operation`: its id. `finding`: the id of that which it is about, where it is refused for it."""
    kind: str | None = None
    """Its name."""
    outcome: LogOutcome | None = None
    """`not_posted`: nothing is wrong with it, but with others of an atomic batch."""
    documents: tuple[str, ...] | None = None
    """The numbers of what it made, its steps included."""
    codes: tuple[str, ...] | None = None
    """Why it was refused: the codes of its findings. Of a `request`: of all that was refused, each operation's too."""

    code: str | None = None
    """`finding`: its code."""
    message: str | None = None
    """Of a `finding` or a `note`, and of what becomes of a service."""
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None

    label: str | None = None
    """`progress`: what is being done."""
    done: int | None = None
    of: int | None = None

    exit_code: int | None = None
    """`finished`: see docs/exit-codes.md."""
    seconds: float | None = None
    """Since it started; `request`: from its head to the end of its answer."""

    request: str | None = None
    """Of a service: the id of the request that it is about, as its answer and the audit trail have it."""
    method: str | None = None
    """`request`: of HTTP."""
    route: str | None = None
    """What it is for, as `/documents/{number}`; `none` where there is nothing."""
    status: int | None = None
    """Of its answer; 0: whoever asked went away."""
    caller: str | None = None
    """Who asked, by the name in the file of callers."""
    policy: str | None = None
    """The digest of the policy that it was answered under, or that is in force from now on."""
    problem: str | None = None
    """Why it was not answered: the last part of the type of the problem."""
