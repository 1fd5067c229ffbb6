"""What an item rule spreads an amount over: plain lists of integers, one entry for each open item or tax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from billpolicy.allocation.residual import Cents


class Columns(NamedTuple):
    """Open items and taxes in item order. `weights` is `balances` itself unless they are weighed by something else."""

    balances: Sequence[int]
    """Minor units, >= 0: the most that each can take."""
    weights: Sequence[int]
    components: Sequence[int]
    """The place of each one's component in the order that `by_component` was given."""


ItemRule = Callable[[int, Columns, Cents], list[int]]
"""An amount, 0 <= amount <= the sum of the balances -> the part of each: never above its balance, adding up exactly."""
