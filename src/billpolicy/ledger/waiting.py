"""Operations that wait for approvals, as a ledger keeps them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator

from billpolicy.deciding.approvals import Awaited
from billpolicy.ledger.chain import Kind, Link, content_of, extend
from billpolicy.ledger.journal import damaged
from billpolicy.ledger.schema import approvals, waiting, withdrawals
from billpolicy.ledger.statements import Connection, Row, last_id
from billpolicy.ledger.tables import Table
from billpolicy.posting.store import Approved, Waiting, content_digest
from billpolicy.source.codec import CodecError, canonical, decode, encode

_STANDING = """
SELECT id, operation, kind, date, request, actor, who, at, policy, policy_digest, content, digest, awaited, request_id
FROM waiting
WHERE NOT EXISTS (SELECT 1 FROM withdrawals w WHERE w.waiting = waiting.id)
AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.id = waiting.operation)
"""
_THESE = f"{_STANDING} AND operation IN {{keys}} ORDER BY id"
_ALL = f"{_STANDING} ORDER BY id"
_NUMBER = "SELECT max(id) FROM waiting WHERE operation = :operation"
_APPROVALS = (
    "SELECT waiting, person, at, comment, digest, request_id FROM approvals WHERE waiting IN {keys} ORDER BY id"
)
_WAITED = """
SELECT operation, kind, date, actor, policy_digest, request, at, awaited, content, digest FROM waiting ORDER BY id
"""
_APPROVED = """
SELECT w.operation, a.person, a.at, a.digest, w.digest FROM approvals a JOIN waiting w ON w.id = a.waiting ORDER BY a.id
"""
_TWICE = f"SELECT operation FROM ({_STANDING}) standing GROUP BY operation HAVING count(*) > 1 ORDER BY operation"


def waiting_in(connection: Connection, ids: Collection[str] | None) -> dict[str, Waiting]:
    """As `Reader.waiting`."""
    rows = connection.rows(_ALL) if ids is None else connection.rows(_THESE, ids)
    given: dict[int, list[tuple[Approved, str]]] = defaultdict(list)
    for of, person, at, comment, digest, by in connection.rows(_APPROVALS, [row[0] for row in rows]):
        try:
            given[of].append((Approved(person, datetime.datetime.fromisoformat(at), comment, by), digest))
        except (TypeError, ValueError):
            raise damaged(f"when `{person}` approved what waits cannot be read any more") from None
    found = {}
    for number, id, kind, date, request, actor, who, at, policy, policy_digest, content, digest, awaited, by in rows:
        try:
            found[id] = Waiting(
                id=id,
                operation=kind,
                date=datetime.date.fromisoformat(date),
                request=decode(dict, request),
                actor=actor,
                who=who,
                at=datetime.datetime.fromisoformat(at),
                policy=policy,
                policy_digest=policy_digest,
                content=content,
                awaited=decode(tuple[Awaited, ...], awaited),
                approvals=tuple(approved for approved, _ in given[number]),
                request_id=by,
            )
        except (CodecError, TypeError, ValueError):
            raise damaged(f"what waits as `{id}` cannot be read any more") from None
        if any(of != digest for of in (found[id].digest, *(approved_as for _, approved_as in given[number]))):
            raise damaged(f"what waits as `{id}` is not what it was any more")
    return found


def wait(connection: Connection, one: Waiting) -> None:
    """As `Writer.wait`."""
    row = (
        last_id(connection, waiting) + 1,
        one.id,
        one.operation,
        one.date.isoformat(),
        canonical(one.request),
        one.actor,
        one.who,
        one.at.isoformat(),
        one.policy,
        one.policy_digest,
        one.content,
        one.digest,
        encode(one.awaited),
        one.request_id,
    )
    _write(connection, "waiting", waiting, row)


def approve(connection: Connection, one: Waiting, approved: Approved) -> None:
    """As `Writer.approve`."""
    of = _number(connection, one.id)
    id = last_id(connection, approvals) + 1
    row = (id, of, approved.person, approved.at.isoformat(), approved.comment, one.digest, approved.request)
    _write(connection, "approval", approvals, row)


def withdraw(
    connection: Connection, id: str, who: str, at: datetime.datetime, why: str | None, request: str | None
) -> None:
    """As `Writer.withdraw`."""
    _write(connection, "withdrawal", withdrawals, (_number(connection, id), who, at.isoformat(), why, request))


def _write(connection: Connection, kind: Kind, table: Table, row: Row) -> None:
    """Insert a row, and its link of the chain."""
    connection.insert(table, [row])
    extend(connection, [Link(kind, str(row[0]), content_of(row))])


def _number(connection: Connection, id: str) -> int:
    """The row of an operation that waits: the last of those that it has."""
    ((number,),) = connection.rows(_NUMBER, operation=id)
    return int(number)


def odd_waiting(connection: Connection) -> Iterator[str]:
    """What contradicts itself of that which waits or did, and of its approvals, as sentences."""
    for *told, request, at, awaited, content, digest in connection.each(_WAITED):
        id = told[0]
        try:
            datetime.datetime.fromisoformat(at)
            decode(tuple[Awaited, ...], awaited)
            said, asked = decode(dict, content), decode(dict, request)
            same = [said[name] for name in ("id", "operation", "date", "actor", "policy")] == told
            same = same and canonical(said["request"]) == canonical(asked)
        except (CodecError, KeyError, TypeError, ValueError):
            same = False
        if not same or content_digest(content) != digest:
            yield f"what waits for approvals as `{id}` is not what it was any more"
    for id, person, at, digest, whole in connection.each(_APPROVED):
        try:
            datetime.datetime.fromisoformat(at)
        except (TypeError, ValueError):
            yield f"when `{person}` approved `{id}` cannot be read any more"
        if digest != whole:
            yield f"the approval of `{person}` is not for what waits as `{id}`"
    for (id,) in connection.rows(_TWICE):
        yield f"`{id}` waits for approvals twice"
