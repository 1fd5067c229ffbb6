"""Operations as the ledger keeps them: the request word for word, the plan that was posted, and who posted it when.

Documents, applications and resolutions stand in their own tables; `operations.plan` holds what of the plan no other
table does. Together they give the very plan back.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from billpolicy.book.model import Document, Numbered
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.diagnostic import Position
from billpolicy.ledger import fetch
from billpolicy.ledger.canonical import damaged, from_text, to_text
from billpolicy.ledger.plan_rest import rest_of, rest_text
from billpolicy.ledger.resolutions import resolved_of
from billpolicy.ledger.rows import Row
from billpolicy.ledger.schema import (
    audit,
    operations,
    resolutions,
)
from billpolicy.ledger.statements import insert_into, select_from
from billpolicy.planning.plan import FollowedBy, NumberDraw, Plan, PlannedDocument

_INSERT = insert_into(operations)
_INSERT_AUDIT = insert_into(audit)
_TREES = f"""
WITH RECURSIVE tree(id) AS (
    SELECT id FROM operations WHERE id IN {{keys}}
    UNION SELECT steps.id FROM tree JOIN operations steps ON steps.caused_by = tree.id
)
{select_from(operations)} JOIN tree ON tree.id = operations.id
"""
_REQUESTS = "SELECT id, request FROM operations WHERE id IN {keys}"
_AUDITS_OF = "SELECT operation, who, at, why, approved_by FROM audit WHERE operation IN {keys}"
_AUDITS_ON = """
SELECT operation, who, at, why, approved_by FROM audit WHERE operation IN (
    SELECT operation FROM documents WHERE number = :number OR source = :number OR refund_of = :number
    UNION SELECT operation FROM applications WHERE from_number = :number OR to_number = :number
    UNION SELECT posted.operation FROM documents JOIN documents posted ON posted.number = documents.posted_as
    WHERE documents.number = :number
) ORDER BY id
"""
_DRAWS = "SELECT id, operation, kind, prefix, start, counter, number FROM documents WHERE operation IN {keys}"
_RESOLVED = f"{select_from(resolutions)} WHERE document IN {{keys}}"


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


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an operation followed another one, as `FollowedBy` says it."""

    operation: str
    """The id of that other one."""
    step: int
    """Its place among all that directly follow that one, from 0."""
    after: str
    rule: str
    position: Position
    because: str | None


class Step(NamedTuple):
    """An operation to be written; `cause` is None for what was asked for itself."""

    plan: Plan
    audit: Audit
    cause: Cause | None


def steps_of(plan: Plan, who: str, at: datetime.datetime) -> Iterator[Step]:
    """An operation and all that follows it, in the order in which they happen."""
    return _steps(plan, None, who, at.astimezone(datetime.UTC))


def _steps(plan: Plan, cause: Cause | None, who: str, at: datetime.datetime) -> Iterator[Step]:
    yield Step(plan, Audit(plan.id, who, at, plan.comment, plan.approved_by), cause)
    for number, followed in enumerate(plan.follow_ups):
        why = Cause(plan.id, number, followed.after, followed.rule, followed.position, followed.because)
        yield from _steps(followed.plan, why, who, at)


