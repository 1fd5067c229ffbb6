"""Two sides at once: what each item of a credit memo gives, and to which items it goes.

Exact on both margins: the cells of a row add up to what its item gives, those of a column to what its target gets,
and no cell is negative.
"""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.allocation.columns import Columns, ItemRule
from billpolicy.allocation.residual import Cents

Cell = tuple[int, int, int]
"""Row, column, minor units > 0."""


def spread_grid(rows: Sequence[int], columns: Columns, rule: ItemRule, cents: Cents) -> list[Cell]:
    """Each row in turn, by the rule, over what is left of every column. Rows and columns add up to the same.

    60 and 40 prorated over 75 and 25 is 45 and 15, 30 and 10 (domain vector G4).
    """
    left = list(columns.balances)
    cells: list[Cell] = []
    for row, amount in enumerate(rows):
        parts = rule(amount, Columns(left, left, columns.components), cents)
        cells += [(row, column, part) for column, part in enumerate(parts) if part]
        left = [balance - part for balance, part in zip(left, parts, strict=True)]
    return cells


def walk(rows: Sequence[int], columns: Sequence[int]) -> list[Cell]:
    """First in, first out on both sides: one walk along both, as long as the two together however large the grid."""
    cells: list[Cell] = []
    column, left = -1, 0
    for row, amount in enumerate(rows):
        while amount:
            if not left:
                column += 1
                left = columns[column]
            part = min(amount, left)
            if part:
                cells.append((row, column, part))
            amount -= part
            left -= part
    return cells
