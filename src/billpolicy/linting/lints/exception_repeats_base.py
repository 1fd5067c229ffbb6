"""Exceptions that decide what the base rule decides anyway, with no other exception that they would hold off."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.model import ExceptionRule


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    for rule in subject.exceptions:
        for key, outcome in rule.then.items():
            same = all(subject.policy.base[operation, key].outcome == outcome for operation in rule.operations)
            if same and not _others(subject, rule, key):
                message = f"`{rule.id}` decides `{key}` as the base rule does without it"
                yield Finding(message, rule.then_at[key], "remove it, or say what should be different")


def _others(subject: Subject, rule: ExceptionRule, key: str) -> bool:
    """Whether another exception decides the same of one of its operations: this one may be there to hold it off."""
    return any(
        key in other.then and not set(other.operations).isdisjoint(rule.operations)
        for other in subject.policy.exceptions
        if other.id != rule.id
    )


LINT = Lint("exception-repeats-base", "warning", "precedence", _check)
