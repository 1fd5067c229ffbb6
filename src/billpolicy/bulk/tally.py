"""What became of all rows: counted as they pass, with a few of those that are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from billpolicy.bulk.keys import Found
from billpolicy.bulk.refusals import NONE
from billpolicy.bulk.values import Ints
from billpolicy.diagnostics.diagnostic import Diagnostic

MOST_EXAMPLES = 3
_RULE = ".rule"


class Example(NamedTuple):
    """A row that is refused: its number in the data, from 1, and why."""

    row: int
    objections: tuple[Diagnostic, ...]


class Refusal(NamedTuple):
    """Rows that are refused for the same reasons."""

    reasons: str
    """As in the column `refused`: `chain-exhausted: payment_term`."""
    rows: int
    examples: tuple[Example, ...]


class _Explains(Protocol):
    def objections(self, batch: pa.RecordBatch, row: int) -> list[Diagnostic]:
        """Why a row is refused, in words."""


class Tally:
    """What was counted so far."""

    def __init__(self) -> None:
        self.rows = 0
        self.refused = 0
        self.by_rule: dict[str, Counter[str]] = {}
        """Of each key the rules that decided it, and of how many rows."""
        self._refusals: Counter[str] = Counter()
        self._examples: dict[str, list[Example]] = {}

    @property
    def decided(self) -> int:
        """The rows that were not refused."""
        return self.rows - self.refused

    @property
    def refusals(self) -> Iterator[Refusal]:
        """Why rows were refused, the most frequent reasons first."""
        for reasons, count in sorted(self._refusals.items(), key=lambda each: (-each[1], each[0])):
            yield Refusal(reasons, count, tuple(self._examples[reasons]))

    def add(
        self,
        batch: pa.RecordBatch,
        found: Mapping[str, Found],
        refused: Ints,
        texts: Sequence[str],
        explains: _Explains | None,
        rows: Ints | None = None,
    ) -> None:
        """Count the rows of a batch. `rows`: their places among those that are counted next, where these are more."""
        fine = refused == NONE
        all_fine = bool(fine.all())
        for name, column in found.items():
            if name.endswith(_RULE):
                counts = np.bincount(column.places if all_fine else column.places[fine])
                decided = self.by_rule.setdefault(name.removesuffix(_RULE), Counter())
                for place in np.flatnonzero(counts):
                    decided[column.values[int(place)].as_py()] += int(counts[place])
        for number in () if all_fine else np.unique(refused[~fine]):
            those = np.flatnonzero(refused == number)
            text = texts[int(number)]
            self._refusals[text] += len(those)
            self.refused += len(those)
            known = self._examples.setdefault(text, [])
            for row in those[: MOST_EXAMPLES - len(known)]:
                objections = () if explains is None else tuple(explains.objections(batch, int(row)))
                known.append(Example(self.rows + 1 + int(row if rows is None else rows[row]), objections))
