"""A credit memo on documents: which of its items goes where, in integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from billpolicy.allocation.columns import Columns, ItemRule
from billpolicy.allocation.grid import Cell, spread_grid, walk
from billpolicy.allocation.net import Net, open_parts, settling
from billpolicy.allocation.residual import Cents


class Taken(NamedTuple):
    """What one document gets, slot by slot, before `settling`; the parts add up to `amount`, which is > 0."""

    net: Net
    amount: int
    parts: list[int]


def cells_of_memo(
    memo: Net, taken: Sequence[Taken], rule: ItemRule, cents: Cents, *, one_walk: bool
) -> list[list[Cell]]:
    """For each document its cells: slot of the memo, slot of the document, minor units."""
    amount = sum(document.amount for document in taken)
    given = open_parts(amount, memo, rule, cents)
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
    cells = walk(gives, takes) if one_walk else spread_grid(gives, Columns(takes, takes, ranks), rule, cents)

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
