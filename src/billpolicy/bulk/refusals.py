"""Why rows are refused: each reason once as a text, and of each row the number of its reasons."""

from __future__ import annotations

import numpy as np

from billpolicy.bulk.values import Bools, Ints

NONE = -1
"""In place of the number of a reason: the row is not refused."""


class Refusals:
    """The reasons that there were so far."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[tuple[str, ...], int] = {}
        self.reasons: list[tuple[str, ...]] = []
        """Of each text what it is made of."""

    def number(self, *reasons: str) -> int:
        """The number of rows that are refused for these reasons: `chain-exhausted: payment_term`."""
        if reasons not in self._numbers:
            self._numbers[reasons] = len(self.texts)
            self.reasons.append(reasons)
            self.texts.append("; ".join(reasons))
        return self._numbers[reasons]

    def add(self, numbers: Ints, where: Bools, reason: str) -> None:
        """Give some rows one reason more."""
        rows = np.flatnonzero(where)
        before = numbers[rows]
        for number in np.unique(before):
            reasons = () if number == NONE else self.reasons[int(number)]
            numbers[rows[before == number]] = self.number(*reasons, reason)
