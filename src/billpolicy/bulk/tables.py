"""Columns in, decisions out: what everything else stands on, files, DuckDB and Spark.

A table has a row for each document, with columns as `deciding/columns.py` says; the result has the same rows in the
same order, and for each key of the policy its value, the level that had it and the rule that decided.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator, Sequence
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import pyarrow as pa

from billpolicy.bulk.arguments import expect_to_decide
from billpolicy.bulk.batch import Batch
from billpolicy.bulk.csv_cells import Unread
from billpolicy.bulk.keys import TEXT, Found, Key, named
from billpolicy.bulk.nobody import NoOperation, NoVersion
from billpolicy.bulk.part import Part
from billpolicy.bulk.refusals import NONE, Refusals
from billpolicy.bulk.tally import Tally
from billpolicy.bulk.types import type_wrong
from billpolicy.bulk.values import Ints
from billpolicy.deciding.columns import its_own, known_to
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.rows import DATE
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import OperationSpec, Vocabulary

MOST_ROWS = 1 << 19
"""Rows that are decided together: enough that what is done once for each batch does not count, and some 100 MB."""
_LEAST_ROWS = 1 << 16
OPERATION, REFUSED = "operation", "refused"
_NOBODY, _NO_VERSION = -2, -1
_NO_DAY = -(2**31)
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_Rows = TypeVar("_Rows", pa.Table, pa.RecordBatchReader)
_Decides = Part | NoOperation | NoVersion
_Split = list[tuple[_Decides, Ints]]


class Bulk:
    """Operations under the versions of a policy, for batches of one schema."""

    def __init__(
        self,
        policy: Versions,
        operation: str | Sequence[str],
        schema: pa.Schema,
        *,
        unset: Collection[str] = (),
        keep: Collection[str] = (),
        vocabulary: Vocabulary = VOCABULARY,
        beside: Versions | None = None,
    ) -> None:
        """`operation`: what every row is; of several, a column `operation` says which. `unset`: columns that the data
        does not have, as no row would have a value. `keep`: columns of the data that the result has, too. `beside`:
        what the same rows are decided by as well, and so have columns for.

        Raises `Refused` where that cannot be decided by these columns.
        """
        names = (operation,) if isinstance(operation, str) else tuple(dict.fromkeys(operation))
        self._operations = _specs(names, vocabulary)
        self._by_column = not isinstance(operation, str)
        self._schema = schema
        self._keep = tuple(keep)
        self._resolvers = policy.resolvers
        self._beside = () if beside is None else beside.resolvers
        self._edges, self._version_after = _stretches(self._resolvers)
        self.refusals = Refusals()
        self.keys: dict[str, Key] = {}
        self._parts = self._made(schema.names, unset)
        self.schema = self._result(schema)
        """Of the result."""
        self.tally = Tally()

    def _made(self, names: Sequence[str], unset: Collection[str]) -> list[list[Part]]:
        """Of each operation its parts, version by version. What one of them knows, another need not; what is kept and
        none of them knows means nothing."""
        every = (*self._resolvers, *self._beside)
        by_any = {name for one in every for spec in self._operations for name in known_to(one.policy, spec)}
        passed = {name for name in self._keep if name not in by_any} | ({OPERATION} if self._by_column else set())
        wanted = [name for name in names if name not in passed]
        problems: list[Diagnostic] = []
        made: list[list[Part]] = []
        for spec in self._operations:
            made.append([])
            for resolver in self._resolvers:
                mine, not_there = (its_own(resolver.policy, spec, each, by_any) for each in (wanted, unset))
                try:
                    part = Part(resolver, spec, self._schema, mine, self.keys, self.refusals, unset=not_there)
                    made[-1].append(part)
                except Refused as refused:
                    problems += refused.diagnostics
        if self._by_column:
            problems += self._operation_wrong()
        if problems:
            raise Refused(problems)
        return made

    def _operation_wrong(self) -> list[Diagnostic]:
        if OPERATION not in self._schema.names:
            message = "there is no column `operation`, which says of each row which one of them it is"
            return [Diagnostic("row-column-missing", message, None, "add it; or name one operation")]
        wrong = type_wrong(self._schema, OPERATION)
        return [wrong] if wrong else []

    def _result(self, schema: pa.Schema) -> pa.Schema:
        """The columns that are kept, then those of each key, and why a row is refused."""
        fields = [*(field for key in self.keys.values() for field in key.fields), pa.field(REFUSED, TEXT)]
        names = {field.name for field in fields}
        problems = [_not_there(name, schema.names) for name in self._keep if name not in schema.names]
        problems += [_twice(name) for name in self._keep if name in names]
        problems += [_there_twice(name) for name in self._keep if schema.names.count(name) > 1]
        if problems:
            raise Refused(problems)
        return pa.schema([*(schema.field(name) for name in self._keep), *fields])

    # -- a batch -------------------------------------------------------------------------------------------------------

    def decide(self, batch: pa.RecordBatch, unread: Unread = MappingProxyType({})) -> pa.RecordBatch:
        """What is decided of each row. `unread`: cells that are none of their column, which refuse their rows.

        Raises `EngineError`.
        """
        read = Batch(batch, unread)
        split = self._split(read)
        found, refused = self._found(read, split)
        self.tally.add(read, self.keys, found, refused, self.refusals, split)
        is_refused = refused != NONE
        mask = is_refused if is_refused.any() else None
        columns = [batch.column(name) for name in self._keep]
        for name, key in self.keys.items():
            columns += key.columns(read, found.get(name) or Found.nothing(read.rows), mask)
        columns.append(named(refused, self.refusals.texts, ~is_refused))
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def find(self, batch: Batch) -> tuple[dict[str, Found], Ints]:
        """Of each key what is found, and of each row the number of its refusal; not counted. Raises `EngineError`."""
        return self._found(batch, self._split(batch))

    def _found(self, batch: Batch, split: _Split) -> tuple[dict[str, Found], Ints]:
        if len(split) == 1 and isinstance(split[0][0], Part):
            return split[0][0].decide(batch, None)
        return self._of_several(batch, split)

    def _of_several(self, batch: Batch, split: _Split) -> tuple[dict[str, Found], Ints]:
        """What several parts find, each of its rows."""
        found = {name: Found.nothing(batch.rows) for name in self.keys}
        refused: Ints = np.full(batch.rows, NONE, np.int32)
        for part, rows in split:
            if not isinstance(part, Part):
                refused[rows] = self.refusals.number(part.reason)
                continue
            of_part, refused[rows] = part.decide(batch, rows)
            for name, one in of_part.items():
                found[name].put(rows, one)
        return found, refused

    def operations_of(self, batch: Batch) -> Ints:
        """Of each row the place of its operation among those asked for; below 0 where it is none of them."""
        if not self._by_column:
            return np.zeros(batch.rows, np.int16)
        texts = batch.texts(OPERATION)
        place_of = {spec.name: place for place, spec in enumerate(self._operations)}
        places = [place_of.get(word, _NOBODY) for word in texts.words.to_pylist()]
        found: Ints = np.array([*places, _NOBODY], np.int16)[texts.numbers]
        return found

    def _split(self, batch: Batch) -> _Split:
        """Who decides which rows."""
        whose = self.operations_of(batch)
        versions = len(self._resolvers)
        if versions > 1:
            days = batch.column(DATE).cast(pa.int32()).fill_null(_NO_DAY).to_numpy(zero_copy_only=False)
            version = np.array(self._version_after, np.int16)[np.searchsorted(self._edges, days, side="right")]
            version[days == _NO_DAY] = 0  # whichever says that there must be one
            whose = np.where(version < 0, np.minimum(whose, _NO_VERSION), whose * versions + version)
            whose = np.where(whose < _NO_VERSION, _NOBODY, whose)
        counts = np.bincount(whose - _NOBODY)
        if np.count_nonzero(counts) == 1:
            return [(self._part(int(whose[0])), np.arange(batch.rows))]
        in_order = np.argsort(whose, kind="stable")  # of so small numbers as fast as reading them
        ends = np.cumsum(counts)
        return [
            (self._part(int(place) + _NOBODY), in_order[ends[place] - counts[place] : ends[place]])
            for place in np.flatnonzero(counts)
        ]

    def _part(self, number: int) -> _Decides:
        if number == _NOBODY:
            return NoOperation([spec.name for spec in self._operations], OPERATION)
        if number == _NO_VERSION:
            return NoVersion(DATE)
        operation, version = divmod(number, len(self._resolvers))
        return self._parts[operation][version]


def resolve_table(
    policy: Versions,
    operation: str | Sequence[str],
    table: _Rows,
    *,
    unset: Collection[str] = (),
    keep: Collection[str] = (),
) -> _Rows:
    """What a policy decides of each row of a table of Arrow, as a table of the same rows in the same order.

    Columns are called as conditions and levels are: `account.country`, `amount` and `amount.currency`, `date`,
    `subscription.bill_to_contact`. `operation`: what every row is; of several, a column `operation` says which.
    `unset`: columns that the data does not have, as no row would have a value. `keep`: columns of the data that the
    result has, too.

    The result has for each key of the policy its value (`KEY`), the level that had it (`KEY.level`) and the rule that
    decided (`KEY.rule`), or nothing of these where the row is refused, and why in `refused`. Of a `RecordBatchReader`
    it is one that decides while it is read. Raises `Refused` where the columns are not what the policy asks for.
    """
    expect_to_decide(policy, operation, unset, keep)
    expect(table, (pa.Table, pa.RecordBatchReader), "`table` must be a Table or a RecordBatchReader of pyarrow")
    bulk = Bulk(policy, operation, table.schema, unset=unset, keep=keep)
    if isinstance(table, pa.RecordBatchReader):
        return pa.RecordBatchReader.from_batches(bulk.schema, map(bulk.decide, sized(table)))
    return pa.Table.from_batches(map(bulk.decide, sized(table.to_batches())), bulk.schema)


def sized(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches that are neither too large nor too small."""
    small: list[pa.RecordBatch] = []
    for batch in batches:
        small.append(batch)
        if sum(each.num_rows for each in small) >= _LEAST_ROWS:
            yield from _together(small)
            small = []
    yield from _together(small)


