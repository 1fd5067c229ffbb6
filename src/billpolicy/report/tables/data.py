"""A table as data, for JSON: each row by the names of its columns."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Literal

from billpolicy.accounting.tables import Cell, Row, Table
from billpolicy.source.record import record

Cells = dict[str, str | int | None]
"""Name of a column -> its cell; amounts and days as text."""


@record
class ColumnReport:
    """A column of the report."""

    name: str
    title: str
    kind: Literal["text", "date", "money", "count"]


@record
class GroupReport:
    """Rows that belong together; all money in them is of one currency."""

    title: str
    currency: str | None
    rows: tuple[Cells, ...]
    total: Cells | None


@record
class AccountingReport:
    """What `report` answers."""

    report: str
    title: str
    columns: tuple[ColumnReport, ...]
    groups: tuple[GroupReport, ...]
    totals: dict[str, Cells]
    """Currency -> what all groups of it come to, where there are several."""


def table_report(table: Table) -> AccountingReport:
    """As data."""
    return AccountingReport(
        report=table.name,
        title=table.title,
        columns=tuple(ColumnReport(name=one.name, title=one.title, kind=one.kind) for one in table.columns),
        groups=tuple(
            GroupReport(
                title=one.title,
                currency=one.currency,
                rows=tuple(_cells(table, row) for row in one.rows),
                total=None if one.total is None else _cells(table, one.total),
            )
            for one in table.groups
        ),
        totals={one.currency or "": _cells(table, one.total) for one in table.totals if one.total is not None},
    )


def _cells(table: Table, row: Row) -> Cells:
    return {column.name: _cell(cell) for column, cell in zip(table.columns, row, strict=True)}


def _cell(cell: Cell) -> str | int | None:
    return str(cell) if isinstance(cell, Decimal | datetime.date) else cell
