"""Raw rows decided as fast as by a program that a person would write for one policy: by such a program.

The function is written for its columns: a look into a table for each fact (`looks.py`), one `&` after the other, and
for what then decides a walk down each chain, written out. Where rules ask for the day and the country it begins

    c0, c1, c2, = row
    answer = words1[c1] & days0[c0]
    way = kept.get(answer)

and the way of one chain is `((held[v], 'invoice', rule0) if (v := row[2]) is not None else stop(row),)`. What was not
seen yet goes the way of every other decision (`rows.py`), with all checks, and is kept.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import InvalidOperation
from typing import Any

from billpolicy.deciding.decisions import Deciding, Resolution, Walk
from billpolicy.deciding.looks import LOOKING, ODD, Held, above_all, looks_of
from billpolicy.deciding.matching.cells import MOST_KEPT
from billpolicy.deciding.resolver import LevelValues, Resolver
from billpolicy.deciding.rows import DATE, RowPolicy, check_held
from billpolicy.diagnostics.arguments import type_of
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused
from billpolicy.source.composed import composed
from billpolicy.vocabulary.spec import Level, OperationSpec

Choice = tuple[str | int | bool, Level | None, str]
"""The value of one decision, the level that had it (None: a setting is had by none) and the rule that decided."""
Row = Sequence[Any]
Way = Callable[[Row], tuple[Choice, ...]]
"""Down the chains of a row whose rules are known."""

MOST_SHAPES = 1_000
"""How many ways down chains, rules apart, are kept written out: some megabytes."""


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
        self._fine = above_all(self._rows.cells)
        self._kept: dict[int, Way] = {}
        self._shapes: dict[str, Callable[..., Way]] = {}
        self._held = Held()
        self.decide = self._written()
        """Decides one row: its values in the order of the columns -> a `Choice` for each key, in the order of `keys`.

        Raises `Refused` where the row has a value that its field cannot have, where a level gives what is no text, or
        where a chain ends without a value, and `TypeError` where it is no such row."""

    # -- the function --------------------------------------------------------------------------------------------------

    def _written(self) -> Way:
        looks = looks_of(self._rows, self._place, self._fine)
        names = "".join(f"c{place}, " for place in range(len(self._place)))
        source = f"""
def decide(row):
    try:
        {names}= row
        answer = {" & ".join(look.expression for look in looks) or self._fine}
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
        known: dict[str, Any] = {
            **LOOKING,
            **{name: table for look in looks for name, table in look.tables.items()},
            "kept": self._kept,
            "first": self._first,
            "strange": (TypeError, ValueError, InvalidOperation),
            "wrong": self._wrong,
        }
        exec(source, known)
        found: Way = known["decide"]
        return found

    def _first(self, row: Row, answer: int) -> Way:
        """The way of a row of an answer that was not seen before; of one that is odd it is told what is."""
        wanted = f"a row has {len(self._place)} values, in the order of the columns"
        if isinstance(row, str | Mapping) or not isinstance(row, Iterable) or not hasattr(row, "__len__"):
            raise TypeError(f"{wanted}, as a tuple has, not {type_of(row)}")
        if len(row) != len(self._place):
            raise TypeError(f"{wanted}; this one has {len(row)}")
        facts = self._rows.facts(row)
        way = self._way(self._rows.deciding(self._rows.cells.answer(facts), facts)[1])
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
            except ValueError as wrong:
                problems.append(Diagnostic("row-value-wrong", f"`{held.column}` of a row: {wrong}"))
        return Refused(problems) if problems else error


def _same(word: str | None) -> str | None:
    """A word as policies write it."""
    return None if word is None else composed(word)


def _choice(setting: Resolution) -> Choice:
    return setting.value, setting.level, setting.rule
