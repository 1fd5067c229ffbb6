"""A report as a table of typed columns, in groups of one currency each: what every format is made of."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Cell = str | datetime.date | Decimal | int | None
Row = tuple[Cell, ...]
"""A cell for each column."""
ColumnKind = Literal["text", "date", "money", "count"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in data, its title for people, and what its cells are."""

    name: str
    title: str
    kind: ColumnKind = "text"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together. All money in it is of one currency."""

    title: str
    currency: str | None
    """None where there is no money in it."""
    rows: tuple[Row, ...]
    total: Row | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A report."""

    name: str
    title: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    totals: tuple[Group, ...] = ()
    """What all groups of a currency come to, where one has several: each with nothing but its total."""


def group(columns: Sequence[Column], title: str, currency: str | None, rows: Iterable[Row], label: str = "") -> Group:
    """Rows with their total: what their money adds up to, column by column, beside a label; none without one."""
    found = tuple(rows)
    return Group(title, currency, found, total_of(columns, found, label) if label else None)


def total_of(columns: Sequence[Column], rows: Sequence[Row], label: str) -> Row:
    """What rows of one currency add up to."""
    sums = [
        sum((_money(row[place]) for row in rows), Decimal(0)) if column.kind == "money" else None
        for place, column in enumerate(columns)
    ]
    return (label, *sums[1:])


def totals_of(columns: Sequence[Column], groups: Iterable[Group]) -> tuple[Group, ...]:
    """Of each currency that several groups have: what these add up to."""
    of_each: dict[str, list[Row]] = {}
    for one in groups:
        if one.currency is not None and one.total is not None:
            of_each.setdefault(one.currency, []).append(one.total)
    return tuple(
        Group("", currency, (), total_of(columns, rows, f"total {currency}"))
        for currency, rows in sorted(of_each.items())
        if len(rows) > 1
    )


def _money(cell: Cell) -> Decimal:
    return cell if isinstance(cell, Decimal) else Decimal(0)
