"""`fifo`: first in, first out; one item is filled before the next, in the total order of items (domain section 2.5)."""

from __future__ import annotations

from collections.abc import Sequence


def fifo(amount: int, balances: Sequence[int]) -> list[int]:
    """25.00 over 10, 10 and 10 is 10, 10 and 5 (domain vector G3). In minor units."""
    parts = []
    for balance in balances:
        part = min(amount, balance)
        parts.append(part)
        amount -= part
    return parts
