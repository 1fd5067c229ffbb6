"""How much is a document, and how much of it is open? Plain amounts that fit together with what the facts say.

Amounts are minor units. What fits is looked for among a few plain ones and those that the facts name, and their
neighbours: everything that conditions ask about amounts is a bound or a sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, product
from typing import NamedTuple

from billpolicy.witness.wanted import Impossible, Wanted

USUAL = 11900
"""119.00 EUR."""


class Size(NamedTuple):
    """What a document is and what is open of it; and the amount of the operation on it."""

    amount: int
    balance: int
    asked: int


def size_of(wanted: Wanted, kind: str, *fits: Callable[[Size], bool]) -> Size:
    """The first size that the facts of a document of this kind and of the operation allow, and that fits; where none
    does, the first that fits as told next. Raises `Impossible` where there is none.
    """
    return first(chain.from_iterable(sizes(wanted, kind, one) for one in fits))


def first(found: Iterator[Size]) -> Size:
    """The plainest of these sizes. Raises `Impossible` where there is none."""
    for size in found:
        return size
    raise Impossible


def sizes(
    wanted: Wanted, kind: str, fits: Callable[[Size], bool], *, asked: int | None = None, like: int | None = None
) -> Iterator[Size]:
    """Every such size among those that are tried, the plainest first.

    `asked`: the amount of the operation, where that is known; `like`: one more amount to try.
    """
    of_operation = wanted.minor("amount") if asked is None else asked
    named = [wanted.minor(f"{kind}.amount"), wanted.minor(f"{kind}.balance"), of_operation]
    plain = list(_plain([one for one in (*named, like) if one is not None]))
    amounts, balances, amounts_asked = (plain if one is None else [one] for one in named)
    for amount, balance, of_it in product(amounts, balances, amounts_asked):
        size = Size(amount, balance, of_it)
        if _can_be(size) and _allowed(wanted, kind, size) and fits(size):
            yield size


def _plain(named: list[int]) -> Iterator[int]:
    """Amounts to try: the usual one, what is named with what is a little more or twice it, half of it, and nothing."""
    tried = [*named, USUAL]
    more = [value for one in tried for value in (2 * one, one + 1, one - 1, one // 2)]
    yield from dict.fromkeys((USUAL, *named, *more, 0, *(-one for one in tried), *(-one for one in more)))


def _can_be(size: Size) -> bool:
    """What is open is between nothing and all of it (docs/domain.md 9.2)."""
    low, high = sorted((0, size.amount))
    return low <= size.balance <= high


def _allowed(wanted: Wanted, kind: str, size: Size) -> bool:
    amount, balance, _ = size
    told = {
        "balance_is": "below_zero" if balance < 0 else "above_zero" if balance else "zero",
        "settled": "nothing" if balance == amount else "part" if balance else "all",
    }
    return all(wanted.facts.get(f"{kind}.{name}", value) == value for name, value in told.items())


def apart(total: int, among: int) -> list[int]:
    """Amounts, none of them zero, that add up to a total: one for each subscription, or two that cancel out."""
    if among <= 1:
        return [total] if total else [USUAL, -USUAL]
    half = total // 2
    if half and total - half:
        return [total - half, half]
    return [total + USUAL, -USUAL]


def asked_apart(size: Size, among: int) -> tuple[list[int], list[int]]:
    """The lines of a document and what is asked of the first of them; a last line makes it what it is, if it must."""
    parts, asked = apart(size.amount, among), apart(size.asked, among)
    if len(parts) == len(asked) and all(0 < one <= part for one, part in zip(asked, parts, strict=True)):
        return parts, asked
    rest = size.amount - size.asked
    return [*asked, *([rest] if rest else [])], asked


def open_apart(parts: list[int], balance: int) -> list[int]:
    """What is open of each part, where so much is open of all: something of each, as far as it can be."""
    total = sum(parts)
    if balance == total:
        return parts
    if not balance:
        return [0] * len(parts)
    if all(part * total > 0 for part in parts):
        shares = [balance * part // total for part in parts[1:]]
        return [balance - sum(shares), *shares]
    used = total - balance
    taken = next((place for place, part in enumerate(parts) if part * total > 0 and abs(part) >= abs(used)), 0)
    return [part - used if place == taken else part for place, part in enumerate(parts)]
