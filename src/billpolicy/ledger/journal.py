"""Operations as the ledger keeps them: the request word for word, the plan with every change, and who posted it when.

The journal alone says what became of the imported book; the other tables hold what came out, to be found quickly.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from billpolicy.book.changes import CHANGES, ISSUED, Change, DraftPosted, Issued, change_name
from billpolicy.deciding.resolver import Resolved
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.ledger.chain import content_of
from billpolicy.ledger.schema import audit, operations
from billpolicy.ledger.statements import Connection, Row, select_from
from billpolicy.planning.closure import Closure
from billpolicy.planning.plan import Asked, BalanceChange, FollowedBy, Inheriting, PassedOver, Plan
from billpolicy.posting.history import Done
from billpolicy.posting.over_time import counts_for
from billpolicy.posting.store import Audit, Cause, Entry, Moved, Posted
from billpolicy.recording.recorder import Taken
from billpolicy.source.codec import CodecError, Raw, canonical, decode, encode

_TREES = f"""
WITH RECURSIVE tree(id) AS (
    SELECT id FROM operations WHERE id IN {{keys}}
    UNION SELECT steps.id FROM tree JOIN operations steps ON steps.caused_by = tree.id
)
{select_from(operations)} JOIN tree ON tree.id = operations.id
"""
_REQUESTS = "SELECT id, request FROM operations WHERE id IN {keys}"
_PARTS = """
SELECT billed.bill_run, min(documents.operation) FROM billed JOIN documents ON documents.number = billed.document
WHERE billed.bill_run IN {keys} AND documents.operation = documents.bill_run || '/' || documents.account
GROUP BY billed.bill_run
"""
_CAUSES = "SELECT caused_by, step, cause FROM operations WHERE id IN {keys} AND caused_by IS NOT NULL"
_AUDITS_OF = "SELECT operation, who, at, why, approved_by, request_id FROM audit WHERE operation IN {keys}"
_DONE = """
SELECT operations.operation, audit.operation, who, at, why, approved_by, request_id
FROM audit JOIN operations ON operations.id = audit.operation WHERE audit.operation IN {keys} ORDER BY audit.id
"""
_EVERY_DONE = """
SELECT operations.operation, audit.operation, who, at, why, approved_by, request_id
FROM audit JOIN operations ON operations.id = audit.operation ORDER BY audit.id
"""
_AUDITS_ON = """
SELECT operation, who, at, why, approved_by, request_id FROM audit WHERE operation IN (
    SELECT operation FROM documents WHERE number = :number OR source = :number OR refund_of = :number
    UNION SELECT operation FROM applications WHERE from_number = :number OR to_number = :number
    UNION SELECT posted.operation FROM documents JOIN documents posted ON posted.number = documents.posted_as
    WHERE documents.number = :number
    UNION SELECT changed_by FROM documents WHERE number = :number
) ORDER BY id
"""
_IN_ORDER = "SELECT o.id FROM operations o LEFT JOIN audit a ON a.operation = o.id ORDER BY coalesce(a.id, 0), o.id"
_DECIDED = """
SELECT id, operation, date, request, plan, policy, policy_digest, engine, caused_by FROM operations WHERE id IN {keys}
"""
_STEPS = "SELECT caused_by, id, cause FROM operations WHERE caused_by IN {keys} ORDER BY caused_by, step"
_MOVED = """
SELECT o.id, o.operation, o.date, o.plan FROM audit a JOIN operations o ON o.id = a.operation
WHERE a.at >= :first AND a.at < :until AND o.operation IN {keys} ORDER BY a.id
"""
_ACCOUNTS = "SELECT number, account FROM documents WHERE number IN {keys}"
_RECORDED = """
SELECT o.id, o.operation, o.date, o.request, o.plan, o.cause, a.at, a.why, a.approved_by
FROM operations o LEFT JOIN audit a ON a.operation = o.id WHERE o.id IN {keys}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What stands in `operations.plan`: a plan without what has columns of its own."""

    basis: dict[str, int]
    changes: list[tuple[str, Any]]
    """Each with its name."""
    resolved: tuple[Resolved, ...]
    reasons: dict[str, int]
    balances: tuple[BalanceChange, ...] = ()
    inheriting: tuple[Inheriting, ...] = ()
    closure: Closure | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    follow_ups: int = 0
    """How many steps follow it."""
    actor: str | None = None
    approved_by: tuple[str, ...] | str | None = None
    """One name alone, of what was posted before there could be several."""
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read(_Kept):
    """The same as it is read: which type a change is of, its name tells."""

    changes: list[tuple[str, Raw]]


class _Cause(NamedTuple):
    """What stands in `operations.cause`."""

    after: str
    rule: str
    position: Position
    because: str | None
    asked: Asked | None = None


def write_operations(connection: Connection, entries: Sequence[Entry], last: int) -> list[str]:
    """Insert operations, each with its audit row, which go on after the `last`. Gives the digests of all that was
    written of each."""
    posted = [_operation_row(entry.plan, entry.cause) for entry in entries]
    audits = [
        (id, a.operation, a.who, a.at.isoformat(), a.why, names_text(a.approved_by), a.request)
        for id, a in enumerate((entry.audit for entry in entries), last + 1)
    ]
    connection.insert(operations, posted)
    connection.insert(audit, audits)
    return [content_of((*row, *of)) for row, of in zip(posted, audits, strict=True)]


def _operation_row(plan: Plan, cause: Cause | None) -> Row:
    kept = _Kept(
        basis=dict(plan.basis),
        changes=[(change_name(change), change) for change in plan.changes],
        resolved=plan.resolved,
        reasons=dict(plan.reasons),
        balances=plan.balances,
        inheriting=plan.inheriting,
        closure=plan.closure,
        notes=plan.notes,
        warnings=plan.warnings,
        passed_over=plan.passed_over,
        follow_ups=len(plan.follow_ups),
        actor=plan.actor,
        approved_by=plan.approved_by,
        comment=plan.comment,
    )
    why = None if cause is None else encode(_Cause(cause.after, cause.rule, cause.position, cause.because, cause.asked))
    return (
        plan.id,
        plan.operation,
        plan.date.isoformat(),
        canonical(plan.request),
        encode(kept),
        plan.policy,
        plan.policy_digest,
        plan.engine,
        *((cause.operation, cause.step, why) if cause is not None else (None, None, None)),
    )


def requests_of(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """The requests of those of these operations that were posted, as canonical JSON.

    Raises `Refused` if one has been damaged.
    """
    found: dict[str, str] = dict(connection.rows(_REQUESTS, ids))
    for id, text in found.items():
        try:
            decode(dict, text)
        except (CodecError, TypeError):
            raise damaged(f"what operation `{id}` was asked cannot be read any more") from None
    return found


def ask_parts(connection: Connection, runs: Collection[str]) -> Callable[[], dict[str, str]]:
    """Of those of these bill runs that were posted account by account, the request of one part each.

    Its answer raises `Refused` if one has been damaged.
    """
    asked = connection.ask(_PARTS, runs)

    def answer() -> dict[str, str]:
        part: dict[str, str] = dict(asked())
        requests = requests_of(connection, part.values())
        return {run: requests[id] for run, id in part.items()}

    return answer


def cause_of(connection: Connection, id: str) -> Cause | None:
    """What an operation is a step of; None if it was asked for itself."""
    return next((_cause(*row) for row in connection.rows(_CAUSES, [id])), None)


def posted_of(connection: Connection, ids: Collection[str]) -> dict[str, Posted]:
    """What came of operations that were posted, each with all that followed it. The operations must be there.

    Raises `Refused` if what they posted has been damaged.
    """
    found = {row[0]: row for row in connection.rows(_TREES, ids)}
    steps: dict[str, list[Row]] = defaultdict(list)
    for row in sorted((row for row in found.values() if row[-3] is not None), key=lambda row: row[-2]):
        steps[row[-3]].append(row)
    try:
        audits = audits_of(connection, ids)
        return {id: Posted(_plan(found[id], steps), audits[id], repeated=True) for id in ids}
    except (KeyError, TypeError, ValueError, CodecError):
        what = f"operation `{next(iter(ids))}`" if len(ids) == 1 else "these operations"
        raise damaged(f"what {what} posted cannot be read any more") from None


def _plan(row: Row, steps: Mapping[str, Sequence[Row]]) -> Plan:
    id, operation, date, request, text, policy, digest, engine, *_ = row
    kept = decode(_Read, text)
    return Plan(
        id=id,
        operation=operation,
        date=datetime.date.fromisoformat(date),
        request=decode(dict, request),
        policy=policy,
        policy_digest=digest,
        engine=engine,
        basis=kept.basis,
        changes=_changes(kept.changes),
        resolved=kept.resolved,
        reasons=kept.reasons,
        balances=kept.balances,
        inheriting=kept.inheriting,
        closure=kept.closure,
        notes=kept.notes,
        warnings=kept.warnings,
        follow_ups=tuple(_followed(step, steps) for step in steps.get(id, ())),
        passed_over=kept.passed_over,
        actor=kept.actor,
        approved_by=_names(kept.approved_by),
        comment=kept.comment,
    )


def _changes(named: Iterable[tuple[str, Raw]]) -> tuple[Change, ...]:
    return tuple(decode(CHANGES[name], text) for name, text in named)


def _followed(row: Row, steps: Mapping[str, Sequence[Row]]) -> FollowedBy:
    cause = _cause(*row[-3:])
    return FollowedBy(cause.after, cause.rule, cause.position, cause.because, _plan(row, steps), cause.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """Of what stands in `operations.plan`, how everything was decided."""

    changes: list[tuple[str, Raw]]
    resolved: tuple[Resolved, ...]
    reasons: dict[str, int]
    passed_over: tuple[PassedOver, ...] = ()
    actor: str | None = None
    approved_by: tuple[str, ...] | str | None = None


_TELLING = (ISSUED, "applied")
"""How the names of the changes end by which it is told what was decided about."""


class DecidedOperation(NamedTuple):
    """How an operation was decided."""

    plan: Plan
    """Without what follows it; of what it does only documents and applications."""
    step_of: str | None
    steps: tuple[Taken, ...]


def decided(connection: Connection, ids: Sequence[str]) -> Iterator[DecidedOperation]:
    """How these operations were decided, in their order. Raises `Refused` where that cannot be read any more."""
    found = {row[0]: row[1:] for row in connection.rows(_DECIDED, ids)}
    steps: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for of, id, cause in connection.rows(_STEPS, ids):
        steps[of].append((id, cause))
    for id in ids:
        operation, date, request, text, policy, digest, engine, step_of = found[id]
        try:
            kept = decode(_Decided, text)
            plan = Plan(
                id=id,
                operation=operation,
                date=datetime.date.fromisoformat(date),
                request=decode(dict, request),
                policy=policy,
                policy_digest=digest,
                engine=engine,
                basis={},
                changes=_changes(one for one in kept.changes if one[0].endswith(_TELLING)),
                resolved=kept.resolved,
                reasons=kept.reasons,
                passed_over=kept.passed_over,
                actor=kept.actor,
                approved_by=_names(kept.approved_by),
            )
            causes = ((step, decode(_Cause, cause)) for step, cause in steps[id])
            taken = tuple(Taken(step, cause.rule, cause.asked) for step, cause in causes)
        except (KeyError, TypeError, ValueError, CodecError):
            raise damaged(f"how operation `{id}` was decided cannot be read any more") from None
        yield DecidedOperation(plan, step_of, taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moving:
    """Of what stands in `operations.plan`, what money it moved."""

    basis: dict[str, int]
    changes: list[tuple[str, Raw]]
    balances: tuple[BalanceChange, ...] = ()
    actor: str | None = None


def moved(
    connection: Connection, first: datetime.date, until: datetime.date, operations: Collection[str]
) -> Iterator[Moved]:
    """As `Reader.moved`. Moments are kept in UTC, as ISO 8601, so that they are in the order of their texts."""
    plans = []
    days = {"first": first.isoformat(), "until": until.isoformat()}
    for id, operation, date, text in connection.rows(_MOVED, operations, **days):
        try:
            kept = decode(_Moving, text)
            plans.append(
                Plan(
                    id=id,
                    operation=operation,
                    date=datetime.date.fromisoformat(date),
                    request={},
                    policy="",
                    policy_digest="",
                    engine="",
                    basis=kept.basis,
                    changes=_changes(one for one in kept.changes if one[0].endswith(_TELLING)),
                    balances=kept.balances,
                    actor=kept.actor,
                )
            )
        except (KeyError, TypeError, ValueError, CodecError):
            raise damaged(f"what operation `{id}` posted cannot be read any more") from None
    sources = {made.from_ for plan in plans for made in plan.applications}
    account_of: dict[str, str] = dict(connection.rows(_ACCOUNTS, sources))
    for plan in plans:
        try:
            yield counts_for(plan, account_of.__getitem__)
        except KeyError:
            raise damaged(f"whose money operation `{plan.id}` moved is not known any more") from None


class Recorded(NamedTuple):
    """What the journal has of one operation, for whoever replays it; no changes where they cannot be read any more."""

    id: str
    changes: tuple[Change, ...] | None
    follow_ups: int
    odd: tuple[tuple[Code, str], ...] = ()
    """Where the journal contradicts itself: code and message."""


def ids_in_order(connection: Connection) -> list[str]:
    """Every operation in the order of posting."""
    return [row[0] for row in connection.rows(_IN_ORDER)]


def recorded(connection: Connection, ids: Sequence[str]) -> Iterator[Recorded]:
    """What the journal has of these operations, in their order."""
    found = {row[0]: row[1:] for row in connection.rows(_RECORDED, ids)}
    for id in ids:
        operation, date, request, text, cause, at, why, approved_by = found[id]
        try:
            kept = decode(_Read, text)
            changes = _changes(kept.changes)
            if cause is not None:
                decode(_Cause, cause)
            datetime.date.fromisoformat(date)
            if at is not None:  # that there is none is told elsewhere
                datetime.datetime.fromisoformat(at)
            odd = list(_undecided(kept, changes))
            if decode(dict, request).get("operation", operation) != operation:
                odd.append(("operation-differs", f"operation `{id}` is a {operation}, but something else was asked"))
            if at is not None and (why, approved_by) != (kept.comment, names_text(_names(kept.approved_by))):
                odd.append(("operation-differs", f"why operation `{id}` was posted is not as it was planned"))
            yield Recorded(id, changes, kept.follow_ups, tuple(odd))
        except (KeyError, TypeError, ValueError, CodecError):
            yield Recorded(id, None, 0)


def _undecided(kept: _Kept, changes: Iterable[Change]) -> Iterator[tuple[Code, str]]:
    """Documents of which it is not known any more how they were decided, or that were decided otherwise."""
    drafts = {one.number for one in changes if isinstance(one, DraftPosted)}
    for document in (one.document for one in changes if isinstance(one, Issued)):
        place = kept.reasons.get(document.number, -1)
        if not 0 <= place < len(kept.resolved):
            message = f"how the attributes of {document.number} were decided is not known any more"
            yield "resolution-missing", message
            continue
        decided = kept.resolved[place].resolutions
        for name, stored in document.attributes.items() if document.number not in drafts else ():
            if name in decided and stored != str(decided[name].value):
                yield "attribute-differs", f"`{name}` of {document.number} is not what was decided for it"


def audits_of(connection: Connection, ids: Collection[str]) -> dict[str, Audit]:
    """Who posted each of these operations."""
    return {row[0]: _audit(row) for row in connection.rows(_AUDITS_OF, ids)}


def audits_on(connection: Connection, number: str) -> list[Audit]:
    """Who posted anything that made or touched a document, oldest first."""
    return [_audit(row) for row in connection.rows(_AUDITS_ON, number=number)]


def done_by(connection: Connection, ids: Collection[str]) -> dict[str, Done]:
    """These operations, each with who posted it, in the order in which they were posted."""
    return {id: Done(operation, _audit((id, *row))) for operation, id, *row in connection.rows(_DONE, ids)}


def every_done(connection: Connection) -> dict[str, Done]:
    """All operations, in the same order."""
    return {id: Done(operation, _audit((id, *row))) for operation, id, *row in connection.rows(_EVERY_DONE)}


def _audit(row: Row) -> Audit:
    operation, who, at, why, approved_by, request = row
    return Audit(operation, who, moment_of(operation, at), why, _names_of(approved_by), request)


def moment_of(operation: str, at: str) -> datetime.datetime:
    """When an operation was posted. Raises `Refused` for what is no moment."""
    try:
        return datetime.datetime.fromisoformat(at)
    except (TypeError, ValueError):
        raise damaged(f"when operation `{operation}` was posted cannot be read any more") from None


def names_text(names: tuple[str, ...]) -> str | None:
    """Names in one column: one alone as it is, several as a list in JSON, of which there can be no name."""
    if not names:
        return None
    return names[0] if len(names) == 1 and not names[0].startswith("[") else canonical(list(names))


def _names_of(text: str | None) -> tuple[str, ...]:
    if text is None or not text.startswith("["):
        return () if text is None else (text,)
    return decode(tuple[str, ...], text)


def _names(kept: tuple[str, ...] | str | None) -> tuple[str, ...]:
    return () if kept is None else (kept,) if isinstance(kept, str) else kept


def _cause(operation: str, step: int, text: str) -> Cause:
    return Cause(operation, step, *decode(_Cause, text))


def damaged(message: str) -> Refused:
    """The refusal to read what something other than billpolicy must have written."""
    hint = "run `billpolicy ledger check`, and restore the ledger from a backup"
    return Refused([Diagnostic("ledger-damaged", message, hint=hint)])
