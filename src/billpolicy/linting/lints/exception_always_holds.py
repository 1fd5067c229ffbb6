"""Exceptions without a condition: they are what holds, so they are base rules."""

from __future__ import annotations

from collections.abc import Iterator

from billpolicy.linting.lint import Finding, Lint, Options, Subject
from billpolicy.policy.model import ALWAYS


def _check(subject: Subject, options: Options) -> Iterator[Finding]:
    overridden = {id for rule in subject.policy.exceptions for id in rule.overrides}
    for rule in subject.exceptions:
        # With dates, or with a word on other exceptions, it says what a base rule cannot.
        if not rule.clauses and rule.effective == ALWAYS and not rule.overrides and rule.id not in overridden:
            message = f"`{rule.id}` holds always, so it is no exception"
            hint = "say it under `operations`, or under `every_operation` where it is for all of them"
            yield Finding(message, rule.position, hint)


LINT = Lint("exception-always-holds", "hint", "precedence", _check)
