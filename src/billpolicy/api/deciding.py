"""What a policy decides of rows that a program has, without a book: many a second, each with its level and rule."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from billpolicy.deciding.decider import Choice, Decider, Row
from billpolicy.deciding.versions import Versions
from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.diagnostics.diagnostic import Diagnostic, Refused, did_you_mean
from billpolicy.vocabulary.operations import VOCABULARY


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
    expect(operation, str, "`operation` must be a text")
    expect_each(columns, str, "`columns` must be texts")
    expect_each(unset, str, "`unset` must be texts")
    spec = VOCABULARY.get(operation)
    if spec is None:
        message = f"there is no operation `{operation}`"
        raise Refused([Diagnostic("operation-unknown", message, None, did_you_mean(operation, VOCABULARY))])
    by_version = [(one.policy.effective, Decider(one, spec, columns, unset=unset)) for one in policy.resolvers]
    if len(by_version) == 1:
        ((_, only),) = by_version
        return RowDecider(only.keys, only.decide)
    keys = tuple(dict.fromkeys(key for _, one in by_version for key in one.keys))
    day = list(columns).index("date")
    known: dict[Any, Decider] = {}

    def decide(row: Row) -> tuple[Choice | None, ...]:
        date = row[day]
        one = known.get(date)
        if one is None:
            if type(date) is not datetime.date:
                return by_version[0][1].decide(row)  # which says what is wrong with it
            policy.on(date)
            one = next(each for effective, each in by_version if effective.includes(date))
            known[date] = one
        chosen = dict(zip(one.keys, one.decide(row), strict=True))
        return tuple(chosen.get(key) for key in keys)

    return RowDecider(keys, decide)
