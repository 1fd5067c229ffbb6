"""Which items and taxes of a document get an amount: every item rule, all in integer minor units.

A new rule is a function here and a line in `ITEM_RULES`; `ITEM_RULES` in `vocabulary/settings.py` lets policies name
it. docs/allocation.md shows every rule at work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from billpolicy.allocation.residual import Cents, split


class Columns(NamedTuple):
    """Open items and taxes in item order. `weights` is `balances` itself unless they are weighed by something else."""

    balances: Sequence[int]
    """Minor units, >= 0: the most that each can take."""
    weights: Sequence[int]
    components: Sequence[int]
    """The place of each one's component in the order of `Rules.components`; all are 0 where the rule knows none."""


Spread = Callable[[int, Columns, Cents], list[int]]
"""An amount, 0 <= amount <= the sum of the balances -> the part of each: never above its balance, adding up exactly."""


def proration(amount: int, columns: Columns, cents: Cents) -> list[int]:
    """By balance: 12.00 over 100, 20, 10 and 2 is 9.09, 1.82, 0.91 and 0.18 (docs/domain.md G1)."""
    return split(amount, columns.weights, columns.balances, cents)


def fifo(amount: int, columns: Columns, cents: Cents) -> list[int]:
    """First in, first out: 25.00 over 10, 10 and 10 is 10, 10 and 5 (docs/domain.md 2.5, G3)."""
    return fill(amount, columns.balances)


def by_component(amount: int, columns: Columns, cents: Cents, within: Spread = proration) -> list[int]:
    """Taxes before charges, or charges before taxes; one component is settled before the next gets anything.

    The order is that of Oracle Receivables' application rule sets ("line first, tax after", docs/domain.md 2.9).
    """
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
    """The same, but first in, first out within each component."""
    return by_component(amount, columns, cents, fifo)


def fill(amount: int, balances: Sequence[int]) -> list[int]:
    """The amount poured into the balances, one after the other, in minor units."""
    parts = []
    for balance in balances:
        part = min(amount, balance)
        parts.append(part)
        amount -= part
    return parts


class ItemRule(NamedTuple):
    """A rule by its name, and what the rest of the allocation must know of it."""

    name: str
    spread: Spread
    by_component: bool = False
    """Whether it settles one component before the next; then `components` and `span` count."""
    above_limit: ItemRule | None = None
    """What takes its place above the grid limit (docs/domain.md 2.3); None where the limit is nothing to it, as it is
    first in, first out."""


_FIFO = ItemRule("fifo", fifo)

ITEM_RULES: dict[str, ItemRule] = {
    rule.name: rule
    for rule in (
        ItemRule("proration", proration, above_limit=_FIFO),
        _FIFO,
        ItemRule("by_component", by_component, True, ItemRule("by_component", by_component_fifo, True)),
        # By proration over the items of the memo; then each part goes home (source_item.py).
        ItemRule("source_item", proration),
    )
}
