"""What a measure was to reach, and what it reached: one row of the table in docs/performance.md."""

from __future__ import annotations

from typing import NamedTuple


class Goal(NamedTuple):
    """One row. A ratio is the median over the rounds of one run, each round's own ratio."""

    measure: str
    goal: str
    """In words: `at most 2 times a hand-written if/elif`."""
    found: str
    """The same, measured: `1.7 times`."""
