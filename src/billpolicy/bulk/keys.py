"""The keys of a policy for many rows: of each decision how a key is found then, and of each row what was found.

Which levels of a row have a value is a row of bits, and which of them is the first of a chain a look into a table. A
setting is a chain of no levels that ends in its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billpolicy.bulk.batch import Batch
from billpolicy.bulk.values import Bools, Ints
from billpolicy.vocabulary.spec import LEVELS, Level

_NOWHERE = -1
Value = str | int | bool
TEXT = pa.dictionary(pa.int32(), pa.string())


class Key:
    """One key of a result, of all operations and versions together: what its columns can have."""

    def __init__(self, name: str, kind: type) -> None:
        """`kind`: of its values, `str` of what is found by a chain."""
        self.name = name
        self.rules: dict[str, int] = {}
        """All that can decide it, each with its number."""
        self.held: dict[str, int] = {}
        """The columns in which levels may have a value of it; none of a setting."""
        self.by_chain = False
        self.constants: dict[Value, int] = {}
        """Values that the policy itself has: of a setting, or of level `default`."""
        self._type = {str: pa.string(), int: pa.int64(), bool: pa.bool_()}[kind]

    @property
    def fields(self) -> list[pa.Field]:
        """Its columns in a result."""
        value = pa.field(self.name, TEXT if self._type == pa.string() else self._type)
        level = [pa.field(f"{self.name}.level", TEXT)] if self.by_chain else []
        return [value, *level, pa.field(f"{self.name}.rule", TEXT)]

    def begins(self, batch: Batch) -> list[int]:
        """Where the words of each column of a batch begin among all that a value can be, and last its constants."""
        lengths = [len(batch.composed(name).words) for name in self.held]
        return [sum(lengths[:place]) for place in range(len(lengths) + 1)]

    def values(self, batch: Batch) -> pa.Array:
        """All that a value can be in a batch: the words of each column, and last its constants."""
        words = [batch.composed(name).words for name in self.held]
        return pa.chunked_array([*words, pa.array(list(self.constants), self._type)], self._type).combine_chunks()

    def columns(self, batch: Batch, found: Found, refused: Bools | None) -> list[pa.Array]:
        """Its columns of a result, without anything where a row is refused."""
        values = self.values(batch)
        places = found.values
        once = pc.dictionary_encode(values)
        if len(once.dictionary) < len(values):  # several levels have the same words
            values, places = once.dictionary, np.append(once.indices.to_numpy(), np.int32(_NOWHERE))[places]
        none = _either(refused, found.rules < 0)
        numbers = pa.array(places, pa.int32(), mask=none)
        textual = self._type == pa.string()
        columns = [pa.DictionaryArray.from_arrays(numbers, values) if textual else values.take(numbers)]
        if self.by_chain:
            columns.append(named(found.levels, LEVELS, _either(none, found.levels < 0)))
        return [*columns, named(found.rules, list(self.rules), none)]


class Found(NamedTuple):
    """Of each row what was found of a key; anything where it is refused."""

    values: Ints
    """Places in `Key.values`."""
    levels: Ints
    """Places in `LEVELS`, -1 of a setting."""
    rules: Ints

    @classmethod
    def nothing(cls, rows: int) -> Found:
        return cls(*(np.full(rows, _NOWHERE, type_) for type_ in (np.int32, np.int8, np.int32)))

    def put(self, rows: Ints, found: Found) -> None:
        """Take over what was found of these rows."""
        for mine, theirs in zip(self, found, strict=True):
            mine[rows] = theirs


def named(places: Ints, names: Sequence[str], none: Bools | None) -> pa.Array:
    """A column of these names; `none`: which rows have none."""
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32(), mask=none), pa.array(names, pa.string()))


def _either(one: Bools | None, other: Bools) -> Bools | None:
    return one if not other.any() else other if one is None else one | other


class _Way(NamedTuple):
    """How a value is found, rules apart: what two decisions have in common."""

    levels: tuple[Level, ...]
    constant: Value | None
    """That of level `default`, or of a setting."""


class _Tables(NamedTuple):
    """What is known of the decisions so far, to look up many at once."""

    way: Ints
    """Of each decision where its way begins in the other two."""
    rule: Ints
    source: Ints
    level: Ints


class Ways:
    """One key of one operation: of each decision its way and its rule."""

    def __init__(self, key: Key, held: Sequence[tuple[Level, str]], rules: Sequence[str]) -> None:
        """`held`: the columns that there are, by level. `rules`: all that can decide."""
        self.key = key
        self._held = held
        for rule in rules:
            key.rules.setdefault(rule, len(key.rules))
        for _, column in held:
            key.held.setdefault(column, len(key.held))
        self._ways: dict[_Way, int] = {}
        self._source: list[list[int]] = []
        """Of each way, for each set of levels that have a value, as bits: the column to take; below -1 a constant."""
        self._level: list[list[int]] = []
        self._way_of: list[int] = []
        self._rule_of: list[int] = []
        self._tables: _Tables | None = None

    def add(self, levels: tuple[Level, ...], constant: Value | None, rule: str | None) -> None:
        """One decision more; without a rule, nothing is decided."""
        way = _Way(levels, constant)
        if way not in self._ways:
            self._ways[way] = len(self._ways)
            self._tabulate(way)
        self._tables = None
        self._way_of.append(self._ways[way])
        self._rule_of.append(0 if rule is None else self.key.rules[rule])

    def forget(self) -> None:
        """Begin the decisions anew."""
        self._tables = None
        self._way_of.clear()
        self._rule_of.clear()

    def _tabulate(self, way: _Way) -> None:
        found = [self._first(way, there) for there in range(1 << len(self._held))]
        self._source.append([source for source, _ in found])
        self._level.append([level for _, level in found])

    def _first(self, way: _Way, there: int) -> tuple[int, int]:
        """The source and the level of a row where these columns have a value, as bits."""
        having = {level: column for bit, (level, column) in enumerate(self._held) if there >> bit & 1}
        level = next(
            (one for one in way.levels if one in having or (one == "default" and way.constant is not None)), None
        )
        if level in having:
            return self.key.held[having[level]], LEVELS.index(level)
        if way.constant is None:
            return _NOWHERE, _NOWHERE
        number = self.key.constants.setdefault(way.constant, len(self.key.constants))
        return -2 - number, _NOWHERE if level is None else LEVELS.index(level)

    def walk(self, decisions: Ints, batch: Batch, rows: Ints | None) -> tuple[Found, Bools]:
        """What is found of some rows of a batch, and for which of them nothing is."""
        tables = self._tables = self._tables or self._tabled()
        texts = [batch.texts(column, rows) for _, column in self._held]
        places = tables.way[decisions]
        for bit, column in enumerate(texts):
            places |= (column.numbers >= 0).astype(np.int32) << bit
        source = tables.source[places]
        *begins, constants = self.key.begins(batch)
        # Each row has one source, and to multiply by 0 or 1 is faster than to choose.
        values = (np.int32(constants - 2) - source) * (source < _NOWHERE)
        for (_, name), column in zip(self._held, texts, strict=True):
            number = self.key.held[name]
            values += (column.numbers + np.int32(begins[number])) * (source == number)
        return Found(values, tables.level[places], tables.rule[decisions]), source == _NOWHERE

    def _tabled(self) -> _Tables:
        return _Tables(
            np.array(self._way_of, np.int32) << len(self._held),
            np.array(self._rule_of, np.int32),
            np.array(self._source, np.int16).ravel(),
            np.array(self._level, np.int8).ravel(),
        )