def plain(schema: pa.Schema) -> pa.Schema:
    """The same columns, none of them by a dictionary."""
    types = (field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in schema)
    return pa.schema([field.with_type(type_) for field, type_ in zip(schema, types, strict=True)])


def _together(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if not batches:
        return
    whole = batches[0] if len(batches) == 1 else pa.concat_batches(batches)
    for begins in range(0, whole.num_rows, MOST_ROWS):
        yield whole.slice(begins, MOST_ROWS)


def _stretches(resolvers: Sequence[Resolver]) -> tuple[list[int], list[int]]:
    """The days since 1970 on which versions begin or end, and the version in force before the first, and after each."""
    edges: list[int] = []
    after = [_NO_VERSION]
    for place, resolver in enumerate(resolvers):
        begins, ends = resolver.policy.effective
        if edges and edges[-1] == begins.toordinal() - _EPOCH:
            after[-1] = place
        else:
            edges.append(begins.toordinal() - _EPOCH)
            after.append(place)
        if ends is not None:
            edges.append(ends.toordinal() - _EPOCH)
            after.append(_NO_VERSION)
    return edges, after


def _specs(names: Sequence[str], vocabulary: Vocabulary) -> list[OperationSpec]:
    unknown = [name for name in names if name not in vocabulary]
    if unknown:
        raise Refused(
            Diagnostic("operation-unknown", f"there is no operation `{name}`", None, did_you_mean(name, vocabulary))
            for name in unknown
        )
    return [vocabulary[name] for name in names]


def _not_there(name: str, names: Sequence[str]) -> Diagnostic:
    hint = did_you_mean(name, names)
    if "," in name:
        hint = "name each column by itself: `" + " ".join(f"--keep {part.strip()}" for part in name.split(",")) + "`"
    return Diagnostic("row-column-missing", f"there is no column `{name}`, which is to be kept", None, hint)


def _there_twice(name: str) -> Diagnostic:
    return Diagnostic(
        "row-column-twice", f"there are several columns `{name}`, one of which is to be kept", None, "keep one of them"
    )


def _twice(name: str) -> Diagnostic:
    message = f"the result has a column `{name}` of its own, so none of the data can be kept by that name"
    return Diagnostic("row-column-twice", message, None, "rename it in the data")
