"""Which items of a credit memo the money comes from, and to which items it goes, in integer minor units.

Exact on both sides at once: the cells of a row add up to what its item of the memo gives, those of a column to what
its item of a document gets, and no cell is negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from billpolicy.allocation.item_rules import Columns, ItemRule, Spread
from billpolicy.allocation.model import Cell
from billpolicy.allocation.open_items import Net, open_parts, settling
from billpolicy.allocation.residual import Cents


class Taken(NamedTuple):
    """What one document gets, slot by slot, before `settling`; the parts add up to `amount`, which is > 0."""

    net: Net
    amount: int
    parts: list[int]


def cells_of_memo(memo: Net, taken: Sequence[Taken], rule: ItemRule, cents: Cents) -> list[list[Cell]]:
    """For each document its cells: slot of the memo, slot of the document, minor units."""
    amount = sum(document.amount for document in taken)
    given = open_parts(amount, memo, rule.spread, cents)
    row_rank = dict(zip(memo.owing, memo.columns.components, strict=True))
    rows = sorted((i for i, part in enumerate(given) if part), key=lambda i: row_rank[i])
    columns = []
    for d, document in enumerate(taken):
        rank = dict(zip(document.net.owing, document.net.columns.components, strict=True))
        columns += [(rank.get(i, 0), d, i) for i, part in enumerate(document.parts) if part]
    columns.sort()
    gives = [given[i] for i in rows]
    takes = [taken[d].parts[i] for _, d, i in columns]
    ranks = [rank for rank, _, _ in columns]
    if rule.above_limit is None:
        cells = _walk(gives, takes)
    else:
        cells = _spread_grid(gives, Columns(takes, takes, ranks), rule.spread, cents)

    found: list[list[Cell]] = [[] for _ in taken]
    for row, column, part in cells:
        _, d, slot = columns[column]
        found[d].append((rows[row], slot, part))
    # What is netted away is settled on both of its slots, with the same item on the other side: no sum changes.
    for document, its in zip(taken, found, strict=True):
        if document.amount == document.net.total:
            its += [(its[0][0], slot, more) for slot, more in settling(document.net, document.parts)]
    if amount == memo.total:
        found[0] += [(row, found[0][0][1], more) for row, more in settling(memo, given)]
    return found


def _spread_grid(rows: Sequence[int], columns: Columns, spread: Spread, cents: Cents) -> list[Cell]:
    """Each row in turn, by the rule, over what is left of every column. Rows and columns add up to the same.

    60 and 40 prorated over 75 and 25 is 45 and 15, 30 and 10 (docs/domain.md G4).
    """
    left = list(columns.balances)
    cells: list[Cell] = []
    for row, amount in enumerate(rows):
        parts = spread(amount, Columns(left, left, columns.components), cents)
        cells += [(row, column, part) for column, part in enumerate(parts) if part]
        left = [balance - part for balance, part in zip(left, parts, strict=True)]
    return cells


def _walk(rows: Sequence[int], columns: Sequence[int]) -> list[Cell]:
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
