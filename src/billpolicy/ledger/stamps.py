"""Which operation of a ledger made each movement of money, and when: what a book does not know."""

from __future__ import annotations

import datetime
from collections import Counter

from billpolicy.accounting.movements import Stamp, movement_id, reversal_id
from billpolicy.ledger.journal import damaged, moment_of
from billpolicy.ledger.statements import Connection

_POSTED = """
SELECT o.id, o.date, a.at, a.id FROM operations o JOIN audit a ON a.operation = o.id
"""
_PLACE = "SELECT id FROM audit WHERE operation IN {keys}"
_DOCUMENTS = "SELECT number, operation FROM documents WHERE operation IS NOT NULL"
_REVERSED = "SELECT number, changed_by FROM documents WHERE kind = 'payment' AND reversed AND changed_by IS NOT NULL"
_APPLICATIONS = "SELECT from_number, to_number, operation FROM applications ORDER BY id"


def stamps_of(connection: Connection) -> dict[str, Stamp]:
    """Movements by id, with the operations that made them; what was imported has none."""
    posted = {
        id: Stamp(id, _day(id, date), moment_of(id, at), place) for id, date, at, place in connection.rows(_POSTED)
    }
    found = {movement_id(number): operation for number, operation in connection.rows(_DOCUMENTS)}
    found |= {reversal_id(number): operation for number, operation in connection.rows(_REVERSED)}
    counts: Counter[tuple[str, str]] = Counter()
    for source, target, operation in connection.rows(_APPLICATIONS):
        counts[source, target] += 1
        if operation is not None:
            found[movement_id(source, target, str(counts[source, target]))] = operation
    return {movement: posted[operation] for movement, operation in found.items() if operation in posted}


def _day(operation: str, date: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(date)
    except (TypeError, ValueError):
        raise damaged(f"the day of operation `{operation}` cannot be read any more") from None


def place_of(connection: Connection, operation: str) -> int | None:
    """The place of an operation among all that were posted; None if none has this id."""
    return next((place for (place,) in connection.rows(_PLACE, [operation])), None)
