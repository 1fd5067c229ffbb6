"""Writing plans into an open transaction: any number of operations, each with all that follows it, set-based.

Each plan is held against the ledger as the ones before it leave it, in memory, before a row is written; the identities
of everything that was touched are asked once, at the end. `Plan.basis` and `plan.changed` say both sides of that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from billpolicy.book.model import Document, Numbered
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.ledger import identities, journal, schema, sequences, writing
from billpolicy.ledger.fetch import run_with_keys
from billpolicy.ledger.journal import Step
from billpolicy.ledger.resolutions import resolved_text
from billpolicy.ledger.writing import Work
from billpolicy.planning.plan import ChargedThrough, Plan, changed


def write_plans(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Write these operations in turn. Raises `Refused`; what was written by then must be rolled back."""
    works = [Work(step.plan, changed(step.plan)) for step in steps]
    _refuse_known_ids(connection, [work.plan.id for work in works])
    standing = _Standing.of(connection, works)
    for work in works:
        _refuse_unsound(work)
        standing.refuse_stale(work.plan)
        standing.pass_over(work)
    planned = [planned for work in works for planned in work.plan.documents]
    sequences.draw(connection, [one.draw for one in planned])
    standing.refuse_taken()

    journal.write_operations(connection, steps)
    writing.write_documents(connection, _filed(works))
    reasons = [(one.document.number, resolved_text(one.resolved)) for one in planned]
    writing.insert_rows(connection, schema.resolutions, reasons)
    writing.write_applications(connection, list(_applied(works, standing.currencies)))
    writing.write_changes(connection, works)
    touched = {name for work in works for name in work.changed}
    broken = list(identities.broken(connection, touched.union(one.document.number for one in planned)))
    if broken:
        raise Refused(broken)


def _filed(works: Iterable[Work]) -> Iterator[writing.Filed]:
    for plan, _ in works:
        for planned in plan.documents:
            yield writing.Filed(_as_posted(planned.document, plan), planned.draw, plan.id)


def _as_posted(document: Numbered, plan: Plan) -> Numbered:
    if document.number in plan.reversed_ and isinstance(document, Document):
        return replace(document, reversed_=True)
    return document


def _applied(works: Iterable[Work], currencies: Mapping[str, str]) -> Iterator[writing.Applied]:
    for plan, _ in works:
        for application in plan.applications:
            currency = currencies[application.from_]
            if currency != currencies[application.to]:
                raise ValueError(f"plan {plan.id} applies {application.from_} to {application.to} across currencies")
            yield writing.Applied(application, currency, plan.id)


def _refuse_unsound(work: Work) -> None:
    """A plan that contradicts itself is a fault of its planner, not of its user."""
    plan = work.plan
    billed = {f"subscription:{name}" for one in plan.documents for name in getattr(one.document, "subscriptions", ())}
    moved = {f"subscription:{move.subscription}" for move in plan.charged_through}
    moved.update(f"subscription:{canceled.subscription}" for canceled in plan.cancellations)
    unseen = sorted(work.changed - plan.basis.keys() - (billed - moved))
    if unseen:
        raise ValueError(f"plan {plan.id} changes {unseen} without relying on their revisions")
    for application in plan.applications:
        if sum(part.amount for part in application.parts) != application.amount:
            raise ValueError(f"plan {plan.id}: the parts of {application} do not add up to its amount")
    for planned in plan.documents:
        if planned.draw.number != planned.document.number or planned.draw.kind != planned.document.kind:
            raise ValueError(f"plan {plan.id}: {planned.document.number} does not carry the number drawn for it")
    strange = set(plan.posted_drafts.values()).difference(planned.document.number for planned in plan.documents)
    if strange:
        raise ValueError(f"plan {plan.id} posts drafts as {sorted(strange)}, which it does not plan")


