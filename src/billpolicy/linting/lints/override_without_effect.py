"""Overrides of an exception that is never there at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.boxes import meet
from billpolicy.policy.model import ExceptionRule
from billpolicy.policy.precedence import Precedence


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    by_id = {rule.id: rule for rule in subject.policy.exceptions}
    precedence = Precedence(by_id.values())
    for rule in subject.exceptions:
        for other in rule.overrides:
            # An override reaches through: from whatever overrides the one, to whatever the other overrides.
            above = [rule.id, *precedence.overriders(rule.id)]
            below = [other, *precedence.overridden(other)]
            if not any(_can_drop(by_id[one], by_id[two]) for one, two in product(above, below)):
                index = subject.texts[rule.id].text.overrides.index(other)  # type: ignore[union-attr]
                message = f"`{rule.id}` and `{other}` never decide the same thing of one operation"
                hint = "remove it from `overrides`, or check the conditions, the operations and the dates of both"
                yield Finding(message, subject.texts[rule.id].at("overrides", index), hint)


def _can_drop(one: ExceptionRule, other: ExceptionRule) -> bool:
    """Whether both can decide the same thing of some operation on some day, by their conditions alone."""
    return (
        not set(one.then).isdisjoint(other.then)
        and not set(one.operations).isdisjoint(other.operations)
        and one.effective.meets(other.effective)
        and meet(one.boxes, other.boxes)
    )


LINT = Lint("override-without-effect", "warning", "precedence", _check)
