"""What a policy decides as formulas for an SMT solver: over all texts and whole numbers, as the documentation says it.

Nothing here is shared with `analysis/`. A fact is whether it is set, and a value.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import z3

from billpolicy.policy.condition import Box, Fact, Words
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import FieldSpec
from tests.helpers.plain_policies import OTHERS, Meaning, Outcome, Plain, Rule, Said, currencies_of, effect

Formula = Any
_LAST = datetime.date.max.toordinal()


class Variable(NamedTuple):
    """A fact that is not known."""

    is_set: Formula
    value: Formula
    currency: Formula = None


def variable(field: FieldSpec, prefix: str = "") -> Variable:
    """One of the type of a field."""
    name = f"{prefix}{field.name}"
    texts = dict.fromkeys(("text", "choice", "country", "currency"), z3.String)
    kind = {"boolean": z3.Bool, **texts}.get(field.type, z3.Int)
    currency = z3.String(f"{name}.currency") if field.type == "money" else None
    return Variable(z3.Bool(f"{name} is set"), kind(name), currency)


def meets(said: Said, fact: Variable) -> Formula:
    """docs/policy-language.md rule 2."""
    if isinstance(said, str):
        return fact.is_set if said == "set" else z3.Not(fact.is_set)
    if fact.currency is None:
        return z3.And(fact.is_set, *(_compares(operator, values, fact) for operator, values in said))
    of, ways = {code: fact.currency == z3.StringVal(code) for code in currencies_of(said)}, []
    for code, is_it in of.items():
        own = [(op, [one[0] for one in values if one[1] == code]) for op, values in said if op != OTHERS]  # type: ignore[index]
        ways.append(z3.And(is_it, *(_compares(operator, values, fact) for operator, values in own)))
    if (OTHERS, ("holds",)) in said:
        ways.append(z3.Not(z3.Or(*of.values())))
    return z3.And(fact.is_set, z3.Or(*ways))


def _compares(operator: str, own: Sequence[Any], fact: Variable) -> Formula:
    among = z3.Or(*(fact.value == _constant(one) for one in own))
    return {
        "one_of": lambda: among,
        "none_of": lambda: z3.Not(among),
        "at_least": lambda: fact.value >= own[0],
        "at_most": lambda: fact.value <= own[0],
        "above": lambda: fact.value > own[0],
        "below": lambda: fact.value < own[0],
        "within": lambda: z3.And(fact.value >= 0, fact.value <= own[0]),
    }[operator]()


def _constant(value: Any) -> Formula:
    return z3.StringVal(value) if isinstance(value, str) else value


def _one_of(fact: Variable, words: Sequence[str]) -> Formula:
    return z3.Or(*(fact.value == z3.StringVal(word) for word in words))


class Facts:
    """The facts of an operation under a policy, and which of them go together."""

    def __init__(self, plain: Plain, operation: str) -> None:
        self.plain, self.operation, self.spec = plain, operation, VOCABULARY[operation]
        self.of = {field.name: variable(field) for field in self.spec.fields}
        self.there_can_be = z3.And(*self._typed(), *self._together(), *self._assumed())

    def holds(self, when: Sequence[tuple[str, Said]]) -> Formula:
        return z3.And(*(meets(said, self.of[field]) for field, said in when))

    def are(self, facts: Mapping[str, Fact | None]) -> Formula:
        """That facts are these; what is not named may be anything."""
        found = []
        for name, value in facts.items():
            field = name.removesuffix(".currency")
            if value is None:
                found.append(z3.Not(self.of[name].is_set))
            elif name in self.of:
                found += [self.of[name].is_set, self.of[name].value == _constant(value)]
            else:
                found += [self.of[field].is_set, self.of[field].currency == _constant(value)]
        return z3.And(*found)

    def within(self, box: Box) -> Formula:
        """That facts are in a box: of each fact what it may be, spelled out."""
        found = []
        for name, values in box.items():
            fact = self.of[name.removesuffix(".currency") if name not in self.of else name]
            value = fact.value if name in self.of else fact.currency
            if isinstance(values.members, Words):
                some = z3.Or(*(value == _constant(word) for word in values.members.names))
                some = z3.Not(some) if values.members.complement else some
            else:
                some = z3.Or(
                    *(
                        z3.And(*([] if low is None else [value >= low]), *([] if high is None else [value <= high]))
                        for low, high in values.members.ranges
                    )
                )
            found.append(z3.Or(z3.And(fact.is_set, some), z3.And(z3.Not(fact.is_set), values.unset)))
        return z3.And(*found)

    def _typed(self) -> list[Formula]:
        found = []
        for field in self.spec.fields:
            fact, scope = self.of[field.name], field.name.partition(".")[0]
            if field.always and scope not in self.spec.uncertain:
                found.append(fact.is_set)
            if field.at_least is not None:
                found.append(fact.value >= field.at_least)
            if field.type == "date":
                found += [fact.value >= 1, fact.value <= _LAST]
            if field.choices:
                found.append(_one_of(fact, field.choices))
            if field.name == "reason":
                found.append(z3.Implies(fact.is_set, _one_of(fact, self.plain.codes)))
        day = self.of["date"].value
        return [*found, day >= self.plain.from_, *([] if self.plain.until is None else [day < self.plain.until])]

    def _together(self) -> list[Formula]:
        """Roles are of people; a document is there as a whole, no more of it is open than it is over, and what is done
        to it is in its currency; what holds from before the document date on is dated back."""
        of, found = self.of, []
        has_role = z3.And(of["actor.id"].is_set, _one_of(of["actor.id"], [who for who, _ in self.plain.roles]))
        found.append(of["actor.role"].is_set == has_role)
        for who, role in self.plain.roles:
            is_it = z3.And(of["actor.role"].is_set, of["actor.id"].value == z3.StringVal(who))
            found.append(z3.Implies(is_it, of["actor.role"].value == z3.StringVal(role)))
        for scope in ("invoice", "payment"):
            if f"{scope}.balance" not in of:
                continue
            there, code = of[f"{scope}.number"].is_set, of[f"{scope}.currency"].value
            every = [field for field in self.spec.fields if field.always and field.name.startswith(f"{scope}.")]
            found += [of[field.name].is_set == there for field in every]
            whole, rest, sign = (of[f"{scope}.{name}"] for name in ("amount", "balance", "balance_is"))
            found += [whole.currency == code, rest.currency == code]
            found.append(z3.If(whole.value >= 0, z3.And(rest.value >= 0, rest.value <= whole.value), True))
            found.append(z3.If(whole.value < 0, z3.And(whole.value <= rest.value, rest.value <= 0), True))
            words = (("below_zero", rest.value < 0), ("zero", rest.value == 0), ("above_zero", rest.value > 0))
            found += [(sign.value == z3.StringVal(word)) == so for word, so in words]
            found.append(z3.Implies(z3.And(there, of["amount"].is_set), of["amount"].currency == code))
            if f"{scope}.settled" in of:
                settled = of[f"{scope}.settled"].value
                part = z3.And(rest.value != whole.value, rest.value != 0)
                found += [(settled == "nothing") == (rest.value == whole.value), (settled == "part") == part]
        if "subscription.id" in of:
            found.append(z3.Implies(of["subscription.id"].is_set, of["subscription.status"].is_set))
        if "back_dated" in of:
            found.append(z3.Or(of["back_dated"].value, of["from"].value >= of["date"].value))
        return found

    def _assumed(self) -> list[Formula]:
        found = []
        for when, then in ((said[0], (one,)) for said in self.plain.assumptions for one in said[1]):
            fields = {field for field, _ in (*when, *then)}
            if fields <= set(self.of):
                names = [f"{one.partition('.')[0]}.{key}" for one in fields for key in ("id", "number")]
                there = z3.And(*(self.of[name].is_set for name in names if name in self.of))
                found.append(z3.Implies(z3.And(there, self.holds(when)), self.holds(then)))
        return found


class Deciding:
    """What decides, as formulas over facts."""

    def __init__(self, facts: Facts, meaning: Meaning) -> None:
        self.facts, self.meaning = facts, meaning
        self._holds = {rule.id: self._in_force(rule) for rule in meaning.plain.rules}
        self._narrower: dict[tuple[str, str], bool] = {}

    def _in_force(self, rule: Rule) -> Formula:
        day = self.facts.of["date"].value
        days = [day >= rule.from_] if rule.from_ is not None else []
        days += [day < rule.until] if rule.until is not None else []
        mine = self.facts.operation in rule.operations
        return z3.And(*days, self.facts.holds(rule.when)) if mine else z3.BoolVal(False)

    def holds(self, id: str) -> Formula:
        """Whether a rule is in force and holds."""
        return self._holds[id]

    def narrower(self, one: str, other: str) -> bool:
        """Everything that satisfies the one satisfies the other, and not the other way around: among all words, but
        for closed lists."""
        found = self._narrower.get((one, other))
        if found is None:
            a, b = (self.meaning.by_id[id].when for id in (one, other))
            fields = {field.name: field for field in self.facts.spec.fields}
            free = {name: variable(fields[name], "free ") for name, _ in (*a, *b)}
            lists = [_one_of(fact, words) for name, fact in free.items() if (words := self._closed(fields[name]))]
            inner, outer = (z3.And(*(meets(said, free[field]) for field, said in when)) for when in (a, b))
            found = not satisfiable(*lists, inner, z3.Not(outer)) and satisfiable(*lists, outer, z3.Not(inner))
            self._narrower[one, other] = found
        return found

    def _closed(self, field: FieldSpec) -> Sequence[str]:
        if field.name == "actor.role":
            return [role for _, role in self.meaning.plain.roles]
        return self.meaning.plain.codes if field.name == "reason" else field.choices

    def survive(self, key: str) -> dict[str, Formula]:
        """Of each rule when it decides a key (rule 5)."""
        meaning = self.meaning
        mine = [
            rule.id
            for rule in meaning.plain.rules
            if key in dict(rule.then) and self.facts.operation in rule.operations
        ]
        remaining = {
            id: z3.And(self.holds(id), *(z3.Not(self.holds(other)) for other in mine if meaning.overrides(other, id)))
            for id in mine
        }
        return {
            id: z3.And(so, *(z3.Not(remaining[other]) for other in mine if other != id and self.narrower(other, id)))
            for id, so in remaining.items()
        }

    def comes(self, key: str) -> dict[Outcome, Formula]:
        """Of each outcome when it comes out."""
        surviving, found = self.survive(key), dict[Outcome, list[Formula]]()
        for id, so in surviving.items():
            found.setdefault(effect(key, dict(self.meaning.by_id[id].then)[key]), []).append(so)
        base = dict(self.meaning.plain.base)[self.facts.operation, key]
        found.setdefault(effect(key, base), []).append(z3.Not(z3.Or(*surviving.values())))
        return {outcome: z3.Or(*so) for outcome, so in found.items()}


def differ(one: Mapping[Outcome, Formula], other: Mapping[Outcome, Formula]) -> Formula:
    """That not the same comes out."""
    false = z3.BoolVal(False)
    return z3.Or(*(z3.Xor(one.get(outcome, false), other.get(outcome, false)) for outcome in {**one, **other}))


def satisfiable(*formulas: Formula) -> bool:
    """Whether there are facts for which all of these hold."""
    solver = z3.Solver()
    solver.add(*formulas)
    found = solver.check()
    assert found != z3.unknown, solver.reason_unknown()
    return bool(found == z3.sat)
