"""Amounts poured into balances and split over items, whole columns at a time, in integers of 64 bits.

Whoever calls has seen to it that nothing comes near their end. The answers are those of `item_rules.fill` and of
`residual.split`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_CELLS = 2**16
"""So many items are split at a time: what is worked on stays in the cache of a processor."""


class Poured(NamedTuple):
    """Which amount went into which balance: by their places, in the order of both."""

    amount: Integers
    balance: Integers
    part: Integers
    """Above zero."""
    used: Integers
    """For each amount, how much of it found a balance."""


def pour(amounts: Integers, whose: Integers, balances: Integers, first_of: Integers) -> Poured:
    """Amounts poured into the balances of the same owner, one after the other; both by owner, balances above zero.

    `first_of`: for each owner, and for one more at the end, the place of its first balance. All balances are laid end
    to end on a line, and on those of an owner its amounts: what overlaps belongs together.
    """
    line = ends(balances)
    paid = ends(amounts)
    paid_before = paid[np.searchsorted(whose, np.arange(len(first_of) - 1))]
    on_line = (line[first_of[:-1]] - paid_before)[whose]
    until = line[first_of[1:]][whose]
    begin, end = np.minimum(paid[:-1] + on_line, until), np.minimum(paid[1:] + on_line, until)
    first = np.searchsorted(line[1:], begin, "right")
    count = np.where(begin < end, np.searchsorted(line[:-1], end, "left") - first, 0)
    balance = in_runs(first, count)
    # Each gets all of its balances but what of the first is before it, and of the last behind it.
    part = balances[balance]
    some = np.flatnonzero(count)
    row, last = ends(count)[some], (first + count - 1)[some]
    part[row] -= begin[some] - line[first[some]]
    part[row + count[some] - 1] -= line[last + 1] - end[some]
    return Poured(np.repeat(np.arange(len(amounts)), count), balance, part, end - begin)


def in_runs(first: Integers, count: Integers) -> Integers:
    """Numbers counted on from each first one: 5 and 20, of which 3 and 2, are 5, 6, 7, 20 and 21."""
    before = ends(count)
    return np.arange(before[-1]) + np.repeat(first - before[:-1], count)


def ends(lengths: Integers) -> Integers:
    """Where each of several lengths ends that are laid end to end, and 0 before them."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])


Claim = Callable[[Integers, Integers], Integers]
"""Weights and remainders -> a number for each, not below zero: the largest gets what is left over first."""

CLAIMS: dict[str, Claim] = {
    "largest_remainder": lambda weights, remainders: remainders,
    "first": lambda weights, remainders: (weights > 0).astype(np.int64),
    "largest_weight": lambda weights, remainders: weights,
}
"""Residual -> who gets the units that are left over; ties to the earliest."""


def split(totals: Integers, first: Integers, size: Integers, weights: Integers, residual: str) -> Integers:
    """Each total in proportion to a run of weights, adding up exactly and never above a weight; the parts, run by run.

    0 <= total <= the sum of its run.
    """
    end = ends(size)
    parts = np.empty(end[-1], np.int64)
    for items in np.unique(size).tolist():
        alike = np.flatnonzero(size == items)
        places = np.arange(items)
        step = max(_CELLS // items, 1)
        for some in (alike[begin : begin + step] for begin in range(0, len(alike), step)):
            table = weights[first[some, None] + places]
            parts[end[some, None] + places] = _split_rows(totals[some], table, CLAIMS[residual])
    return parts


def _split_rows(totals: Integers, weights: Integers, claim: Claim) -> Integers:
    """Each total over a row."""
    items = weights.shape[1]
    products = totals[:, None] * weights
    whole = np.maximum(weights.sum(axis=1), 1)[:, None]
    parts: Integers = products // whole
    left = totals - parts.sum(axis=1)
    # No two claims of a row are alike, so as many get one as are not below the one that is the last to get it.
    claims = claim(weights, products - parts * whole) * items + np.arange(items - 1, -1, -1)
    last = np.sort(claims, axis=1)[np.arange(len(totals)), np.minimum(items - left, items - 1)]
    parts += (claims >= last[:, None]) & (left > 0)[:, None]
    return parts
