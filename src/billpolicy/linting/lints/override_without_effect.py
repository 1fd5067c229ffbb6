"""Overrides of an exception that is never there at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from billpolicy.linting.lint import Finding, Lint, Options, Subject, can_meet
from billpolicy.policy.model import ExceptionRule


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    by_id = {rule.id: rule for rule in subject.policy.exceptions}
    over: dict[str, list[str]] = {}
    for rule in by_id.values():
        for other in rule.overrides:
            over.setdefault(other, []).append(rule.id)
    for rule in subject.exceptions:
        for other in rule.overrides:
            # An override reaches through: from whatever overrides the one, to whatever the other overrides.
            above = _reached(rule.id, over)
            below = _reached(other, {id: list(one.overrides) for id, one in by_id.items()})
            if not any(_can_drop(by_id[one], by_id[two]) for one, two in product(above, below)):
                index = subject.texts[rule.id].text.overrides.index(other)  # type: ignore[union-attr]
                message = f"`{rule.id}` and `{other}` never decide the same thing of one operation"
                hint = "remove it from `overrides`, or check the conditions, the operations and the dates of both"
                yield Finding(message, subject.texts[rule.id].at("overrides", index), hint)


def _can_drop(one: ExceptionRule, other: ExceptionRule) -> bool:
    return not set(one.then).isdisjoint(other.then) and can_meet(one, other)


def _reached(start: str, ways: dict[str, list[str]]) -> set[str]:
    found, ahead = {start}, [start]
    while ahead:
        new = set(ways.get(ahead.pop(), ())) - found
        found |= new
        ahead += new
    return found


LINT = Lint("override-without-effect", "warning", "precedence", _check)
