"""What waits for approvals, as text and for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billpolicy.deciding.approvals import Awaited
from billpolicy.planning.plan import Plan, in_turn
from billpolicy.posting.approving import ForApproval
from billpolicy.posting.store import Waiting
from billpolicy.report.results import Refusal, told
from billpolicy.report.texts import in_lines, wrapped
from billpolicy.source.record import record
from billpolicy.source.scalars import Date


@record
class AwaitedReport:
    """An approval that was missing when it began to wait."""

    operation: str
    """It, or a step that follows it."""
    approval: str
    """Of whom: `approval by 2 of cfo, lead`."""
    rule: str
    because: str | None = None
    given: tuple[str, ...] = ()
    """Who had approved it in the operation itself."""


@record
class ApprovedReport:
    """An approval that was given."""

    person: str
    at: str
    """A moment in UTC, ISO 8601."""
    comment: str | None = None
    request: str | None = None
    """The id of the request by which a program gave it."""


@record
class WaitingReport:
    """An operation that lacks nothing but approvals."""

    id: str
    operation: str
    date: Date
    actor: str
    who: str
    """Who put it there."""
    at: str
    digest: str
    """What an approval is given to."""
    policy: str
    policy_digest: str
    awaited: tuple[AwaitedReport, ...]
    approvals: tuple[ApprovedReport, ...]
    request: str | None = None
    """The id of the request by which a program put it there."""


@record
class WaitingsReport:
    """What `waiting` answers: in the order in which they began to wait."""

    waiting: tuple[WaitingReport, ...]


@record
class ApprovalsReport:
    """What `approve` answers: what was approved, as it waits now, and what was not, with every reason."""

    approved: tuple[WaitingReport, ...]
    complete: tuple[str, ...]
    """The ids of those that lack no approval any more, and can be posted."""
    refused: tuple[Refusal, ...]


def approvals_report(found: Iterable[ForApproval], refused: Iterable[Refusal]) -> ApprovalsReport:
    """What became of approvals."""
    found = list(found)
    return ApprovalsReport(
        approved=tuple(waiting_report(one.waiting) for one in found),
        complete=tuple(one.waiting.id for one in found if one.complete),
        refused=tuple(refused),
    )


def waitings_report(found: Iterable[Waiting]) -> WaitingsReport:
    """What waits in a ledger."""
    return WaitingsReport(waiting=tuple(map(waiting_report, found)))


def waiting_report(one: Waiting) -> WaitingReport:
    """One operation that waits."""
    return told(
        WaitingReport,
        one,
        at=one.at.isoformat(),
        request=one.request_id,
        awaited=tuple(told(AwaitedReport, each) for each in one.awaited),
        approvals=tuple(told(ApprovedReport, each, at=each.at.isoformat()) for each in one.approvals),
    )


def waiting_text(one: Waiting) -> str:
    """An operation that waits: whose it is, since when, for whose approval, and who gave theirs."""
    lines = [
        f"{one.id}: {one.operation} on {one.date}, asked by {one.actor}",
        *wrapped("  ", asked_text(one)),
        f"  waits since {one.at:%Y-%m-%d %H:%M} UTC, put there by {one.who}, as {one.digest[:12]}",
        *(line for each in one.awaited for line in wrapped("  for ", awaited_text(each))),
    ]
    for approved in one.approvals:
        comment = f": {approved.comment}" if approved.comment else ""
        lines += wrapped("  ", f"approved by {approved.person} at {approved.at:%Y-%m-%d %H:%M} UTC{comment}")
    return in_lines(lines)


def asked_text(one: Waiting) -> str:
    """In a line, what was asked for: `amount 50.00, invoice INV00000001: closed`."""
    told = {"id", "operation", "date", "actor", "approved_by", "comment"}
    said = [f"{key} {words}" for key, value in one.request.items() if key not in told and (words := _words(value))]
    return ": ".join(filter(None, (", ".join(said), one.request.get("comment"))))


def _words(value: Any) -> str:
    """A value, of a list those of each of its things."""
    if isinstance(value, dict):
        return " ".join(filter(None, map(_words, value.values())))
    if isinstance(value, list):
        return " and ".join(filter(None, map(_words, value)))
    return "" if value is None else str(value)


def awaited_text(awaited: Awaited) -> str:
    """`approval by 2 of cfo, lead (write_off_invoice by large-sums: FIN-8)`."""
    because = f": {awaited.because}" if awaited.because else ""
    given = f"; given by {', '.join(awaited.given)}" if awaited.given else ""
    return f"{awaited.approval} ({awaited.operation} by {awaited.rule}{because}){given}"


def awaited_in(plan: Plan) -> tuple[Awaited, ...]:
    """Every approval that a plan and what follows it lack."""
    return tuple(dict.fromkeys(one for step in in_turn(plan) for one in step.awaited))
