"""One small number for each combination of classes of facts: rows with the same one are decided alike, so once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billpolicy.bulk.values import Ints

SMALL = 1 << 22
"""Numbers below it are places in a table of all of them: some megabytes."""
_MOST = 1 << 62
_MOST_RENUMBERED = 1 << 40
"""More than a numbering ever has, as it is forgotten in time."""


class Codes:
    """Combinations of so many classes."""

    def __init__(self, counts: Sequence[int]) -> None:
        """`counts`: of each fact the number of its classes."""
        self._counts = counts
        self._numberings: dict[int, dict[int, int]] = {}
        """After so many facts: what was combined of them -> its number, counted as they come."""

    @property
    def full(self) -> bool:
        """Whether there are so many that they should be forgotten."""
        return any(len(numbering) >= SMALL for numbering in self._numberings.values())

    def forget(self) -> None:
        """Begin anew: numbers that were given mean nothing any more."""
        self._numberings.clear()

    def of(self, classes: Sequence[Ints], rows: int) -> Ints:
        """Of each row the number of its combination. The same one has the same number, until they are forgotten."""
        codes: Ints = np.zeros(rows, np.int64)
        size = 1
        for place, (count, each) in enumerate(zip(self._counts, classes, strict=True)):
            if size * count >= _MOST:
                codes, size = self._renumbered(place, codes), _MOST_RENUMBERED
            if place:
                codes *= count
            codes += each
            size *= count
        return codes if size <= SMALL else self._renumbered(len(self._counts), codes)

    def _renumbered(self, place: int, codes: Ints) -> Ints:
        numbering = self._numberings.setdefault(place, {})
        encoded = pc.dictionary_encode(pa.array(codes))
        numbers = [numbering.setdefault(code, len(numbering)) for code in encoded.dictionary.to_pylist()]
        found: Ints = np.array(numbers, np.int64)[encoded.indices.to_numpy()]
        return found
