"""What one policy decides of rows of raw values: the same that it decides of a document, for who has no book.

Rows with the same answer of their cells are decided alike, so whoever has many of them asks once for each answer: one
by one (`decider.py`) or a million at a time (`bulk/`). What a value must be to be taken is said here, for both.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

from billpolicy.countries.codes import check_country
from billpolicy.deciding.assumptions import contradiction
from billpolicy.deciding.columns import Columns, assumed, columns_of
from billpolicy.deciding.decisions import Deciding
from billpolicy.deciding.matching.cells import Cells
from billpolicy.deciding.resolver import Resolver
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.money import minor_digits, to_minor
from billpolicy.policy.condition import ALL_NUMBERS, Box, Fact, Facts, Numbers, Values, Words
from billpolicy.policy.model import ALWAYS, Assumption, Effective
from billpolicy.source.scalars import MAX_INTEGER, read_text
from billpolicy.vocabulary import fields
from billpolicy.vocabulary.spec import FieldSpec, OperationSpec, object_of

DATE = fields.DATE.name
NUMBERS = frozenset({"integer", "money", "date", "days"})
"""The types of fields whose facts are numbers."""


class _Assumed(NamedTuple):
    """An assumption, by the boxes that show whether a row keeps it: as bits."""

    assumption: Assumption
    there: tuple[int, ...]
    """Of each object that it is about the boxes that show that there is one."""
    when: tuple[int, ...]
    """Of each clause its boxes: one of them must hold."""
    then: tuple[int, ...]


class RowPolicy:
    """One operation under one policy, and rows with these columns."""

    def __init__(
        self, resolver: Resolver, spec: OperationSpec, names: Sequence[str], *, unset: Collection[str] = ()
    ) -> None:
        """`names`: the columns in their order (`columns_of`). Raises `Refused` where they cannot be decided by."""
        policy = resolver.policy
        self.resolver, self.operation = resolver, spec.name
        self.columns: Columns = columns_of(policy, spec, names, unset=unset)
        self._boxes: list[Box] = [_on(policy.effective, {})]
        rules = policy.exceptions_for(spec.name)
        self._boxes += [_on(rule.effective, box) for rule in rules for box in rule.boxes]
        self._assumed = [self._assume(part) for one in assumed(policy, spec) for part in one.parts]
        self.cells = Cells(self._boxes, apart=resolver.engine != "python")
        """Its first box is of the days on which the policy is in force."""

    def deciding(self, answer: int, facts: Facts) -> tuple[tuple[str, ...], Deciding]:
        """The exceptions that match rows of one answer of the cells, and what decides each key of them; `facts` are
        those of any of them.

        Raises `Refused` where the policy is not in force then, or is contradicted, and `EngineError`.
        """
        day = datetime.date.fromordinal(int(facts[DATE]))
        broken = [one.assumption for one in self._assumed if _broken(one, answer)]
        if broken and answer & 1:
            raise Refused([contradiction(assumption, "this row") for assumption in broken])
        return self.resolver.deciding(self.operation, day, facts)

    def facts(self, row: Sequence[Any]) -> dict[str, Fact]:
        """The facts of one row. Raises `Refused` with all of its values that are not what their fields can be."""
        found: dict[str, Fact] = {}
        problems = []
        values = dict(zip(self.columns.names, row, strict=True))
        for field in self.columns.fields:
            value = values[field.name]
            currency = values.get(f"{field.name}.currency")
            try:
                if value is not None:
                    found[field.name] = fact_of(field, value, currency)
                    if field.type == "money":
                        found[f"{field.name}.currency"] = cast(str, currency)
                elif field.name == DATE:
                    raise ValueError("each row needs the document date of its operation")
            except ValueError as error:
                problems.append(Diagnostic("row-value-wrong", f"`{field.name}` of a row: {error}", None, None))
        if problems:
            raise Refused(problems)
        return found

    def _assume(self, part: Assumption) -> _Assumed:
        there = []
        for scope in sorted({object_of(name) for name in part.fields}):
            known_by = [name for name in (f"{scope}.id", f"{scope}.number") if name in self.columns.names]
            its = sorted(name for name in part.fields if object_of(name) == scope)
            names = known_by or [name for name in its if name in self.columns.names]  # of none there is no such object
            there.append(self._placed([{name: self._any_value(name)} for name in names]))
        when, then = ([self._placed(clause.boxes) for clause in clauses] for clauses in (part.when, part.then))
        return _Assumed(part, tuple(there), tuple(when), tuple(then))

    def _any_value(self, name: str) -> Values:
        field = next(one for one in self.columns.fields if one.name == name)
        words = Words(frozenset(), complement=True)
        return Values(ALL_NUMBERS if field.type in NUMBERS else words)

    def _placed(self, boxes: Sequence[Box]) -> int:
        first = len(self._boxes)
        self._boxes += boxes
        return (1 << len(self._boxes)) - (1 << first)


def _broken(one: _Assumed, answer: int) -> bool:
    shown = all(boxes & answer for boxes in (*one.there, *one.when))
    return shown and not all(boxes & answer for boxes in one.then)


def _on(effective: Effective, box: Box) -> Box:
    """The box on the days on which it is in force."""
    if effective == ALWAYS:
        return box
    first = None if effective.from_ == datetime.date.min else effective.from_.toordinal()
    last = None if effective.until is None else effective.until.toordinal() - 1
    days = Values(Numbers(((first, last),)))
    return {**box, DATE: box[DATE] & days if DATE in box else days}


def fact_of(field: FieldSpec, value: Any, currency: Any = None) -> Fact:
    """A raw value as a fact: amounts are `Decimal` with their currency and become minor units, dates `datetime.date`
    and become ordinals. Raises `ValueError` with a sentence for what the field cannot be."""
    wanted, name = _TYPES[field.type]
    # A moment is no date here, and true is no number; but a text is one by its letters, whatever its type adds.
    if type(value) is not wanted and not (wanted is str and isinstance(value, str)):
        raise ValueError(f"{value!r:.40} is not {name}")
    if isinstance(value, Decimal):
        if not isinstance(currency, str):
            raise ValueError(f"{value} has no currency beside it")
        if not value.is_finite():
            raise ValueError(f"{value} is not a number")
        found: Fact = to_minor(value, currency)
    elif isinstance(value, datetime.date):
        found = value.toordinal()
    else:
        found = cast(Fact, value)
    if isinstance(found, str):
        found = read_text(str.__str__(found))  # composed, as policies write it
        _check_word(field, found)
    elif field.at_least is not None and found < field.at_least:
        raise ValueError(f"{value} is below {field.at_least}")
    elif abs(found) >= MAX_INTEGER and not isinstance(value, Decimal):
        raise ValueError(f"{value} is too large a number")
    return found


def check_held(value: Any) -> str:
    """What a level holds of an attribute. Raises `ValueError` for what is no text that names something."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is not a text; where there is none it must be None")
    return read_text(str.__str__(value))


def _check_word(field: FieldSpec, word: str) -> None:
    if not word:
        raise ValueError("the text is empty; where there is no value it must be null")
    if field.choices or field.type == "choice":
        if word not in field.choices:
            raise ValueError(f"`{word:.40}` is not one of its values; {did_you_mean(word, field.choices)}")
    elif field.type == "country":
        check_country(word)
    elif field.type == "currency":
        minor_digits(word)


_TYPES: Mapping[str, tuple[type, str]] = {
    "text": (str, "a text"),
    "choice": (str, "a text"),
    "country": (str, "a text"),
    "currency": (str, "a text"),
    "integer": (int, "a whole number"),
    "days": (int, "a whole number of days"),
    "money": (Decimal, "an amount (Decimal)"),
    "date": (datetime.date, "a date"),
    "boolean": (bool, "true or false"),
}
