"""What became of all rows: counted as they pass, with a few of those that are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, cast

import numpy as np

from billpolicy.bulk.batch import Batch
from billpolicy.bulk.keys import Found, Key
from billpolicy.bulk.refusals import NONE, Refusals
from billpolicy.bulk.values import Ints
from billpolicy.diagnostics.codes import Code
from billpolicy.diagnostics.diagnostic import Diagnostic

MOST_EXAMPLES = 3
_MOST_EXPLAINED = 30
"""Rows of the same reasons that are explained, to find some with other messages: each is decided by itself."""
_RULE = ".rule"


class Example(NamedTuple):
    """A row that is refused: its number in the data, from 1, and why."""

    row: int
    objections: tuple[Diagnostic, ...]


class Refusal(NamedTuple):
    """Rows that are refused for the same reasons."""

    reasons: str
    """As in the column `refused`: `chain-exhausted: payment_term`."""
    codes: tuple[Code, ...]
    rows: int
    examples: tuple[Example, ...]
    """The first row, and a few more that are refused in other words."""


class Explains(Protocol):
    """Who can tell why a row of a batch is refused."""

    def objections(self, batch: Batch, row: int) -> list[Diagnostic]:
        """In words."""


class Tally:
    """What was counted so far."""

    def __init__(self) -> None:
        self.rows = 0
        self.refused = 0
        self.by_rule: dict[str, Counter[str]] = {}
        """Of each key the rules that decided it, and of how many rows."""
        self._refusals: Counter[str] = Counter()
        self._codes: dict[str, tuple[Code, ...]] = {}
        self._examples: dict[str, list[Example]] = {}
        self._explained: Counter[str] = Counter()

    @property
    def decided(self) -> int:
        """The rows that were not refused."""
        return self.rows - self.refused

    @property
    def refusals(self) -> Iterator[Refusal]:
        """Why rows were refused, the most frequent reasons first."""
        for reasons, count in sorted(self._refusals.items(), key=lambda each: (-each[1], each[0])):
            yield Refusal(reasons, self._codes[reasons], count, tuple(self._examples[reasons]))

    def add(
        self,
        batch: Batch,
        keys: Mapping[str, Key],
        found: Mapping[str, Found],
        refused: Ints,
        refusals: Refusals,
        split: Sequence[tuple[Explains, Ints]],
    ) -> None:
        """Count the rows of a batch. `split`: who decided which of its rows."""
        fine = refused == NONE
        all_fine = bool(fine.all())
        for name, one in found.items():
            rules = one.rules if all_fine else one.rules[fine & (one.rules >= 0)]
            counts = np.bincount(rules[rules >= 0], minlength=len(keys[name].rules))
            decided = self.by_rule.setdefault(name, Counter())
            decided.update({rule: int(counts[number]) for rule, number in keys[name].rules.items() if counts[number]})
        for number in () if all_fine else np.unique(refused[~fine]):
            those = np.flatnonzero(refused == number)
            text = refusals.texts[int(number)]
            self._codes[text] = tuple(cast(Code, one.partition(":")[0]) for one in refusals.reasons[int(number)])
            self._refusals[text] += len(those)
            self.refused += len(those)
            known = self._examples.setdefault(text, [])
            for row in those[: _MOST_EXPLAINED - self._explained[text]]:
                if len(known) == MOST_EXAMPLES:
                    break
                self._explained[text] += 1
                who = next(who for who, rows in split if row in rows)
                objections = tuple(who.objections(batch, int(row)))
                if all(example.objections != objections for example in known):
                    known.append(Example(self.rows + 1 + int(row), objections))
        self.rows += batch.rows
