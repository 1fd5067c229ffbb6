"""`fifo`: first in, first out; one item is filled before the next, in the total order of items (domain section 2.5)."""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.allocation.columns import Columns
from billpolicy.allocation.residual import Cents


def fifo(amount: int, columns: Columns, cents: Cents) -> list[int]:
    """25.00 over 10, 10 and 10 is 10, 10 and 5 (domain vector G3)."""
    return fill(amount, columns.balances)


def fill(amount: int, balances: Sequence[int]) -> list[int]:
    """The amount poured into the balances, one after the other, in minor units."""
    parts = []
    for balance in balances:
        part = min(amount, balance)
        parts.append(part)
        amount -= part
    return parts
