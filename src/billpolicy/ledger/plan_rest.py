"""What of a plan no other table of a ledger holds, as canonical JSON: `operations.plan`."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Diagnostic, Position
from billpolicy.ledger.canonical import from_text, to_text
from billpolicy.ledger.resolutions import resolved_data, resolved_from
from billpolicy.planning.plan import BalanceChange, Cancellation, ChargedThrough, Plan


def rest_text(plan: Plan) -> str:
    """All of a plan but its documents, applications and follow-ups, and what has columns of its own."""
    return to_text(
        {
            "basis": plan.basis,
            "documents": [planned.document.number for planned in plan.documents],
            "decisions": [resolved_data(resolved) for resolved in plan.decisions],
            "applications": len(plan.applications),
            "reversed": plan.reversed_,
            "posted_drafts": plan.posted_drafts,
            "canceled_drafts": plan.canceled_drafts,
            "cancellations": [
                {"subscription": one.subscription, "on": one.on.isoformat()} for one in plan.cancellations
            ],
            "charged_through": [
                {
                    "subscription": moved.subscription,
                    "charge": moved.charge,
                    "before": None if moved.before is None else moved.before.isoformat(),
                    "after": moved.after.isoformat(),
                }
                for moved in plan.charged_through
            ],
            "balances": [
                {
                    "kind": change.kind,
                    "number": change.number,
                    "currency": change.currency,
                    "before": None if change.before is None else str(change.before),
                    "after": str(change.after),
                }
                for change in plan.balances
            ],
            "notes": plan.notes,
            "follow_ups": len(plan.follow_ups),
            "warnings": [_warning_data(warning) for warning in plan.warnings],
            "actor": plan.actor,
            "approved_by": plan.approved_by,
            "comment": plan.comment,
        }
    )


def rest_of(text: str) -> dict[str, Any]:
    """The fields of a `Plan` that `rest_text` wrote, by name; older ledgers lack those that came later."""
    rest: dict[str, Any] = from_text(text)
    return {
        "basis": rest["basis"],
        "decisions": decisions_of(rest),
        "reversed_": tuple(rest["reversed"]),
        "posted_drafts": rest.get("posted_drafts", {}),
        "canceled_drafts": tuple(rest.get("canceled_drafts", ())),
        "cancellations": tuple(
            Cancellation(one["subscription"], _day(one["on"])) for one in rest.get("cancellations", ())
        ),
        "charged_through": tuple(_moved(one) for one in rest["charged_through"]),
        "balances": tuple(_balance(one) for one in rest["balances"]),
        "notes": tuple(rest.get("notes", ())),
        "warnings": tuple(_warning(one) for one in rest["warnings"]),
        "actor": rest["actor"],
        "approved_by": rest.get("approved_by"),
        "comment": rest["comment"],
    }


def decisions_of(rest: dict[str, Any]) -> tuple[Resolved, ...]:
    """How an operation that makes no document was decided; ledgers before revision 0003 have no such operation."""
    return tuple(resolved_from(one) for one in rest.get("decisions", ()))


def _moved(data: dict[str, Any]) -> ChargedThrough:
    before = None if data["before"] is None else _day(data["before"])
    return ChargedThrough(data["subscription"], data["charge"], before, _day(data["after"]))


def _balance(data: dict[str, Any]) -> BalanceChange:
    before = None if data["before"] is None else Decimal(data["before"])
    return BalanceChange(data["kind"], data["number"], data["currency"], before, Decimal(data["after"]))


def _warning_data(warning: Diagnostic) -> dict[str, Any]:
    at = warning.position
    return {
        "code": warning.code,
        "message": warning.message,
        "position": None if at is None else [at.file, at.line, at.column],
        "hint": warning.hint,
        "severity": warning.severity,
    }


def _warning(data: dict[str, Any]) -> Diagnostic:
    at = data["position"]
    position = None if at is None else Position(*at)
    return Diagnostic(data["code"], data["message"], position, data["hint"], data["severity"])


_day = datetime.date.fromisoformat
