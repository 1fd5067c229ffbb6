"""What decides facts that are sent, without a book: made once for an operation and the names of its facts.

A service is asked with ever new facts of the same names. So all that depends on names and rules alone is prepared: how
each value is read, and how each rule is written in the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import billpolicy
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.report.explanation import rule_at
from billpolicy.service.serving import InForce
from billpolicy.service.writing import json_text
from billpolicy.source.scalars import read_amount, read_boolean, read_date, read_integer

if TYPE_CHECKING:
    from billpolicy import Policy, Versions

MOST_READY = 256
"""Operations with names of facts that are kept ready: clients send the same names again and again."""
MOST_TOLD = 1_000
"""Decisions that are kept as they are written, of one of these: with a kilobyte or two each, all together are some
hundred megabytes, in whatever order somebody sends the names."""
DATE = "date"
_READ: Mapping[str, Callable[[Any], Any]] = {
    "money": read_amount,
    "date": read_date,
    "integer": read_integer,
    "days": read_integer,
    "boolean": read_boolean,
}
"""Type of a fact -> how its value is read; all others are texts, which are taken as they are."""
Facts = Mapping[str, Any]
Choice = tuple[str | int | bool, str | None, str]
"""Of one key: its value, the level that had it, and the id of the rule."""


class _Fact(NamedTuple):
    name: str
    read: Callable[[Any], Any] | None


class Ready:
    """Decides facts of some names by one operation."""

    def __init__(self, versions: Versions, operation: str, names: Collection[str]) -> None:
        """Raises `Refused` for names that are none, and where one is missing that decides."""
        needed = billpolicy.row_columns(versions, operation)
        columns = [one.name for one in needed]
        more = [name for name in names if name not in columns]
        if more:  # they decide nothing, and may be mistyped
            billpolicy.decider(versions, operation, [*columns, *more])
        missing = [_missing(one.name, one.because) for one in needed if one.name not in names]
        if missing:
            raise Refused(missing)
        self._decider = billpolicy.decider(versions, operation, columns)
        self._facts = [_Fact(one.name, _READ.get(one.type)) for one in needed]
        self._versions = versions
        self._told = {policy.digest: _Told(policy, self._decider.keys) for policy in versions.policies}
        policies = versions.policies
        self._only = self._told[policies[0].digest] if len(policies) == 1 else None

    def text(self, facts: Facts) -> str:
        """The JSON of what is decided. Raises `Refused` where that cannot be."""
        try:
            row = [_read(read, facts[name]) for name, read in self._facts]
        except ValueError:
            raise Refused(list(self._wrong(facts))) from None
        chosen = self._decider.decide(row)
        told = self._only or self._told[self._versions.on(read_date(facts[DATE])).policy.digest]
        return told.text(chosen)

    def _wrong(self, facts: Facts) -> Iterator[Diagnostic]:
        for name, read in self._facts:
            try:
                if read is not None and facts[name] is not None:
                    read(facts[name])
            except ValueError as error:
                yield Diagnostic("row-value-wrong", f"`{name}`: {error}", Position(f"facts.{name}"))


class _Told:
    """How decisions by one version of the policy are written."""

    def __init__(self, policy: Policy, keys: Collection[str]) -> None:
        self._begins = f'{{"policy": {json_text(policy.name)}, "decisions": {{'
        self._keys = tuple(keys)
        self._rules = policy.rules
        self._rules_told: dict[tuple[str, str], str] = {}
        self._kept: dict[Any, str] = {}

    def text(self, chosen: Collection[Any]) -> str:
        """The JSON of what was chosen for each key; None of a key that this version does not decide."""
        kept = self._kept
        parts = []
        for one in zip(self._keys, chosen, strict=True):
            told = kept.get(one)
            parts.append(self._keep(one) if told is None else told)
        return f"{self._begins}{', '.join(filter(None, parts))}}}}}"

    def _keep(self, one: tuple[str, Choice | None]) -> str:
        """A key with what was chosen, to be found when it is chosen again."""
        told = self._written(*one)
        if len(self._kept) >= MOST_TOLD:
            self._kept.clear()
        self._kept[one] = told
        return told

    def _written(self, key: str, choice: Choice | None) -> str:
        if choice is None:
            return ""
        value, level, rule_id = choice
        of = "" if level is None else f', "level": {json_text(level)}'
        return f'{json_text(key)}: {{"value": {json_text(value)}{of}, "rule": {self._rule(key, rule_id)}}}'

    def _rule(self, key: str, id: str) -> str:
        told = self._rules_told.get((key, id))
        if told is None:
            rule = self._rules[id]
            # What an exception says of a key has a line of its own, as in explanations.
            at = getattr(rule, "then_at", {}).get(key, rule.position)
            told = self._rules_told[key, id] = json_text(rule_at(id, at, rule.because))
        return told


def _read(read: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if read is None or value is None else read(value)


def ready(in_force: InForce, operation: str, facts: Facts) -> Ready:
    """What decides these facts. Raises `Refused` for names that are none, and where one is missing."""
    names = (operation, *facts)
    found = in_force.ready.get(names)
    if found is None:
        found = Ready(in_force.versions, operation, facts.keys())
        if len(in_force.ready) >= MOST_READY:
            in_force.ready.clear()
        in_force.ready[names] = found
    made: Ready = found
    return made


def _missing(name: str, because: str) -> Diagnostic:
    hint = f'add it; where there is none, say so: `"{name}": null`'
    return Diagnostic("row-column-missing", f"there is no fact `{name}`, {because}", Position("facts"), hint)
