"""All rows of a ledger, copied into tables of another one that are still empty, whichever databases they are kept in.

What is copied is the ledger, chain and all: its head is the same. The order is that in which the guards let rows in.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Boolean, Table

from billpolicy.ledger import schema
from billpolicy.ledger.statements import Connection, Row, select_from

_AT_ONCE = 1_000
_FIRST: tuple[tuple[Table, str], ...] = (
    (schema.policies, "digest"),
    (schema.operations, "(SELECT id FROM audit WHERE audit.operation = operations.id)"),
    (schema.audit, "id"),
    (schema.accounts, "id"),
    (schema.contacts, "id"),
    (schema.charges, "id"),
    (schema.subscriptions, "id"),
    (schema.subscribed_charges, "subscription, id"),
    (schema.accounting_periods, "from_date"),
    (schema.held, "scope, id, position"),
    (schema.counters, "prefix"),
    (schema.void_numbers, "number"),
    (schema.items, "document, id"),
    (schema.taxes, "document, item, id"),
    (schema.combined, "document, item, position"),
    (schema.refund_parts, "refund, position"),
    (schema.documents, "id"),
    (schema.billed, "subscription, date, document"),
    (schema.application_parts, "application, position"),
    (schema.applications, "id"),
    (schema.usage, "id"),
    (schema.charge_periods, "id"),
    (schema.chain, "id"),
)
"""Every table but those of what waits, which come before: each after those that its rows name, parts before wholes."""
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
    for table, order in _FIRST:
        for rows in _some(source.each(f"{select_from(table)} ORDER BY {order}")):
            target.insert(table, [_typed(table, row) for row in rows])


def _typed(table: Table, row: Row) -> Row:
    """With what is true or false as such: some databases hand out 0 and 1, and others take none."""
    typed = list(row)
    for place, column in enumerate(table.columns):
        if isinstance(column.type, Boolean) and row[place] is not None:
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
