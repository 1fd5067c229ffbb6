"""`by_component`: taxes before charges, or charges before taxes; within a component by proration.

The order is that of Oracle Receivables' application rule sets ("line first, tax after", domain section 2.9).
"""

from __future__ import annotations

from billpolicy.allocation.columns import Columns, ItemRule
from billpolicy.allocation.fifo import fifo
from billpolicy.allocation.proration import proration
from billpolicy.allocation.residual import Cents


def by_component(amount: int, columns: Columns, cents: Cents, within: ItemRule = proration) -> list[int]:
    """One component is settled before the next gets anything."""
    parts = [0] * len(columns.balances)
    for component in sorted(set(columns.components)):
        members = [i for i, other in enumerate(columns.components) if other == component]
        balances = [columns.balances[i] for i in members]
        plain = columns.weights is columns.balances
        weights = balances if plain else [columns.weights[i] for i in members]
        put = min(amount, sum(balances))
        of_it = Columns(balances, weights, [component] * len(members))
        for i, part in zip(members, within(put, of_it, cents), strict=True):
            parts[i] = part
        amount -= put
    return parts


def by_component_fifo(amount: int, columns: Columns, cents: Cents) -> list[int]:
    """The same where the grid is too large for proration."""
    return by_component(amount, columns, cents, fifo)
