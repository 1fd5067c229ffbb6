"""What the columns of a table of raw facts mean: fields that conditions ask about, and values that levels hold.

A field is called as conditions call it (`account.country`, `amount`, `amount.currency`), and what a level holds of an
attribute `LEVEL.ATTRIBUTE` (`subscription.bill_to_contact`). Nothing that a rule asks about may be missing without
somebody saying so: a column with a misspelt name would silently be unset in every row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.policy.model import Assumption, Chain, Policy
from billpolicy.vocabulary.fields import ACTOR, DATE, changes_of
from billpolicy.vocabulary.spec import FieldSpec, Level, OperationSpec

_CHOOSES = "by which the rules in force are chosen"


class Held(NamedTuple):
    """What a level holds of an attribute."""

    level: Level
    attribute: str

    @property
    def column(self) -> str:
        return f"{self.level}.{self.attribute}"


class Columns(NamedTuple):
    """What stands where in a row."""

    names: tuple[str, ...]
    fields: tuple[FieldSpec, ...]
    """The fields that rules can ask about, each with a column of its name; of money there is one for its currency."""
    held: tuple[Held, ...]


class Needed(NamedTuple):
    """A column that an operation is decided by, which must be there or be said to be unset."""

    name: str
    type: str
    """As a policy declares the type of a field: `text`, `choice`, `integer`, `money`, `date`, `boolean`."""
    because: str
    """Who asks for it, as the end of a sentence: ``which `rule` asks for``."""


def needed_columns(policy: Policy, spec: OperationSpec) -> list[Needed]:
    """The columns that an operation is decided by under a policy, in the order of `asked_for`: of an amount that of its
    currency, too."""
    types: dict[str, str] = {field.name: field.type for field in fields_of(policy, spec)}
    needed: dict[str, Needed] = {}
    for name, because in asked_for(policy, spec).items():
        needed.setdefault(name, Needed(name, types.get(name, "text"), because))
        if types.get(name) == "money":
            needed.setdefault(f"{name}.currency", Needed(f"{name}.currency", "text", _currency_of(name)))
    return list(needed.values())


def columns_of(policy: Policy, spec: OperationSpec, names: Sequence[str], *, unset: Collection[str] = ()) -> Columns:
    """What the columns of these names are to one operation under a policy. `unset`: columns that the data does not
    have, as somebody has said: these fields are unset, these levels hold nothing.

    Raises `Refused` with all that is unknown, there twice, or missing.
    """
    fields = {field.name: field for field in fields_of(policy, spec)}
    held = {one.column: one for one in _held(policy, spec)}
    currencies = {f"{name}.currency": name for name, field in fields.items() if field.type == "money"}
    known = {**fields, **held, **currencies}
    problems = [*_unknown(spec, names, known), *_unset_wrong(spec, unset, names, known)]
    problems += [*_twice(names), *_either(fields, held, names)]
    given = set(names)
    needed = {DATE.name: _CHOOSES}
    """Columns that are wanted whatever anybody says is unset."""
    for name in (name for name in names if name in fields and fields[name].type == "money"):
        needed[f"{name}.currency"] = _currency_of(name)
    problems += [
        _missing(currencies[name], f"which `{name}` is the currency of", "add it, or leave the currency out")
        for name in names
        if name in currencies and currencies[name] not in given
    ]
    problems += [_missing(name, who, "add it") for name, who in needed.items() if name not in given]
    for name, who in asked_for(policy, spec).items():
        if name not in given and name not in needed and name not in unset:
            hint = f"add it; or, where no row can have it, say so: `--unset {name}`, in Python `unset=`"
            problems.append(_missing(name, who, hint))
    if problems:
        raise Refused(problems)
    return Columns(
        tuple(names),
        tuple(fields[name] for name in names if name in fields),
        tuple(held[name] for name in names if name in held),
    )


def known_to(policy: Policy, spec: OperationSpec) -> frozenset[str]:
    """Every name that a column can have for an operation under a policy."""
    fields = fields_of(policy, spec)
    currencies = (f"{field.name}.currency" for field in fields if field.type == "money")
    return frozenset((*(field.name for field in fields), *currencies, *(one.column for one in _held(policy, spec))))


def its_own(policy: Policy, spec: OperationSpec, names: Iterable[str], by_any: Collection[str]) -> list[str]:
    """Those of some names that concern one version of a policy: all but what only another one knows. `by_any`: all
    that any of them knows (`known_to`)."""
    known = known_to(policy, spec)
    return [name for name in names if name in known or name not in by_any]


def fields_of(policy: Policy, spec: OperationSpec) -> tuple[FieldSpec, ...]:
    """All fields that a rule of an operation can ask about, with the closed lists that the policy gives them."""
    changing = changes_of(spec.changes, policy.attributes, policy.fields)
    every = {field.name: field for field in (DATE, *ACTOR, *spec.fields, *changing, *policy.fields.values())}
    return tuple(field._replace(choices=_choices(policy, spec, field)) for field in every.values())


def assumed(policy: Policy, spec: OperationSpec) -> list[Assumption]:
    """What the policy assumes of objects that rules of an operation can ask about."""
    names = {field.name for field in fields_of(policy, spec)}
    return [assumption for assumption in policy.assumptions if assumption.fields <= names]


def _choices(policy: Policy, spec: OperationSpec, field: FieldSpec) -> tuple[str, ...]:
    listed = policy.lists.get(spec.name, {}).get(field.name)
    return tuple(sorted(listed)) if listed is not None else policy.narrowed.get(field.name, field.choices)


def _held(policy: Policy, spec: OperationSpec) -> Iterator[Held]:
    for level in spec.levels:
        if level != "default":
            for attribute in policy.attributes.values():
                if attribute.is_held_by(level):
                    yield Held(level, attribute.name)


def asked_for(policy: Policy, spec: OperationSpec) -> dict[str, str]:
    """The columns that an operation is decided by -> who asks, in words: `which rule x asks for`."""
    asked = {DATE.name: _CHOOSES}
    for rule in policy.exceptions_for(spec.name):
        for fact in sorted(rule.facts):
            asked.setdefault(fact, f"which `{rule.id}` asks for")
    for assumption in assumed(policy, spec):
        for clause in (*assumption.when, *assumption.then):
            for fact in sorted(clause.facts):
                asked.setdefault(fact, f"which the assumption `{assumption.id}` is about")
    keys = [(base.outcome, base.key, base.id) for base in policy.base.values() if base.operation == spec.name]
    keys += [(outcome, key, rule.id) for rule in policy.exceptions_for(spec.name) for key, outcome in rule.then.items()]
    for outcome, key, rule_id in keys:
        attribute = policy.attributes.get(key)
        if isinstance(outcome, Chain) and attribute is not None:
            for level in outcome.levels:
                if level == "default":
                    by = policy.defaults_by.get(key)
                    if by is not None:
                        asked.setdefault(by.by, f"by which the default of `{key}` is chosen")
                elif attribute.is_held_by(level):
                    asked.setdefault(f"{level}.{key}", f"where `{rule_id}` looks for `{key}`")
    return asked


def _unknown(spec: OperationSpec, names: Sequence[str], known: Collection[str]) -> Iterator[Diagnostic]:
    for name in names:
        if name not in known:
            meant = did_you_mean(name, known) or "leave the column out, or rename it"
            hint = f"{meant}; of a table, `--keep {name}`, in Python `keep=`, hands it on to the result"
            yield Diagnostic("row-column-unknown", _no_such(spec, name), None, hint)


def _unset_wrong(
    spec: OperationSpec, unset: Collection[str], names: Sequence[str], known: Collection[str]
) -> Iterator[Diagnostic]:
    """What is said to be unset and is no column that could be, or is there."""
    for name in unset:
        if name not in known:
            several = [part.strip() for part in name.split(",")]
            each = " ".join(f"--unset {part}" for part in several)
            hint = f"name each column by itself: `{each}`" if len(several) > 1 else did_you_mean(name, known)
            yield Diagnostic("row-column-unknown", _no_such(spec, name), None, hint)
        elif name in names:
            message = f"`{name}` is said to be unset in every row, and there is a column of that name"
            yield Diagnostic(
                "row-column-twice", message, None, "take one of them away: the column, or that it is unset"
            )


def _no_such(spec: OperationSpec, name: str) -> str:
    return f"`{spec.name}` has no field and no level with a value that is called `{name}`"


def _twice(names: Sequence[str]) -> Iterator[Diagnostic]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Diagnostic(
            "row-column-twice", f"there are {names.count(name)} columns `{name}`", None, "keep one of them"
        )


def _either(fields: Collection[str], held: Collection[str], names: Sequence[str]) -> Iterator[Diagnostic]:
    for name in sorted({name for name in names if name in fields and name in held}):
        level, _, attribute = name.partition(".")
        message = f"`{name}` may be a field, or what level `{level}` holds of the attribute `{attribute}`"
        yield Diagnostic("row-column-ambiguous", message, None, "give the attribute another name in the policy")


def _currency_of(amount: str) -> str:
    return f"which `{amount}` is an amount of"


def _missing(name: str, who: str, hint: str) -> Diagnostic:
    return Diagnostic("row-column-missing", f"there is no column `{name}`, {who}", None, hint)
