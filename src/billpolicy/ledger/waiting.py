"""Operations that wait for approvals, as a ledger keeps them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator

from billpolicy.deciding.approvals import Awaited
from billpolicy.ledger.journal import damaged
from billpolicy.ledger.schema import approvals, waiting, withdrawals
from billpolicy.ledger.statements import Connection, insert_into
from billpolicy.posting.store import Approved, Waiting, content_digest
from billpolicy.source.codec import CodecError, canonical, decode, encode

_STANDING = """
SELECT id, operation, kind, date, request, actor, who, at, policy, policy_digest, content, digest, awaited FROM waiting
WHERE id NOT IN (SELECT waiting FROM withdrawals) AND operation NOT IN (SELECT id FROM operations)
"""
_THESE = f"{_STANDING} AND operation IN {{keys}} ORDER BY id"
_ALL = f"{_STANDING} ORDER BY id"
_NUMBER = "SELECT max(id) FROM waiting WHERE operation = :operation"
_APPROVALS = "SELECT waiting, person, at, comment, digest FROM approvals WHERE waiting IN {keys} ORDER BY id"
_DIGESTS = "SELECT operation, content, digest FROM waiting ORDER BY id"


def waiting_in(connection: Connection, ids: Collection[str] | None) -> dict[str, Waiting]:
    """As `Reader.waiting`."""
    rows = connection.rows(_ALL) if ids is None else connection.rows(_THESE, ids)
    given: dict[int, list[Approved]] = defaultdict(list)
    for of, person, at, comment, _ in connection.rows(_APPROVALS, [row[0] for row in rows]):
        given[of].append(Approved(person, datetime.datetime.fromisoformat(at), comment))
    found = {}
    for number, id, kind, date, request, actor, who, at, policy, policy_digest, content, digest, awaited in rows:
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
                approvals=tuple(given[number]),
            )
        except (CodecError, ValueError):
            raise damaged(f"what waits as `{id}` cannot be read any more") from None
        if found[id].digest != digest:
            raise damaged(f"what waits as `{id}` is not what it was any more")
    return found


def wait(connection: Connection, one: Waiting) -> None:
    """As `Writer.wait`."""
    row = (
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
    )
    connection.run(insert_into(waiting), [row])


def approve(connection: Connection, one: Waiting, approved: Approved) -> None:
    """As `Writer.approve`."""
    row = (_number(connection, one.id), approved.person, approved.at.isoformat(), approved.comment, one.digest)
    connection.run(insert_into(approvals), [row])


def withdraw(connection: Connection, id: str, who: str, at: datetime.datetime, why: str | None) -> None:
    """As `Writer.withdraw`."""
    connection.run(insert_into(withdrawals), [(_number(connection, id), who, at.isoformat(), why)])


def _number(connection: Connection, id: str) -> int:
    """The row of an operation that waits: the last of those that it has."""
    ((number,),) = connection.rows(_NUMBER, operation=id)
    return int(number)


def differing_waiting(connection: Connection) -> Iterator[str]:
    """The operations of which what was approved is not what it was any more."""
    for id, content, digest in connection.each(_DIGESTS):
        if content_digest(content) != digest:
            yield id
