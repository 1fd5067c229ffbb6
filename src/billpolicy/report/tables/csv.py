"""A table as CSV: a row for each row, with its group and currency; amounts plain, days as YYYY-MM-DD, no totals."""

from __future__ import annotations

import csv
import io

from billpolicy.accounting.tables import Cell, Table
from billpolicy.diagnostics.spreadsheets import harmless


def table_csv(table: Table) -> str:
    """The rows of all groups."""
    file = io.StringIO(newline="")
    rows = csv.writer(file)
    rows.writerow(("group", "currency", *(column.name for column in table.columns)))
    for group in table.groups:
        for row in group.rows:
            rows.writerow((harmless(group.title), group.currency or "", *map(_plain, row)))
    return file.getvalue()


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return harmless(cell) if isinstance(cell, str) else str(cell)
