"""Rows under two policies: which of them come out differently, counted by key, with the first of each.

Both policies decide the same columns, which are read once. What is compared are numbers: of each value, level and
refusal that there is in a batch, and never row by row in Python. An outcome is what it is everywhere
(`comparing/outcomes.py`): which rule decides is none, and of a refusal its codes are one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from billpolicy.bulk.arguments import expect_to_decide
from billpolicy.bulk.batch import Batch
from billpolicy.bulk.csv_cells import Unread
from billpolicy.bulk.keys import Found, Key, Value
from billpolicy.bulk.refusals import NONE
from billpolicy.bulk.tables import Bulk, sized
from billpolicy.bulk.values import Bools, Ints
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Refused
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import LEVELS, Level, Vocabulary

EXAMPLES = 3
"""Rows that are told of each kind of difference."""
_NOTHING = -1
Kind = Literal["value", "level", "refused", "no_longer_refused", "refused_otherwise"]
"""How a row differs: another value of a key, or the same from another level; a refusal in place of decisions, the
reverse, or for other reasons."""


class RowOutcome(NamedTuple):
    """What one policy makes of a key of a row, or why it refuses the row."""

    value: Value | None
    """None where the policy does not decide the key. Of a refusal its reasons, as in the column `refused`."""
    level: Level | None = None
    rule: str | None = None


class RowApart(NamedTuple):
    """A row that comes out differently."""

    row: int
    """Its number in the data, from 1."""
    kept: dict[str, Any]
    """What it has in the columns that are kept."""
    old: RowOutcome | None
    """None where only the other policy refuses it."""
    new: RowOutcome | None


class RowsApart(NamedTuple):
    """One kind of difference of one key of one operation."""

    operation: str
    key: str | None
    """None of refusals."""
    kind: Kind
    rows: int
    examples: tuple[RowApart, ...]
    """The first of them."""


class TableDifference:
    """What was compared so far."""

    def __init__(self) -> None:
        self.rows = 0
        self.differing = 0
        """Rows of which anything comes out differently."""
        self._counts: dict[tuple[str, str | None, Kind], int] = {}
        self._examples: dict[tuple[str, str | None, Kind], list[RowApart]] = {}

    @property
    def changes(self) -> tuple[RowsApart, ...]:
        """What differs, the most frequent of an operation first."""
        in_order = sorted(self._counts.items(), key=lambda one: (one[0][0], -one[1], one[0][1] or "", one[0][2]))
        return tuple(RowsApart(*group, count, tuple(self._examples[group])) for group, count in in_order)

    def add(self, operation: str, key: str | None, kind: Kind, rows: int) -> list[RowApart]:
        """Count rows that differ. Gives the examples so far, to which more may be added."""
        group = operation, key, kind
        self._counts[group] = self._counts.get(group, 0) + rows
        return self._examples.setdefault(group, [])


class Comparing:
    """Two policies, for batches of one schema."""

    def __init__(
        self,
        old: Versions,
        new: Versions,
        operation: str | Sequence[str],
        schema: pa.Schema,
        *,
        unset: Collection[str] = (),
        keep: Collection[str] = (),
        examples: int = EXAMPLES,
        vocabulary: Vocabulary = VOCABULARY,
    ) -> None:
        """As `compare_tables`. Raises `Refused` with all that keeps either policy from deciding by these columns."""
        made = []
        problems = []
        for policy, other in ((old, new), (new, old)):
            try:
                one = Bulk(policy, operation, schema, unset=unset, keep=keep, vocabulary=vocabulary, beside=other)
                made.append(one)
            except Refused as refused:
                problems += refused.diagnostics
        if problems:
            raise Refused(dict.fromkeys(problems))
        self._old, self._new = made
        self._operations = (operation,) if isinstance(operation, str) else tuple(dict.fromkeys(operation))
        self._keep, self._examples = tuple(keep), examples
        self._codes: dict[str, int] = {}
        """The codes of each refusal, whichever policy has it, with a number."""
        self.difference = TableDifference()

    def compare(self, batch: pa.RecordBatch, unread: Unread = MappingProxyType({})) -> None:
        """Count what differs of the rows of a batch. `unread`: cells that are none of their column.

        Raises `EngineError`.
        """
        read = Batch(batch, unread)
        (before, was), (after, now) = self._old.find(read), self._new.find(read)
        operations = self._old.operations_of(read)
        apart = self._refusals(read, operations, was, now)
        decided = (was == NONE) & (now == NONE)
        for name in dict.fromkeys((*self._old.keys, *self._new.keys)):
            old = _Side(read, self._old.keys.get(name), before.get(name))
            new = _Side(read, self._new.keys.get(name), after.get(name))
            values, levels = _differing(old, new)
            values &= decided
            levels &= decided
            apart |= values | levels
            self._count(read, operations, values, name, "value", old, new)
            self._count(read, operations, levels, name, "level", old, new)
        self.difference.rows += read.rows
        self.difference.differing += int(np.count_nonzero(apart))

    def _refusals(self, batch: Batch, operations: Ints, was: Ints, now: Ints) -> Bools:
        """Count rows that are refused under one of the policies, or for other reasons; these are given."""
        old, new = _Refusing(self._old, was, self._codes), _Refusing(self._new, now, self._codes)
        apart: Bools = old.codes != new.codes
        if apart.any():
            self._count(batch, operations, apart & (was == NONE), None, "refused", old, new)
            self._count(batch, operations, apart & (now == NONE), None, "no_longer_refused", old, new)
            both = apart & (was != NONE) & (now != NONE)
            self._count(batch, operations, both, None, "refused_otherwise", old, new)
        return apart

    def _count(
        self,
        batch: Batch,
        operations: Ints,
        apart: Bools,
        key: str | None,
        kind: Kind,
        old: _Side | _Refusing,
        new: _Side | _Refusing,
    ) -> None:
        rows = np.flatnonzero(apart)
        of_rows = operations[rows]
        for place in np.unique(of_rows).tolist():
            those = rows[of_rows == place]
            known = self.difference.add(self._operations[place], key, kind, len(those))
            for row in those[: self._examples - len(known)].tolist():
                kept = {name: batch.value(name, row) for name in self._keep}
                known.append(RowApart(self.difference.rows + 1 + row, kept, old.outcome(row), new.outcome(row)))


class _Side:
    """What one policy finds of a key in the rows of a batch."""

    def __init__(self, batch: Batch, key: Key | None, found: Found | None) -> None:
        self.found = Found.nothing(batch.rows) if found is None else found
        self.values = pa.array([], pa.string()) if key is None else key.values(batch)
        self.rules = () if key is None else tuple(key.rules)

    def outcome(self, row: int) -> RowOutcome:
        """Of one row."""
        value, level, rule = (int(each[row]) for each in self.found)
        if rule < 0:
            return RowOutcome(None)
        return RowOutcome(self.values[value].as_py(), None if level < 0 else LEVELS[level], self.rules[rule])


class _Refusing:
    """Which rows of a batch one policy refuses, and why."""

    def __init__(self, bulk: Bulk, refused: Ints, codes: dict[str, int]) -> None:
        self._texts, self._refused = bulk.refusals.texts, refused
        numbers = [codes.setdefault(_codes(reasons), len(codes)) for reasons in bulk.refusals.reasons]
        self.codes: Ints = np.array([*numbers, NONE], np.int32)[refused]
        """Of each row the number of the codes, which both policies have in common."""

    def outcome(self, row: int) -> RowOutcome | None:
        """Of one row."""
        number = int(self._refused[row])
        return None if number == NONE else RowOutcome(self._texts[number])


def _codes(reasons: Sequence[str]) -> str:
    """Without what is said of them: that has the lines of a policy in it."""
    return ", ".join(sorted({one.partition(":")[0] for one in reasons}))


def _differing(old: _Side, new: _Side) -> tuple[Bools, Bools]:
    """Which rows have another value, and which the same from another level."""
    one, other = old.values, new.values
    if one.type != other.type:
        one, other = one.cast(pa.string()), other.cast(pa.string())
    numbers = pa.chunked_array([one, other]).combine_chunks().dictionary_encode().indices.to_numpy()
    before, after = numbers[: len(one)], numbers[len(one) :]
    values: Bools = _numbered(before, old.found) != _numbered(after, new.found)
    return values, ~values & (old.found.levels != new.found.levels)


def _numbered(numbers: Ints, found: Found) -> Ints:
    """Of each row the number of its value; the same for what nobody decides."""
    nothing = np.append(numbers, np.int32(_NOTHING))
    each: Ints = nothing[np.where(found.rules < 0, _NOTHING, found.values)]
    return each


def compare_tables(
    old: Versions,
    new: Versions,
    operation: str | Sequence[str],
    table: pa.Table | pa.RecordBatchReader,
    *,
    unset: Collection[str] = (),
    keep: Collection[str] = (),
    examples: int = EXAMPLES,
) -> TableDifference:
    """Which rows of a table of Arrow come out differently under one policy than under another.

    Columns, `operation` and `unset` are as those of `resolve_table`; a column that only one of the policies asks for
    must be there, or be unset, too. `keep`: columns that are told with each row. `examples`: how many rows are told of
    each kind of difference; all are counted. Raises `Refused` where the columns are not what the policies ask for.
    """
    expect(old, Versions, "`old` must be what `load_policy` gives")
    expect_to_decide(new, operation, unset, keep, named="new")
    expect(table, (pa.Table, pa.RecordBatchReader), "`table` must be a Table or a RecordBatchReader of pyarrow")
    expect(examples, int, "`examples` must be a whole number")
    comparing = Comparing(old, new, operation, table.schema, unset=unset, keep=keep, examples=examples)
    for batch in sized(table if isinstance(table, pa.RecordBatchReader) else table.to_batches()):
        comparing.compare(batch)
    return comparing.difference
