"""How often each fault was tried, and what became of the ledgers: counts that add up, as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


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
    refused: bool = False
    """Whether whoever was at work was told of it, instead of a success."""

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(self._asdict())


def struck_of(line: str) -> Struck:
    """What `line` wrote."""
    return Struck(**json.loads(line))


@dataclass(frozen=True)
class Row:
    """The counts of one kind of fault."""

    times: int = 0
    whole: int = 0
    lost: int = 0
    doubled: int = 0
    refused: int = 0

    def __add__(self, other: Row) -> Row:
        return Row(
            self.times + other.times,
            self.whole + other.whole,
            self.lost + other.lost,
            self.doubled + other.doubled,
            self.refused + other.refused,
        )


@dataclass
class Tally:
    """The counts of every kind, in the order in which they came, and every problem."""

    rows: dict[str, Row] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, all_struck: Iterable[Struck]) -> None:
        """Count these."""
        for struck in all_struck:
            self._count(struck.fault, Row(1, struck.whole, struck.lost, struck.doubled, struck.refused))
            if struck.problem is not None:
                self.problems.append(f"{struck.fault}: {struck.problem}")

    def join(self, other: Tally) -> None:
        """Count what another one counted, too."""
        for fault, row in other.rows.items():
            self._count(fault, row)
        self.problems += other.problems

    def _count(self, fault: str, row: Row) -> None:
        self.rows[fault] = self.rows.get(fault, Row()) + row

    @property
    def times(self) -> int:
        """How many faults there were."""
        return self.total.times

    @property
    def total(self) -> Row:
        """Of every kind together."""
        return sum(self.rows.values(), Row())


def table(of_store: Mapping[str, Tally]) -> str:
    """For a page of the docs: how often each fault was tried in each database, and what became of all the ledgers."""
    faults = dict.fromkeys(fault for tally in of_store.values() for fault in tally.rows)
    lines = [_line(fault, [tally.rows.get(fault) for tally in of_store.values()]) for fault in faults]
    head = ("fault", *of_store, "ledger not whole", "acknowledged and lost", "done twice")
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join(map(_joined, (head, rule, *lines, _line("all", [tally.total for tally in of_store.values()]))))


def _line(fault: str, rows: Sequence[Row | None]) -> tuple[str, ...]:
    """A dash where it was not tried."""
    all_of = sum(filter(None, rows), Row())
    times = ("–" if row is None else f"{row.times:,}" for row in rows)
    return (fault, *times, *(f"{count:,}" for count in (all_of.times - all_of.whole, all_of.lost, all_of.doubled)))


def _joined(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
