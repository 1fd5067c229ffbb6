"""How the values of a raw row are looked at: of each column an expression, and the table that it looks into.

An expression gives the answer of the class of a value (`matching/cells.py`), with one bit more, above all others, that
says that the value is right. What its field cannot have gives `ODD`, so that the answers of a whole row come to `ODD`.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from billpolicy.deciding.matching.cells import MOST_KEPT, Cells
from billpolicy.deciding.rows import DATE, NUMBERS, RowPolicy, check_held, fact_of
from billpolicy.money import MAX_MINOR, from_minor
from billpolicy.source.scalars import MAX_INTEGER
from billpolicy.vocabulary.spec import FieldSpec

ODD = 0
"""The answer of a value that its field cannot have. No other answer is 0, nor is what is `&` of others."""
LOOKING: Mapping[str, Any] = {"bisect": bisect_right, "Decimal": Decimal}
"""What the expressions name beside their tables."""


class Look(NamedTuple):
    """How one column is looked at; the value of column n is `cn`."""

    expression: str
    tables: Mapping[str, Any]
    """What it names."""


def above_all(cells: Cells) -> int:
    """A bit above those of all answers."""
    answers = [answer for _, by_word, others in cells.by_word for answer in (*by_word.values(), others)]
    answers += [answer for _, _, each, _ in cells.by_number for answer in each]
    return 1 << max(answers, default=0).bit_length()


def looks_of(rows: RowPolicy, places: Mapping[str, int], fine: int) -> list[Look]:
    """Those of all columns of fields; `fine` is the bit that says that a value is right."""
    return list(_Looks(rows, places, fine).all())


class _Looks:
    def __init__(self, rows: RowPolicy, places: Mapping[str, int], fine: int) -> None:
        self._rows, self._places, self._fine = rows, places, fine
        self._fields = {field.name: field for field in rows.columns.fields}
        self._by_word = {fact: (by_word, others) for fact, by_word, others in rows.cells.by_word}
        self._by_number = {fact: (bounds, each) for fact, bounds, each, _ in rows.cells.by_number}
        every = fine - 1
        for name, field in self._fields.items():  # what no rule asks about tells nothing, and must be right, too
            if field.type in NUMBERS:
                self._by_number.setdefault(name, ((), [every, every]))
            else:
                self._by_word.setdefault(name, ({None: every}, every))

    def all(self) -> Iterator[Look]:
        """Words first. The currency of an amount is looked at with it."""
        currencies = {f"{name}.currency" for name, field in self._fields.items() if field.type == "money"}
        for fact in self._by_word:
            if fact not in currencies:
                yield self._word(fact)
        for fact in self._by_number:
            yield self._number(fact)

    def _word(self, fact: str) -> Look:
        by_word, others = self._by_word[fact]
        if fact not in self._places:  # it is unset in every row
            return Look(str(by_word[None] | self._fine), {})
        place, field = self._places[fact], self._fields[fact]
        tables = {f"words{place}": Words(field, by_word, others, self._fine)}
        if field.type == "boolean":  # 1 would be found as true
            return Look(f"(words{place}[c{place}] if type(c{place}) is bool or c{place} is None else {ODD})", tables)
        return Look(f"words{place}[c{place}]", tables)

    def _number(self, fact: str) -> Look:
        bounds, each = self._by_number[fact]
        unset = each[-1] | self._fine
        if fact not in self._places:
            return Look(str(unset), {})
        place, field = self._places[fact], self._fields[fact]
        answers = [answer | self._fine for answer in each[:-1]]
        if field.type == "date":
            return Look(
                f"days{place}[c{place}]", {f"days{place}": Days(bounds, answers, ODD if fact == DATE else unset)}
            )
        if field.type == "money":
            return self._amount(field, place, bounds, answers, unset)
        tables = {f"bounds{place}": _ends(field, bounds), f"each{place}": [ODD, *answers, ODD]}
        inside = f"each{place}[bisect(bounds{place}, c{place})] if type(c{place}) is int"
        return Look(f"({inside} else {unset} if c{place} is None else {ODD})", tables)

    def _amount(self, field: FieldSpec, place: int, bounds: Sequence[int], answers: list[int], unset: int) -> Look:
        every = self._fine - 1
        by_word, others = self._by_word.get(f"{field.name}.currency", ({None: every}, every))
        fine = {word: answer | self._fine for word, answer in by_word.items()}
        tables = {
            f"units{place}": Units(field, bounds, fine, others | self._fine),
            f"each{place}": [ODD, *answers, ODD],
        }
        units = f"(u := units{place}[c{self._places[f'{field.name}.currency']}])"
        right = f"type(c{place}) is Decimal and not c{place} % {units}[1]"  # no finer than the currency
        inside = f"each{place}[bisect(u[0], c{place})] & u[2] if {right}"
        return Look(f"({inside} else {unset & fine[None]} if c{place} is None else {ODD})", tables)


class Words(dict[Any, int]):
    """The answer of each word of a fact, also of words that no condition names, once they were seen to be right."""

    def __init__(self, field: FieldSpec, by_word: Mapping[Any, int], others: int, fine: int) -> None:
        super().__init__({word: answer | fine for word, answer in by_word.items()})
        self._field, self._by_word, self._others = field, by_word, others
        self._fine, self._named = fine, len(by_word)

    def __missing__(self, word: Any) -> int:
        try:
            answer = self._by_word.get(fact_of(self._field, word), self._others) | self._fine
        except ValueError:
            return ODD
        if len(self) < self._named + MOST_KEPT:
            self[word] = answer
        return answer


class Held(dict[Any, str]):
    """What levels hold, as far as it was seen to be right. Raises `TypeError` otherwise, as for what has no hash."""

    def __missing__(self, value: Any) -> str:
        try:
            found = check_held(value)
        except ValueError as error:
            raise TypeError(str(error)) from None
        if len(self) < MOST_KEPT:
            self[value] = found
        return found


class Units(dict[Any, tuple[list[Decimal], Decimal, int]]):
    """Of each currency where the classes of amounts begin, in it, its smallest amount, and the answer of the currency
    itself."""

    def __init__(self, field: FieldSpec, bounds: Sequence[int], by_word: Mapping[Any, int], others: int) -> None:
        super().__init__()
        self._bounds = _ends(field, bounds)
        self._by_word, self._others = by_word, others

    def __missing__(self, currency: Any) -> tuple[list[Decimal], Decimal, int]:
        if not isinstance(currency, str):
            raise TypeError(currency)
        answer = self._by_word.get(currency, self._others)
        found = [from_minor(bound, currency) for bound in self._bounds], from_minor(1, currency), answer
        self[currency] = found
        return found


class Days(dict[Any, int]):
    """The answer of each day that was asked for; of None that of no day."""

    def __init__(self, bounds: Sequence[int], answers: Sequence[int], none: int) -> None:
        super().__init__({None: none})
        self._bounds, self._answers = bounds, answers

    def __missing__(self, day: Any) -> int:
        if type(day) is not datetime.date:  # a moment is no day, and is equal to none
            return ODD
        found = self._answers[bisect_right(self._bounds, day.toordinal())]
        if len(self) < MOST_KEPT:
            self[day] = found
        return found


def _ends(field: FieldSpec, bounds: Sequence[int]) -> list[int]:
    """Where the classes of an amount or number begin, with what is below and above all that it can be as two more."""
    most = MAX_MINOR if field.type == "money" else MAX_INTEGER
    least = 1 - most if field.at_least is None else field.at_least
    return [least, *(min(max(bound, least), most) for bound in bounds), most]
