"""Two exceptions that differ in nothing but in what they decide: they could be one."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.model import ExceptionRule


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    overridden = {id for rule in subject.policy.exceptions for id in rule.overrides}
    rules = [rule for rule in subject.exceptions if not rule.overrides and rule.id not in overridden]
    for index, rule in enumerate(rules):
        first = next((other for other in rules[:index] if _could_be_one(rule, other)), None)
        if first is not None:
            message = f"`{rule.id}` holds exactly when `{first.id}` does, for the same reason"
            yield Finding(message, rule.position, f"say what it decides under `then` of `{first.id}`, too")


def _could_be_one(one: ExceptionRule, other: ExceptionRule) -> bool:
    return (
        one.operations == other.operations
        and one.effective == other.effective
        and one.box == other.box
        and one.because == other.because
        and set(one.then).isdisjoint(other.then)
    )


LINT = Lint("same-condition-twice", "hint", "precedence", _check)
