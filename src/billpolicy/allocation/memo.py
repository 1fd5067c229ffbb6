"""A credit memo on documents: which of its items goes where, in integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from billpolicy.allocation.columns import Columns, ItemRule
from billpolicy.allocation.grid import Cell, spread_grid, walk
from billpolicy.allocation.net import Net, open_parts
from billpolicy.allocation.residual import Cents


class Taken(NamedTuple):
    """What one document gets, slot by slot, before `settling`; the parts add up to `amount`."""

    net: Net
    amount: int
    parts: list[int]


def cells_of_memo(
    memo: Net, taken: Sequence[Taken], rule: ItemRule, cents: Cents, *, one_walk: bool
) -> list[list[Cell]]:
    """For each document its cells: slot of the memo, slot of the document, minor units.

    The rule says which part of the memo's items is used, and where each goes. A settled document is settled slot by
    slot: what is netted is booked on both of the slots, from one and the same item, so that no sum changes. Likewise
    a memo that is used up.
    """
    amount = sum(document.amount for document in taken)
    given = open_parts(amount, memo, rule, cents)
    rows = [(0, i) for i, part in enumerate(given) if part]
    columns = [(d, i) for d, document in enumerate(taken) for i, part in enumerate(document.parts) if part]
    row_ranks, column_ranks = _ranks(memo), [_ranks(document.net) for document in taken]
    rows.sort(key=lambda at: row_ranks[at[1]])
    columns.sort(key=lambda at: column_ranks[at[0]][at[1]])
    gives = [given[i] for _, i in rows]
    takes = [taken[d].parts[i] for d, i in columns]
    if one_walk:
        cells = walk(gives, takes)
    else:
        ranks = [column_ranks[d][i] for d, i in columns]
        cells = spread_grid(gives, Columns(takes, takes, ranks), rule, cents)
    found: list[dict[tuple[int, int], int]] = [{} for _ in taken]
    for row, column, part in cells:
        d, slot = columns[column]
        found[d][rows[row][1], slot] = part
    return []
