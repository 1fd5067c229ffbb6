"""One operation under one version of a policy: what it decides of the rows of a batch.

Of each fact that a condition asks about, values become the few classes that conditions tell apart
(`deciding/matching/cells.py`), and rows with the same classes are decided once, by the same code as any other.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from billpolicy.bulk.batch import Batch
from billpolicy.bulk.codes import SMALL, Codes
from billpolicy.bulk.csv_cells import cell_wrong
from billpolicy.bulk.keys import Found, Key, Ways
from billpolicy.bulk.refusals import NONE, Refusals
from billpolicy.bulk.types import types_wrong
from billpolicy.bulk.values import (
    Bools,
    Column,
    Ints,
    Numbers,
    Texts,
    Truths,
    classes_of_numbers,
    classes_of_truths,
    classes_of_words,
    facts_at,
    numbers_wrong,
    truths_of,
)
from billpolicy.deciding.columns import Columns
from billpolicy.deciding.decisions import Deciding
from billpolicy.deciding.matching.cells import MOST_KEPT, NumberCells, WordCells
from billpolicy.deciding.resolver import LevelValues, Resolver
from billpolicy.deciding.rows import DATE, RowPolicy, check_held
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.policy.condition import Fact
from billpolicy.policy.model import Chain
from billpolicy.vocabulary.spec import FieldSpec, Level, OperationSpec

_UNDECIDED = -1
"""In place of the number of a decision: there is none yet."""
_NOTHING = 0
"""The first decision, of rows that have a wrong value: nothing is decided."""
_HELD = FieldSpec("held", "text")
"""What levels hold is known by its text, as what a text field has."""
_Classes = WordCells | NumberCells


_Defaults = tuple[tuple[str, str], ...]
_Facts = dict[str, Column]
"""The columns of fields, and of the currencies of amounts."""


class Part:
    """One operation under one version, for batches of one schema."""

    def __init__(
        self,
        resolver: Resolver,
        spec: OperationSpec,
        schema: pa.Schema,
        names: Sequence[str],
        keys: dict[str, Key],
        refusals: Refusals,
        *,
        unset: Collection[str] = (),
    ) -> None:
        """`names`: its columns among those of the schema. `keys`: those of all parts, to which it adds its own.

        Raises `Refused` where it cannot be decided by these columns.
        """
        self._resolver, self._operation, self._refusals = resolver, spec.name, refusals
        self._rows = RowPolicy(resolver, spec, names, unset=unset)
        problems = list(types_wrong(schema, self.columns))
        if problems:
            raise Refused(problems)
        self._cells: list[_Classes] = [*self._rows.cells.words, *self._rows.cells.numbers]
        fields = {field.name for field in self.columns.fields}
        fields |= {f"{field.name}.currency" for field in self.columns.fields if field.type == "money"}
        self._asked = [one for one in (*self._cells, *_choosers(resolver)) if one.fact in fields]
        self._codes = Codes([_count(one) for one in self._asked])
        self._of_code: Ints = np.full(0, _UNDECIDED, np.int32)
        """Of each code the number of its decision."""
        self._defaults = None if resolver.policy.defaults_by else self._chosen({})
        """What level `default` holds, where no field of a row chooses it."""
        self._kept: dict[tuple[tuple[str, ...], _Defaults], int] = {}
        """Exceptions that match, and what level `default` holds -> the number of the decision."""
        self._refused_of: list[int] = []
        self._ways = self._of_keys(keys, spec)
        self._forget()

    @property
    def columns(self) -> Columns:
        """What its columns mean."""
        return self._rows.columns

    def _of_keys(self, keys: dict[str, Key], spec: OperationSpec) -> list[Ways]:
        made = []
        policy = self._resolver.policy
        exceptions = policy.exceptions_for(spec.name)
        for (operation, name), base in policy.base.items():
            if operation == spec.name:
                outcome = base.outcome
                by_chain = isinstance(outcome, Chain)
                key = keys.setdefault(name, Key(name, str if isinstance(outcome, Chain) else type(outcome.value)))
                key.by_chain |= by_chain
                held = [(one.level, one.column) for one in self.columns.held if one.attribute == name and by_chain]
                made.append(Ways(key, held, [base.id, *(rule.id for rule in exceptions if name in rule.then)]))
        return made

    def _forget(self) -> None:
        """Begin anew, so that no data fills the memory."""
        self._codes.forget()
        self._of_code = np.full(0, _UNDECIDED, np.int32)
        self._kept.clear()
        self._refused_of.clear()
        for ways in self._ways:
            ways.forget()
        self._add(None, (), NONE)  # which is `_NOTHING`

    # -- a batch -------------------------------------------------------------------------------------------------------

    def decide(self, batch: Batch, rows: Ints | None) -> tuple[dict[str, Found], Ints]:
        """What is found of each key, for these rows of a batch, and of each the number of its refusal.

        Raises `EngineError`.
        """
        if self._codes.full or len(self._refused_of) >= MOST_KEPT:
            self._forget()
        refused: Ints = np.full(batch.rows if rows is None else len(rows), NONE, np.int32)
        facts = self._read(batch, rows, refused)
        decisions = self._decisions(facts, refused)
        refusals = np.array(self._refused_of, np.int32)
        if (refusals != NONE).any():
            np.copyto(refused, refusals[decisions], where=refused == NONE)
        found: dict[str, Found] = {}
        fine = refused == NONE
        for ways in self._ways:
            found[ways.key.name], missing = ways.walk(decisions, batch, rows)
            missing &= fine
            if missing.any():
                self._refusals.add(refused, missing, f"chain-exhausted: {ways.key.name}")
        return found, refused

    def _read(self, batch: Batch, rows: Ints | None, refused: Ints) -> _Facts:
        """All facts; rows with wrong values are refused."""
        read: _Facts = {}
        for field in self.columns.fields:
            name = field.name
            wrong: Bools | None = None
            if field.type == "boolean":
                read[name] = truths_of(batch.column(name, rows))
            elif field.type in ("integer", "days", "money", "date"):
                numbers, wrong = batch.numbers(field, rows)
                read[name], wrong = numbers, numbers_wrong(field, numbers, wrong)
                if field.type == "money":
                    read[f"{name}.currency"] = _where(numbers.there, batch.texts(f"{name}.currency", rows))
            else:
                read[name], wrong = batch.composed(name, rows), batch.texts_wrong(field, name, rows)
            unread = batch.unread(name, rows)
            if unread is not None:
                wrong = unread if wrong is None else wrong | unread
            if wrong is not None and wrong.any():
                self._refusals.add(refused, wrong, f"row-value-wrong: {name}")
        for held in self.columns.held:
            wrong = batch.texts_wrong(_HELD, held.column, rows)
            if wrong is not None:
                self._refusals.add(refused, wrong, f"row-value-wrong: {held.column}")
        return read

    def _decisions(self, read: _Facts, refused: Ints) -> Ints:
        """Of each row the number of its decision."""
        classes = [self._classes(one, read) for one in self._asked]
        codes = self._codes.of(classes, len(refused))
        highest = int(codes.max(initial=0))
        if highest >= len(self._of_code):
            # In large steps, as each copies all of it.
            more = min(2 * highest, max(highest, SMALL)) + 1 - len(self._of_code)
            self._of_code = np.append(self._of_code, np.full(more, _UNDECIDED, np.int32))
        decisions = self._of_code[codes]
        fine = refused == NONE
        new = np.flatnonzero((decisions == _UNDECIDED) & fine)
        if len(new):
            each, first = np.unique(codes[new], return_index=True)
            self._of_code[each] = self._decide(new[first], read, classes)
            decisions = self._of_code[codes]
        if not fine.all():
            decisions[~fine] = _NOTHING
        return decisions

    def _classes(self, one: _Classes, read: _Facts) -> Ints:
        column = read[one.fact]
        if isinstance(one, NumberCells):
            assert isinstance(column, Numbers)
            return classes_of_numbers(one, column)
        if isinstance(column, Truths):
            return classes_of_truths(one, column)
        assert isinstance(column, Texts)
        return classes_of_words(one, column)

    # -- a decision ----------------------------------------------------------------------------------------------------

    def _decide(self, rows: Ints, read: _Facts, classes: Sequence[Ints]) -> list[int]:
        """The numbers of what is decided of these rows, and so of all with the classes of one of them."""
        of_fact = {one.fact: each[rows].tolist() for one, each in zip(self._asked, classes, strict=True)}
        of_cells = [of_fact.get(one.fact) or [_unset(one)] * len(rows) for one in self._cells]
        cells = zip(*of_cells, strict=True) if of_cells else iter([()] * len(rows))
        asked = dict.fromkeys((DATE, *of_fact))
        columns = [facts_at(read[name], rows) for name in asked]
        decided = []
        for cell, row in zip(cells, zip(*columns, strict=True), strict=True):
            facts = {name: fact for name, fact in zip(asked, row, strict=True) if fact is not None}
            decided.append(self._decided(self._rows.cells.holding(cell), facts))
        return decided

    def _decided(self, holding: int, facts: Mapping[str, Fact]) -> int:
        try:
            matched, deciding = self._rows.deciding(holding, facts)
        except Refused as refused:
            return self._add(None, (), self._refusals.number(*map(_reason, refused.diagnostics)))
        by = matched, self._defaults if self._defaults is not None else self._chosen(facts)
        if by not in self._kept:
            self._kept[by] = self._add(deciding, by[1], NONE)
        return self._kept[by]

    def _chosen(self, facts: Mapping[str, Fact]) -> _Defaults:
        """What level `default` holds of each key."""
        held = self._resolver.defaults(facts).held
        return tuple((key, value) for key, value in sorted(held.items()) if isinstance(value, str))

    def _add(self, deciding: Deciding | None, defaults: _Defaults, refusal: int) -> int:
        """The number of one decision more; of none: nothing is decided."""
        walks = {} if deciding is None else {walk.key: walk for walk in deciding.chains}
        settings = {} if deciding is None else deciding.settings
        for ways in self._ways:
            name = ways.key.name
            if name in walks:
                walk = walks[name]
                ways.add(walk.levels, dict(defaults).get(name) if "default" in walk.levels else None, walk.rule)
            elif name in settings:
                ways.add((), settings[name].value, settings[name].rule)
            else:
                ways.add((), None, None)
        self._refused_of.append(refusal)
        return len(self._refused_of) - 1

    # -- one row -------------------------------------------------------------------------------------------------------

    def objections(self, batch: Batch, place: int) -> list[Diagnostic]:
        """Why a row is refused, in words: it is decided by itself, as every other decision is."""
        row = {name: batch.value(name, place) for name in self.columns.names}
        held: dict[Level, dict[str, Any]] = {"default": dict(self._resolver.policy.defaults)}
        problems: list[Diagnostic] = []
        for field in self.columns.fields:
            text = batch.unread_text(field.name, place)
            if text is not None:
                problems.append(cell_wrong(field, text))
                if field.name == DATE:
                    row[DATE] = datetime.date.min  # it is there, and not told as missing
        for one in self.columns.held:
            held.setdefault(one.level, {})[one.attribute] = row[one.column]
            problems += _held_wrong(one.column, row[one.column])
        levels = {level: LevelValues(f"level `{level}` of the row", values) for level, values in held.items()}
        try:
            facts = self._rows.facts([row[name] for name in self.columns.names])
            if problems:
                return problems
            self._rows.deciding(self._rows.cells.answer(facts), facts)
            day = datetime.date.fromordinal(int(facts[DATE]))
            self._resolver.resolve(self._operation, day, facts, levels)
        except Refused as refused:
            return [*refused.diagnostics, *problems]
        return []


def _held_wrong(column: str, value: Any) -> Iterator[Diagnostic]:
    try:
        if value is not None:
            check_held(value)
    except ValueError as error:
        yield Diagnostic("row-value-wrong", f"`{column}` of a row: {error}")


def _choosers(resolver: Resolver) -> list[WordCells]:
    """The fields by which defaults are chosen, with the words that choose: these are told apart, too."""
    words: dict[str, set[str]] = {}
    for one in resolver.policy.defaults_by.values():
        words.setdefault(one.by, set()).update(one.values)
    found = []
    for fact, each in sorted(words.items()):
        number_of: dict[Fact | None, int] = {None: 1, **{word: number for number, word in enumerate(sorted(each), 2)}}
        found.append(WordCells(fact, number_of, (0,) * (len(each) + 2)))
    return found


def _where(there: Bools | None, currency: Texts) -> Texts:
    """The currency of amounts: where there is none, its currency is no fact."""
    return currency if there is None else Texts(np.where(there, currency.numbers, np.int32(-1)), currency.words)


def _reason(one: Diagnostic) -> str:
    """Why rows are refused, in words that fit all of them."""
    return one.code if one.code == "policy-not-in-force" else f"{one.code}: {one.message}"


def _count(one: _Classes) -> int:
    return len(one.allowing)


def _unset(one: _Classes) -> int:
    return one.number_of[None] if isinstance(one, WordCells) else len(one.bounds) + 1
