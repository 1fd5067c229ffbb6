"""Operations as the ledger keeps them: the request word for word, the plan that was posted, and who posted it when.

Documents, applications and resolutions stand in their own tables; `operations.plan` holds what of the plan no other
table does. Together they give the very plan back.
"""

from __future__ import annotations

import datetime
import sqlite3
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from billpolicy.book.model import Document, Numbered
from billpolicy.ledger import fetch, records
from billpolicy.ledger.canonical import damaged, from_text, to_text
from billpolicy.ledger.resolutions import resolved_data, resolved_from, resolved_of
from billpolicy.ledger.rows import Row
from billpolicy.ledger.schema import (
    application_parts,
    applications,
    audit,
    operations,
    resolutions,
)
from billpolicy.ledger.statements import insert_into, select_from
from billpolicy.plan import BalanceChange, ChargedThrough, NumberDraw, Plan, PlannedDocument
from billpolicy.resolve import Resolved
from billpolicy.source.diagnostic import Diagnostic, Position

_INSERT = insert_into(operations)
_INSERT_AUDIT = insert_into(audit)
_SELECT = f"{select_from(operations)} WHERE id = ?"
_REQUEST = "SELECT request FROM operations WHERE id = ?"
_AUDIT_OF = "SELECT operation, who, at, why, approved_by FROM audit WHERE operation = ?"
_AUDITS_ON = """
SELECT operation, who, at, why, approved_by FROM audit WHERE operation IN (
    SELECT operation FROM documents WHERE number = :number OR source = :number OR refund_of = :number
    UNION SELECT operation FROM applications WHERE from_number = :number OR to_number = :number
) ORDER BY id
"""
_DRAWS = "SELECT kind, prefix, start, counter, number FROM documents WHERE operation = ? ORDER BY id"
_RESOLVED = f"{select_from(resolutions)} WHERE document IN {{keys}}"
_APPLICATIONS = f"{select_from(applications)} WHERE operation = ? ORDER BY id"
_PARTS = f"{select_from(application_parts)} WHERE application = ? ORDER BY position"


@dataclass(frozen=True, slots=True)
class Audit:
    """Who posted an operation, when and why, and who approved it."""

    operation: str
    """The operation's id."""
    who: str
    at: datetime.datetime
    """In UTC."""
    why: str | None
    approved_by: str | None = None
    """The second person, where the policy asked for one."""


def request_text(connection: sqlite3.Connection, id: str) -> str | None:
    """The request of an operation that was posted, as canonical JSON; None if it was not."""
    row = connection.execute(_REQUEST, (id,)).fetchone()
    return None if row is None else str(row[0])


def write_operation(connection: sqlite3.Connection, plan: Plan, request: str, entry: Audit) -> None:
    """Insert an operation and its audit row; `request` as canonical JSON."""
    connection.execute(
        _INSERT,
        (
            plan.id,
            plan.operation,
            plan.date.isoformat(),
            request,
            _plan_text(plan),
            plan.policy,
            plan.policy_digest,
            plan.engine,
        ),
    )
    connection.execute(_INSERT_AUDIT, (entry.operation, entry.who, entry.at.isoformat(), entry.why, entry.approved_by))


def posted_plan(connection: sqlite3.Connection, id: str) -> Plan:
    """The plan of an operation that was posted, as it was planned. The operation must be there.

    Raises `Refused` if what it posted has been damaged.
    """
    try:
        return _plan_of(connection, id)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise damaged(f"what operation `{id}` posted cannot be read any more") from None


def _plan_of(connection: sqlite3.Connection, id: str) -> Plan:
    _, operation, date, request, text, policy, digest, engine = connection.execute(_SELECT, (id,)).fetchone()
    rest: dict[str, Any] = from_text(text)
    draws = {row[-1]: NumberDraw(*row) for row in connection.execute(_DRAWS, (id,))}
    documents, _ = fetch.documents(connection, list(draws))
    resolved = resolutions_of(connection, list(draws))
    return Plan(
        id=id,
        operation=operation,
        date=datetime.date.fromisoformat(date),
        request=from_text(request),
        policy=policy,
        policy_digest=digest,
        engine=engine,
        basis=rest["basis"],
        documents=tuple(
            PlannedDocument(_as_planned(document), draws[number], resolved[number])
            for number, document in documents.items()
        ),
        decisions=decisions_of(rest),
        applications=tuple(
            records.application_of(row, connection.execute(_PARTS, (row[0],)).fetchall())
            for row in connection.execute(_APPLICATIONS, (id,)).fetchall()
        ),
        reversed_=tuple(rest["reversed"]),
        charged_through=tuple(
            ChargedThrough(one["subscription"], one["charge"], _day(one["before"]), _day(one["after"]))
            for one in rest["charged_through"]
        ),
        balances=tuple(_balance(one) for one in rest["balances"]),
        warnings=tuple(_warning(one) for one in rest["warnings"]),
        actor=rest["actor"],
        approved_by=rest.get("approved_by"),
        comment=rest["comment"],
    )


def decisions_of(rest: dict[str, Any]) -> tuple[Resolved, ...]:
    """How an operation that makes no document was decided; ledgers before revision 0003 have no such operation."""
    return tuple(resolved_from(one) for one in rest.get("decisions", ()))


def audit_of(connection: sqlite3.Connection, id: str) -> Audit:
    """Who posted an operation. The operation must be there."""
    return _audit(connection.execute(_AUDIT_OF, (id,)).fetchone())


def audits_on(connection: sqlite3.Connection, number: str) -> list[Audit]:
    """Who posted anything that made or touched a document, oldest first."""
    return [_audit(row) for row in connection.execute(_AUDITS_ON, {"number": number}).fetchall()]


def resolutions_of(connection: sqlite3.Connection, numbers: list[str]) -> dict[str, Resolved]:
    """How the attributes of these documents were resolved; nothing about imported ones."""
    return {row[0]: resolved_of(row[1]) for row in fetch.run_with_keys(connection, _RESOLVED, numbers)}


def _audit(row: Row) -> Audit:
    operation, who, at, why, approved_by = row
    return Audit(operation, who, datetime.datetime.fromisoformat(at), why, approved_by)


def _plan_text(plan: Plan) -> str:
    return to_text(
        {
            "basis": plan.basis,
            "documents": [planned.document.number for planned in plan.documents],
            "decisions": [resolved_data(resolved) for resolved in plan.decisions],
            "applications": len(plan.applications),
            "reversed": plan.reversed_,
            "charged_through": [
                {
                    "subscription": moved.subscription,
                    "charge": moved.charge,
                    "before": moved.before.isoformat(),
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
            "warnings": [_warning_data(warning) for warning in plan.warnings],
            "actor": plan.actor,
            "approved_by": plan.approved_by,
            "comment": plan.comment,
        }
    )


def _as_planned(document: Numbered) -> Numbered:
    """A plan's documents come without the flag: what a plan reverses it names in `reversed_`."""
    return replace(document, reversed_=False) if isinstance(document, Document) else document


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