def _refuse_known_ids(connection: sqlite3.Connection, ids: Sequence[str]) -> None:
    """An id is used once. Whatever was asked for before has been answered before it comes here; steps have not."""
    seen = {row[0] for row in run_with_keys(connection, "SELECT id FROM operations WHERE id IN {keys}", ids)}
    taken = []
    for id in ids:
        if id in seen:
            taken.append(_id_taken(id))
        seen.add(id)
    if taken:
        raise Refused(taken)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What plans rely on, as it stands in the ledger, and then as each plan leaves it."""

    revisions: dict[str, int]
    """As in `Book.revisions`, of what the ledger has."""
    currencies: dict[str, str]
    """By the number of a document."""
    through: dict[tuple[str, str], str | None]
    """Subscription and charge -> charged through, as text."""
    taken: list[str]

    @classmethod
    def of(cls, connection: sqlite3.Connection, works: Iterable[Work]) -> _Standing:
        plans = [work.plan for work in works]
        names = {one.document.number for plan in plans for one in plan.documents}
        names.update(name for work in works for name in (*work.plan.basis, *work.changed))
        found = run_with_keys(connection, _DOCUMENTS, names)
        revisions = {number: revision for number, revision, _ in found}
        for scope, text in _REVISIONS.items():
            ids = [name.removeprefix(scope) for name in names if name.startswith(scope)]
            revisions.update((scope + id, revision) for id, revision in run_with_keys(connection, text, ids))
        billed = {move.subscription for plan in plans for move in plan.charged_through}
        through = {row[:2]: row[2] for row in run_with_keys(connection, _THROUGH, billed)}
        return cls(revisions, {number: currency for number, _, currency in found}, through, [])

    def refuse_stale(self, plan: Plan) -> None:
        """Compare what a plan relied on with what stands."""
        stale = [
            _stale(name, relied, self.revisions.get(name))
            for name, relied in plan.basis.items()
            if self.revisions.get(name) != relied
        ]
        for move in plan.charged_through if not stale else ():
            key, before = (move.subscription, move.charge), move.before.isoformat() if move.before else None
            if key not in self.through or self.through[key] != before:
                stale.append(_moved(move))
            self.through[key] = move.after.isoformat()
        if stale:
            raise Refused(stale)

    def pass_over(self, work: Work) -> None:
        """Let stand what the plan leaves."""
        for planned in work.plan.documents:
            number = planned.document.number
            if number in self.revisions:
                self.taken.append(number)
            self.revisions[number] = 0
            self.currencies[number] = planned.document.currency
        for name in work.changed:
            self.revisions[name] += 1

    def refuse_taken(self) -> None:
        """Refuse numbers that other documents have already."""
        if self.taken:
            raise Refused(map(_taken, self.taken))


_DOCUMENTS = "SELECT number, revision, currency FROM documents WHERE number IN {keys}"
_REVISIONS = {
    "account:": "SELECT id, revision FROM accounts WHERE id IN {keys}",
    "subscription:": "SELECT id, revision FROM subscriptions WHERE id IN {keys}",
}
_THROUGH = "SELECT subscription, id, charged_through FROM subscribed_charges WHERE subscription IN {keys}"
_AGAIN = "plan the operation again"


def _id_taken(id: str) -> Diagnostic:
    message = f"`{id}` is the id of an operation already, so no step that follows another one can have it"
    return Diagnostic("operation-id-taken", message, hint="give the operation that this step follows another id")


def _taken(number: str) -> Diagnostic:
    message = f"the number {number} is already in use in this ledger, by a document of another series"
    hint = "give the series another prefix or a higher start number in the policy"
    return Diagnostic("number-taken", message, hint=hint)


def _moved(move: ChargedThrough) -> Diagnostic:
    where = f"charge `{move.charge}` of subscription `{move.subscription}`"
    was = f"no longer charged through {move.before}" if move.before else "no longer without a charged-through date"
    return Diagnostic("plan-stale", f"{where} is {was}, as it was when this was planned", hint=_AGAIN)


def _stale(name: str, planned: int, found: int | None) -> Diagnostic:
    scope, separator, id = name.partition(":")
    what = f"{scope} `{id}`" if separator and scope in ("account", "subscription") else name
    if found is None:
        message = f"this was planned with {what}, which is not in this ledger"
        return Diagnostic("plan-stale", message, hint="import it first, or plan on this ledger")
    message = f"{what} has changed since this was planned (revision {planned} then, {found} now)"
    return Diagnostic("plan-stale", message, hint=_AGAIN)
