"""`equal_spread`: every document gets the same; what one has no room for is spread over the others."""

from __future__ import annotations

from collections.abc import Sequence

from billpolicy.allocation.residual import Cents, split


def equal_spread(amount: int, balances: Sequence[int], cents: Cents) -> list[int]:
    """100.00 over 20, 50 and 90 is 20, 40 and 40. In minor units; 0 <= amount <= the sum of the balances."""
    return split(amount, [1] * len(balances), balances, cents)
