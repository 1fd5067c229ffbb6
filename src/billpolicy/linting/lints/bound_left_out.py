"""Two exceptions side by side, one below a bound and one above it: the bound itself is in neither."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.condition import Box, Numbers, Values, intersection
from billpolicy.policy.model import Clause, ExceptionRule


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for rule in subject.exceptions:
        for other in subject.policy.exceptions:
            for clause in rule.clauses:
                left_out = _between(rule, other, clause)
                if left_out is not None and not _covered(subject, rule, other, left_out):
                    theirs = next(one for one in other.clauses if one.field == clause.field)
                    message = f"{clause.text} here, and {theirs.text} in `{other.id}`: the bound itself is in neither"
                    hint = "write `at_most` or `at_least` in one of the two"
                    yield Finding(message, subject.clause_at(rule, clause), hint)


def _between(rule: ExceptionRule, other: ExceptionRule, clause: Clause) -> Box | None:
    """The box of the one value between `rule`, which is above it, and `other`, which is below and else the same."""
    above, below = rule.box[clause.field].members, other.box.get(clause.field)
    if not isinstance(above, Numbers) or below is None or not isinstance(below.members, Numbers):
        return None
    rest = {fact: values for fact, values in rule.box.items() if fact != clause.field}
    same = rest == {fact: values for fact, values in other.box.items() if fact != clause.field}
    low, high = above.ranges[0][0], below.members.ranges[-1][1]
    if not same or low is None or high is None or low - high != 2 or rule.effective != other.effective:
        return None
    if set(rule.operations).isdisjoint(other.operations) or set(rule.then).isdisjoint(other.then):
        return None
    return {**rest, clause.field: Values(Numbers.only(low - 1))}


def _covered(subject: Subject, rule: ExceptionRule, other: ExceptionRule, left_out: Box) -> bool:
    """Whether a third exception speaks of the value between the two."""
    return any(
        not set(third.operations).isdisjoint(rule.operations)
        and not set(third.then).isdisjoint(rule.then)
        and intersection(third.box, left_out) is not None
        for third in subject.policy.exceptions
        if third.id not in (rule.id, other.id)
    )


LINT = Lint("bound-left-out", "warning", "conditions", _check)
