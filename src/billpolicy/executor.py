"""Posts a plan: the only thing that changes a ledger. One operation is one transaction, all of it or nothing.

The operation's id is the idempotency key. What the plan relied on is compared with the ledger again, numbers are
drawn, and the identities of every document it touches are checked, before anything is committed.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from billpolicy.book.book import Book
from billpolicy.book.model import Document, Numbered
from billpolicy.book.needs import Needs
from billpolicy.ledger import identities, journal, schema, sequences, writing
from billpolicy.ledger.canonical import from_text, to_text
from billpolicy.ledger.differences import differences
from billpolicy.ledger.fetch import run_with_keys
from billpolicy.ledger.journal import Audit
from billpolicy.ledger.resolutions import resolved_text
from billpolicy.ledger.slices import read_slice
from billpolicy.ledger.store import Ledger
from billpolicy.plan import Plan
from billpolicy.source.diagnostic import Diagnostic, Refused

Planner = Callable[[Book], Plan]


@dataclass(frozen=True, slots=True)
class Posted:
    """An operation that is in the ledger. On a repeat: the plan and the audit entry of the first time."""

    plan: Plan
    audit: Audit
    repeated: bool


def post(ledger: Ledger, plan: Plan, *, who: str, now: datetime.datetime) -> Posted:
    """Post a plan that was made before. Raises `Refused`, and changes nothing, if the ledger has moved on since."""
    with ledger.writing() as connection:
        return _repeated(connection, plan.id, plan.request) or _post(connection, plan, _entry(plan, who, now))


def execute(
    ledger: Ledger,
    id: str,
    request: Mapping[str, Any],
    needs: Needs,
    planner: Planner,
    *,
    who: str,
    now: datetime.datetime,
) -> Posted:
    """Plan and post in one transaction, so that nothing can come between. Raises `Refused` and changes nothing.

    `request` is what the plan will carry as its request. An id that was posted before is answered without planning.
    """
    with ledger.writing() as connection:
        repeated = _repeated(connection, id, request)
        if repeated is not None:
            return repeated
        plan = planner(read_slice(connection, needs))
        if plan.id != id or to_text(plan.request) != to_text(request):
            raise ValueError(f"the planner of operation {id} planned something else: {plan.id}")
        return _post(connection, plan, _entry(plan, who, now))


def posted_before(connection: sqlite3.Connection, asked: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Posted]:
    """Which operations (id, request) were posted, and what came of them. Raises `Refused` where the content differs."""
    found: dict[str, Posted] = {}
    problems: list[Diagnostic] = []
    for id, request in asked:
        try:
            repeated = _repeated(connection, id, request)
        except Refused as refused:
            problems.extend(refused.diagnostics)
        else:
            found.update({id: repeated} if repeated is not None else {})
    if problems:
        raise Refused(problems)
    return found


def _entry(plan: Plan, who: str, now: datetime.datetime) -> Audit:
    if now.tzinfo is None:
        raise ValueError("the moment of posting needs a time zone")
    return Audit(plan.id, who, now.astimezone(datetime.UTC), plan.comment, plan.approved_by)


def _repeated(connection: sqlite3.Connection, id: str, request: Mapping[str, Any]) -> Posted | None:
    """What was posted under this id, if anything was. Raises `Refused` if it was asked for with other content."""
    known = journal.request_text(connection, id)
    if known is None:
        return None
    given = to_text(request)
    if given != known:
        hint = "give the new operation an id of its own; to repeat the posted one, leave it as it was"
        raise Refused(
            Diagnostic(
                "operation-differs", f"operation `{id}` was posted before with other content: {found}", hint=hint
            )
            for found in differences(from_text(known), from_text(given))
        )
    return Posted(journal.posted_plan(connection, id), journal.audit_of(connection, id), repeated=True)


def _post(connection: sqlite3.Connection, plan: Plan, entry: Audit) -> Posted:
    """Write one plan into the open transaction. Raises `Refused`; what was written by then must be rolled back."""
    documents = [_as_posted(planned.document, plan) for planned in plan.documents]
    new = {document.number: document.currency for document in documents}
    touched = writing.touched_documents(documents, plan.applications)
    touched.update(number for number in plan.reversed_ if number not in new)
    moved = {change.subscription for change in plan.charged_through}
    _refuse_unsound(plan, touched, moved)
    known = _known_documents(connection, [*plan.basis, *new])
    _refuse_stale(connection, plan, known)
    sequences.draw(connection, [planned.draw for planned in plan.documents])
    taken = [_taken(number) for number in new if number in known]
    if taken:
        raise Refused(taken)

    journal.write_operation(connection, plan, to_text(plan.request), entry)
    draws = {planned.draw.number: planned.draw for planned in plan.documents}
    writing.write_documents(connection, documents, draws, plan.id)
    reasons = [(planned.document.number, resolved_text(planned.resolved)) for planned in plan.documents]
    writing.insert_rows(connection, schema.resolutions, reasons)
    currencies = {number: currency for number, (_, currency) in known.items()} | new
    for application in plan.applications:
        if currencies[application.from_] != currencies[application.to]:
            raise ValueError(f"plan {plan.id} applies {application.from_} to {application.to} across currencies")
    applied = [(application, currencies[application.from_]) for application in plan.applications]
    writing.write_applications(connection, applied, plan.id)
    _move_charged_through(connection, plan)
    writing.bump(
        connection,
        touched,
        reversed_=[number for number in plan.reversed_ if number not in new],
        subscriptions=moved | writing.billed_subscriptions(documents),
    )
    broken = list(identities.broken(connection, touched | new.keys()))
    if broken:
        raise Refused(broken)
    return Posted(plan, entry, repeated=False)


def _as_posted(document: Numbered, plan: Plan) -> Numbered:
    if document.number in plan.reversed_ and isinstance(document, Document):
        return replace(document, reversed_=True)
    return document


def _refuse_unsound(plan: Plan, touched: set[str], moved: set[str]) -> None:
    """A plan that contradicts itself is a fault of its planner, not of its user."""
    unseen = [number for number in touched if number not in plan.basis]
    unseen += [f"subscription:{id}" for id in moved if f"subscription:{id}" not in plan.basis]
    if unseen:
        raise ValueError(f"plan {plan.id} changes {unseen} without relying on their revisions")
    for application in plan.applications:
        if sum(part.amount for part in application.parts) != application.amount:
            raise ValueError(f"plan {plan.id}: the parts of {application} do not add up to its amount")
    for planned in plan.documents:
        if planned.draw.number != planned.document.number or planned.draw.kind != planned.document.kind:
            raise ValueError(f"plan {plan.id}: {planned.document.number} does not carry the number drawn for it")


def _known_documents(connection: sqlite3.Connection, numbers: list[str]) -> dict[str, tuple[int, str]]:
    """Revision and currency of each of these that the ledger has; names that are no numbers are passed over."""
    text = "SELECT number, revision, currency FROM documents WHERE number IN {keys}"
    return {row[0]: (row[1], row[2]) for row in run_with_keys(connection, text, numbers)}


def _refuse_stale(connection: sqlite3.Connection, plan: Plan, documents: Mapping[str, tuple[int, str]]) -> None:
    """Compare what the plan relied on with the ledger."""
    now = {number: revision for number, (revision, _) in documents.items()}
    for scope, text in _REVISIONS.items():
        ids = [name.removeprefix(scope) for name in plan.basis if name.startswith(scope)]
        now.update((scope + id, revision) for id, revision in run_with_keys(connection, text, ids))
    stale = [_stale(name, relied, now.get(name)) for name, relied in plan.basis.items() if now.get(name) != relied]
    if stale:
        raise Refused(stale)


def _move_charged_through(connection: sqlite3.Connection, plan: Plan) -> None:
    for change in plan.charged_through:
        values = (change.after.isoformat(), change.subscription, change.charge, change.before.isoformat())
        if connection.execute(_MOVE, values).rowcount != 1:
            message = (
                f"charge `{change.charge}` of subscription `{change.subscription}` is no longer charged through "
                f"{change.before}, as it was when this was planned"
            )
            raise Refused([Diagnostic("plan-stale", message, hint=_AGAIN)])


_AGAIN = "plan the operation again"
_REVISIONS = {
    "account:": "SELECT id, revision FROM accounts WHERE id IN {keys}",
    "subscription:": "SELECT id, revision FROM subscriptions WHERE id IN {keys}",
}
_MOVE = """
UPDATE subscribed_charges SET charged_through = ? WHERE subscription = ? AND id = ? AND charged_through = ?
"""


def _taken(number: str) -> Diagnostic:
    message = f"the number {number} is already in use in this ledger, by a document of another series"
    hint = "give the series another prefix or a higher start number in the policy"
    return Diagnostic("number-taken", message, hint=hint)


def _stale(name: str, planned: int, found: int | None) -> Diagnostic:
    scope, separator, id = name.partition(":")
    what = f"{scope} `{id}`" if separator and scope in ("account", "subscription") else name
    if found is None:
        message = f"this was planned with {what}, which is not in this ledger"
        return Diagnostic("plan-stale", message, hint="import it first, or plan on this ledger")
    message = f"{what} has changed since this was planned (revision {planned} then, {found} now)"
    return Diagnostic("plan-stale", message, hint=_AGAIN)
