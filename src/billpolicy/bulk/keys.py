"""The keys of a policy for many rows: of each decision how a key is found then, and of each row what was found.

Which levels of a row have a value is a row of bits, and which of them is the first of a chain a look into a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billpolicy.bulk.values import Bools, Ints, Texts
from billpolicy.vocabulary.spec import LEVELS, Level

_NO_LEVEL = -1


class Found(NamedTuple):
    """A column of a result: of each row the place of its value among all of them; anything where a row is refused."""

    places: Ints
    values: pa.Array


class _Way(NamedTuple):
    """How the value of a key is found, rules apart: what two decisions have in common."""

    levels: tuple[Level, ...]
    default: str | None


class Chains:
    """One key that is found by a chain: where its values stand, and of each decision its way and its rule."""

    def __init__(self, key: str, held: Sequence[tuple[Level, str]], rules: Sequence[str]) -> None:
        """`held`: the columns that there are, by level. `rules`: all that can decide."""
        self.key = key
        self.held = held
        self.rules = {rule: number for number, rule in enumerate(rules)}
        self._ways: dict[_Way, int] = {}
        self._defaults: list[str] = []
        self._source: list[list[int]] = []
        self._level: list[list[int]] = []
        self.way_of: list[int] = []
        self.rule_of: list[int] = []

    def add(self, levels: tuple[Level, ...], default: str | None, rule: str | None) -> None:
        """One decision more; of no levels, where nothing is decided."""
        way = _Way(levels, default)
        if way not in self._ways:
            self._ways[way] = len(self._ways)
            self._tabulate(way)
        self.way_of.append(self._ways[way])
        self.rule_of.append(0 if rule is None else self.rules[rule])

    def _tabulate(self, way: _Way) -> None:
        """For each set of levels that have a value, as bits, which of them is taken."""
        if way.default is not None and way.default not in self._defaults:
            self._defaults.append(way.default)
        sources, levels = [], []
        for there in range(1 << len(self.held)):
            source = found = _NO_LEVEL
            for level in way.levels:
                if level == "default" and way.default is not None:
                    source, found = len(self.held) + self._defaults.index(way.default), LEVELS.index(level)
                    break
                place = next((place for place, (held, _) in enumerate(self.held) if held == level), None)
                if place is not None and there >> place & 1:
                    source, found = place, LEVELS.index(level)
                    break
            sources.append(source)
            levels.append(found)
        self._source.append(sources)
        self._level.append(levels)

    def forget(self) -> None:
        """Begin the decisions anew."""
        self.way_of.clear()
        self.rule_of.clear()

    def walk(self, decisions: Ints, texts: Mapping[str, Texts]) -> tuple[dict[str, Found], Bools]:
        """Its columns, and the rows for which no level has a value."""
        columns = [texts[name] for _, name in self.held]
        places = np.array(self.way_of, np.int32)[decisions] << len(columns)
        for bit, column in enumerate(columns):
            places |= (column.numbers >= 0).astype(np.int32) << bit
        source = np.array(self._source, np.int16).ravel()[places]
        level = np.array(self._level, np.int8).ravel()[places]
        value = np.full(len(decisions), -1, np.int32)
        words, begins = [], 0
        for place, column in enumerate(columns):
            np.copyto(value, column.numbers + np.int32(begins), where=source == place)
            words.append(column.words)
            begins += len(column.words)
        np.copyto(value, source + np.int32(begins - len(columns)), where=source >= len(columns))
        words.append(pa.array(self._defaults, pa.string()))
        once = pc.dictionary_encode(pa.chunked_array(words, pa.string()).combine_chunks())
        if len(once.dictionary) < len(once):
            value = np.append(once.indices.to_numpy(), np.int32(-1))[value]
        rule = np.array(self.rule_of, np.int32)[decisions]
        missing = source < 0
        return {
            self.key: Found(value, once.dictionary),
            f"{self.key}.level": Found(level, pa.array(LEVELS, pa.string())),
            f"{self.key}.rule": Found(rule, pa.array(list(self.rules), pa.string())),
        }, missing


class Settings:
    """One key that is a plain value: of each decision its value and its rule."""

    def __init__(self, key: str, kind: type, rules: Sequence[str]) -> None:
        """`kind`: of its values. `rules`: all that can decide."""
        self.key = key
        self.type = {str: pa.string(), int: pa.int64(), bool: pa.bool_()}[kind]
        self.rules = {rule: number for number, rule in enumerate(rules)}
        self._values: dict[str | int | bool, int] = {}
        self.value_of: list[int] = []
        self.rule_of: list[int] = []

    def add(self, value: str | int | bool | None, rule: str | None) -> None:
        """One decision more; None where nothing is decided."""
        number = 0 if value is None else self._values.setdefault(value, len(self._values))
        self.value_of.append(number)
        self.rule_of.append(0 if rule is None else self.rules[rule])

    def forget(self) -> None:
        """Begin the decisions anew."""
        self.value_of.clear()
        self.rule_of.clear()

    def find(self, decisions: Ints) -> dict[str, Found]:
        """Its columns."""
        values = pa.array(list(self._values), self.type)
        rules = pa.array(list(self.rules), pa.string())
        return {
            self.key: Found(np.array(self.value_of, np.int32)[decisions], values),
            f"{self.key}.rule": Found(np.array(self.rule_of, np.int32)[decisions], rules),
        }
