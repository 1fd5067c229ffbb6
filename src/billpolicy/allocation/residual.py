"""Proportional shares that add up exactly: what whole shares leave over is placed by a named residual rule.

All in integer minor units. By most rules each share is rounded down to whole steps, and what is left is given out one
step each in the order of the rule, so every share stays within one step of its exact part, unless a cap is in the way.
By `last` each share is rounded half up, and the last takes the rest, as accountants do by hand and other systems do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

Order = Callable[[Sequence[int], Sequence[int]], Sequence[int]]


def _largest_remainder(weights: Sequence[int], remainders: Sequence[int]) -> Sequence[int]:
    return sorted(range(len(remainders)), key=remainders.__getitem__, reverse=True)


def _first(weights: Sequence[int], remainders: Sequence[int]) -> Sequence[int]:
    return range(len(weights))


def _largest_weight(weights: Sequence[int], remainders: Sequence[int]) -> Sequence[int]:
    return sorted(range(len(weights)), key=weights.__getitem__, reverse=True)


RESIDUALS: dict[str, Order | None] = {
    "largest_remainder": _largest_remainder,
    "first": _first,
    "last": None,
    "largest_weight": _largest_weight,
}
"""Name -> who gets a leftover step first, as indexes; ties to the earliest (`sorted` is stable, also in reverse). None
where shares are rounded half up, and the last takes the rest."""


class Cents(NamedTuple):
    """How leftover units are placed: a name of `RESIDUALS`, and the step that shares are made of, in minor units."""

    residual: str = "largest_remainder"
    step: int = 1


BY_REMAINDER = Cents()


def split(
    total: int, weights: Sequence[int], caps: Sequence[int] | None = None, cents: Cents = BY_REMAINDER
) -> list[int]:
    """`total` in proportion to `weights`, never above `caps` (by default the weights), adding up exactly.

    0 <= total <= the sum of the caps. Weights >= 0, or > 0 where caps are given. What does not fit under one cap goes
    to the others in proportion to their weights. Anything else is a bug of the caller, and raises `ValueError`.
    """
    _check(total, weights, weights if caps is None else caps)
    if caps is None or caps is weights:
        return _shares(total, weights, weights, cents)
    full = _full(total, weights, caps)
    if not any(full):
        return _shares(total, weights, caps, cents)
    parts = [cap if is_full else 0 for cap, is_full in zip(caps, full, strict=True)]
    others = [i for i, is_full in enumerate(full) if not is_full]
    rest = _shares(total - sum(parts), [weights[i] for i in others], [caps[i] for i in others], cents)
    for i, part in zip(others, rest, strict=True):
        parts[i] = part
    return parts


def _check(total: int, weights: Sequence[int], caps: Sequence[int]) -> None:
    """There is somewhere for all of it to go, in proportions that mean something."""
    if min(caps, default=0) < 0:
        raise ValueError("nothing is split by weights or up to caps below zero")
    if caps is not weights:
        if len(caps) != len(weights):
            raise ValueError(f"{len(weights)} weights have {len(caps)} caps")
        if min(weights, default=1) <= 0:
            raise ValueError("where caps are given each has a weight above zero")
    if not 0 <= total <= sum(caps):
        raise ValueError(f"{total} cannot be split over {sum(caps)}")


def _full(total: int, weights: Sequence[int], caps: Sequence[int]) -> list[bool]:
    """Which caps are reached. Each round takes those whose share reaches its cap; the others' shares only grow."""
    full = [False] * len(weights)
    rest, whole = total, sum(weights)
    while True:
        reached = [i for i, cap in enumerate(caps) if not full[i] and rest * weights[i] >= cap * whole]
        if not reached:
            return full
        for i in reached:
            full[i] = True
            rest -= caps[i]
            whole -= weights[i]


def _shares(total: int, weights: Sequence[int], caps: Sequence[int], cents: Cents) -> list[int]:
    """The split where no exact share exceeds its cap."""
    residual, step = cents
    whole = sum(weights) * step
    if not whole:
        return [0] * len(weights)
    order_of = RESIDUALS[residual]
    if order_of is None:
        rounded = [(2 * total * weight + whole) // (2 * whole) * step for weight in weights]
        return _rest_to_last(total, rounded, caps)
    parts = []
    remainders = []
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
    if step != 1:
        parts = [part * step for part in parts]
    left = total - sum(parts)
    if left:
        order = order_of(weights, remainders)
        if step == 1 and residual == "largest_remainder":
            for i in order[:left]:  # fewer than there are remainders, and whoever has one has room for it
                parts[i] += 1
        else:
            _place(left, parts, caps, order, step)
    return parts


def _rest_to_last(total: int, rounded: Sequence[int], caps: Sequence[int]) -> list[int]:
    """Each its rounded share while there is something left, and the last what then is; what of that is above its cap
    goes to the ones before it, from the last back."""
    parts, left = [], total
    for share, cap in zip(rounded[:-1], caps[:-1], strict=True):
        parts.append(min(share, cap, left))
        left -= parts[-1]
    parts.append(0)
    for i in range(len(parts) - 1, -1, -1):
        more = min(left, caps[i] - parts[i])
        parts[i] += more
        left -= more
    return parts


def _place(left: int, parts: list[int], caps: Sequence[int], order: Sequence[int], step: int) -> None:
    """Give out what is left, in order: whole steps to whoever has room, then what is less than a step to the next."""
    given = 0
    for i in order:
        if left < step:
            break
        given += 1
        if caps[i] - parts[i] >= step:
            parts[i] += step
            left -= step
    for i in (*order[given:], *order[:given]):
        put = min(left, caps[i] - parts[i])
        parts[i] += put
        left -= put
