"""Two exceptions side by side, one below a bound and one above it: the bound itself is in neither."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.boxes import meet
from billpolicy.policy.condition import Box, Numbers, Values
from billpolicy.policy.model import Effective, ExceptionRule

_Side = tuple[str, int, Effective, frozenset[tuple[str, Values]]]
"""A field, a bound of it, and all else that a rule says of when it holds."""


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    below: dict[_Side, list[ExceptionRule]] = {}
    for rule in subject.policy.exceptions:
        for box, field, numbers in _numbers(rule):
            high = numbers.ranges[-1][1]
            if high is not None:
                below.setdefault(_side(rule, box, field, high), []).append(rule)
    for rule in subject.exceptions:
        told: set[tuple[str, str]] = set()  # a bound in each of several currencies is left out once
        for box, field, numbers in _numbers(rule):
            low = numbers.ranges[0][0]
            if low is None:
                continue
            left_out = {**box, field: Values(Numbers.only(low - 1))}
            for other in below.get(_side(rule, box, field, low - 2), ()):
                if (other.id, field) in told or not _decide_the_same(rule, other):
                    continue
                if not _covered(subject, rule, other, left_out):
                    told.add((other.id, field))
                    clause, theirs = (next(c for c in one.clauses if c.field == field) for one in (rule, other))
                    message = f"{clause.text} here, and {theirs.text} in `{other.id}`: the bound itself is in neither"
                    hint = "write `at_most` or `at_least` in one of the two"
                    yield Finding(message, subject.clause_at(rule, clause), hint)


def _numbers(rule: ExceptionRule) -> Iterator[tuple[Box, str, Numbers]]:
    for clause in rule.clauses:
        for box in rule.boxes:
            members = box[clause.field].members
            if isinstance(members, Numbers) and not members.empty:
                yield box, clause.field, members


def _side(rule: ExceptionRule, box: Box, field: str, bound: int) -> _Side:
    rest = frozenset((fact, values) for fact, values in box.items() if fact != field)
    return field, bound, rule.effective, rest


def _decide_the_same(one: ExceptionRule, other: ExceptionRule) -> bool:
    """Whether both decide something of one operation."""
    return not set(one.operations).isdisjoint(other.operations) and not set(one.then).isdisjoint(other.then)


def _covered(subject: Subject, rule: ExceptionRule, other: ExceptionRule, left_out: Box) -> bool:
    """Whether a third exception speaks of the value between the two."""
    others: Iterable[ExceptionRule] = (one for one in subject.policy.exceptions if one.id not in (rule.id, other.id))
    return any(_decide_the_same(rule, one) and meet(one.boxes, (left_out,)) for one in others)


LINT = Lint("bound-left-out", "warning", "conditions", _check)
