"""Exceptions that decide what the base rule decides anyway, with no other exception that they would hold off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    deciding = Counter(
        (operation, key) for rule in subject.policy.exceptions for operation in rule.operations for key in rule.then
    )
    for rule in subject.exceptions:
        for key, outcome in rule.then.items():
            decisions = [(operation, key) for operation in rule.operations]
            same = all(subject.policy.base[decision].outcome == outcome for decision in decisions)
            # Another exception of the same decision may be what it is there to hold off.
            if same and all(deciding[decision] == 1 for decision in decisions):
                message = f"`{rule.id}` decides `{key}` as the base rule does without it"
                yield Finding(message, rule.then_at[key], "remove it, or say what should be different")


LINT = Lint("exception-repeats-base", "warning", "precedence", _check)
