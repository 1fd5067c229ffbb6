"""Raw rows decided as fast as by a program that a person would write for one policy: by such a program.

The function is written for its columns: a look into a table for each fact that rules ask about, one `&` after the
other, and for what then decides a walk down each chain, written out. What it has not seen yet goes the way of every
other decision (`rows.py`), with all checks, and is kept.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from billpolicy.deciding.decisions import Deciding, Resolution, Walk
from billpolicy.deciding.matching.cells import MOST_KEPT
from billpolicy.deciding.resolver import LevelValues, Resolver
from billpolicy.deciding.rows import DATE, NUMBERS, RowPolicy, check_held, fact_of
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.money import MAX_MINOR, from_minor
from billpolicy.source.composed import composed
from billpolicy.source.scalars import MAX_INTEGER
from billpolicy.vocabulary.spec import FieldSpec, Level, OperationSpec

Choice = tuple[str | int | bool, Level | None, str]
"""The value of one decision, the level that had it (None: a setting is had by none) and the rule that decided."""
Row = Sequence[Any]
Way = Callable[[Row], tuple[Choice, ...]]
"""Down the chains of a row whose rules are known."""

_ByWords = list[tuple[str, Mapping[Any, int], int]]
_ByNumbers = list[tuple[str, Sequence[int], Sequence[int], int]]
"""As in `Cells`."""

MOST_SHAPES = 1_000
"""How many ways down chains, rules apart, are kept written out: some megabytes."""

ODD = 0
"""The answer of a value that its field cannot have. No other answer is 0, nor is what is `&` of others."""


class Decider:
    """One operation under one policy, for rows of these columns. Safe for many threads."""

    def __init__(
        self, resolver: Resolver, spec: OperationSpec, names: Sequence[str], *, unset: Collection[str] = ()
    ) -> None:
        """`names`: the columns, as `columns.py` says. Raises `Refused` where they cannot be decided by."""
        self._rows = RowPolicy(resolver, spec, names, unset=unset)
        self._place = {name: place for place, name in enumerate(names)}
        base = resolver.policy.base
        self.keys: tuple[str, ...] = tuple(key for operation, key in base if operation == spec.name)
        """The decisions, in the order in which they are answered."""
        self._fine = 1 << max((max(each) for each in self._answers()), default=0).bit_length()
        self._kept: dict[int, Way] = {}
        self._shapes: dict[str, Callable[..., Way]] = {}
        self._held = _Held()
        self.decide = self._written()
        """Decides one row: its values in the order of the columns -> a `Choice` for each key, in the order of `keys`.

        Raises `Refused` where the row has a value that its field cannot have, where a level gives what is no text, or
        where a chain ends without a value, and `TypeError` where it is no such row."""

    def _answers(self) -> list[list[int]]:
        cells = self._rows.cells
        words = [[*by_word.values(), others] for _, by_word, others in cells.by_word]
        return [*words, *(list(each) for _, _, each, _ in cells.by_number)]

    # -- the function --------------------------------------------------------------------------------------------------

    def _written(self) -> Way:
        known: dict[str, Any] = {
            "bisect": bisect_right,
            "kept": self._kept,
            "first": self._first,
            "Decimal": Decimal,
            "strange": (TypeError, ValueError, InvalidOperation),
            "wrong": self._wrong,
        }
        asked = []
        fields = {field.name: field for field in self._rows.columns.fields}
        by_words, by_numbers = self._looked_at()
        currencies = {f"{name}.currency": name for name, field in fields.items() if field.type == "money"}
        of_currency = {currencies[fact]: (by_word, others) for fact, by_word, others in by_words if fact in currencies}
        for number, (fact, by_word, others) in enumerate(by_words):
            if fact in currencies:
                continue  # looked at with its amount
            if fact not in self._place:  # it is unset in every row
                asked.append(str(by_word[None] | self._fine))
                continue
            value = f"c{self._place[fact]}"
            known[f"words{number}"] = _Words(fields.get(fact), by_word, others, self._fine)
            of_truth = fact in fields and fields[fact].type == "boolean"
            right = f" if type({value}) is bool or {value} is None else {ODD}" if of_truth else ""
            asked.append(f"(words{number}[{value}]{right})")
        for number, (fact, bounds, each, unset) in enumerate(by_numbers):
            if fact not in self._place:
                asked.append(str(unset | self._fine))
                continue
            field, value = fields[fact], f"c{self._place[fact]}"
            answers = [answer | self._fine for answer in each[:-1]]
            none = ODD if fact == DATE else unset | self._fine
            if field.type == "date":
                known[f"days{number}"] = _Days(bounds, answers, none)
                asked.append(f"days{number}[{value}]")
                continue
            known[f"each{number}"] = [ODD, *answers, ODD]
            if field.type == "money":
                by_currency, others = of_currency.get(fact, ({None: self._fine - 1}, self._fine - 1))
                fine = {word: answer | self._fine for word, answer in by_currency.items()}
                known[f"units{number}"] = _Units(field, bounds, fine, others | self._fine)
                none &= fine[None]
                currency = f"c{self._place[f'{fact}.currency']}"
                units = f"(u := units{number}[{currency}])"
                inside = f"type({value}) is Decimal and not {value} % {units}[1]"
                look = f"each{number}[bisect(u[0], {value})] & u[2] if {inside}"
            else:
                known[f"bounds{number}"] = _ends(field, bounds)
                look = f"each{number}[bisect(bounds{number}, {value})] if type({value}) is int"
            asked.append(f"({look} else {none} if {value} is None else {ODD})")
        names = "".join(f"c{place}, " for place in range(len(self._place)))
        source = f"""
