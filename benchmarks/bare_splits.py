"""Largest remainder as one writes it down for one case: the peers of `split`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def bare_integers(total: int, balances: Sequence[int]) -> list[int]:
    """The peer: largest remainder in integer minor units."""
    whole = sum(balances)
    parts = []
    remainders = []
    for balance in balances:
        part, remainder = divmod(total * balance, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total - sum(parts)
    order = sorted(range(len(balances)), key=lambda i: -remainders[i])
    for i in order[:left]:
        parts[i] += 1
    return parts


def bare_decimals(total: Decimal, balances: Sequence[Decimal]) -> list[Decimal]:
    """The other peer: the same on amounts with two decimals."""
    cent = Decimal("0.01")
    whole = sum(balances)
    parts = []
    remainders = []
    for balance in balances:
        part, remainder = divmod(total * balance * 100, whole)
        parts.append(part * cent)
        remainders.append(remainder)
    left = int((total - sum(parts)) * 100)
    order = sorted(range(len(balances)), key=lambda i: -remainders[i])
    for i in order[:left]:
        parts[i] += cent
    return parts
