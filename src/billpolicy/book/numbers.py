"""Numbers of documents: `CM00000042` is number 42 of the prefix `CM` (docs/domain.md 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MIN_DIGITS = 8
"""A counter has at least so many digits, padded with zeros; beyond that it just grows."""
_OF_A_SERIES = re.compile(rf"(.+?)([0-9]{{{MIN_DIGITS}}})")


@dataclass(frozen=True, slots=True)
class NumberDraw:
    """A number from the counter of one prefix: `number` is `prefix` and the padded `counter` (docs/domain.md 8)."""

    kind: str
    prefix: str
    start: int
    """The series' start number: the counter is never below it."""
    counter: int
    number: str


def split_number(number: str) -> tuple[str, int] | None:
    """Prefix and counter of a number that was given elsewhere; None if it is of no series.

    Where the number does not say how many of its digits are the counter's, the last 8 are: prefixes that end in a
    digit (`INV2026`) are common, series of a hundred million documents are not.
    """
    found = _OF_A_SERIES.fullmatch(number)
    return (found[1], int(found[2])) if found is not None else None


def highest_counters(numbers: Iterable[str]) -> dict[str, int]:
    """Prefix -> the highest counter among these numbers."""
    highest: dict[str, int] = {}
    for prefix, counter in filter(None, map(split_number, numbers)):
        highest[prefix] = max(counter, highest.get(prefix, 0))
    return highest
