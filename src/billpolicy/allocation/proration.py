"""`proration`: each item gets its share by balance; leftover units by the residual rule (domain section 2.4)."""

from __future__ import annotations

from billpolicy.allocation.columns import Columns
from billpolicy.allocation.residual import Cents, split


def proration(amount: int, columns: Columns, cents: Cents) -> list[int]:
    """12.00 over 100, 20, 10 and 2 is 9.09, 1.82, 0.91 and 0.18 (domain vector G1)."""
    return split(amount, columns.weights, columns.balances, cents)
