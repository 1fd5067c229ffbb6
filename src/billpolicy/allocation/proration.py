"""`proration`: each item gets its share by balance; leftover units to the largest remainders (domain section 2.4)."""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.money import share


def proration(amount: int, balances: Sequence[int]) -> list[int]:
    """12.00 over 100, 20, 10 and 2 is 9.09, 1.82, 0.91 and 0.18 (domain vector G1). In minor units."""
    return share(amount, balances)
