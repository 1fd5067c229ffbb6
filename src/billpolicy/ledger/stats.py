"""How much there is in a ledger: counted by the database, so that it is quick however much there is."""

from __future__ import annotations

from billpolicy.book.kinds import KINDS
from billpolicy.ledger.journal import moment_of
from billpolicy.ledger.schema import REVISIONS
from billpolicy.ledger.statements import Connection
from billpolicy.ledger.waiting import waiting_in
from billpolicy.posting.stats import Counted, PolicyUsed, PostedAt, Stats

_RECORDS = {
    "accounts": "SELECT count(*) FROM accounts",
    "contacts": "SELECT count(*) FROM contacts",
    "charges": "SELECT count(*) FROM charges",
    "subscriptions": "SELECT count(*) FROM subscriptions",
    "charge_periods": "SELECT count(*) FROM charge_periods",
    "usage": "SELECT count(*) FROM usage",
    "applications": "SELECT count(*) FROM applications",
}
_DOCUMENTS = "SELECT kind, status, count(*) FROM documents GROUP BY kind, status"
_OPERATIONS = "SELECT count(*) FROM operations"
_FIRST = "SELECT operation, who, at FROM audit ORDER BY id LIMIT 1"
_LAST = "SELECT operation, who, at FROM audit ORDER BY id DESC LIMIT 1"
_POLICIES = """
SELECT policy, policy_digest, count(*) FROM operations GROUP BY policy, policy_digest ORDER BY policy, policy_digest
"""
_NUMBERS = """
SELECT d.number FROM counters c JOIN documents d ON d.prefix = c.prefix AND d.counter = c.last ORDER BY c.prefix
"""
_ORDER = {kind: place for place, kind in enumerate(KINDS)}
_STATUS = {"posted": 0, "draft": 1, "canceled": 2}


def stats_of(connection: Connection) -> Stats:
    """What there is in it; of all that was posted only the first and the last are looked at."""
    documents = [Counted(*row) for row in connection.rows(_DOCUMENTS)]
    return Stats(
        revision=REVISIONS[-1],
        records={name: connection.rows(statement)[0][0] for name, statement in _RECORDS.items()},
        documents=tuple(sorted(documents, key=_place)),
        operations=connection.rows(_OPERATIONS)[0][0],
        waiting=len(waiting_in(connection, None)),
        first=_posted(connection, _FIRST),
        last=last_posted(connection),
        policies=tuple(PolicyUsed(*row) for row in connection.rows(_POLICIES)),
        numbers=last_numbers(connection),
    )


def last_posted(connection: Connection) -> PostedAt | None:
    """The operation that was posted last; None where none was."""
    return _posted(connection, _LAST)


def last_numbers(connection: Connection) -> tuple[str, ...]:
    """The last number that the ledger gave by each counter, by the name of the counter."""
    return tuple(number for (number,) in connection.rows(_NUMBERS))


def _place(one: Counted) -> tuple[int, int]:
    """Kinds and statuses in their usual order, and last what a hand wrote that is none."""
    return _ORDER.get(one.kind, len(_ORDER)), _STATUS.get(one.status, len(_STATUS))


def _posted(connection: Connection, statement: str) -> PostedAt | None:
    for operation, who, at in connection.rows(statement):
        return PostedAt(operation, who, moment_of(operation, at))
    return None
