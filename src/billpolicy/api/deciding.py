"""What a policy decides of rows that a program has, without a book: many a second, each with its level and rule."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from billpolicy.deciding.columns import Needed, its_own, known_to, needed_columns
from billpolicy.deciding.decider import Choice, Decider, Row
from billpolicy.deciding.resolver import Resolver
from billpolicy.deciding.rows import DATE
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.policy.model import Effective
from billpolicy.vocabulary.operations import VOCABULARY
from billpolicy.vocabulary.spec import OperationSpec


class RowDecider(NamedTuple):
    """One operation, ready to be decided for rows."""

    keys: tuple[str, ...]
    """What is decided, in the order of the answers."""
    decide: Callable[[Row], tuple[Choice | None, ...]]
    """A row, its values in the order of the columns -> for each key its value, the level that had it, and the rule.
    None where the version of that day decides no such thing."""


def decider(policy: Versions, operation: str, columns: Sequence[str], *, unset: Collection[str] = ()) -> RowDecider:
    """Decides rows of these columns: fields as conditions call them, and `LEVEL.ATTRIBUTE`.

    Texts are `str`, amounts `decimal.Decimal` in the currency of the column beside them, days `datetime.date`; None is
    unset. The version of the policy is that of the row's `date`. A field that no row has is named in `unset`. Raises
    `Refused` for columns that cannot be decided by; `decide` raises it for a row that cannot be decided.
    """
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    spec = _spec(operation)
    expect_each(columns, str, "`columns` must be texts")
    expect_each(unset, str, "`unset` must be texts")
    by_any = frozenset().union(*(known_to(one.policy, spec) for one in policy.resolvers))
    versions = [_version(one, spec, columns, unset, by_any) for one in policy.resolvers]
    if len(versions) == 1:
        return RowDecider(versions[0].keys, versions[0].decide)
    keys = tuple(dict.fromkeys(key for one in versions for key in one.keys))
    day = list(columns).index(DATE)
    known: dict[Any, _Version] = {}

    def decide(row: Row) -> tuple[Choice | None, ...]:
        date = row[day]
        one = known.get(date)
        if one is None:
            if type(date) is not datetime.date:
                return versions[0].decide(row)  # which says what is wrong with it
            policy.on(date)
            one = known[date] = next(each for each in versions if each.effective.includes(date))
        chosen = dict(zip(one.keys, one.decide(row), strict=True))
        return tuple(chosen.get(key) for key in keys)

    return RowDecider(keys, decide)


def row_columns(policy: Versions, operation: str) -> list[Needed]:
    """The columns by which rows of an operation are decided: those that `decider` and `resolve` want, each with its
    type and who asks for it. Of several versions of the policy, those of each."""
    expect(policy, Versions, "`policy` must be what `load_policy` gives")
    spec = _spec(operation)
    found: dict[str, Needed] = {}
    for one in policy.resolvers:
        for needed in needed_columns(one.policy, spec):
            found.setdefault(needed.name, needed)
    return list(found.values())


def _spec(operation: str) -> OperationSpec:
    expect(operation, str, "`operation` must be a text")
    spec = VOCABULARY.get(operation)
    if spec is None:
        message = f"there is no operation `{operation}`"
        raise Refused([Diagnostic("operation-unknown", message, None, did_you_mean(operation, VOCABULARY))])
    return spec


class _Version(NamedTuple):
    """A version of the policy, and how it decides a row of all columns."""

    effective: Effective
    keys: tuple[str, ...]
    decide: Callable[[Row], tuple[Choice, ...]]


def _version(
    resolver: Resolver, spec: OperationSpec, columns: Sequence[str], unset: Collection[str], by_any: Collection[str]
) -> _Version:
    """What another version knows, this one need not: `by_any` are the names that any of them knows."""
    mine, not_there = (its_own(resolver.policy, spec, names, by_any) for names in (columns, unset))
    decider = Decider(resolver, spec, mine, unset=not_there)
    if len(mine) == len(columns):
        return _Version(resolver.policy.effective, decider.keys, decider.decide)
    places = [place for place, name in enumerate(columns) if name in mine]

    def decide(row: Row) -> tuple[Choice, ...]:
        if len(row) != len(columns):
            raise TypeError(f"a row has {len(columns)} values, in the order of the columns; this one has {len(row)}")
        return decider.decide(tuple([row[place] for place in places]))

    return _Version(resolver.policy.effective, decider.keys, decide)
