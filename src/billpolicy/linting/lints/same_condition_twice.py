"""Two exceptions that differ in nothing but in what they decide: they could be one."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.boxes import content
from billpolicy.policy.model import ExceptionRule


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    overridden = {id for rule in subject.policy.exceptions for id in rule.overrides}
    first: dict[Hashable, ExceptionRule] = {}
    for rule in subject.exceptions:
        if rule.overrides or rule.id in overridden:
            continue
        other = first.setdefault(_all_but_outcomes(rule), rule)
        if other is not rule and set(other.then).isdisjoint(rule.then):
            message = f"`{rule.id}` holds exactly when `{other.id}` does, for the same reason"
            yield Finding(message, rule.position, f"say what it decides under `then` of `{other.id}`, too")


def _all_but_outcomes(rule: ExceptionRule) -> Hashable:
    return rule.operations, rule.effective, content(rule.boxes), rule.because


LINT = Lint("same-condition-twice", "hint", "precedence", _check)
