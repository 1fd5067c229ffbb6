"""All rows of a ledger, copied into tables of another one that are still empty, whichever databases they are kept in.

What is copied is the ledger, chain and all: its head is the same. The order is that in which the guards let rows in.
"""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.ledger import schema
from billpolicy.ledger.inserting import DOCUMENTS, MASTER
from billpolicy.ledger.statements import Connection, Row, select_from
from billpolicy.ledger.tables import Table, Type

_AT_ONCE = 1_000
_OTHERS: tuple[Table, ...] = (
    schema.policies,
    schema.operations,
    schema.audit,
    *MASTER,
    schema.counters,
    schema.void_numbers,
    *DOCUMENTS,
    schema.application_parts,
    schema.applications,
    schema.usage,
    schema.charge_periods,
    schema.chain,
)
"""Every table but those of what waits: each after those that its rows name, parts before wholes."""
_POSTED = "(SELECT id FROM audit WHERE audit.operation = operations.id)"
"""The order of operations: a step comes after what it is a step of."""
_WAITING = (
    (schema.approvals, "SELECT * FROM approvals WHERE waiting = :id ORDER BY id"),
    (schema.withdrawals, "SELECT * FROM withdrawals WHERE waiting = :id"),
)


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy every row. The tables are those of this version in both."""
    for row in source.each(f"{select_from(schema.waiting)} ORDER BY id"):
        target.insert(schema.waiting, [row])  # what waits twice was withdrawn in between
        for table, those in _WAITING:
            target.insert(table, source.rows(those, id=row[0]))
    for table in _OTHERS:
        order = _POSTED if table is schema.operations else schema.key_of(table)
        for rows in _some(source.each(f"{select_from(table)} ORDER BY {order}")):
            target.insert(table, [_typed(table, row) for row in rows])


def _typed(table: Table, row: Row) -> Row:
    """With what is true or false as such: some databases hand out 0 and 1, and others take none."""
    typed = list(row)
    for place, column in enumerate(table.columns):
        if column.type is Type.BOOLEAN and row[place] is not None:
            typed[place] = bool(row[place])
    return tuple(typed)


def _some(rows: Iterator[Row]) -> Iterator[list[Row]]:
    together: list[Row] = []
    for row in rows:
        together.append(tuple(row))
        if len(together) == _AT_ONCE:
            yield together
            together = []
    yield together