def decide(row):
    try:
        {names}= row
        answer = {" & ".join(asked) or self._fine}
    except strange:
        answer = {ODD}
    way = kept.get(answer)
    if way is None:
        way = first(row, answer)
    try:
        return way(row)
    except TypeError as error:
        raise wrong(row, error) from None
"""
        exec(source, known)
        found: Way = known["decide"]
        return found

    def _looked_at(self) -> tuple[_ByWords, _ByNumbers]:
        """The tables of all facts that have a column. What no rule asks about tells nothing, and must be right, too."""
        by_words: _ByWords = [*self._rows.cells.by_word]
        by_numbers: _ByNumbers = [*self._rows.cells.by_number]
        asked = {fact for fact, *_ in (*by_words, *by_numbers)}
        every = self._fine - 1
        for field in self._rows.columns.fields:
            if field.name in asked:
                continue
            if field.type in NUMBERS:
                by_numbers.append((field.name, (), [every, every], every))
            else:
                by_words.append((field.name, {None: every}, every))
        return by_words, by_numbers

    def _first(self, row: Row, answer: int) -> Way:
        """The way of a row of an answer that was not seen before; of one that is odd it is told what is."""
        if len(row) != len(self._place):
            raise TypeError(
                f"a row has {len(self._place)} values, in the order of the columns; this one has {len(row)}"
            )
        facts = self._rows.facts(row)
        way = self._way(self._rows.deciding(self._rows.cells.answer(facts), facts))
        if answer != ODD:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[answer] = way
        return way

    # -- down the chains -----------------------------------------------------------------------------------------------

    def _way(self, deciding: Deciding) -> Way:
        walks = {walk.key: walk for walk in deciding.chains}
        given: dict[str, Any] = {}
        parts = []
        for number, key in enumerate(self.keys):
            if key in walks:
                given[f"rule{number}"] = walks[key].rule
                parts.append(self._walk(number, walks[key]))
            else:
                given[f"setting{number}"] = _choice(deciding.settings[key])
                parts.append(f"setting{number}")
        shape = f"def made({', '.join(given)}):\n    return lambda row: ({''.join(f'{part}, ' for part in parts)})\n"
        made = self._shapes.get(shape)
        if made is None:
            made = self._make(shape)
        return made(**given)

    def _walk(self, number: int, walk: Walk) -> str:
        """The choice of one key as an expression: the first level that has a value."""
        found = "stop(row)"
        for level in reversed(walk.levels):
            place = self._place.get(f"{level}.{walk.key}")
            if level == "default":
                found = self._default(number, walk, found)
            elif place is not None:
                found = f"((held[v], {level!r}, rule{number}) if (v := row[{place}]) is not None else {found})"
        return found

    def _default(self, number: int, walk: Walk, otherwise: str) -> str:
        policy = self._rows.resolver.policy
        value = repr(policy.defaults.get(walk.key))
        by = policy.defaults_by.get(walk.key)
        if by is not None and by.by in self._place:
            value = f"{dict(by.values)!r}.get(same(row[{self._place[by.by]}]), {value})"
        return f"((v, 'default', rule{number}) if (v := {value}) is not None else {otherwise})"

    def _make(self, shape: str) -> Callable[..., Way]:
        known: dict[str, Any] = {"stop": self._stop, "same": _same, "held": self._held}
        exec(shape, known)
        if len(self._shapes) >= MOST_SHAPES:
            self._shapes.clear()
        made: Callable[..., Way] = known["made"]
        self._shapes[shape] = made
        return made

    def _stop(self, row: Row) -> Choice:
        """Raises `Refused` with why no value was found, in the words of every other decision."""
        facts = self._rows.facts(row)
        held: dict[Level, dict[str, Any]] = {}
        for one in self._rows.columns.held:
            held.setdefault(one.level, {})[one.attribute] = row[self._place[one.column]]
        levels = {
            level: LevelValues(f"the {level.replace('_', ' ')} of the row", values) for level, values in held.items()
        }
        levels["default"] = LevelValues("the policy's defaults", self._rows.resolver.policy.defaults)
        day = datetime.date.fromordinal(int(facts[DATE]))
        self._rows.resolver.resolve(self._rows.operation, day, facts, levels)
        raise AssertionError("a chain that has a value is walked to its end")

    def _wrong(self, row: Row, error: TypeError) -> Exception:
        """What is wrong with what levels hold; if nothing is, the error itself."""
        problems = []
        for held in self._rows.columns.held:
            value = row[self._place[held.column]]
            try:
                if value is not None:
                    check_held(value)
            except ValueError as error:
                problems.append(Diagnostic("row-value-wrong", f"`{held.column}` of a row: {error}"))
        return Refused(problems) if problems else error


def _same(word: str | None) -> str | None:
    """A word as policies write it."""
    return None if word is None else composed(word)


class _Words(dict[Any, int]):
    """The answer of each word of a fact, also of words that no condition names, once they were seen to be right."""

    def __init__(self, field: FieldSpec | None, by_word: Mapping[Any, int], others: int, fine: int) -> None:
        super().__init__({word: answer | fine for word, answer in by_word.items()})
        self._field, self._by_word, self._others = field, by_word, others
        self._fine, self._named = fine, len(by_word)

    def __missing__(self, word: Any) -> int:
        if self._field is None:  # the currency of an amount, which is looked at with it
            answer = self._others
        else:
            try:
                answer = self._by_word.get(fact_of(self._field, word), self._others)
            except ValueError:
                return ODD
        answer |= self._fine
        if len(self) < self._named + MOST_KEPT:
            self[word] = answer
        return answer


class _Held(dict[Any, str]):
    """What levels hold, as far as it was seen to be right. Raises `TypeError` otherwise, as for what has no hash."""

    def __missing__(self, value: Any) -> str:
        try:
            found = check_held(value)
        except ValueError as error:
            raise TypeError(str(error)) from None
        if len(self) < MOST_KEPT:
            self[value] = found
        return found


class _Units(dict[Any, tuple[list[Decimal], Decimal, int]]):
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


class _Days(dict[Any, int]):
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


def _choice(setting: Resolution) -> Choice:
    return setting.value, setting.level, setting.rule
