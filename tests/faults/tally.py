"""How often each fault was tried, and what became of the ledgers: counts that add up, as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

HEAD = ("fault", "times", "ledger whole", "acknowledged and lost", "done twice")


class Struck(NamedTuple):
    """One fault, and what became of the ledger."""

    fault: str
    """Which kind, as the table names it."""
    whole: bool
    lost: int = 0
    """How many transactions were acknowledged and are not there."""
    doubled: int = 0
    """How many documents are there that the same operations would not have made without the fault."""
    problem: str | None = None
    """What did not hold, and how to see it again."""

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(self._asdict())


def struck_of(line: str) -> Struck:
    """What `line` wrote."""
    return Struck(**json.loads(line))


@dataclass
class Row:
    """The counts of one kind of fault."""

    times: int = 0
    whole: int = 0
    lost: int = 0
    doubled: int = 0


@dataclass
class Tally:
    """The counts of every kind, in the order in which they came, and every problem."""

    rows: dict[str, Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, all_struck: Iterable[Struck]) -> None:
        """Count these."""
        for struck in all_struck:
            row = self.rows.setdefault(struck.fault, Row())
            row.times += 1
            row.whole += struck.whole
            row.lost += struck.lost
            row.doubled += struck.doubled
            if struck.problem is not None:
                self.problems.append(f"{struck.fault}: {struck.problem}")

    @property
    def times(self) -> int:
        """How many faults there were."""
        return sum(row.times for row in self.rows.values())

    def _cells(self) -> list[tuple[str, ...]]:
        cells = [(fault, *(f"{n:,}" for n in asdict(row).values())) for fault, row in self.rows.items()]
        total = [sum(asdict(row)[name] for row in self.rows.values()) for name in asdict(Row())]
        return [HEAD, *cells, ("all", *(f"{n:,}" for n in total))]

    def text(self) -> str:
        """For a terminal."""
        cells = self._cells()
        first, *others = (max(map(len, column)) for column in zip(*cells, strict=True))
        return "\n".join("  ".join((name.ljust(first), *map(str.rjust, counts, others))) for name, *counts in cells)

    def markdown(self) -> str:
        """For a page of the docs."""
        head, *rows = self._cells()
        lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