def write_operations(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Insert operations, each with its audit row."""
    connection.executemany(_INSERT, [_operation_row(step.plan, step.cause) for step in steps])
    entries = [(e.operation, e.who, e.at.isoformat(), e.why, e.approved_by) for e in (step.audit for step in steps)]
    connection.executemany(_INSERT_AUDIT, entries)


def _operation_row(plan: Plan, cause: Cause | None) -> Row:
    return (
        plan.id,
        plan.operation,
        plan.date.isoformat(),
        to_text(plan.request),
        rest_text(plan),
        plan.policy,
        plan.policy_digest,
        plan.engine,
        *((cause.operation, cause.step, _cause_text(cause)) if cause is not None else (None, None, None)),
    )


def requests_of(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, str]:
    """The requests of those of these operations that were posted, as canonical JSON."""
    return dict(fetch.run_with_keys(connection, _REQUESTS, ids))


def cause_of(connection: sqlite3.Connection, id: str) -> Cause | None:
    """What an operation is a step of; None if it was asked for itself."""
    row = connection.execute("SELECT caused_by, step, cause FROM operations WHERE id = ?", (id,)).fetchone()
    return None if row is None or row[0] is None else _cause(*row)


def posted_plan(connection: sqlite3.Connection, id: str) -> Plan:
    """The plan of an operation that was posted, as it was planned. The operation must be there."""
    return posted_plans(connection, [id])[id]


def posted_plans(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, Plan]:
    """The plans of operations that were posted, each with all that followed it. The operations must be there.

    Raises `Refused` if what they posted has been damaged.
    """
    found = {row[0]: row for row in fetch.run_with_keys(connection, _TREES, ids)}
    try:
        return _Plans(connection, found).of(ids)
    except (KeyError, TypeError, AttributeError, ValueError):
        what = f"operation `{next(iter(ids))}`" if len(ids) == 1 else "these operations"
        raise damaged(f"what {what} posted cannot be read any more") from None


class _Plans:
    """Plans read back set-based: everything that some operations wrote, one query for each table."""

    def __init__(self, connection: sqlite3.Connection, found: dict[str, Row]) -> None:
        self.found = found
        draws = [(row[1], NumberDraw(*row[2:])) for row in sorted(fetch.run_with_keys(connection, _DRAWS, found))]
        numbers = [draw.number for _, draw in draws]
        documents, _ = fetch.documents(connection, numbers)
        resolved = resolutions_of(connection, numbers)
        self.documents: dict[str, list[PlannedDocument]] = defaultdict(list)
        for operation, draw in draws:
            document = _as_planned(documents[draw.number])
            self.documents[operation].append(PlannedDocument(document, draw, resolved[draw.number]))
        self.applications = fetch.applications_by(connection, found)
        self.steps: dict[str, list[Row]] = defaultdict(list)
        for row in sorted((row for row in found.values() if row[-3] is not None), key=lambda row: row[-2]):
            self.steps[row[-3]].append(row)

    def of(self, ids: Collection[str]) -> dict[str, Plan]:
        return {id: self._plan(*self.found[id]) for id in ids}

    def _plan(self, id: str, operation: str, date: str, request: str, text: str, *others: Any) -> Plan:
        policy, digest, engine, *_ = others
        return Plan(
            id=id,
            operation=operation,
            date=datetime.date.fromisoformat(date),
            request=from_text(request),
            policy=policy,
            policy_digest=digest,
            engine=engine,
            documents=tuple(self.documents[id]),
            applications=tuple(self.applications.get(id, ())),
            follow_ups=tuple(self._followed(row) for row in self.steps[id]),
            **rest_of(text),
        )

    def _followed(self, row: Row) -> FollowedBy:
        cause = _cause(*row[-3:])
        return FollowedBy(cause.after, cause.rule, cause.position, cause.because, self._plan(*row))


def audit_of(connection: sqlite3.Connection, id: str) -> Audit:
    """Who posted an operation. The operation must be there."""
    return audits_of(connection, [id])[id]


def audits_of(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, Audit]:
    """Who posted each of these operations. They must be there."""
    return {row[0]: _audit(row) for row in fetch.run_with_keys(connection, _AUDITS_OF, ids)}


def audits_on(connection: sqlite3.Connection, number: str) -> list[Audit]:
    """Who posted anything that made or touched a document, oldest first."""
    return [_audit(row) for row in connection.execute(_AUDITS_ON, {"number": number}).fetchall()]


def resolutions_of(connection: sqlite3.Connection, numbers: list[str]) -> dict[str, Resolved]:
    """How the attributes of these documents were resolved; nothing about imported ones."""
    return {row[0]: resolved_of(row[1]) for row in fetch.run_with_keys(connection, _RESOLVED, numbers)}


def _audit(row: Row) -> Audit:
    operation, who, at, why, approved_by = row
    return Audit(operation, who, datetime.datetime.fromisoformat(at), why, approved_by)


def _cause_text(cause: Cause) -> str:
    at = [cause.position.file, cause.position.line, cause.position.column]
    return to_text({"after": cause.after, "rule": cause.rule, "position": at, "because": cause.because})


def _cause(operation: str, step: int, text: str) -> Cause:
    data: dict[str, Any] = from_text(text)
    return Cause(operation, step, data["after"], data["rule"], Position(*data["position"]), data["because"])


def _as_planned(document: Numbered) -> Numbered:
    """A plan's documents come as they were then: reversed, posted or canceled they were by itself or by later ones."""
    if not isinstance(document, Document):
        return document
    status = "draft" if document.status == "canceled" else document.status
    return replace(document, reversed_=False, status=status, posted_as=None)
